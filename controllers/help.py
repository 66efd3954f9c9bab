from werkzeug.exceptions import NotFound

from odoo import http
from odoo.http import request

from ..exceptions import CAUSES
from ..models.failure import HELP_PATH
from ..models.guidance import describe_guide


class HelpController(http.Controller):
    """The documentation inside of Odoo: a page for each cause, and one of all."""

    @http.route(
        f"{HELP_PATH}/<string:cause>",
        type="http",
        auth="user",
        methods=["GET"],
        readonly=True,
    )
    def cause(self, cause, **_kw):
        """Show what a cause means, why it happens, what to do and what happens then."""
        if cause not in CAUSES:
            raise NotFound()
        guide = describe_guide(request.env, cause)
        return self._render("help_cause", {"guide": guide, "path": HELP_PATH})

    @http.route(
        HELP_PATH,
        type="http",
        auth="user",
        methods=["GET"],
        readonly=True,
    )
    def causes(self, **_kw):
        """List the causes by title, to look one up."""
        titles = {key: str(request.env._(c.title)) for key, c in CAUSES.items()}
        pages = sorted(titles.items(), key=lambda page: page[1].casefold())
        return self._render("help_causes", {"pages": pages, "path": HELP_PATH})

    def _render(self, name, values):
        return request.make_response(
            request.env["ir.qweb"]._render(f"actionstep_quickbooks.{name}", values),
            headers=[("Content-Type", "text/html; charset=utf-8")],
        )
