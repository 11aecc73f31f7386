"""One variant's services as a scenario meets them: where they listen, what they stand upon, and their tokens."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence

from trivet_platform import Issuer, Limits, Part, Program

TOKEN_LIFETIME_S = 24 * 3600
"""Tokens outlive every run, and every hour that a fault sets a replica's clock ahead."""


class StageFailed(Exception):
    """A service could not be put on stage; the text ends with what it printed last."""


def _no_edge(limits: Limits) -> None:
    raise StageFailed(f"there is no edge that could hold anybody to {limits}")


@dataclasses.dataclass(frozen=True)
class Stage:
    """One variant's services, running behind the edge.

    ``epoch_ns`` is the monotonic clock's reading from which every ``_ns`` of this variant counts. ``parts`` are its
    services and all that they stand upon, by the names that every stage shares (``part_names``). ``limit`` changes what
    the edge takes of one client; everybody then begins with a full bucket. ``inside`` has the base URLs of each
    member's replicas that speak HTTP, for what the edge sends nobody to. ``kafka`` is where what they tell is
    found, empty where nobody tells anything.
    """

    name: str
    url: str
    epoch_ns: int
    programs: Sequence[Program]
    readers: Mapping[str, str]
    parts: Mapping[str, Part]
    issuer: Issuer | None = None
    limit: Callable[[Limits], None] = _no_edge
    inside: Mapping[str, Sequence[str]] = dataclasses.field(default_factory=dict)
    kafka: str = ""

    def tokens(
        self,
        subjects: Sequence[str],
        scope: str,
        *,
        lifetime_s: int = TOKEN_LIFETIME_S,
        audience: str | None = None,
    ) -> dict[str, str]:
        """Return an access token for each of these, with these scopes; nothing where nobody is asked for one.

        Raises:
            IssuerFailed: the issuer gave none.
        """
        if self.issuer is None:
            return {}
        return dict(zip(subjects, self.issuer.tokens(subjects, scope, lifetime_s, audience), strict=True))

    def ensure_whole(self) -> None:
        """Return if every process of the stage still runs.

        A replica that died in the middle is easily overlooked: the load balancer goes around it, and the crowd learns
        from its retries what became of its purchases. What is left is another shop than the one that was to be tried.

        Raises:
            StageFailed: one ended although nobody asked it to.
        """
        gone = [program.name for program in self.programs if not program.pids]
        if gone:
            raise StageFailed(f"{', '.join(gone)} ended while the crowd was there, and nobody had asked for it")
