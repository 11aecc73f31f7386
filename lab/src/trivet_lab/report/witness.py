"""The few operations that prove a violation, laid out so that a reader sees which overlapped and what each was told.

A witness holds operations of the history, rows of a ledger, or both; or lines of leases, of which each lease is one
entry. A row and an operation of one key are one
entry here: the row says what was committed, the operation when it was asked and answered. Each item has a
timeline of its own, since what happened to another item a second later is another story. Before a sale that
was one too many stand the sales that took the last units: without them nobody can see who met whom.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from trivet_lab.evidence import Finding, Operation
from trivet_lab.report import checkouts, orders, words
from trivet_lab.report.leases import is_event, lease_entries
from trivet_lab.report.sagas import SagaStory
from trivet_lab.report.seats import done_of, facts_of, owner_of, settler_of, stories_of, taken_by, words_of
from trivet_lab.report.series import names_of
from trivet_lab.report.timeline import ASKED, GIVEN_UP, Entry, Timeline, lay_out_timeline
from trivet_lab.report.trade import MONEY, ORDERS, SEATS, Trade, trade_of

ENTRIES_MAX = 12
BEFORE_MAX = 2
ROW_NAMES = ("key", "purchase_id", "restock_id")
PAYERS = ("account_id", "from_account_id", "customer_account_id")
PAYEES = ("counter_account_id", "to_account_id", "merchant_account_id")
SUBJECTS = ("item_id", "charge_key", "account_id", "from_account_id")
CHARGE, POSTING = "charge", "posting_id"
Row = Mapping[str, Any]


@dataclasses.dataclass
class Witness:
    """A broken rule, what was observed, and one timeline an item."""

    check: str
    rule: str
    observed: str
    timelines: list[Timeline]
    picture: str = ""
    """What a checker drew of it, from the report's folder; nothing if it drew none."""
    sagas: list[SagaStory] = dataclasses.field(default_factory=list)
    """The checkouts of the orders that it is about."""


def lay_out(finding: Finding, operations: Mapping[str, Operation], before: Iterable[Row] = ()) -> Witness:
    """Return a finding's witness for the page.

    Args:
        finding: a broken rule with its witness.
        operations: the operations that ledger rows name, by key and by row id.
        before: ledger rows that came just before rows of the witness.
    """
    proving = _entries(finding.witness, operations)
    known = {(entry.item, entry.version) for entry in proving}
    context = [entry for entry in _entries(before, operations) if (entry.item, entry.version) not in known]
    timelines = []
    for item in dict.fromkeys(entry.item for entry in proving):
        entries = [entry for entry in (*context, *proving) if entry.item == item]
        timelines += [lay_out_timeline(item, scene[:ENTRIES_MAX]) for scene in _scenes(_in_order(entries))]
    timelines.sort(key=lambda timeline: (timeline.origin_s is None, not timeline.story))
    return Witness(words.label(finding.name), finding.rule, finding.observed, timelines)


def names_in(rows: Iterable[Row]) -> set[str]:
    """Return the keys and ids under which a history knows these ledger rows; operations have their own."""
    return {str(row[name]) for row in rows if "attempts" not in row for name in ROW_NAMES if row.get(name) is not None}


def versions_before(rows: Iterable[Row]) -> set[tuple[str, int]]:
    """Return (item, version) of the rows that a reader needs before each row that left less than nothing."""
    return {
        (row["item_id"], row["item_version"] - back)
        for row in rows
        if isinstance(row.get("stock_after"), int)
        and row["stock_after"] < 0
        and isinstance(row.get("item_version"), int)
        for back in range(1, BEFORE_MAX + 1)
    }


def _scenes(entries: list[Entry]) -> Iterable[list[Entry]]:
    """Cut where versions are missing in between: what lies further apart did not meet."""
    scene: list[Entry] = []
    for entry in entries:
        last = scene[-1].version if scene else None
        if last is not None and entry.version is not None and entry.version > last + 1:
            yield scene
            scene = []
        scene.append(entry)
    if scene:
        yield scene


