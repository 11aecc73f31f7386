"""The command line: ``./trivet``."""

from trivet_lab.cli.app import application, main

__all__ = ["application", "main"]
