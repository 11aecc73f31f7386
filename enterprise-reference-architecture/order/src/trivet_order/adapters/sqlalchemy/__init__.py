"""PostgreSQL behind the ports, by SQLAlchemy's expressions on asyncpg; rows are translated by hand, both ways."""

from .engine import Database, Limits, Unit
from .keys import SqlAlchemyKeys
from .outbox_publisher import OutboxPublisher, Traceparent
from .queries import SqlAlchemyQueries
from .repository import SqlAlchemyRepository
from .unit_of_work import SqlAlchemyUnitOfWork, SqlAlchemyUnitsOfWork

__all__ = [
    "Database",
    "Limits",
    "OutboxPublisher",
    "SqlAlchemyKeys",
    "SqlAlchemyQueries",
    "SqlAlchemyRepository",
    "SqlAlchemyUnitOfWork",
    "SqlAlchemyUnitsOfWork",
    "Traceparent",
    "Unit",
]