def _in_order(entries: list[Entry]) -> list[Entry]:
    """Order by commit where the ledger says it for all, else by call."""
    if all(entry.version is not None for entry in entries):
        return sorted(entries, key=lambda entry: entry.version or 0)
    return sorted(entries, key=lambda entry: (entry.call_ms is None, entry.call_ms or 0.0))


def _entries(witness: Iterable[Row], operations: Mapping[str, Operation]) -> list[Entry]:
    """Pair every ledger row with its operation; what is neither is shown by its fields."""
    things = list(witness)
    stories = stories_of(things)
    bought = checkouts.orders_in(things)
    settled: dict[tuple[str, ...] | None, Entry] = {}  # a row of it stands beside what an order was told
    entries = lease_entries(thing for thing in things if is_event(thing))
    by_name: dict[str, Entry] = {}
    rows = []
    mover: Entry | None = None  # a posting stands right behind the operation that made it
    for place, thing in enumerate(things):
        if is_event(thing):
            continue
        operation = _operation(thing)
        if checkouts.is_told_of(thing, bought):
            entries.append(_about_checkout(thing))
        elif place in stories and (operation is not None or "attempts" not in thing):
            _take_seats(entries, settled, thing, operation, stories[place])
        elif told := _about_orders(thing, operation):
            entries.append(told)
        elif operation is not None:
            mover = _from_operation(operation)
            entries.append(mover)
            by_name.update(dict.fromkeys(names_of(operation), mover))
        elif mover is not None and POSTING in thing:
            _add_posting(mover, thing)
            mover = None
        else:
            rows.append(thing)
    for row in rows:
        names = names_in([row])
        entry_of_row = next((by_name[name] for name in names if name in by_name), None)
        if entry_of_row is None or entry_of_row.version is not None:  # two rows of one key are two entries
            known = next((operations[name] for name in names if name in operations), None)
            entry_of_row = _from_operation(known) if known else _from_row(row)
            entries.append(entry_of_row)
            by_name.update(dict.fromkeys(names, entry_of_row))
        _add_row(entry_of_row, row)
    return entries


def _take_seats(
    entries: list[Entry],
    settled: dict[tuple[str, ...] | None, Entry],
    thing: Row,
    operation: Operation | None,
    seat: str,
) -> None:
    """Take in what is about seats: a row stands beside what its order was told, if that was taken in before."""
    settler = settler_of(thing)
    if operation is None and settler in settled:
        settled[settler].facts.append(("ledger", words_of(thing)))
        return
    entries.append(_about_seats(thing, operation, seat))
    if settler is not None:
        settled[settler] = entries[-1]


def _operation(thing: Row) -> Operation | None:
    if "attempts" not in thing:
        return None
    try:
        operation = msgspec.convert(thing, Operation)
    except msgspec.ValidationError:
        return None
    return operation if operation.attempts else None


def _from_operation(operation: Operation) -> Entry:
    value = operation.value or {}
    trade = _trade_of(operation)
    stock, status, code = value.get("stock"), operation.status, operation.attempts[-1].code
    return Entry(
        who=f"client {operation.client}",
        what=_what(operation.f, operation.args),
        item=_subject(operation.args) or (operation.key if operation.f == CHARGE else None),
        call_ms=operation.call_ns / 1e6,
        return_ms=operation.return_ns / 1e6,
        answer=f"{status} {code or trade.status_words(status)}".strip() if status else f"no answer ({code or 'cut'})",
        outcome=operation.outcome,
        manner=GIVEN_UP if operation.outcome == "unknown" else ASKED,
        stock_after=stock if isinstance(stock, int) and operation.outcome == "ok" else None,
        facts=[("operation", str(operation.op)), *([("key", operation.key)] if operation.key else [])],
        attempts=[
            (attempt.call_ns / 1e6, attempt.return_ns / 1e6, bool(attempt.status)) for attempt in operation.attempts
        ],
    )


