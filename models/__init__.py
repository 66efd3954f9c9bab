# ruff: noqa: I001
# The order is the one in which Odoo builds the models: what others inherit from comes
# first, and the connection's capabilities last.
from . import actionstep_list
from . import actionstep_document
from . import actionstep_mapping
from . import actionstep_connection
from . import actionstep_credential
from . import actionstep_account
from . import actionstep_tax_code
from . import actionstep_participant
from . import actionstep_matter
from . import quickbooks_item
from . import quickbooks_account
from . import quickbooks_tax_code
from . import actionstep_item_mapping
from . import actionstep_account_mapping
from . import actionstep_tax_mapping
from . import actionstep_invoice
from . import actionstep_sync_checkpoint
from . import actionstep_sync_run
from . import actionstep_sync_job
from . import actionstep_connection_oauth
from . import actionstep_connection_lists
from . import actionstep_connection_pull
from . import actionstep_connection_plan
from . import actionstep_connection_push
from . import actionstep_connection_sync
