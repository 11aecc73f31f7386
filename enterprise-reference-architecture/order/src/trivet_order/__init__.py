"""Takes orders, and tells what became of them. It is run, not imported: ``trivet-order --help``."""

__all__: list[str] = []
