"""What the wallet refuses with, beside what every service does."""

from __future__ import annotations

from trivet_chassis import Forbidden, NotFound, ServiceError


class InsufficientFunds(ServiceError):
    """The account has less available than was asked for; decided and stored under the key."""

    code = "insufficient-funds"


class AlreadyCaptured(ServiceError):
    """The charge took its money: it can be refunded, not voided and not captured again."""

    code = "already-captured"


class ChargeVoided(ServiceError):
    """The charge was voided or declined: nothing can be captured under its key."""

    code = "charge-voided"


class RefundExceedsCapture(ServiceError):
    """More would be given back than was taken."""

    code = "refund-exceeds-capture"


class LockIsBusy(ServiceError):
    """Others are at the same money and stayed there; nothing happened."""

    code = "lock-busy"


class NoSuchAccount(NotFound):
    """There is no account of this id."""

    def __init__(self, account_id: str) -> None:
        super().__init__(f"there is no account {account_id}", account_id=account_id)


class NotYours(Forbidden):
    """Who asks has no account of this id; whether somebody else has is not theirs to know."""

    def __init__(self, account_id: str) -> None:
        super().__init__(f"there is no account {account_id} of yours", account_id=account_id)


class NoSuchCharge(NotFound):
    """The subject has no charge under this key."""

    def __init__(self, key: str) -> None:
        super().__init__(f"there is no charge with the key {key}", charge_key=key)


class Met(Exception):
    """A transaction met another: what it wrote is undone, and to be tried again. Never reaches a caller.

    Args:
        reason: ``deadlock``, ``serialization``, ``version``, ``duplicate`` or ``guard``: a label of the retries that
            are counted.
        names: The rows that somebody else has changed, where they are known: an account by its id alone, a charge by
            its subject and key.
    """

    def __init__(self, reason: str, names: frozenset[tuple[str, ...]] = frozenset()) -> None:
        super().__init__(reason)
        self.reason = reason
        self.names = names
