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
from .publisher import PublisherContract
from .queries import QueriesContract
from .repository import RepositoryContract
from .timeline import TimelineContract
from .unit_of_work import UnitOfWorkContract

__all__ = [
    "InterleavingContract",
    "KeysContract",
    "PublisherContract",
    "QueriesContract",
    "RepositoryContract",
    "TimelineContract",
    "UnitOfWorkContract",
]
