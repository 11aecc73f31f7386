"""Lives of holds, walked at random on a real PostgreSQL and compared with a model that knows no database."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from trivet_chassis import Answer, NotFound
from trivet_inventory.bootstrap import Inventory
from trivet_inventory.holds import (
    Confirm,
    Entry,
    HoldStock,
    Name,
    Pin,
    Release,
    Wanted,
    rows,
    settling,
    states,
    telling,
    working,
)
from trivet_inventory.holds.hold import Hold
from trivet_inventory.holds.holding import Decision
from trivet_inventory.holds.states import TRANSITIONS, Event, State
from trivet_inventory.holds.working import Working
from trivet_inventory.items import NewItem
from trivet_inventory.sql import statement

STOCK = 4
WORDS = ("a", "b", "c")
ORDERS = ("o1", "o2")
NUMBERS = itertools.count()


@dataclass
class Known:
    """A hold as the model knows it: what it asked for, what became of it, and whose it is."""

    wanted: int | None
    state: str
    order: str | None = None


@dataclass
class Model:
    """Holds of one item, by the rules of the README and nothing else."""

    stock: int = STOCK
    holds: dict[str, Known] = field(default_factory=dict)

    def told(self, verb: str, word: str, argument: Any) -> str:
        """Return what a verb is told: the code of a refusal, or what was done."""
        known = self.holds.get(word)
        return str(getattr(self, verb)(word, known, argument))

    def hold(self, word: str, known: Known | None, wanted: int) -> str:
        if known is None:
            state = "held" if wanted <= self.stock else "refused"
            self.stock -= wanted if state == "held" else 0
            self.holds[word] = Known(wanted, state)
            return "held" if state == "held" else "out-of-stock"
        if known.wanted not in {None, wanted}:
            return "idempotency-key-reuse"
        return {"released": "hold-released", "refused": "out-of-stock"}.get(known.state, "held")

    def pin(self, _: str, known: Known | None, order: str) -> str:
        if known is None or known.state not in {"held", "pinned", "sold"}:
            return self._over(known)
        if known.order not in {None, order}:
            return "already-held"
        if known.state == "held":
            known.state, known.order = "pinned", order
        return "pinned"

    def confirm(self, _: str, known: Known | None, order: str) -> str:
        if known is None or known.state not in {"held", "pinned", "sold"}:
            return self._over(known)
        if known.state == "held":
            return "not-found"
        if known.order != order:
            return "already-held"
        known.state = "sold"
        return "sold"

    def release(self, word: str, known: Known | None, order: str | None) -> str:
        if known is None:
            self.holds[word] = Known(None, "released")
            return "released"
        if known.state in {"pinned", "sold"} and order not in {None, known.order}:
            return "released"
        if known.state == "sold" or (known.state == "pinned" and order is None):
            return "too-late"
        if known.state in {"held", "pinned"}:
            self.stock += known.wanted or 0
        known.state = "released"
        return "released"

    def expire(self, word: str) -> bool:
        """Let a hold's time be over, if time ends it."""
        known = self.holds.get(word)
        if known is None or known.state != "held":
            return False
        known.state = "expired"
        self.stock += known.wanted or 0
        return True

    @staticmethod
    def _over(known: Known | None) -> str:
        codes = {"expired": "hold-expired", "released": "hold-released", "refused": "out-of-stock"}
        return "not-found" if known is None else codes[known.state]


verbs = st.one_of(
    st.tuples(st.just("hold"), st.sampled_from(WORDS), st.integers(1, 3)),
    st.tuples(st.just("pin"), st.sampled_from(WORDS), st.sampled_from(ORDERS)),
    st.tuples(st.just("confirm"), st.sampled_from(WORDS), st.sampled_from(ORDERS)),
    st.tuples(st.just("release"), st.sampled_from(WORDS), st.sampled_from((None, *ORDERS))),
)


