"""The inventory's books: items, and every row that changed an item's stock, found by key and in commit order.

What customers bought and sellers brought (``changes``) belongs to operations of the history. What holds took and gave
back (``moves``) belongs to holds, whose order asked for them elsewhere. ``chain`` has all of an item, by its version.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any, ClassVar

import msgspec

from trivet_lab.checkers._evidence import Evidence
from trivet_lab.checkers._history import EvidenceError, Pointer
from trivet_lab.checkers._row import Row
from trivet_lab.checkers._stock_holds import HoldName, HoldRow, LineRow, StockHolds
from trivet_lab.evidence import Attempt, Operation

BUY = "buy"
RESTOCK = "restock"
OUT_OF_STOCK = "out-of-stock"


class Item(msgspec.Struct, gc=False, frozen=True):
    """One row of ``inventory.items``, as it was after the run."""

    id: str
    initial_stock: int
    stock: int
    item_version: int


class Change(Row, gc=False, kw_only=True):
    """One row of ``inventory.purchases`` or ``inventory.restocks``.

    ``number`` is its place in ``Inventory.changes``, given when the books are read.
    """

    F: ClassVar[str] = ""
    NOUN: ClassVar[str] = ""
    SIGN: ClassVar[int] = 0

    id: str | int
    item_id: str
    key: str | None
    quantity: int
    item_version: int
    stock_after: int
    fence: int | None = None
    number: int = 0

    @property
    def delta(self) -> int:
        """What the row did to the stock: negative for a purchase."""
        return self.SIGN * self.quantity


class Purchase(Change, gc=False, kw_only=True):
    """A sale."""

    F: ClassVar[str] = BUY
    LEDGER: ClassVar[str] = "inventory.purchases"
    NOUN: ClassVar[str] = "purchase"
    SIGN: ClassVar[int] = -1

    id: str | int = msgspec.field(name="purchase_id")


class Restock(Change, gc=False, kw_only=True):
    """Goods that arrived."""

    F: ClassVar[str] = RESTOCK
    LEDGER: ClassVar[str] = "inventory.restocks"
    NOUN: ClassVar[str] = "restock"
    SIGN: ClassVar[int] = 1

    id: str | int = msgspec.field(name="restock_id")


class Move(Change, gc=False, kw_only=True, tag_field="kind"):
    """One row of ``inventory.stock_moves``: units that a hold took, or that came back from it."""

    LEDGER: ClassVar[str] = "inventory.stock_moves"

    id: str | int = msgspec.field(name="hold_id")
    key: str | None = None
    subject: str

    @property
    def hold(self) -> HoldName:
        """Whose hold it was, and which."""
        return (self.subject, str(self.id))


class Taken(Move, gc=False, kw_only=True, tag="held"):
    """Units that went into a hold."""

    F: ClassVar[str] = "hold"
    NOUN: ClassVar[str] = "hold"
    SIGN: ClassVar[int] = -1


class Returned(Move, gc=False, kw_only=True, tag="returned"):
    """Units that came back out of one."""

    F: ClassVar[str] = "return"
    NOUN: ClassVar[str] = "return"
    SIGN: ClassVar[int] = 1


class Inventory:
    """All ledgers of the inventory, read once.

    ``by_key`` has, for ``buy`` and ``restock``, the first row of each key; ``again`` the rows whose key already
    had one. ``keyless`` has the rows without a key by their own id. ``by_item`` is in the order of ``item_version``.
    ``holds`` and ``moves`` are empty of a run whose inventory had no holds yet.
    """

    def __init__(self, evidence: Evidence) -> None:
        """Read the ledgers.

        Raises:
            EvidenceError: one is missing or damaged, or there is no item. No restock is nothing unusual, and
                what no purchase means is for each rule to say (``expect_purchases``).
        """
        self.items = {row.id: row for _, row in evidence.ledger("inventory.items", Item)}
        if not self.items:
            raise EvidenceError("ledger inventory.items is empty")
        self.changes: list[Change] = []
        self.by_key: dict[str, dict[str, Change]] = {BUY: {}, RESTOCK: {}}
        self.keyless: dict[str, dict[str | int, Change]] = {BUY: {}, RESTOCK: {}}
        self.again: list[Change] = []
        for kind in (Purchase, Restock):
            self._load(evidence, kind)
        self.by_item: dict[str, list[Change]] = {}
        grouped: defaultdict[str, list[Change]] = defaultdict(list)
        for change in self.changes:
            grouped[change.item_id].append(change)
        for item_id in sorted(grouped):
            self.by_item[item_id] = sorted(grouped[item_id], key=_version)
        self.moves: list[Taken | Returned] = []
        self.holds: dict[HoldName, HoldRow] = {}
        self.strays: list[LineRow] = []
        self._chains = dict(self.by_item)
        self._load_moves(evidence)
        if evidence.has_ledger(HoldRow.LEDGER):
            book = evidence.book(StockHolds)
            self.holds, self.strays = book.holds, book.strays

    @property
    def rows(self) -> int:
        """How many rows there are of changes and moves together, which is above every ``number``."""
        return len(self.changes) + len(self.moves)

    def chain(self, item_id: str) -> list[Change]:
        """Return everything that changed an item's stock, moves of holds too, in the order of its versions."""
        return self._chains.get(item_id, [])

    @property
    def moved(self) -> list[str]:
        """The items that have a row, whether they are items or not."""
        return sorted(self._chains)

    def expect_purchases(self) -> Inventory:
        """Return itself if anything was sold; else ``EvidenceError``, since a shop that sold nothing shows nothing."""
        if not (self.by_key[BUY] or self.keyless[BUY] or self.moves):
            raise EvidenceError("ledger inventory.purchases is empty: nothing was sold")
        return self

    def row_of(self, operation: Operation) -> Change | None:
        """Return the row that an operation's key, or without one its answer, names."""
        if operation.key is not None:
            return self.by_key[operation.f].get(operation.key)
        answer = operation.value or {}
        return self.keyless[operation.f].get(answer.get(f"{_NOUNS[operation.f]}_id"))  # type: ignore[arg-type]  # None is no id

    def _load(self, evidence: Evidence, kind: type[Change]) -> None:
        by_key, keyless, changes = self.by_key[kind.F], self.keyless[kind.F], self.changes
        names = {name: name for name in self.items}
        for row in evidence.rows(kind):
            row.number = len(changes)
            row.item_id = names.get(row.item_id, row.item_id)  # one string for all rows of an item
            changes.append(row)
            if row.key is None:
                keyless[row.id] = row
            elif by_key.setdefault(row.key, row) is not row:
                self.again.append(row)

    def _load_moves(self, evidence: Evidence) -> None:
        if not evidence.has_ledger(Move.LEDGER):
            return
        moves: defaultdict[str, list[Change]] = defaultdict(list)
        kinds: Any = Taken | Returned
        for offset, row in evidence.ledger(Move.LEDGER, kinds):
            row.number = self.rows
            row.offset = offset
            self.moves.append(row)
            moves[row.item_id].append(row)
        for item_id, several in moves.items():
            self._chains[item_id] = sorted([*self.by_item.get(item_id, []), *several], key=_version)


_NOUNS = {kind.F: kind.NOUN for kind in (Purchase, Restock)}


def _version(change: Change) -> int:
    return change.item_version


def trail(evidence: Evidence, change: Change) -> tuple[Pointer | None, Pointer]:
    """Return the operation that asked for a row, if the history has it, and the row."""
    return evidence.history.pointer(change.F, change.key), change.pointer


def is_done(attempt: Attempt) -> bool:
    """Whether an attempt brought a success whose body could be read."""
    return 200 <= attempt.status < 300 and attempt.code is None


def refusal(operation: Operation) -> Attempt | None:
    """Return the first attempt that was told *out of stock*: later ones only repeat the stored answer."""
    for attempt in operation.attempts:
        if attempt.code == OUT_OF_STOCK:
            return attempt
    return None


def asked(operation: Operation) -> tuple[str, int]:
    """Return the item and the quantity that an operation wanted (``quantity`` is 1 unless it says otherwise)."""
    return operation.args["item_id"], operation.args.get("quantity", 1)