def _trade_of(operation: Operation) -> Trade:
    args = operation.args
    if "show_id" in args:
        return SEATS
    if orders.is_about_orders({"f": operation.f, "args": args}):
        return ORDERS
    return MONEY if "item_id" not in args else trade_of("")


def _about_orders(thing: Row, operation: Operation | None) -> Entry | None:
    """Show what is about orders in its own words, an operation, a row, or a record; None if it is about none."""
    if not orders.is_about_orders(thing) or (operation is None and "attempts" in thing):
        return None
    item = orders.title_of(orders.order_of(thing))
    said = "told" if orders.is_record(thing) else "committed"
    entry = Entry("", "", item, answer=said) if operation is None else _from_operation(operation)
    return dataclasses.replace(
        entry, who=orders.teller_of(thing), what=orders.words_of(thing), item=item, facts=orders.facts_of(thing)
    )


def _about_checkout(thing: Row) -> Entry:
    """Show what some service's books have of an order, beside what the others have of it."""
    item = orders.title_of(checkouts.order_of(thing))
    return Entry(
        checkouts.teller_of(thing),
        checkouts.words_of(thing),
        item,
        answer="committed",
        facts=checkouts.facts_of(thing),
    )


def _about_seats(thing: Row, operation: Operation | None, seat: str) -> Entry:
    """Show what is about seats in its own words, an operation or a row."""
    entry = Entry("", "", seat, answer="committed") if operation is None else _from_operation(operation)
    done = done_of(thing)
    return dataclasses.replace(
        entry,
        answer=f"{entry.answer.partition(' ')[0]} {done}" if done else entry.answer,
        who=owner_of(thing),
        what=words_of(thing),
        item=seat,
        facts=facts_of(thing),
        taken=taken_by(thing),
    )


def _from_row(row: Row) -> Entry:
    kind = next((kind for kind in ("purchase", "restock") if f"{kind}_id" in row), None)
    who = f"ledger: {kind}" if kind else "ledger"
    item = _text(row.get("item_id", row.get("id"))) or _subject(row) or _text(row.get("key"))
    what = _what(str(row.get("kind", "")), row if _subject(row) else {"item_id": item})
    entry = Entry(who, what, item, answer="committed, and nobody was told" if kind else "")
    if not kind:
        entry.facts = [(words.label(name), str(value)) for name, value in row.items() if value is not None]
    return entry


def _add_row(entry: Entry, row: Row) -> None:
    """Let the ledger speak: what it committed stands, whatever the answer said."""
    if isinstance(row.get("stock_after"), int):
        entry.stock_after = row["stock_after"]
    if isinstance(row.get("item_version"), int):
        entry.version = row["item_version"]
        entry.facts.append(("version", str(entry.version)))
    if row.get("fence") is not None:
        entry.facts.append(("fence", str(row["fence"])))


def _add_posting(entry: Entry, row: Row) -> None:
    """Let an operation stand at the account that its posting changed: whoever changed that one meets it there."""
    entry.item = _text(row.get("account_id"))
    if isinstance(row.get("account_version"), int):
        entry.version = row["account_version"]
        entry.facts.append(("version of the account", str(entry.version)))


def _what(f: str, args: Mapping[str, Any]) -> str:
    quantity, amount = args.get("quantity"), args.get("amount_minor")
    sides = [side for name in (*PAYERS, *PAYEES) if (side := _text(args.get(name)))]
    parts = [
        f,
        _text(args.get("operation")) or "",
        f"{quantity} ×" if isinstance(quantity, int) else "",
        f"{amount:,}" if isinstance(amount, int) else "",
        _text(args.get("item_id")) or " → ".join(sides),
    ]
    return " ".join(part for part in parts if part)


def _subject(fields: Mapping[str, Any]) -> str | None:
    """Return what an operation or a row is about: its item, its charge, or the account whose money it is."""
    return next((text for name in SUBJECTS if (text := _text(fields.get(name)))), None)


def _text(value: Any) -> str | None:
    return None if value is None else str(value)
