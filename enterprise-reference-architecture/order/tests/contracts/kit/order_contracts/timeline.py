"""What the order timeline does when it is read, whatever it is read from."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from uuid import UUID, uuid4

import pytest

from order_contracts.samples import AT
from trivet_order.application import TimelineEntry, TimelinePort

Arrive = Callable[..., Awaitable[None]]


def entry(order_id: UUID, version: int, **data: object) -> TimelineEntry:
    return TimelineEntry(order_id, version, uuid4(), "InventoryRequested", AT, AT, data)


def told(entries: object) -> list[TimelineEntry]:
    return [replace(each, recorded_on=AT) for each in entries]  # type: ignore[attr-defined]  # a sequence of entries


class TimelineContract:
    """What happened to an order, in the order of versions, whatever the order of arrival was."""

    @pytest.fixture
    def timeline(self) -> TimelinePort:
        raise NotImplementedError

    @pytest.fixture
    def arrive(self) -> Arrive:
        raise NotImplementedError

    async def test_of_an_order_that_nothing_arrived_of_nothing_is_known(self, timeline: TimelinePort) -> None:
        assert list(await timeline.entries(uuid4(), 0)) == []

    async def test_an_entry_comes_back_whole(self, timeline: TimelinePort, arrive: Arrive) -> None:
        data = {"lines": [{"item_id": "ä☂", "quantity": 3}], "total": None, "great": 2**63 - 1}
        whole = entry(uuid4(), 1, **data)
        await arrive(whole)
        found = await timeline.entries(whole.order_id, 0)
        assert told(found) == [whole]
        assert found[0].recorded_on.utcoffset() is not None

    async def test_entries_stand_in_the_order_of_versions(self, timeline: TimelinePort, arrive: Arrive) -> None:
        order_id = uuid4()
        one, two, three = (entry(order_id, version) for version in (1, 2, 3))
        await arrive(three)
        await arrive(one, entry(uuid4(), 1))
        await arrive(two)
        assert told(await timeline.entries(order_id, 0)) == [one, two, three]

    async def test_entries_after_a_version_are_those_alone(self, timeline: TimelinePort, arrive: Arrive) -> None:
        order_id = uuid4()
        await arrive(*(entry(order_id, version) for version in range(1, 13)))
        assert [each.version for each in await timeline.entries(order_id, 9)] == [10, 11, 12]
        assert list(await timeline.entries(order_id, 12)) == []

    async def test_what_is_missing_hides_nothing(self, timeline: TimelinePort, arrive: Arrive) -> None:
        order_id = uuid4()
        await arrive(entry(order_id, 2), entry(order_id, 5))
        assert [each.version for each in await timeline.entries(order_id, 0)] == [2, 5]
