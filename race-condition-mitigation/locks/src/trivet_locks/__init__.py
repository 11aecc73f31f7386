"""Locks that say when they were lost."""
