from odoo import fields, models


class ActionstepPace(models.Model):
    """When requests to a QuickBooks company went; see ``limiter.py``.

    The server's alone: nobody may read or write it.
    """

    _name = "actionstep.pace"
    _description = "Pace of Requests to QuickBooks"
    _rec_name = "realm_id"
    _log_access = False

    realm_id = fields.Char(required=True)
    request_due = fields.Float(help="Seconds since 1970.")
    batch_times = fields.Json(help="When the latest batches went, in seconds.")

    _realm_once = models.UniqueIndex("(realm_id)")
