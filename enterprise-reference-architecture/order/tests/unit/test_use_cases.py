"""What can be done with orders, over the ports in memory."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from order_contracts.samples import AT, PRICES, begin, change, placed, read, someone, state, store

from trivet_order.adapters.memory import (
    HandClock,
    MemoryQueries,
    MemoryStore,
    MemoryTimeline,
    MemoryUnitsOfWork,
)
from trivet_order.application import (
    PAGE_MAX,
    CancelOrder,
    CancelOrderUseCase,
    CreateOrder,
    CreateOrderUseCase,
    GetOrder,
    GetOrderUseCase,
    LineView,
    ListOrders,
    ListOrdersUseCase,
    OrderChanged,
    OrderNotFound,
    OrderView,
    ReadTimeline,
    ReadTimelineUseCase,
    TimelineEntry,
    Wanted,
    event_of,
)
from trivet_order.domain import (
    BY_CUSTOMER,
    InvalidOrder,
    OrderAggregate,
    OrderCancelled,
    OrderCreated,
    OrderStatus,
    Seat,
    Stock,
    TooLate,
)


@pytest.fixture
def memory() -> MemoryStore:
    return MemoryStore()


@pytest.fixture
def units(memory: MemoryStore) -> MemoryUnitsOfWork:
    return MemoryUnitsOfWork(memory)


def wants(*wanted: Wanted, order_id: UUID | None = None) -> CreateOrder:
    lines = wanted or (Wanted(Stock("umbrella"), 3), Wanted(Seat("hamlet", "h", "secret"), 1))
    return CreateOrder(order_id or uuid4(), "alice", "alice-eur", lines, HandClock().now())


async def create(units: MemoryUnitsOfWork, command: CreateOrder) -> OrderView:
    async with units.open() as unit:
        answer = await CreateOrderUseCase(unit.orders, unit.events).execute(command)
        await unit.commit()
    return answer


async def cancel(units: MemoryUnitsOfWork, order_id: UUID, customer_id: str) -> OrderView:
    async with units.open() as unit:
        answer = await CancelOrderUseCase(unit.orders, unit.events).execute(CancelOrder(order_id, customer_id, AT))
        await unit.commit()
    return answer


class TestCreate:
    async def test_an_order_is_accepted(self, units: MemoryUnitsOfWork) -> None:
        command = wants()
        assert await create(units, command) == OrderView(
            id=command.order_id,
            customer_id="alice",
            account_id="alice-eur",
            status="Order Created",
            version=1,
            lines=(LineView(3, item_id="umbrella"), LineView(1, show_id="hamlet", hold_id="h")),
            total=None,
            cancellation_requested=False,
            cancel_reason=None,
        )

    async def test_it_is_stored_and_told_of(self, memory: MemoryStore, units: MemoryUnitsOfWork) -> None:
        command = wants()
        await create(units, command)
        stored = await read(units, command.order_id)
        assert [(line.product, line.quantity) for line in stored.items] == [
            (w.product, w.quantity) for w in command.wanted
        ]
        (event,) = [event_of(message) for message in memory.outbox]
        assert isinstance(event, OrderCreated)
        assert (event.aggregate_id, event.occurred_on, event.items) == (command.order_id, command.at, stored.items)

    @pytest.mark.parametrize(
        "wanted",
        [[Wanted(Stock("a"), 0)], [Wanted(Stock("a"), 1)] * 2, [Wanted(Stock(f"{n}"), 1) for n in range(21)]],
        ids=["of nothing", "twice the same", "too many"],
    )
    async def test_what_is_no_order_is_refused_and_leaves_nothing(
        self, memory: MemoryStore, units: MemoryUnitsOfWork, wanted: list[Wanted]
    ) -> None:
        with pytest.raises(InvalidOrder):
            await create(units, wants(*wanted))
        assert (memory.orders, memory.outbox) == ({}, [])

    async def test_an_order_of_no_lines_is_none(self, units: MemoryUnitsOfWork) -> None:
        with pytest.raises(InvalidOrder, match="at least one line"):
            await create(units, CreateOrder(uuid4(), "alice", "alice-eur", (), AT))

    async def test_an_id_is_taken_once(self, memory: MemoryStore, units: MemoryUnitsOfWork) -> None:
        command = wants()
        await create(units, command)
        with pytest.raises(OrderChanged):
            await create(units, wants(Wanted(Stock("kettle"), 1), order_id=command.order_id))
        assert len(memory.outbox) == 1


class TestGet:
    async def test_its_customer_sees_it_as_it_is(self, units: MemoryUnitsOfWork) -> None:
        created = await create(units, wants())
        async with units.open() as unit:
            assert await GetOrderUseCase(unit.orders).execute(GetOrder(created.id, "alice")) == created

    async def test_nobody_else_learns_that_it_is_there(self, units: MemoryUnitsOfWork) -> None:
        created = await create(units, wants())
        told = []
        for order_id, customer in ((created.id, "bob"), (uuid4(), "alice")):
            async with units.open() as unit:
                with pytest.raises(OrderNotFound) as refused:
                    await GetOrderUseCase(unit.orders).execute(GetOrder(order_id, customer))
            told.append(str(refused.value).replace(str(order_id), "?"))
        assert told[0] == told[1]


class TestCancel:
    async def test_an_order_that_nothing_was_begun_for_is_cancelled(
        self, memory: MemoryStore, units: MemoryUnitsOfWork
    ) -> None:
        created = await create(units, wants())
        answer = await cancel(units, created.id, "alice")
        assert (answer.status, answer.cancel_reason, answer.version) == ("Order Cancelled", BY_CUSTOMER, 2)
        event = event_of(memory.outbox[-1])
        assert isinstance(event, OrderCancelled)
        assert event.occurred_on == AT

    async def test_asking_twice_is_asking_once(self, memory: MemoryStore, units: MemoryUnitsOfWork) -> None:
        order = await store(units, placed(), begin)
        first = await cancel(units, order.id, order.customer_id)
        assert first.cancellation_requested
        assert await cancel(units, order.id, order.customer_id) == first
        assert [message.type for message in memory.outbox][2:] == ["CancellationRequested"]

    async def test_anothers_order_is_not_found(self, units: MemoryUnitsOfWork) -> None:
        order = await store(units, placed())
        with pytest.raises(OrderNotFound):
            await cancel(units, order.id, "mallory")
        assert (await read(units, order.id)).status is OrderStatus.ORDER_CREATED

    async def test_a_confirmed_order_is_sold(self, units: MemoryUnitsOfWork) -> None:
        steps = [begin, lambda order: order.mark_reserved(PRICES), OrderAggregate.request_payment]
        order = await store(units, placed(), *steps, OrderAggregate.mark_paid)
        with pytest.raises(TooLate):
            await cancel(units, order.id, order.customer_id)

    async def test_who_is_told_that_it_changed_does_it_again(self, units: MemoryUnitsOfWork) -> None:
        order = await store(units, placed())
        async with units.open() as unit:
            use_case = CancelOrderUseCase(Meanwhile(unit.orders, units), unit.events)
            with pytest.raises(OrderChanged):
                await use_case.execute(CancelOrder(order.id, order.customer_id, AT))
        answer = await cancel(units, order.id, order.customer_id)
        assert (answer.status, answer.cancellation_requested) == ("Inventory Pending", True)


class Meanwhile:
    """A repository whose orders are begun by somebody else as soon as they were read."""

    def __init__(self, inner: object, units: MemoryUnitsOfWork) -> None:
        self._units = units
        self.save = inner.save  # type: ignore[attr-defined]  # a repository
        self._get = inner.get_by_id  # type: ignore[attr-defined]  # the same

    async def get_by_id(self, order_id: UUID) -> OrderAggregate:
        order: OrderAggregate = await self._get(order_id)
        await change(self._units, order_id, begin)
        return order


class TestList:
    @pytest.mark.parametrize(
        ("limit", "sizes"), [(2, [2, 2, 1]), (5, [5]), (PAGE_MAX + 1, [5]), (0, [1] * 5), (-3, [1] * 5)]
    )
    async def test_pages_lead_from_one_to_the_next(
        self, memory: MemoryStore, units: MemoryUnitsOfWork, limit: int, sizes: list[int]
    ) -> None:
        customer = someone()
        ids = [(await store(units, placed(customer))).id for _ in range(5)]
        use_case, before, pages = ListOrdersUseCase(MemoryQueries(memory)), None, []
        while True:
            page = await use_case.execute(ListOrders(customer, before, limit))
            pages.append([view.id for view in page.orders])
            before = page.next
            if before is None:
                break
        assert [len(page) for page in pages] == sizes
        assert [each for page in pages for each in page] == sorted(ids, reverse=True)

    async def test_a_customer_without_orders_has_an_empty_page(self, memory: MemoryStore) -> None:
        page = await ListOrdersUseCase(MemoryQueries(memory)).execute(ListOrders("nobody"))
        assert (page.orders, page.next) == ((), None)

    async def test_a_page_has_so_many_at_most(self, memory: MemoryStore, units: MemoryUnitsOfWork) -> None:
        customer = someone()
        for _ in range(PAGE_MAX + 1):
            await store(units, placed(customer))
        page = await ListOrdersUseCase(MemoryQueries(memory)).execute(ListOrders(customer, limit=1000))
        assert len(page.orders) == PAGE_MAX
        assert page.next == page.orders[-1].id


class TestTimeline:
    async def test_it_shows_what_has_arrived(self, memory: MemoryStore, units: MemoryUnitsOfWork) -> None:
        order = await store(units, placed(), begin)
        memory.timeline = [
            TimelineEntry(order.id, message.aggregate_version, message.event_id, message.type, AT, AT, message.data)
            for message in memory.outbox
        ]
        async with units.open() as unit:
            use_case = ReadTimelineUseCase(unit.orders, MemoryTimeline(memory))
            entries = await use_case.execute(ReadTimeline(order.id, order.customer_id))
            later = await use_case.execute(ReadTimeline(order.id, order.customer_id, after_version=1))
        assert [entry.type for entry in entries] == ["OrderCreated", "InventoryRequested"]
        assert list(later) == list(entries)[1:]

    async def test_anothers_is_not_found(self, memory: MemoryStore, units: MemoryUnitsOfWork) -> None:
        order = await store(units, placed())
        async with units.open() as unit:
            with pytest.raises(OrderNotFound):
                await ReadTimelineUseCase(unit.orders, MemoryTimeline(memory)).execute(ReadTimeline(order.id, "bob"))


def test_the_clock_moves_when_it_is_moved() -> None:
    clock = HandClock()
    then = clock.now()
    assert clock.now() == then
    clock.move_on(timedelta(minutes=1))
    assert clock.now() - then == timedelta(minutes=1)


async def test_state_is_all_that_an_order_has(units: MemoryUnitsOfWork) -> None:
    """The suites compare orders by ``state``: it would overlook what it does not name."""
    order = await store(units, placed())
    told = {name for name, each in vars(OrderAggregate).items() if isinstance(each, property)}
    assert told | {"tokens"} == set(state(order))
