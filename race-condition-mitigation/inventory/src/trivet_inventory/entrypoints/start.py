"""What the console script ``trivet-inventory`` names: it imports nothing heavy before it starts the command line."""

from __future__ import annotations

from typing import NoReturn

from trivet_chassis import start_command


def main() -> NoReturn:
    """Import the command line and run it."""
    start_command("trivet_inventory.entrypoints.cli")
