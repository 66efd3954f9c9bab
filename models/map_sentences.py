"""What the mapping page says of a pair, and of a proposal."""

from odoo.tools import LazyTranslate

_lt = LazyTranslate(__name__)

# By cause of a `mappers.pairs.Problem`; source and target as people read them.
PROBLEMS = {
    "not_sellable": _lt(
        "%(target)s is a category or bundle: QuickBooks takes no line with it. Choose "
        "a product or service."
    ),
    "bank_as_product": _lt(
        "%(source)s is a bank account: what goes to a product counts as income. It "
        "belongs in the GL account map."
    ),
    "balance_as_product": _lt(
        "%(source)s is neither income nor expense, but what goes to %(target)s counts "
        "as income of its account."
    ),
    "trust_to_operating": _lt(
        "%(source)s holds money of clients, and %(target)s is no trust account in "
        "QuickBooks. Choose an account of the detail type Trust account."
    ),
    "operating_to_trust": _lt(
        "%(target)s is a trust account in QuickBooks, and neither name nor type of "
        "%(source)s says that it holds money of clients. The firm's own money never "
        "goes to a trust account."
    ),
    "result_to_balance": _lt(
        "One of %(source)s and %(target)s is income or expense, the other stands in "
        "the balance sheet. Is that meant so?"
    ),
    "bank_to_other": _lt(
        "%(source)s is a bank account, but %(target)s takes no deposits in QuickBooks."
    ),
    "other_to_bank": _lt(
        "%(target)s is a bank account, but %(source)s is none. Is that meant so?"
    ),
    "section_differs": _lt(
        "%(source)s and %(target)s stand in different parts of the ledger. Is that "
        "meant so?"
    ),
    "rate_differs": _lt(
        "The rates differ: %(source)s and %(target)s. QuickBooks would charge another "
        "tax than the bill."
    ),
    "taxed_as_untaxed": _lt(
        "%(source)s bears tax and %(target)s none: bills with this tax will need "
        "attention. That is right for a reverse charge only."
    ),
    "untaxed_as_taxed": _lt(
        "%(source)s bears no tax, but QuickBooks charges tax on %(target)s."
    ),
    "rate_unknown": _lt(
        "%(target)s has no rate of its own in QuickBooks. Choose the code that has the "
        "rate of %(source)s."
    ),
    "treatment_differs": _lt(
        "%(source)s and %(target)s mean different things (such as exempt, zero-rated "
        "or outside the scope) and count in different boxes of a tax return."
    ),
}
# By reason of a `mappers.suggestions.Proposal`.
REASONS = {
    "same_number": _lt("Same number"),
    "number_end": _lt("The number ends alike"),
    "same_name": _lt("Same name"),
    "similar_name": _lt("Similar name"),
    "feeds": _lt("Feeds the account of this name"),
    "only_trust": _lt("The only trust account of both sides"),
    "only_bank": _lt("The only bank account of both sides"),
    "only_rate": _lt("The only code of this rate"),
    "rate_and_name": _lt("Same rate, similar name"),
    "rate_and_meaning": _lt("Same rate, same meaning"),
}
