from . import help, oauth
