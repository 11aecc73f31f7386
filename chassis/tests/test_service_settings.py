"""What every service is told: an address that is none is refused, and failpoints are a lab's alone."""

from __future__ import annotations

from typing import Any

import pytest

from trivet_chassis import ServiceSettings, SettingsError, arm_service

KNOWN = {"shop.sale.after_commit": "The sale is done."}


def armed(**changes: Any) -> None:
    arm_service(ServiceSettings(database_url="postgresql://nowhere/d", **changes), "shop", KNOWN)


def refused(**changes: Any) -> str:
    with pytest.raises(SettingsError) as error:
        armed(**changes)
    (fault,) = error.value.faults
    return fault


@pytest.mark.parametrize("listen", ["8000", "localhost", "localhost:", ":8000", "localhost:http", "localhost:70000"])
def test_an_address_without_host_and_port_is_refused(listen: str) -> None:
    assert refused(listen=listen).startswith("TRIVET_SHOP_LISTEN ")


def test_failpoints_are_read_in_a_lab_alone_and_an_unknown_one_is_told_the_known_ones() -> None:
    plan = "shop.sale.after_comit=kill"
    assert refused(failpoints=plan, lab="a-run").endswith("here are shop.sale.after_commit")
    armed(failpoints=plan)
    armed(failpoints="shop.sale.after_commit=kill", lab="a-run")
    armed()
