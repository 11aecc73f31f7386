"""The checkout saga: a pure machine of states, and an orchestrator that takes many orders through it at once."""

from .commands import (
    Charge,
    Command,
    ConfirmSeats,
    ConfirmStock,
    HoldStock,
    PinSeats,
    ReleaseSeats,
    ReleaseStock,
    StockLine,
    Void,
)
from .ports import (
    Change,
    Claim,
    Found,
    ParticipantPort,
    Saga,
    SagaObserverPort,
    SagaStorePort,
    Step,
)
from .replies import Captured, Declined, Held, NoAnswer, Refused, Rejected, Released, Reply, Sold, Voided
from .states import ENDS, SagaState

__all__ = [
    "ENDS",
    "Captured",
    "Change",
    "Charge",
    "Claim",
    "Command",
    "ConfirmSeats",
    "ConfirmStock",
    "Declined",
    "Found",
    "Held",
    "HoldStock",
    "NoAnswer",
    "ParticipantPort",
    "PinSeats",
    "Refused",
    "Rejected",
    "ReleaseSeats",
    "ReleaseStock",
    "Released",
    "Reply",
    "Saga",
    "SagaObserverPort",
    "SagaState",
    "SagaStorePort",
    "Sold",
    "Step",
    "StockLine",
    "Void",
    "Voided",
]
