"""Keeps a small shop's books by the real services, in a process of its own: every kind of operation, and a fold."""

from __future__ import annotations

from trivet_chassis import ServiceError
from trivet_wallet import bootstrap
from trivet_wallet.ledger.kinds import AccountKind
from trivet_wallet.services import Command
from trivet_wallet.services.accounts import OpenAccount
from trivet_wallet.services.captures import Capture
from trivet_wallet.services.charges import MakeCharge
from trivet_wallet.services.deposits import Deposit
from trivet_wallet.services.refunds import Refund
from trivet_wallet.services.transfers import Transfer
from trivet_wallet.services.voids import Void
from trivet_wallet.settings import settings_from_environment

WHO = "anonymous"


def opened(account_id: str, kind: AccountKind, currency: str = "EUR") -> OpenAccount:
    return OpenAccount(WHO, f"open-{account_id}", account_id, account_id.split("-", maxsplit=1)[0], kind, currency)


BEFORE_THE_FOLD: list[Command] = [
    opened("alice-eur", AccountKind.CUSTOMER),
    opened("bob-eur", AccountKind.CUSTOMER),
    opened("dora-usd", AccountKind.CUSTOMER, "USD"),
    opened("shop-eur", AccountKind.MERCHANT),
    Deposit(WHO, "deposit-1", "alice-eur", 10_000),
    Deposit(WHO, "deposit-2", "bob-eur", 5_000),
    Deposit(WHO, "deposit-3", "dora-usd", 700),
    Transfer(WHO, "transfer-1", "alice-eur", "bob-eur", 1_500),
    MakeCharge(WHO, "order-1", "alice-eur", "shop-eur", 2_000),
    MakeCharge(WHO, "order-2", "bob-eur", "shop-eur", 1_000, capture=False),
    Capture(WHO, "order-2:capture", "order-2", 600),
    MakeCharge(WHO, "order-3", "alice-eur", "shop-eur", 300, capture=False),
    MakeCharge(WHO, "order-4", "bob-eur", "shop-eur", 200, capture=False),
    Void(WHO, "order-4:void", "order-4"),
    MakeCharge(WHO, "order-5", "bob-eur", "shop-eur", 1_000_000),
    Void(WHO, "order-6:void", "order-6"),
    Refund(WHO, "order-1:refund-1", "order-1", 500),
    Refund(WHO, "order-1:refund-2", "order-1", 250),
    Refund(WHO, "order-1:refund-3", "order-1", 5_000),
]
AFTER_IT: list[Command] = [
    Deposit(WHO, "deposit-4", "alice-eur", 100),
    MakeCharge(WHO, "order-7", "bob-eur", "shop-eur", 50),
    MakeCharge(WHO, "order-8", "bob-eur", "shop-eur", 60),
]


def main() -> None:
    wallet = bootstrap.build(settings_from_environment())

    def settle(commands: list[Command]) -> None:
        for command in commands:
            try:
                wallet.teller.settle(command)
            except ServiceError as error:
                raise SystemExit(f"{command}: {error.detail}") from error

    settle(BEFORE_THE_FOLD)
    wallet.folder.fold_all()
    settle(AFTER_IT)


if __name__ == "__main__":
    main()
