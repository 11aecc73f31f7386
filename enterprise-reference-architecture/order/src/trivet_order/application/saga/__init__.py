"""The checkout saga: a pure machine of states, and an orchestrator that takes many orders through it at once."""

from .advancing import advance
from .asking import SIDES, Side, commands_of
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
from .deciding import Decision, decide
from .events import SagaEvent
from .looking import first_event
from .operating import park, resume
from .orchestrator import Orchestrator, Participants
from .pace import SagaPace, retry_in_s
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
from .transitions import TABLE, TOO_LATE, Row, leads, transition

__all__ = [
    "ENDS",
    "SIDES",
    "TABLE",
    "TOO_LATE",
    "Captured",
    "Change",
    "Charge",
    "Claim",
    "Command",
    "ConfirmSeats",
    "ConfirmStock",
    "Decision",
    "Declined",
    "Found",
    "Held",
    "HoldStock",
    "NoAnswer",
    "Orchestrator",
    "ParticipantPort",
    "Participants",
    "PinSeats",
    "Refused",
    "Rejected",
    "ReleaseSeats",
    "ReleaseStock",
    "Released",
    "Reply",
    "Row",
    "Saga",
    "SagaEvent",
    "SagaObserverPort",
    "SagaPace",
    "SagaState",
    "SagaStorePort",
    "Side",
    "Sold",
    "Step",
    "StockLine",
    "Void",
    "Voided",
    "advance",
    "commands_of",
    "decide",
    "first_event",
    "leads",
    "park",
    "resume",
    "retry_in_s",
    "transition",
]