class Life(RuleBasedStateMachine):
    """Asks two replicas by turns; what they say and what they keep is the model's."""

    shops: ClassVar[tuple[Inventory, Inventory]]
    runner: ClassVar[asyncio.Runner]

    @initialize()
    def open(self) -> None:
        self.model, self.turn = Model(), 0
        self.item = f"life-{next(NUMBERS)}"
        item = NewItem(self.item, None, STOCK, 250, "EUR")
        self.runner.run(self.shop.catalogue.create("anonymous", None, item))

    @property
    def shop(self) -> Inventory:
        self.turn = 1 - self.turn
        return self.shops[self.turn]

    def name(self, word: str) -> Name:
        return Name("alice", f"{self.item}:{word}")

    def entry(self, verb: str, word: str, argument: Any) -> Entry:
        name = self.name(word)
        if verb == "hold":
            return HoldStock(name, (Wanted(self.item, argument),))
        return {"pin": Pin, "confirm": Confirm, "release": Release}[verb](name, argument)  # type: ignore[no-any-return]  # one of three

    @rule(asked=st.lists(verbs, min_size=1, max_size=4))
    def ask(self, asked: list[tuple[str, str, Any]]) -> None:
        """Ask for one thing or several, in one transaction."""
        expected = [self.model.told(*each) for each in asked]
        told = self.runner.run(self.shop.stock_desk.many([self.entry(*each) for each in asked]))
        assert [_word(answer) for answer in told] == expected

    @rule(word=st.sampled_from(WORDS), order=st.sampled_from(ORDERS), verbs=st.integers(1, 3))
    def go_on(self, word: str, order: str, verbs: int) -> None:
        """Take a hold on along the way that most go, so that what comes after a sale is walked too."""
        for verb, argument in (("hold", 1), ("pin", order), ("confirm", order))[:verbs]:
            self.ask([(verb, word, argument)])

    @rule(word=st.sampled_from(WORDS), swept=st.booleans())
    def time_passes(self, word: str, swept: bool) -> None:  # noqa: FBT001  - drawn
        """Let a hold's time be over; whether a sweep comes or not, nobody may notice but the stock."""
        ends = self.model.expire(word)
        self.runner.run(_let_time_pass(self.shop, self.name(word)))
        if swept:
            assert self.runner.run(self.shop.sweeper.sweep()) >= int(ends)

    @invariant()
    def the_books_are_the_models(self) -> None:
        if not hasattr(self, "model"):
            return
        stock, moves, taken = self.runner.run(_books(self.shop, self.item))
        assert stock - taken == self.model.stock, "what is over counts as returned, swept or not"
        assert [version for version, _ in moves] == list(range(1, len(moves) + 1))
        assert all(left >= 0 for _, left in moves)
        for word, known in self.model.holds.items():
            assert self.runner.run(_state(self.shop, self.name(word))) == known.state

    def teardown(self) -> None:
        if hasattr(self, "item"):
            self.runner.run(self.shop.sweeper.sweep())


def _word(answer: Any) -> str:
    assert isinstance(answer, Answer), answer
    told = json.loads(answer.body)
    return str(told["state"] if answer.status < 400 else told["code"])


async def _state(shop: Inventory, name: Name) -> str:
    try:
        return str((await shop.stock_desk.look(name))["state"])
    except NotFound:
        return "unknown"


async def _let_time_pass(shop: Inventory, name: Name) -> None:
    """Let the time that a hold was granted be over, whether it still counts or not."""
    async with shop.database.unit() as unit:
        await unit.connection.execute(
            "UPDATE stock_holds SET expires_at = least(expires_at, clock_timestamp()), "
            "due_at = CASE WHEN due_at IS NOT NULL THEN clock_timestamp() END "
            "WHERE subject = $1 AND hold_id = $2",
            *name,
        )
        await unit.commit()


