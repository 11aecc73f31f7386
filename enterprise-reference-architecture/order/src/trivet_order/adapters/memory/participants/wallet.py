"""The wallet in memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from trivet_order.adapters.memory.participants.ledgers import Ledgers, MoneyEntry
from trivet_order.application.saga import Captured, Charge, Command, Declined, Rejected, Reply, Void, Voided
from trivet_order.domain import Money


@dataclass(slots=True)
class _Account:
    owner: str
    balance: Money


class MemoryWallet:
    """Implements ``ParticipantPort`` for money."""

    def __init__(self, ledgers: Ledgers) -> None:
        self._ledgers = ledgers
        self._accounts: dict[str, _Account] = {}
        self._charges: dict[UUID, Reply] = {}

    def open(self, account_id: str, owner: str, balance: Money) -> None:
        """Open an account."""
        self._accounts[account_id] = _Account(owner, balance)

    def put_in(self, account_id: str, amount_minor: int) -> None:
        """Let money come in."""
        account = self._accounts[account_id]
        account.balance = Money(account.balance.amount_minor + amount_minor, account.balance.currency)

    def balance(self, account_id: str) -> Money:
        """Return what is in an account."""
        return self._accounts[account_id].balance

    def ready_in_s(self) -> float:
        """It is always ready."""
        return 0.0

    async def send(self, commands: Sequence[Command]) -> Sequence[Reply]:
        """Do each, one after the other."""
        return [self._do(command) for command in commands]

    def _do(self, command: Command) -> Reply:
        match command:
            case Charge():
                return self._charges.get(command.order_id) or self._charge(command)
            case Void():
                known = self._charges.get(command.order_id)
                if isinstance(known, Captured):
                    return known
                self._charges[command.order_id] = Voided() if known is None else known
                return Voided()
        return Rejected("invalid-request", f"{type(command).__name__} is nothing to ask of the wallet")

    def _charge(self, command: Charge) -> Reply:
        account = self._accounts.get(command.account_id)
        if account is None:
            return Rejected("not-found", f"there is no account {command.account_id}")
        if account.owner != command.customer_id:
            return Rejected("forbidden", "the account is somebody else's")
        if account.balance.currency != command.amount.currency:
            return Rejected("invalid-request", f"the account is in {account.balance.currency}")
        left_minor = account.balance.amount_minor - command.amount.amount_minor
        reply: Reply = Declined("insufficient-funds", "")
        if left_minor >= 0:
            account.balance = Money(left_minor, account.balance.currency)
            place = self._ledgers.next_place()
            self._ledgers.money.append(MoneyEntry(place, command.order_id, command.account_id, command.amount))
            reply = Captured(command.amount)
        self._charges[command.order_id] = reply
        return reply
