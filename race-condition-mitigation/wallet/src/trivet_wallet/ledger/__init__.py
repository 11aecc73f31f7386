"""The ledger's tables, as a Django application."""

__all__: list[str] = []