async def _books(shop: Inventory, item: str) -> tuple[int, list[tuple[int, int]], int]:
    """Return an item's stock, its moves, and the units that are over and not swept, as a debt."""
    moves = await shop.database.read(
        "SELECT item_version, stock_after FROM stock_moves WHERE item_id = $1 ORDER BY item_version", item
    )
    late = await shop.database.read(
        "SELECT coalesce(sum((lines -> 0 ->> 'quantity')::bigint), 0) AS units FROM stock_holds "
        "WHERE due_at <= clock_timestamp() AND lines -> 0 ->> 'item_id' = $1",
        item,
    )
    found = await shop.catalogue.get(item)
    return found["stock"], [tuple(row) for row in moves], -int(late[0]["units"])  # type: ignore[misc]  # rows of two


def test_a_life_goes_as_the_model_says(open_shop: Any) -> None:
    walk(open_shop, settings(max_examples=40, phases=(Phase.generate, Phase.shrink)))


def walk(open_shop: Any, how: settings) -> None:
    """Walk lives at two replicas until one is not the model's, or there were enough."""
    with asyncio.Runner() as runner:

        async def enter() -> tuple[Any, Any]:
            opened = open_shop("advisory"), open_shop("advisory")
            return opened, tuple([await each.__aenter__() for each in opened])

        opened, Life.shops = runner.run(enter())
        Life.runner = runner
        try:
            run_state_machine_as_test(  # type: ignore[no-untyped-call]  # hypothesis has no types for it
                Life,
                settings=settings(
                    how,
                    stateful_step_count=15,
                    deadline=None,
                    suppress_health_check=list(HealthCheck),
                    database=None,
                    report_multiple_bugs=False,
                ),
            )
        finally:
            for each in opened:
                runner.run(each.__aexit__(None, None, None))


def no_tombstone(monkeypatch: pytest.MonkeyPatch) -> None:
    def forgetful(asked: Release, hold: Hold) -> Decision:
        decision = settling.decide_release(asked, hold)
        return Decision(decision.answer) if hold.state is State.UNKNOWN else decision

    monkeypatch.setattr(working, "decide_release", forgetful)


def any_orders_pin(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settling, "_ensure_own", lambda hold, order_id: None)  # noqa: ARG005  - its parameters


def time_not_asked_at_the_pin(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Working, "expire", lambda self, names: None)  # noqa: ARG005  - its parameters


def a_sale_given_back(monkeypatch: pytest.MonkeyPatch) -> None:
    def generous(asked: Release, hold: Hold) -> Decision:
        if hold.state is State.SOLD and asked.order_id == hold.order_id:
            return Decision(telling.released(hold.name), replace(hold, state=State.RELEASED))
        return settling.decide_release(asked, hold)

    def all_items(self: Working, entries: Any, over: Any) -> list[str]:
        lines = [line.item_id for hold in self._holds.values() for line in hold.lines]
        return sorted({*lines, *needed(self, entries, over)})

    needed = Working.needed
    monkeypatch.setattr(Working, "needed", all_items)
    monkeypatch.setattr(working, "decide_release", generous)


def a_sweep_that_asks_only_the_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    sql = statement("lock_expired_holds").replace("WHERE due_at <=", "WHERE state <> 'expired' AND expires_at <=")
    monkeypatch.setattr(rows, "_LOCK_EXPIRED", sql.replace("ORDER BY due_at", "ORDER BY expires_at"))
    life = {state: {**events, Event.EXPIRE: State.EXPIRED} for state, events in TRANSITIONS.items()}
    monkeypatch.setattr(states, "TRANSITIONS", life)


@pytest.mark.parametrize(
    "defect",
    [no_tombstone, any_orders_pin, time_not_asked_at_the_pin, a_sale_given_back, a_sweep_that_asks_only_the_clock],
    ids=lambda defect: defect.__name__,
)
def test_a_life_without_a_guard_is_noticed(
    open_shop: Any, defect: Callable[[pytest.MonkeyPatch], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Walks the same lives each time, and more than it needs: whether a defect is met is not left to luck."""
    defect(monkeypatch)
    with pytest.raises(AssertionError):
        walk(open_shop, settings(max_examples=1_000, phases=[Phase.generate], derandomize=True))
