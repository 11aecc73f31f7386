"""The sagas' store and the participants in memory keep their contracts."""

from __future__ import annotations

import pytest
from order_contracts import (
    SagaStoreContract,
    SeatsParticipantContract,
    StockParticipantContract,
    WalletParticipantContract,
)
from saga_grounds_in_memory import MemorySagaGround, MemorySeatsGround, MemoryStockGround, MemoryWalletGround


class TestSagaStore(SagaStoreContract):
    @pytest.fixture
    def sagas(self) -> MemorySagaGround:
        return MemorySagaGround()


class TestStock(StockParticipantContract):
    @pytest.fixture
    def inventory(self) -> MemoryStockGround:
        return MemoryStockGround()


class TestSeats(SeatsParticipantContract):
    @pytest.fixture
    def reservation(self) -> MemorySeatsGround:
        return MemorySeatsGround()


class TestWallet(WalletParticipantContract):
    @pytest.fixture
    def wallet(self) -> MemoryWalletGround:
        return MemoryWalletGround()
