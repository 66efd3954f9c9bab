from . import clients, controllers, mappers, models, wizards
