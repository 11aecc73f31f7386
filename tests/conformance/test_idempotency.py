"""One key, one effect, one answer: however often, however late and however many at once it is sent."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPException
from threading import Barrier

import pytest
from conformance.effects import assert_effects, counted
from conformance.interference import blocked, until
from conformance.promises import KINDS, assert_problem
from conformance.service import Scene, Service, fresh_key
from conformance.subject import Operation, Refusal, about
from conformance.wire import Answer, compose, exchange

EVERY_VARIANT = True  # a key is kept in the transaction of its effect, which is the strategy's own
takes_key = about(lambda operation: operation.key != "none")
PRINTABLE = "".join(chr(code) for code in range(0x21, 0x7F))
CALLERS = 8


def assert_replay(first: Answer, again: Answer) -> None:
    assert not first.replayed
    assert again.replayed
    assert (again.status, again.body) == (first.status, first.body)
    assert again.headers["content-type"] == first.headers["content-type"]


@takes_key
def test_a_key_sent_again_gets_the_first_answer_of_any_replica(
    operation: Operation, scene: Scene, service: Service
) -> None:
    path, body, key = scene.fill(operation.path), scene.fill(operation.body), fresh_key()
    before = counted(operation, scene)
    first = scene.api.call(operation.method, path, body, key=key)
    assert first.status == operation.status
    for api in (service.api, service.other, service.api):
        assert_replay(first, api.call(operation.method, path, body, key=key))
    assert_effects(operation, scene, before, times=1)


@takes_key
def test_the_payload_is_what_the_body_says_not_how(operation: Operation, scene: Scene) -> None:
    """A client that repeats from its own record may serialise the same fields in another order."""
    path, body, key = scene.fill(operation.path), scene.fill(operation.body), fresh_key()
    first = scene.api.call(operation.method, path, body, key=key)
    turned = dict(reversed(list(body.items())))
    assert_replay(first, scene.api.call(operation.method, path, turned, key=key, headers=[("x-planted", "1")]))


@takes_key
def test_a_key_with_another_payload_is_refused(operation: Operation, scene: Scene) -> None:
    path, body, key = scene.fill(operation.path), scene.fill(operation.body), fresh_key()
    before = counted(operation, scene)
    first = scene.api.call(operation.method, path, body, key=key)
    assert first.status == operation.status
    for name, value in body.items():
        if isinstance(value, int):
            changed = body | {name: not value if isinstance(value, bool) else value + 1}
            other = scene.api.call(operation.method, path, changed, key=key)
            assert_problem(other, "idempotency-key-reuse")
    assert_replay(first, scene.api.call(operation.method, path, body, key=key))
    assert_effects(operation, scene, before, times=1)


@takes_key
def test_without_a_key_every_request_has_its_own_effect(operation: Operation, scene: Scene) -> None:
    path = scene.fill(operation.path)
    scene.fill(operation.body)  # what it names is set up before anything is counted
    before = counted(operation, scene)
    answers = [scene.api.call(operation.method, path, scene.fill(operation.body), key=None) for _ in range(2)]
    if operation.key == "required":
        for answer in answers:
            assert_problem(answer, "invalid-request")
        assert_effects(operation, scene, before, times=0)
        return
    assert [answer.status for answer in answers] == [operation.status] * 2
    assert not any(answer.replayed for answer in answers)
    assert_effects(operation, scene, before, times=2)


@takes_key
@pytest.mark.parametrize(
    "end", ["x" * 223, PRINTABLE, ' "quoted"', "{},;="], ids=["255", "printable", "quoted", "marks"]
)
def test_a_key_may_be_any_printable_text(end: str, operation: Operation, scene: Scene) -> None:
    key = fresh_key() + end
    path, body = scene.fill(operation.path), scene.fill(operation.body)
    first = scene.api.call(operation.method, path, body, key=key)
    assert first.status == operation.status
    assert_replay(first, scene.api.call(operation.method, path, body, key=key))


@takes_key
@pytest.mark.parametrize("key", ["a", "A"])
def test_a_key_of_one_character_is_a_key(key: str, operation: Operation, scene: Scene) -> None:
    path, body = scene.fill(operation.path), scene.fill(operation.body)
    first = scene.api.call(operation.method, path, body, key=key)
    assert first.status == operation.status
    assert_replay(first, scene.api.call(operation.method, path, body, key=key))


@takes_key
@pytest.mark.parametrize(
    "key",
    [b"", b"x" * 256, b"x" * 5000, b"caf\xc3\xa9", b"\xff", b"a\tb"],
    ids=["empty", "256", "5000", "utf-8", "byte-255", "tab"],
)
def test_another_key_is_malformed(key: bytes, operation: Operation, scene: Scene) -> None:
    path, body = scene.fill(operation.path), scene.fill(operation.body)
    before = counted(operation, scene)
    assert_problem(scene.api.call(operation.method, path, body, key=key), "invalid-request")
    assert_effects(operation, scene, before, times=0)


@takes_key
@pytest.mark.parametrize("byte", [b"\x01", b"\x1b", b"\x7f", b"\0"], ids=["soh", "escape", "delete", "nul"])
def test_a_control_character_is_no_part_of_a_header(byte: bytes, operation: Operation, scene: Scene) -> None:
    """The HTTP parser refuses it before there is a request, so its answer need not be a problem."""
    before = counted(operation, scene)
    request = compose(
        operation.method, scene.fill(operation.path), [scene.api.bearer, ("idempotency-key", b"a" + byte + b"b")]
    )
    assert exchange(scene.api.address, request).status == 400
    assert_effects(operation, scene, before, times=0)


@takes_key
def test_two_keys_on_one_request_are_malformed(operation: Operation, scene: Scene) -> None:
    path, body = scene.fill(operation.path), scene.fill(operation.body)
    before = counted(operation, scene)
    headers = [("idempotency-key", fresh_key())]
    assert_problem(scene.api.call(operation.method, path, body, key=fresh_key(), headers=headers), "invalid-request")
    assert_effects(operation, scene, before, times=0)


def test_a_key_belongs_to_its_operation(service: Service, scene: Scene) -> None:
    key = fresh_key()
    operations = [operation for operation in service.subject.operation if operation.key != "none"]
    for operation in operations:
        answer = scene.api.call(operation.method, scene.fill(operation.path), scene.fill(operation.body), key=key)
        assert answer.status == operation.status
        assert not answer.replayed


@about(lambda operation: operation.key != "none" and bool(operation.refusals))
def test_a_refusal_is_replayed_exactly_if_the_effect_decided_it(operation: Operation, service: Service) -> None:
    """What made it refuse is mended in between: a stored refusal stays, any other gives way to the effect."""
    for code, refusal in operation.refusals.items():
        scene = Scene(service.api, service.subject)
        if KINDS[code]["stored"] or refusal.mend:
            _refuse_mend_repeat(operation, code, refusal, scene)


def _refuse_mend_repeat(operation: Operation, code: str, refusal: Refusal, scene: Scene) -> None:
    path = scene.fill(refusal.path or operation.path)
    body, key = scene.fill(refusal.body or operation.body), fresh_key()
    first = scene.api.call(operation.method, path, body, key=key)
    assert_problem(first, code)
    for request in refusal.mend:
        scene.perform(request)
    again = scene.api.call(operation.method, path, body, key=key)
    if KINDS[code]["stored"]:
        assert_replay(first, again)
    else:
        assert again.status == operation.status
        assert not again.replayed


@takes_key
def test_one_key_from_many_clients_has_one_effect(operation: Operation, scene: Scene, service: Service) -> None:
    path, body, key = scene.fill(operation.path), scene.fill(operation.body), fresh_key()
    before = counted(operation, scene)
    together = Barrier(CALLERS)

    def call(number: int) -> Answer:
        api = (service.api, service.other)[number % 2]
        together.wait()
        return api.call(operation.method, path, body, key=key)

    with ThreadPoolExecutor(CALLERS) as pool:
        answers = list(pool.map(call, range(CALLERS)))
    done = [answer for answer in answers if answer.status == operation.status]
    assert len({answer.body for answer in done}) == 1
    assert Counter(answer.replayed for answer in done)[False] == 1
    for answer in answers:
        if answer not in done:
            assert_problem(answer, "request-in-flight")
    assert scene.api.call(operation.method, path, body, key=key).body == done[0].body
    assert_effects(operation, scene, before, times=1)


@about(lambda operation: operation.key != "none" and operation.block is not None)
def test_a_key_in_flight_is_refused_until_its_answer_is_known(
    operation: Operation, scene: Scene, service: Service
) -> None:
    assert operation.block is not None
    path, body, key = scene.fill(operation.path), scene.fill(operation.body), fresh_key()
    before = counted(operation, scene)
    with blocked(service.database_url, scene.fill(operation.block)) as wait_until_blocked:
        read_first = scene.api.send(operation.method, path, body, key=key)
        wait_until_blocked()
        for api in (service.api, service.other):
            assert_problem(api.call(operation.method, path, body, key=key), "request-in-flight")
    first = read_first()
    assert first.status == operation.status
    assert_replay(first, scene.api.call(operation.method, path, body, key=key))
    assert_effects(operation, scene, before, times=1)


def test_a_killed_replica_leaves_nothing_that_another_would_wait_for(service: Service, scene: Scene) -> None:
    """The answer was lost with the process; the same key, sent to another replica, settles it."""
    operation, lock = service.subject.blockable
    path, body, key = scene.fill(operation.path), scene.fill(operation.body), fresh_key()
    before = counted(operation, scene)
    answers: list[Answer] = []

    def is_settled() -> bool:
        answers.append(scene.api.call(operation.method, path, body, key=key))
        return answers[-1].status < 400 or not answers[-1].json()["retryable"]

    with service.replicas(1) as [(doomed, program)]:
        with blocked(service.database_url, scene.fill(lock)) as wait_until_blocked:
            read_answer = doomed.send(operation.method, path, body, key=key)
            wait_until_blocked()
            program.kill()
            with pytest.raises((OSError, HTTPException)):
                read_answer()
        until(is_settled, "the key is settled")
    assert answers[-1].status == operation.status
    assert_effects(operation, scene, before, times=1)
