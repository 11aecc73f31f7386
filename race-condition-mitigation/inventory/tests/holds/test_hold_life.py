"""Lives of holds, walked at random on a real PostgreSQL and compared with a model that knows no database."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, ClassVar

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from trivet_chassis import Answer
from trivet_inventory.bootstrap import Inventory
from trivet_inventory.holds import Confirm, Entry, HoldStock, Name, Pin, Release, Wanted
from trivet_inventory.items import NewItem

STOCK = 4
WORDS = ("a", "b", "c")
ORDERS = ("o1", "o2")


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
    numbers: ClassVar[Iterator[int]]

    @initialize()
    def open(self) -> None:
        self.model, self.turn = Model(), 0
        self.item = f"life-{next(self.numbers)}"
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

    @rule(word=st.sampled_from(WORDS), swept=st.booleans())
    def time_passes(self, word: str, swept: bool) -> None:  # noqa: FBT001  - drawn
        """Let a hold's time be over; whether a sweep comes or not, nobody may notice but the stock."""
        if self.model.expire(word):
            self.runner.run(_make_due(self.shop, self.name(word)))
            if swept:
                assert self.runner.run(self.shop.sweeper.sweep()) == 1

    @invariant()
    def the_books_are_the_models(self) -> None:
        if not hasattr(self, "model"):
            return
        stock, moves, taken = self.runner.run(_books(self.shop, self.item))
        assert stock - taken == self.model.stock, "what is over counts as returned, swept or not"
        assert [version for version, _ in moves] == list(range(1, len(moves) + 1))
        assert all(left >= 0 for _, left in moves)
        for word, known in self.model.holds.items():
            assert self.runner.run(self.shop.stock_desk.look(self.name(word)))["state"] == known.state

    def teardown(self) -> None:
        if hasattr(self, "item"):
            self.runner.run(self.shop.sweeper.sweep())


def _word(answer: Any) -> str:
    assert isinstance(answer, Answer), answer
    told = json.loads(answer.body)
    return str(told["state"] if answer.status < 400 else told["code"])


async def _make_due(shop: Inventory, name: Name) -> None:
    async with shop.database.unit() as unit:
        await unit.connection.execute(
            "UPDATE stock_holds SET due_at = clock_timestamp() WHERE subject = $1 AND hold_id = $2", *name
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
    with asyncio.Runner() as runner:

        async def enter() -> tuple[Any, Any]:
            opened = open_shop("advisory"), open_shop("advisory")
            return opened, tuple([await each.__aenter__() for each in opened])

        opened, Life.shops = runner.run(enter())
        Life.runner, Life.numbers = runner, iter(range(10**6))
        try:
            run_state_machine_as_test(  # type: ignore[no-untyped-call]  # hypothesis has no types for it
                Life,
                settings=settings(
                    max_examples=40,
                    stateful_step_count=15,
                    deadline=None,
                    suppress_health_check=list(HealthCheck),
                    phases=[Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink],
                ),
            )
        finally:
            for each in opened:
                runner.run(each.__aexit__(None, None, None))


@pytest.mark.parametrize("broken", ["no tombstone", "any order's"])
def test_the_model_notices_what_is_wrong(open_shop: Any, broken: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A model that agrees with everything would show nothing."""
    if broken == "no tombstone":
        monkeypatch.setattr(Model, "release", lambda *_: "released")
    else:
        monkeypatch.setattr(Model, "pin", lambda *_: "pinned")
    with pytest.raises(BaseException):  # noqa: B017, PT011  - an assertion, or several in a group
        test_a_life_goes_as_the_model_says(open_shop)
