"""Who may ask what: every route of every service, with every token that is not the right one.

The routes are those of the OpenAPI documents, so one that is added is asked too.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator

import pytest
from conformance.effects import assert_effects, counted
from conformance.promises import assert_problem
from conformance.service import Api, Scene, Service, fresh_key
from conformance.subject import Operation, about

from trivet_platform import Issuer, Supervisor


def encoded(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def decoded(segment: str) -> dict[str, object]:
    found: dict[str, object] = json.loads(base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4)))
    return found


def none(token: str) -> str:
    header, claims, _ = token.split(".")
    return f"{encoded(decoded(header) | {'alg': 'none'})}.{claims}."


def promoted(token: str) -> str:
    header, claims, signature = token.split(".")
    return f"{header}.{encoded(decoded(claims) | {'sub': 'somebody else'})}.{signature}"


def other_key(token: str) -> str:
    header, claims, signature = token.split(".")
    return f"{encoded(decoded(header) | {'kid': '../../keys'})}.{claims}.{signature}"


FORGERIES: dict[str, Callable[[str], str]] = {
    "none": none,
    "other claims under a signature": promoted,
    "a key that there is not": other_key,
    "cut": lambda token: token[:-5],
    "without a signature": lambda token: token.rpartition(".")[0] + ".",
    "twice": lambda token: f"{token} {token}",
    "nonsense": lambda _: "nonsense",
}


@pytest.fixture(scope="session")
def stranger(supervisor: Supervisor) -> Iterator[Issuer]:
    """Return an issuer that nobody believes."""
    part = Issuer("strange-issuer")
    supervisor.start(part)
    yield part
    part.kill()


@pytest.fixture(scope="session")
def forged(stranger: Issuer) -> Callable[[Service], dict[str, str | None]]:
    """Return every token that a service must not take, by what is wrong with it."""
    made: dict[int, dict[str, str | None]] = {}

    def forge(service: Service) -> dict[str, str | None]:
        if id(service) not in made:
            own, scope = service.token(), " ".join(service.scopes)
            made[id(service)] = {
                "nobody's": None,
                "another issuer's": stranger.token("conformance", scope),
                "for another audience": service.token(audience="another"),
                **{what: forgery(own) for what, forgery in FORGERIES.items()},
            }
        return made[id(service)]

    return forge


def ask(scene: Scene, operation: Operation, token: str | None) -> dict[str, object]:
    """Ask for an operation as it is meant to be asked, but for the token, and return the problem."""
    path, body = scene.fill(operation.path), scene.fill(operation.body)
    return assert_problem(scene.api.call(operation.method, path, body, token=token))


def test_nobody_is_let_in_with_another_token(
    operation: Operation, scene: Scene, service: Service, forged: Callable[[Service], dict[str, str | None]]
) -> None:
    scene.fill([operation.path, operation.body])  # what the request names is made before its effect is counted
    before = counted(operation, scene)
    for what, token in forged(service).items():
        problem = ask(scene, operation, token)
        assert (problem["code"], problem["definite"]) == ("unauthenticated", True), what
        assert "eyJ" not in str(problem["detail"]), what
    assert_effects(operation, scene, before, times=0)


def test_what_was_not_granted_is_refused_before_it_is_looked_at(
    operation: Operation, scene: Scene, service: Service
) -> None:
    key = service.document.find(operation.method, operation.path.replace("{", "").replace("}", ""))
    assert key is not None
    token = service.token(without=service.document.scopes[key])
    scene.fill([operation.path, operation.body])
    before = counted(operation, scene)
    assert ask(scene, operation, token)["code"] == "forbidden"
    nonsense = scene.api.call(
        operation.method, scene.fill(operation.path), content=b"{" if operation.body else None, token=token
    )
    assert_problem(nonsense, "forbidden")
    assert_effects(operation, scene, before, times=0)


@about(lambda operation: operation.key != "none" and operation.effect is not None)
def test_a_key_is_its_subjects_own(operation: Operation, scene: Scene, service: Service) -> None:
    """Who shows another's key is told nothing of what was decided under it."""
    key, path, body = fresh_key(), scene.fill(operation.path), scene.fill(operation.body)
    first = scene.api.call(operation.method, path, body, key=key)
    assert first.status == operation.status
    other = scene.api.call(operation.method, path, body, key=key, token=service.token("somebody else"))
    assert not other.replayed
    again = scene.api.call(operation.method, path, body, key=key)
    assert (again.replayed, again.body) == (True, first.body)


@pytest.mark.parametrize("path", ["/nothing", "/items/..", "/admin", "/openapi.json", "/docs"])
def test_nobody_without_a_token_learns_which_paths_there_are(path: str, api: Api) -> None:
    assert_problem(api.call("GET", path, token=None), "unauthenticated")


@pytest.mark.parametrize("path", ["/livez", "/readyz", "/metrics"])
def test_health_is_everybodys(path: str, api: Api) -> None:
    assert api.call("GET", path, token=None).status == 200
    assert api.call("GET", path, token="nonsense").status == 200


def test_every_operation_says_who_may(service: Service) -> None:
    assert service.document.scopes.keys() == service.document.operations
    assert list(service.document.document["components"]["securitySchemes"]) == ["accessToken"]
