"""The real participants, started once for all tests that ask for them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import pytest
from real_participants import Town

from trivet_platform import Issuer, Postgres, Supervisor


@pytest.fixture(scope="session")
def town(
    supervisor: Supervisor,
    postgres: Postgres,
    valkeys: Callable[[int], Sequence[str]],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Town]:
    issuer = Issuer("order-participants-issuer")
    supervisor.start(issuer)
    names = ("inventory", "reservation", "wallet")
    made = Town(names, supervisor, postgres, valkeys, issuer, tmp_path_factory.mktemp("order"))
    yield made
    supervisor.stop(*made.programs)
    issuer.kill()
