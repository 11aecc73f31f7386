"""How much the edge takes of one client, and what a client that is slow, large or forged costs the others."""

from __future__ import annotations

import http.server
import json
import socket
import ssl
import threading
from collections.abc import Iterator

import httpx
import pytest

from trivet_platform import Bounds, Envoy, Issuer, Limits, Rate, Supervisor, Upstream, make_certificate

BURST = 5
FEW = Rate(per_s=1, burst=BURST)
TRIES_MAX = 100
BOUNDS = Bounds(body_bytes_max=1000, head_kib_max=2, head_fields_max=50, request_deadline_s=1, idle_connection_s=2)


class Shop:
    """A service that says what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, dict[str, str], bytes]] = []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                if self.path != "/readyz":
                    outer.asked.append((self.path, dict(self.headers.items()), b""))
                self.answer()

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length", "0")))
                outer.asked.append((self.path, dict(self.headers.items()), body))
                self.answer()

            def answer(self) -> None:
                self.send_response(200)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *words: object) -> None:
                del words

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def upstream(self) -> Upstream:
        return Upstream("shop", [f"127.0.0.1:{self.server.server_port}"], ["/items"])


@pytest.fixture(scope="module")
def issuer(supervisor: Supervisor) -> Iterator[Issuer]:
    part = Issuer("edge-issuer")
    supervisor.start(part)
    yield part
    part.stop()


@pytest.fixture(scope="module")
def edge(supervisor: Supervisor, issuer: Issuer) -> Iterator[Envoy]:
    part = Envoy("limited-edge", issuer=issuer, bounds=BOUNDS)
    supervisor.start(part)
    yield part
    part.stop()


@pytest.fixture
def shop() -> Iterator[Shop]:
    opened = Shop()
    yield opened
    opened.server.shutdown()
    opened.server.server_close()


def client(edge: Envoy, token: str | None = None, address: str = "127.0.0.1") -> httpx.Client:
    headers = {} if token is None else {"authorization": f"Bearer {token}"}
    transport = httpx.HTTPTransport(local_address=address)
    return httpx.Client(base_url=edge.url, headers=headers, timeout=30, transport=transport)


def ask_until_limited(opened: httpx.Client) -> tuple[int, httpx.Response]:
    """Return how many were let through, and the first that was not."""
    for number in range(TRIES_MAX):
        answer = opened.get("/items")
        if answer.status_code != 200:
            return number, answer
    raise AssertionError(f"nothing was refused in {TRIES_MAX} requests")


def assert_rate_limited(answer: httpx.Response) -> None:
    body = answer.json()
    assert (answer.status_code, body["code"], body["definite"], body["retryable"]) == (429, "rate-limited", True, True)
    assert answer.headers["content-type"] == "application/problem+json"
    assert int(answer.headers["retry-after"]) >= 1
    assert len(body["trace_id"]) == 32


def test_a_subject_has_a_bucket_whatever_its_token_and_address(edge: Envoy, issuer: Issuer, shop: Shop) -> None:
    edge.route([shop.upstream], Limits(subject=FEW))
    first, second = issuer.token("alice", "one"), issuer.token("alice", "two")
    with (
        client(edge, first) as one,
        client(edge, second, "127.0.0.9") as other,
        client(edge, issuer.token("bob")) as bob,
    ):
        passed, refused = ask_until_limited(one)
        assert passed >= BURST
        assert_rate_limited(refused)
        passed, refused = ask_until_limited(other)
        assert passed < BURST, "a second token and address are the same alice"
        assert_rate_limited(refused)
        assert bob.get("/items").status_code == 200
        assert len(shop.asked) < TRIES_MAX
        while one.get("/items").status_code == 429:  # the bucket fills again
            pass


def test_an_address_has_a_bucket_whoever_asks(edge: Envoy, issuer: Issuer, shop: Shop) -> None:
    edge.route([shop.upstream], Limits(address=FEW))
    with client(edge, issuer.token("alice"), "127.0.0.7") as alice, client(edge, None, "127.0.0.7") as nobody:
        passed, refused = ask_until_limited(alice)
        assert passed >= BURST
        assert_rate_limited(refused)
        assert ask_until_limited(nobody)[0] < BURST
    with client(edge, issuer.token("alice"), "127.0.0.8") as elsewhere:
        assert elsewhere.get("/items").status_code == 200


def test_what_is_routed_nowhere_is_counted_too(edge: Envoy) -> None:
    edge.route([], Limits(address=FEW))
    with client(edge, address="127.0.0.4") as opened:
        statuses = [opened.get(f"/admin/{number}").status_code for number in range(TRIES_MAX)]
    assert statuses[:BURST] == [404] * BURST
    assert 429 in statuses


def test_nobody_empties_anothers_bucket_with_a_forged_token(edge: Envoy, issuer: Issuer, shop: Shop) -> None:
    edge.route([shop.upstream], Limits(subject=FEW))
    genuine = issuer.token("alice")
    forged = genuine[:-8] + ("AAAAAAAA" if genuine[-8:] != "AAAAAAAA" else "BBBBBBBB")
    with client(edge, forged) as impostor, client(edge, genuine) as alice:
        assert ask_until_limited(impostor)[0] >= BURST, "a service is to refuse it"
        assert ask_until_limited(alice)[0] >= BURST


@pytest.mark.parametrize("token", [None, "sesame", "e30.e30.e30"])
def test_whom_the_edge_does_not_know_it_counts_as_one_at_each_address(
    edge: Envoy, shop: Shop, token: str | None
) -> None:
    """So that a token which a service would take, and the edge does not understand, gives no more than another."""
    edge.route([shop.upstream], Limits(subject=FEW))
    with client(edge, token) as one, client(edge, address="127.0.0.3") as elsewhere:
        assert ask_until_limited(one)[0] >= BURST
        assert elsewhere.get("/items").status_code == 200
        with client(edge) as another:
            assert ask_until_limited(another)[0] < BURST


@pytest.mark.parametrize("scheme", ["Bearer ", "bearer ", "BEARER ", "bEaReR   "])
def test_a_subject_is_known_however_the_scheme_is_spelled(edge: Envoy, issuer: Issuer, shop: Shop, scheme: str) -> None:
    """A service takes it in any case (RFC 9110 §11.1): whom it lets in, the edge has to have counted."""
    edge.route([shop.upstream], Limits(subject=FEW))
    with client(edge) as opened:
        opened.headers["authorization"] = scheme + issuer.token("alice")
        assert ask_until_limited(opened)[0] >= BURST


@pytest.mark.parametrize("header", ["x-forwarded-for", "x-envoy-external-address", "x-real-ip", "forwarded"])
def test_an_address_is_the_connections_and_no_claim(edge: Envoy, shop: Shop, header: str) -> None:
    edge.route([shop.upstream], Limits(address=FEW))
    with client(edge, address="127.0.0.6") as opened:
        statuses = {opened.get("/items", headers={header: f"10.0.0.{n}"}).status_code for n in range(TRIES_MAX)}
    assert 429 in statuses


def test_tokens_reach_the_service_as_they_came(edge: Envoy, issuer: Issuer, shop: Shop) -> None:
    """The service verifies them itself: the edge takes nothing from a request, and adds nothing that is believed."""
    edge.route([shop.upstream], Limits(subject=FEW))
    token = issuer.token("alice")
    with client(edge, token) as opened:
        opened.get("/items")
    [(_, headers, _)] = shop.asked
    assert {name.lower(): value for name, value in headers.items()}["authorization"] == f"Bearer {token}"


def test_keys_that_were_rotated_are_known_and_an_issuer_that_is_away_keeps_nobody_out(
    supervisor: Supervisor, edge: Envoy, issuer: Issuer, shop: Shop
) -> None:
    edge.route([shop.upstream], Limits(subject=FEW))
    issuer.rotate("ES256")
    token, addresses = issuer.token("carol"), (f"127.0.{high}.{low}" for high in range(1, 256) for low in range(1, 255))

    def ask_from_elsewhere() -> int:
        """Ask from an address that nobody has asked from: only of whom the edge knows the bucket can be empty."""
        with client(edge, token, next(addresses)) as carol:
            return carol.get("/items").status_code

    while ask_from_elsewhere() == 200:
        pass
    issuer.kill()
    with client(edge, address="127.0.0.2") as nobody:
        assert nobody.get("/items").status_code == 200
    while ask_from_elsewhere() == 429:  # her bucket fills, and is emptied again: she is known still
        pass
    while ask_from_elsewhere() == 200:
        pass
    supervisor.start(issuer)


def test_limits_survive_a_restart_of_the_edge(supervisor: Supervisor, edge: Envoy, shop: Shop) -> None:
    edge.route([shop.upstream], Limits(address=FEW))
    edge.kill()
    supervisor.start(edge)
    with client(edge, address="127.0.0.5") as opened:
        assert ask_until_limited(opened)[0] >= BURST


def test_subjects_cannot_be_limited_where_nobody_is_known(shop: Shop) -> None:
    part = Envoy("blind-edge")
    with pytest.raises(ValueError, match="knows no issuer"):
        part.route([shop.upstream], Limits(subject=FEW))


@pytest.mark.parametrize("rate", [(0, 1), (1, 0), (-1, 5)])
def test_a_rate_that_lets_nobody_in_is_none(rate: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="at least 1"):
        Rate(*rate)


def problem_of(answer: httpx.Response) -> tuple[int, str, bool, bool]:
    body = answer.json()
    return answer.status_code, body["code"], body["definite"], body["retryable"]


def test_a_body_that_is_too_large_is_no_services_business(edge: Envoy, shop: Shop) -> None:
    edge.route([shop.upstream])

    def chunks() -> Iterator[bytes]:
        for _ in range(20):
            yield b"x" * 100

    with client(edge) as opened:
        assert opened.post("/items", content=b"x" * 1000).status_code == 200
        for content in (b"x" * 1001, chunks()):
            refused = opened.post("/items", content=content)
            assert problem_of(refused) == (413, "payload-too-large", True, False)
    assert [len(body) for _, _, body in shop.asked] == [1000]


@pytest.mark.parametrize(
    "headers",
    [
        {"x-long": "x" * 3000},
        {f"x-{number}": "1" for number in range(60)},
        {"x_forwarded": "1"},
    ],
    ids=["long", "many", "underscored"],
)
def test_a_head_that_is_too_large_or_ambiguous_is_refused(edge: Envoy, shop: Shop, headers: dict[str, str]) -> None:
    edge.route([shop.upstream])
    with client(edge) as opened:
        assert problem_of(opened.get("/items", headers=headers)) == (400, "invalid-request", True, False)
    assert shop.asked == []


def slowly(edge: Envoy, *parts: bytes) -> bytes:
    """Send these, nothing more, and return what comes before the edge closes the connection."""
    with socket.create_connection(("127.0.0.1", edge.port), timeout=30) as opened:
        for part in parts:
            opened.sendall(part)
        received = b""
        while chunk := opened.recv(65536):
            received += chunk
    return received


HEAD = b"POST /items HTTP/1.1\r\nhost: shop\r\n"


@pytest.mark.parametrize(
    "parts",
    [(HEAD,), (HEAD + b"content-length: 10\r\n\r\n", b"12345"), (HEAD + b"transfer-encoding: chunked\r\n\r\n5\r\n12",)],
    ids=["head", "body", "chunk"],
)
def test_who_sends_too_slowly_is_refused_and_holds_no_service(edge: Envoy, shop: Shop, parts: tuple[bytes]) -> None:
    edge.route([shop.upstream])
    head, _, body = slowly(edge, *parts).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400 ")
    told = json.loads(body)
    assert (told["code"], told["definite"]) == ("invalid-request", True)
    assert shop.asked == []


def test_who_says_nothing_is_sent_away(edge: Envoy, shop: Shop) -> None:
    edge.route([shop.upstream])
    assert slowly(edge) == b""


def test_many_who_dawdle_keep_nobody_else_waiting(edge: Envoy, shop: Shop) -> None:
    edge.route([shop.upstream])
    dawdlers = [socket.create_connection(("127.0.0.1", edge.port), timeout=30) for _ in range(300)]
    for dawdler in dawdlers:
        dawdler.sendall(HEAD)
    with client(edge) as opened:
        assert opened.get("/items").status_code == 200
    for dawdler in dawdlers:
        assert dawdler.recv(100).startswith(b"HTTP/1.1 400 ")
        dawdler.close()


def test_more_connections_than_it_takes_are_turned_away_and_those_that_are_there_stay(
    supervisor: Supervisor, shop: Shop
) -> None:
    part = Envoy("crowded-edge", bounds=Bounds(connections_max=5))
    supervisor.start(part)
    part.route([shop.upstream])
    with client(part) as regular:
        assert regular.get("/items").status_code == 200
        others = [socket.create_connection(("127.0.0.1", part.port), timeout=30) for _ in range(10)]
        turned_away = [other for other in others if is_closed(other)]
        assert len(turned_away) == 6
        assert regular.get("/items").status_code == 200
        for other in others:
            other.close()
    part.stop()


def is_closed(connection: socket.socket) -> bool:
    """Whether it was closed without a word; what is open answers nonsense with a refusal."""
    try:
        connection.sendall(b"nonsense\r\n\r\n")
        return connection.recv(1) == b""
    except ConnectionError:
        return True


def test_tls_is_served_by_its_own_authority_alone(supervisor: Supervisor, shop: Shop) -> None:
    part = Envoy("tls-edge", certificate=make_certificate())
    supervisor.start(part)
    part.route([shop.upstream])
    assert part.url.startswith("https://127.0.0.1:")
    assert part.authority_file is not None
    assert part.endpoints["authority_file"] == str(part.authority_file)
    trust = ssl.create_default_context(cafile=str(part.authority_file))
    assert httpx.get(f"{part.url}/items", verify=trust).status_code == 200
    assert httpx.get(f"https://localhost:{part.port}/items", verify=trust).status_code == 200
    trust.set_alpn_protocols(["h2", "http/1.1"])
    with (
        socket.create_connection(("127.0.0.1", part.port)) as plain,
        trust.wrap_socket(plain, server_hostname="localhost") as secured,
    ):
        assert (secured.version(), secured.selected_alpn_protocol()) == ("TLSv1.3", "h2")
    with pytest.raises(httpx.ConnectError, match="certificate"):
        httpx.get(f"{part.url}/items")
    with pytest.raises(httpx.ConnectError, match="certificate"):
        httpx.get(f"{part.url}/items", verify=make_certificate().client_context())
    with pytest.raises(httpx.HTTPError):
        httpx.get(f"http://127.0.0.1:{part.port}/items")
    kept = [path for path in part.authority_file.parent.rglob("*") if path.is_file()]
    assert len(kept) >= 4
    assert all("PRIVATE KEY" not in path.read_text(errors="replace") for path in kept)
    part.stop()


def test_a_key_is_not_shown_with_its_certificate() -> None:
    certificate = make_certificate()
    assert certificate.key_pem not in repr(certificate)
    assert "PRIVATE" not in repr(certificate)
