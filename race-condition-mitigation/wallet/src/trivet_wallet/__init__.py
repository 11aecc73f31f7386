"""A double-entry ledger in which no coin is spent twice. It is run, not imported: ``trivet-wallet --help``."""

__all__: list[str] = []
