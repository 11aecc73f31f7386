"""``trivet token``: an access token of the shop that is up."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from trivet_lab.console import Console
from trivet_lab.control import find_running
from trivet_lab.settings import lab_settings
from trivet_platform import ask_issuer

CUSTOMER = (
    "items.read",
    "items.buy",
    "accounts.open",
    "accounts.read",
    "transfers.write",
    "charges.read",
    "charges.write",
    "orders.read",
    "orders.write",
)
"""What a customer may do, on what is theirs."""


def token(
    *,
    as_: Annotated[str, Parameter(name="--as")] = "alice",
    scope: tuple[str, ...] = CUSTOMER,
    lifetime_s: int = 3600,
    json: bool = False,
) -> int:
    """Print an access token of the shop that is up: -H "authorization: Bearer $(./trivet token --as alice)".

    Args:
        as_: whom the token is about: keys and accounts belong to this name.
        scope: what it grants, once for each; without it what a customer may do.
        lifetime_s: how long it is valid.
        json: print the issuer's whole answer.
    """
    settings = lab_settings()
    console = Console(plain=settings.plain)
    running = find_running(settings.runs)
    issuer = running.part("issuer")
    words = [("grant_type", "client_credentials"), ("scope", " ".join(scope)), ("lifetime_s", str(lifetime_s))]
    told = ask_issuer(issuer["url"], issuer["secret"], "token", [*words, ("subject", as_)])
    if json:
        console.result_json(told)
    else:
        console.result(str(told["access_token"]))
    return 0
