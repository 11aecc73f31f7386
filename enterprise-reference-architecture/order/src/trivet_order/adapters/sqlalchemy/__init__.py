"""PostgreSQL behind the ports, by SQLAlchemy's expressions on asyncpg; rows are translated by hand, both ways."""
