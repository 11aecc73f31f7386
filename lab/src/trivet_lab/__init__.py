"""Sends a crowd, breaks things, and proves from the ledgers what was lost."""
