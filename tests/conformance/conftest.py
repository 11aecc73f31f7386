"""Runs every test on each variant of every subject, and on each operation that the test is about.

What a request looks like does not depend on how buyers exclude each other. So a subject's first variant is asked
everything in each session, and what its further ones are asked is `long`, unless the test's module says
``EVERY_VARIANT``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import pytest

pytest.register_assert_rewrite("conformance.effects", "conformance.promises", "conformance.service")

from conformance.service import Api, Scene, Service  # noqa: E402  - after the registration above, or asserts say nothing
from conformance.subject import Subject, subjects  # noqa: E402  - the same

from trivet_platform import Issuer, Postgres, Program, Supervisor  # noqa: E402  - the same

Variant = tuple[Subject, str]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Give each test every variant of every subject, and each operation where it asks for one."""
    if "service" not in metafunc.fixturenames:
        return
    variants = [(subject, name) for subject in subjects() for name in subject.environments]
    if "operation" not in metafunc.fixturenames:
        cases = [
            pytest.param(variant, id=f"{variant[0].name}-{variant[1]}", marks=_marks(metafunc, variant))
            for variant in variants
        ]
        metafunc.parametrize("service", cases, indirect=True)
        return
    is_about = getattr(metafunc.function, "about", lambda _: True)
    pairs = [
        pytest.param(
            variant,
            operation,
            id=f"{variant[0].name}-{variant[1]}-{operation.name}",
            marks=_marks(metafunc, variant),
        )
        for variant in variants
        for operation in variant[0].operation
        if is_about(operation)
    ]
    metafunc.parametrize(("service", "operation"), pairs, indirect=["service"])


def _marks(metafunc: pytest.Metafunc, variant: Variant) -> list[pytest.MarkDecorator]:
    subject, name = variant
    everywhere = getattr(metafunc.module, "EVERY_VARIANT", False)
    return [] if everywhere or name == next(iter(subject.environments)) else [pytest.mark.long]


@pytest.fixture(scope="session")
def issuer(supervisor: Supervisor) -> Issuer:
    part = Issuer("conformance-issuer")
    supervisor.start(part)
    return part


@pytest.fixture(scope="session")
def services(
    supervisor: Supervisor, postgres: Postgres, valkeys: Callable[[int], Sequence[str]], issuer: Issuer
) -> Iterator[Callable[[Variant], Service]]:
    """Return what starts a variant when it is first asked for; all of them stop together at the end."""
    running: dict[tuple[str, str], Service] = {}
    programs: list[Program] = []

    def start(variant: Variant) -> Service:
        subject, name = variant
        if (subject.name, name) not in running:
            made = Service(subject, name, supervisor, postgres, valkeys, issuer)
            (made.api, one), (made.other, other) = made.start(2)
            programs.extend((one, other))
            running[subject.name, name] = made
        return running[subject.name, name]

    yield start
    supervisor.stop(*programs)


@pytest.fixture
def service(request: pytest.FixtureRequest, services: Callable[[Variant], Service]) -> Service:
    return services(request.param)


@pytest.fixture
def api(service: Service) -> Api:
    return service.api


@pytest.fixture
def scene(service: Service) -> Scene:
    return Scene(service.api, service.subject)
