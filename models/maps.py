"""The three maps of a connection, read once for many documents."""

from ..exceptions import MappingError


class Maps:
    """Answers which product and tax code a line goes to.

    Built from the mapping lines of one connection; a plain object because a run asks
    it for every line of every bill.
    """

    def __init__(self, connection):
        """:param connection: the ``actionstep.connection`` whose maps to read"""
        self._items = {
            line.account_id.number: (line.item_id.external_id, line.is_broken)
            for line in connection.item_mapping_ids
        }
        self._taxes = {
            line.tax_code_id.name: (
                line.quickbooks_tax_code_id._to_value(),
                line.is_broken,
            )
            for line in connection.tax_mapping_ids
        }
        self._products = {}
        for item in connection.quickbooks_item_ids:
            self._products[item.name] = item.external_id
            self._products[item.external_id] = item.external_id

    def get_item_id(self, account_number, product_service=None):
        """Return the QuickBooks product id for an invoice account.

        :param product_service: name or id of a product that overrides the map, as
            Actionstep keeps on time entries, disbursements and timekeepers
        :raise MappingError: nothing is mapped, or the line is broken
        """
        if product_service in self._products:
            return self._products[product_service]
        return self._get(self._items, account_number, "account_unmapped", "account")

    def get_tax_code(self, code):
        """Return the neutral QuickBooks tax code for a tax code of Actionstep.

        :raise MappingError: nothing is mapped, or the line is broken
        """
        return self._get(self._taxes, code, "tax_unmapped", "tax_code")

    @staticmethod
    def _get(targets, source, cause, placeholder):
        target, is_broken = targets.get(source, (None, False))
        if is_broken:
            raise MappingError("mapping_broken", values={"source": source})
        if target is None:
            raise MappingError(cause, values={placeholder: source or "-"})
        return target
