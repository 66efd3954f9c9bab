import logging

from odoo import http
from odoo.exceptions import AccessError
from odoo.http import request

from ..exceptions import SyncError
from ..models.actionstep_connection_keys import CALLBACK_PATH

_logger = logging.getLogger(__name__)


class OauthController(http.Controller):
    @http.route(
        f"{CALLBACK_PATH}/<any(actionstep, quickbooks):side>",
        type="http",
        auth="user",
        methods=["GET"],
    )
    def callback(self, side, state=None, code=None, error=None, realmId=None, **_kw):
        """Take the vendor's redirect after a consent and send the user on.

        The state must be one that this very session started, for this user and this
        side; it works once. See ``_take_consent``.
        """
        connections = request.env["actionstep.connection"]
        try:
            connection = connections._take_consent(side, state)
        except SyncError as forged:
            _logger.warning("Consent answer with an unknown state refused (%s)", side)
            return self._refuse(connections._describe_failure(forged))
        except AccessError as denied:
            return self._refuse(str(denied))
        return request.redirect(
            connection._finish_consent(side, code=code, realm_id=realmId, refusal=error)
        )

    def _refuse(self, sentence):
        return request.make_response(
            request.env["ir.qweb"]._render(
                "actionstep_quickbooks.consent_refused", {"sentence": sentence}
            ),
            headers=[("Content-Type", "text/html; charset=utf-8")],
            status=403,
        )
