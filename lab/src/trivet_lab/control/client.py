"""A client of the control API: what the command line asks it with."""

from __future__ import annotations

import http.client
import json
from typing import TypeVar
from urllib.parse import quote, urlsplit

import msgspec

from trivet_lab.control.answers import Fault, Faults, Healed, HealedAll, PartChanged, Parts, PartStatus, Wanted
from trivet_lab.control.running import CONTROL_URL, Running

T = TypeVar("T")
PATIENCE_S = 180
"""A part that is healed may be started, for a minute, and a target may have several parts."""


class ControlRefused(Exception):
    """The control API did not do it; the sentence says why, ``code`` is the problem's, ``no-answer`` if none came."""

    def __init__(self, sentence: str, code: str) -> None:
        """Keep the code beside the sentence."""
        super().__init__(sentence)
        self.code = code


class ControlClient:
    """Asks one shop's control API. http.client knows no proxies: this address is on this machine."""

    def __init__(self, running: Running) -> None:
        """Ask this shop.

        Raises:
            ControlRefused: it serves no control API.
        """
        url = running.environment.get(CONTROL_URL)
        if url is None:
            raise ControlRefused(f"the shop of {running.file.parent.name} serves no control API", "no-answer")
        self._address = urlsplit(url).netloc
        self._token = running.token

    def parts(self) -> list[PartStatus]:
        """Return every part."""
        return self._ask("GET", "/parts", Parts).parts

    def start(self, name: str) -> PartChanged:
        """Start a part."""
        return self._ask("POST", f"/parts/{quote(name, safe='')}/start", PartChanged)

    def stop(self, name: str) -> PartChanged:
        """Stop a part."""
        return self._ask("POST", f"/parts/{quote(name, safe='')}/stop", PartChanged)

    def faults(self) -> Faults:
        """Return what can be broken and what is."""
        return self._ask("GET", "/faults", Faults)

    def inject(self, wanted: Wanted) -> Fault:
        """Break something."""
        return self._ask("POST", "/faults", Fault, wanted)

    def heal(self, number: int) -> Healed:
        """Heal one fault."""
        return self._ask("POST", f"/faults/{number}/heal", Healed)

    def heal_all(self) -> list[Fault]:
        """Heal every fault."""
        return self._ask("POST", "/faults/heal", HealedAll).faults

    def _ask(self, method: str, path: str, kind: type[T], body: object = None) -> T:
        headers = {"Authorization": f"Bearer {self._token}"}
        data = None
        if method == "POST":
            headers["Content-Type"] = "application/json"
            data = msgspec.json.encode({} if body is None else body)
        connection = http.client.HTTPConnection(self._address, timeout=PATIENCE_S)
        try:
            connection.request(method, path, data, headers)
            response = connection.getresponse()
            answer = response.read()
        except (OSError, http.client.HTTPException) as error:
            sentence = f"the control API at http://{self._address} does not answer: {error}"
            raise ControlRefused(sentence, "no-answer") from error
        finally:
            connection.close()
        if response.status >= 300:
            raise _refusal(answer, response.status)
        return msgspec.json.decode(answer, type=kind)


def _refusal(answer: bytes, status: int) -> ControlRefused:
    try:
        problem = json.loads(answer)
        return ControlRefused(str(problem["detail"]), str(problem["code"]))
    except (ValueError, KeyError, TypeError):
        return ControlRefused(f"the control API answered {status}", "no-answer")
