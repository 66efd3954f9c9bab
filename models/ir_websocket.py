import re

from odoo import models

# As the web client names the channel of a connection.
CHANNEL = re.compile(r"actionstep\.connection_(\d{1,9})")


class IrWebsocket(models.AbstractModel):
    _inherit = "ir.websocket"

    def _build_bus_channel_list(self, channels):
        """Override of `bus` to let in who may see a connection, and nobody else."""
        names = (name for name in channels if isinstance(name, str))
        ids = [int(found[1]) for found in map(CHANNEL.fullmatch, names) if found]
        Connection = self.env["actionstep.connection"].with_context(active_test=False)
        if ids and Connection.has_access("read"):
            # The rules of records leave out those of other companies.
            channels = [*channels, *Connection.search([("id", "in", ids)])]
        return super()._build_bus_channel_list(channels)
