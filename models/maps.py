"""The three maps of a connection, read once for many documents."""

from decimal import Decimal

from ..documents import InvoiceLine, TaxCode
from ..exceptions import MappingError
from ..mappers.money import from_answer
from ..mappers.totals import Candidate, find_tax_code


class Maps:
    """Answers what a part of a document goes to.

    Built from the mapping lines of one connection; a plain object because a run asks
    it for every line of every bill.
    """

    def __init__(self, connection):
        """:param connection: the ``actionstep.connection`` whose maps to read"""
        self._connection = connection
        self._items = {
            line.account_id.number: (line.item_id.external_id, line.is_broken)
            for line in connection.item_mapping_ids
        }
        self._accounts = {
            line.account_id.number: (line.gl_account_id, line.is_broken)
            for line in connection.account_mapping_ids
        }
        self._taxes = {
            line.tax_code_id.name: (
                line.quickbooks_tax_code_id._to_value(),
                line.is_broken,
            )
            for line in connection.tax_mapping_ids
        }
        self._candidates = {
            line.tax_code_id: Candidate(
                _tax_value(line.tax_code_id), line.quickbooks_tax_code_id._to_value()
            )
            for line in connection.tax_mapping_ids
            if not line.is_broken
        }
        self._sources = {account.number: account for account in connection.account_ids}
        self._products = {}
        for item in connection.quickbooks_item_ids:
            self._products[item.name] = item.external_id
            self._products[item.external_id] = item.external_id
        self._methods = {
            method.name.casefold(): method.external_id
            for method in connection.quickbooks_payment_method_ids
        }
        self.write_off_item_id = connection.write_off_item_id.external_id or None

    # --- lines ---

    def get_item_id(self, account_number):
        """Return the QuickBooks product id for an invoice account.

        :raise MappingError: nothing is mapped, or the line is broken
        """
        return self._get(self._items, account_number, "account_unmapped", "account")

    def get_product_id(self, product_service):
        """Return the id of the product that a line names itself, or None.

        :param product_service: name or id of a product that overrides the map, as
            Actionstep keeps on time entries, disbursements and timekeepers
        """
        return self._products.get(product_service)

    def get_tax_code(self, code):
        """Return the neutral QuickBooks tax code for a tax code of Actionstep.

        :raise MappingError: nothing is mapped, or the line is broken
        """
        return self._get(self._taxes, code, "tax_unmapped", "tax_code")

    def get_account_name(self, account_number):
        """Return number and name of an Actionstep account, for people."""
        account = self._sources.get(account_number)
        return account.display_name if account else account_number or ""

    def get_totals_line(self, document, item_id=None):
        """Return the one line that a document has when its totals alone are known.

        :param document: with net, tax and currency; a credit's amounts are positive
        :raise MappingError: no account was chosen for it, or that is not mapped
        :raise DataError: ``tax_unclear``
        """
        account = self._connection.totals_account_id
        if not account:
            raise MappingError("totals_account_missing")
        net = from_answer(document.amount_untaxed)
        tax = from_answer(document.amount_tax)
        tax_free = self._candidates.get(self._connection.totals_tax_free_code_id)
        found = find_tax_code(
            net, tax, document.currency_code, self._candidates.values(), tax_free
        )
        return InvoiceLine(
            line_no=1,
            description=self._describe_totals(document),
            amount=net,
            tax_amount=tax,
            item_id=item_id or self.get_item_id(account.number),
            tax_code=found.target,
        )

    def _describe_totals(self, document):
        """Return what the line says, in the language of the firm.

        It goes to QuickBooks: the language of who looks must not change it.
        """
        firm = self._connection.company_id.partner_id
        env = self._connection.with_context(lang=firm.lang).env
        return env._("Professional services, %(number)s", number=document.number or "")

    # --- payments ---

    def get_payment_method_id(self, method):
        """Return the QuickBooks payment method of the same name, or None."""
        return self._methods.get((method or "").casefold())

    def get_deposit_account_id(self, payment):
        """Return the QuickBooks account that a payment goes to.

        :return: None for Undeposited Funds
        :raise MappingError: nothing is mapped; or trust money would land in an account
            that is no trust account, or the firm's own money in one that is
        """
        if payment.is_derived:
            return self._connection.deposit_account_id.external_id or None
        number = payment.deposit_account_number
        if not number:
            return None
        source = self._sources.get(number)
        is_trust = bool(source) and source.is_trust
        if self._connection.deposit_to == "undeposited" and not is_trust:
            return None
        target = self._get(
            self._accounts, number, "deposit_account_unmapped", "account"
        )
        if is_trust != target.is_trust:
            raise MappingError(
                "trust_deposit" if is_trust else "operating_deposit",
                values={
                    "source": number,
                    "account": self.get_account_name(number),
                    "target": target.display_name,
                },
            )
        return target.external_id

    @staticmethod
    def _get(targets, source, cause, placeholder):
        target, is_broken = targets.get(source, (None, False))
        if is_broken:
            raise MappingError("mapping_broken", values={"source": source})
        if target is None:
            raise MappingError(cause, values={placeholder: source or "-"})
        return target


def _tax_value(code):
    """Return the neutral tax code of Actionstep."""
    return TaxCode(
        tax_code_id=code.external_id,
        code=code.name,
        description=code.description or "",
        percentage=Decimal(repr(code.percentage)),
    )
