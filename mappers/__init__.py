from . import customer, invoice, money, names, tax
