"""What idempotency keys do, wherever they are kept."""

from __future__ import annotations

from uuid import UUID, uuid4

import pytest

from order_contracts.samples import placed, someone
from trivet_order.application import KeyInFlight, KeyReused, UnitsOfWork


async def keep(units: UnitsOfWork, customer: str, key: str, payload: bytes) -> UUID:
    order = placed(customer)
    async with units.open() as unit:
        assert await unit.keys.claim(customer, key, payload) is None
        await unit.orders.save(order)
        await unit.keys.keep(customer, key, payload, order.id)
        await unit.commit()
    return order.id


class KeysContract:
    """A key makes one order, for good; who works on one is alone."""

    @pytest.fixture
    def units(self) -> UnitsOfWork:
        raise NotImplementedError

    async def test_a_key_leads_to_the_order_that_it_made(self, units: UnitsOfWork) -> None:
        customer = someone()
        order_id = await keep(units, customer, "k", b"p")
        for _ in range(2):
            async with units.open() as unit:
                assert await unit.keys.claim(customer, "k", b"p") == order_id

    async def test_the_unit_that_kept_it_sees_it(self, units: UnitsOfWork) -> None:
        customer, order = someone(), placed()
        async with units.open() as unit:
            assert await unit.keys.claim(customer, "k", b"p") is None
            await unit.orders.save(order)
            await unit.keys.keep(customer, "k", b"p", order.id)
            assert await unit.keys.claim(customer, "k", b"p") == order.id

    async def test_a_key_for_something_else_is_refused(self, units: UnitsOfWork) -> None:
        customer = someone()
        await keep(units, customer, "k", b"p")
        async with units.open() as unit:
            with pytest.raises(KeyReused) as refused:
                await unit.keys.claim(customer, "k", b"q")
        assert (refused.value.definite, refused.value.retryable) == (True, False)

    async def test_keys_of_others_and_other_keys_are_others(self, units: UnitsOfWork) -> None:
        one, other = someone(), someone()
        await keep(units, one, "k", b"p")
        async with units.open() as unit:
            assert await unit.keys.claim(other, "k", b"p") is None
            assert await unit.keys.claim(one, "K", b"p") is None
            assert await unit.keys.claim(one, "k ", b"p") is None

    async def test_a_key_is_not_mixed_up_with_its_customer(self, units: UnitsOfWork) -> None:
        customer = someone()
        async with units.open() as one, units.open() as other:
            assert await one.keys.claim(customer, "ab", b"p") is None
            assert await other.keys.claim(f"{customer}a", "b", b"p") is None

    async def test_a_key_that_somebody_works_on_is_in_flight(self, units: UnitsOfWork) -> None:
        customer = someone()
        async with units.open() as first, units.open() as second:
            assert await first.keys.claim(customer, "k", b"p") is None
            with pytest.raises(KeyInFlight) as refused:
                await second.keys.claim(customer, "k", b"p")
        assert (refused.value.definite, refused.value.retryable) == (False, True)

    async def test_a_kept_key_that_somebody_looks_at_is_in_flight(self, units: UnitsOfWork) -> None:
        customer = someone()
        await keep(units, customer, "k", b"p")
        async with units.open() as first, units.open() as second:
            await first.keys.claim(customer, "k", b"p")
            with pytest.raises(KeyInFlight):
                await second.keys.claim(customer, "k", b"p")

    @pytest.mark.parametrize("commits", [True, False])
    async def test_a_key_is_free_when_its_unit_has_ended(self, units: UnitsOfWork, commits: bool) -> None:  # noqa: FBT001  - a case
        customer = someone()
        async with units.open() as unit:
            assert await unit.keys.claim(customer, "k", b"p") is None
            if commits:
                await unit.commit()
        async with units.open() as unit:
            assert await unit.keys.claim(customer, "k", b"q") is None

    async def test_a_key_is_free_when_its_unit_has_failed(self, units: UnitsOfWork) -> None:
        customer = someone()

        async def fail() -> None:
            async with units.open() as unit:
                await unit.keys.claim(customer, "k", b"p")
                raise LookupError("mine")

        with pytest.raises(LookupError, match="mine"):
            await fail()
        async with units.open() as unit:
            assert await unit.keys.claim(customer, "k", b"p") is None

    async def test_without_a_commit_no_key_is_kept(self, units: UnitsOfWork) -> None:
        customer = someone()
        async with units.open() as unit:
            await unit.keys.claim(customer, "k", b"p")
            await unit.keys.keep(customer, "k", b"p", uuid4())
        async with units.open() as unit:
            assert await unit.keys.claim(customer, "k", b"q") is None
