"""Who answered what, and whether that decides an attempt: pure, shared by every face of the lock.

Two holders are excluded because any two majorities share a node, and a node grants a key to one token at a time.
With one vote fewer than a majority, two attempts can win side by side on disjoint nodes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, StrEnum
from types import MappingProxyType


class Outcome(StrEnum):
    """What one node did with one attempt."""

    GRANTED = "granted"
    BUSY = "busy"
    """Another token holds the key there."""
    TIMEOUT = "timeout"
    """No answer within the node's deadline: it may still apply the command later."""
    ERROR = "error"
    PENDING = "pending"
    """The attempt was decided by other nodes before this one answered."""


@dataclass(frozen=True, slots=True)
class NodeAnswer:
    """One node's outcome, with the driver's sentence where it failed."""

    outcome: Outcome
    detail: str = ""


class Verdict(Enum):
    """What the votes so far say."""

    OPEN = "open"
    WON = "won"
    BUSY = "busy"
    """Lost, because others hold nodes that were needed."""
    UNAVAILABLE = "unavailable"
    """Lost, because too many nodes are silent."""


def quorum(nodes: int) -> int:
    """The smallest number of `nodes` of which no two disjoint groups exist: N/2 + 1."""
    return nodes // 2 + 1


def judge(nodes: int, *, granted: int, busy: int, silent: int) -> Verdict:
    """Decide as soon as the nodes not yet heard cannot change the result.

    `silent` nodes timed out or failed. A lost attempt is UNAVAILABLE when the silent nodes alone made it impossible,
    else BUSY: without those who hold the key it could still have been won.
    """
    need = quorum(nodes)
    if granted >= need:
        return Verdict.WON
    if silent > nodes - need:
        return Verdict.UNAVAILABLE
    if busy + silent > nodes - need:
        return Verdict.BUSY
    return Verdict.OPEN


class Ballot:
    """The votes of one attempt. The first answer of a node counts; nothing is heard after `close`."""

    def __init__(self, names: Sequence[str]) -> None:
        self._answers = {name: NodeAnswer(Outcome.PENDING) for name in names}

    def hear(self, name: str, answer: NodeAnswer) -> None:
        """Record a node's answer, unless it has one already."""
        if self._answers[name].outcome is Outcome.PENDING:
            self._answers[name] = answer

    def close(self) -> None:
        """Count every node not heard yet as timed out."""
        for name in self._answers:
            self.hear(name, NodeAnswer(Outcome.TIMEOUT))

    @property
    def verdict(self) -> Verdict:
        """What the votes so far say."""
        outcomes = [answer.outcome for answer in self._answers.values()]
        return judge(
            len(outcomes),
            granted=outcomes.count(Outcome.GRANTED),
            busy=outcomes.count(Outcome.BUSY),
            silent=outcomes.count(Outcome.TIMEOUT) + outcomes.count(Outcome.ERROR),
        )

    @property
    def answers(self) -> Mapping[str, NodeAnswer]:
        """A copy of what was heard, by the nodes' names."""
        return MappingProxyType(dict(self._answers))

    @property
    def granted(self) -> frozenset[str]:
        """The nodes that certainly hold the token."""
        return frozenset(name for name, answer in self._answers.items() if answer.outcome is Outcome.GRANTED)
