"""The command line: ``./trivet``."""

from trivet_lab.cli.app import main

__all__ = ["main"]
