"""Sells items that run out, and never one too many. It is run, not imported: ``trivet-inventory --help``."""

__all__: list[str] = []
