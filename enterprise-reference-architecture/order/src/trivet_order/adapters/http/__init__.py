"""The checkout's participants over HTTP: a batch of many orders is one request, under one deadline.

=============== =====================================================================================================
client          one connection pool, one deadline a request, a token and a trace
token_file      the access token, read again when it changes
circuit         nothing is sent for a while to somebody who does not answer
batches         commands become entries, entries requests, and answers are told to whom they belong
bisecting       a request that is refused whole is halved down to the entry that it was refused for
answers         what an answer says, if it says anything
names           what can be asked for at all
participant     what the three have in common
stock           Inventory: hold and pin, sell, release
seats           Reservation: pin, sell, release
wallet          the wallet: charge, void
=============== =====================================================================================================
"""

from .answers import Answered, Told
from .batches import Batches, Entry
from .circuit import Circuit
from .client import Client
from .seats import SeatsParticipant
from .stock import StockParticipant, hold_id
from .token_file import TokenFile, TokenMissing
from .wallet import WalletParticipant, charge_key

__all__ = [
    "Answered",
    "Batches",
    "Circuit",
    "Client",
    "Entry",
    "SeatsParticipant",
    "StockParticipant",
    "TokenFile",
    "TokenMissing",
    "Told",
    "WalletParticipant",
    "charge_key",
    "hold_id",
]
