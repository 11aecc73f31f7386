"""What every adapter of a port must do, one suite a port; whoever has an adapter inherits the suite's tests.

A suite is a class of tests over fixtures, which the module that inherits it defines (``tests/contracts/test_memory.py``
is the shortest example)::

    from order_contracts import RepositoryContract

    class TestRepository(RepositoryContract):
        @pytest.fixture
        def units(self) -> UnitsOfWork: ...

==================== ========================= ================================================================
Suite                Fixtures                  What a fixture is
==================== ========================= ================================================================
RepositoryContract   ``units``                 a ``UnitsOfWork`` over one store; every unit has a connection of
                                               its own, so that two can be open at the same time
KeysContract         ``units``
UnitOfWorkContract   ``units, published``
PublisherContract    ``units, published``      ``await published(order_id)``: the messages of one order that are
                                               committed to the outbox, in the order in which a relay takes them
InterleavingContract ``units, published``
QueriesContract      ``units, queries``        an ``OrderQueriesPort`` over the same store
TimelineContract     ``timeline, arrive``      a ``TimelinePort``; ``await arrive(*entries)`` puts entries into it as a
                                               projector would. ``recorded_on`` is the store's to choose
SagaStoreContract    ``sagas``                 a ``SagaGround`` (``saga_grounds.py``): the store of sagas, its leases,
                                               and units of work on the same orders
StockParticipant-    ``inventory``             a ``StockGround`` (``participants.py``): the participant, and what puts
Contract                                       items on sale and looks at what is left
SeatsParticipant-    ``reservation``           a ``SeatsGround``: the participant, and what lets a customer hold seats
Contract
WalletParticipant-   ``wallet``                a ``WalletGround``: the participant, and what opens accounts
Contract
==================== ========================= ================================================================

Fixtures are synchronous. A test runs in an event loop of its own, which begins after its fixtures were made: what must
be closed in that loop, as a pool, is closed by what a fixture appends to ``closing`` (``tests/conftest.py``)::

    @pytest.fixture
    def units(self, database_url: str, closing: Closing) -> UnitsOfWork:
        database = Database(database_url, ...)
        closing.append(database.close)
        return SqlAlchemyUnitsOfWork(database)

A store may be shared by all tests and full of other orders: each test makes ids and customers of its own.
"""

from .interleaving import InterleavingContract
from .keys import KeysContract
from .participants import (
    SeatsGround,
    SeatsParticipantContract,
    StockGround,
    StockParticipantContract,
    WalletGround,
    WalletParticipantContract,
)
from .publisher import PublisherContract
from .queries import QueriesContract
from .repository import RepositoryContract
from .saga_grounds import HeldByOne, SagaGround
from .sagas import SagaStoreContract
from .timeline import TimelineContract
from .unit_of_work import UnitOfWorkContract

__all__ = [
    "HeldByOne",
    "InterleavingContract",
    "KeysContract",
    "PublisherContract",
    "QueriesContract",
    "RepositoryContract",
    "SagaGround",
    "SagaStoreContract",
    "SeatsGround",
    "SeatsParticipantContract",
    "StockGround",
    "StockParticipantContract",
    "TimelineContract",
    "UnitOfWorkContract",
    "WalletGround",
    "WalletParticipantContract",
]
