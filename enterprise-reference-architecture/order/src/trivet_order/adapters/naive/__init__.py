"""The naive twin of the participants, for the lab alone: what a checkout looks like that never heard of lost answers.

It asks the same services over the same HTTP, and is right as long as nothing goes wrong. But each attempt is a request
of its own, an answer that does not come is taken for a no, nothing is pinned before it is paid, and what it does not
remember it does not give back.
"""

from .participants import NaiveSeats, NaiveStock, NaiveWallet

__all__ = ["NaiveSeats", "NaiveStock", "NaiveWallet"]
