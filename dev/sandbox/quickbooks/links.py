"""Which payment settles how much of which document, in both directions."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal

Target = tuple[str, str]
ZERO = Decimal(0)


class Links:
    """Amounts by payment and document; a document is its entity and its id."""

    def __init__(self) -> None:
        self.by_payment: dict[str, dict[Target, Decimal]] = {}
        # Payments in the order in which they were first applied.
        self.by_target: dict[Target, dict[str, Decimal]] = defaultdict(dict)

    def replace(
        self, payment_id: str, amounts: dict[Target, Decimal]
    ) -> dict[Target, Decimal]:
        """Set what a payment settles; return by how much each document changed."""
        before = self.by_payment.pop(payment_id, {})
        if amounts:
            self.by_payment[payment_id] = dict(amounts)
        changes = {}
        for target in {**before, **amounts}:
            change = amounts.get(target, ZERO) - before.get(target, ZERO)
            if target in amounts:
                self.by_target[target][payment_id] = amounts[target]
            else:
                self.by_target[target].pop(payment_id, None)
            if change or (target in amounts) != (target in before):
                changes[target] = change
        return changes

    def settled(self, target: Target) -> Decimal:
        """Return how much of a document all payments settle."""
        return sum(self.by_target.get(target, {}).values(), ZERO)

    def amount(self, payment_id: str, target: Target) -> Decimal:
        """Return how much of a document one payment settles."""
        return self.by_payment.get(payment_id, {}).get(target, ZERO)

    def payments(self, target: Target) -> list[str]:
        """Return the ids of the payments applied to a document, oldest first."""
        return list(self.by_target.get(target, {}))
