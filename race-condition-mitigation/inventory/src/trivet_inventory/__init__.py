"""Sells items that run out, and never one too many."""
