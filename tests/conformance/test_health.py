"""Health and metrics: read by machines that act on them without a person."""

from __future__ import annotations

import pytest
from conformance.service import Api, Service
from prometheus_client.parser import text_string_to_metric_families


@pytest.mark.parametrize("path", ["/livez", "/readyz"])
def test_a_healthy_service_says_so_in_json(path: str, api: Api) -> None:
    answer = api.call("GET", path)
    assert answer.status == 200
    assert answer.headers["content-type"].startswith("application/json")
    assert isinstance(answer.json(), dict)


def test_readiness_names_what_it_looked_at(api: Api, service: Service) -> None:
    checks = api.call("GET", "/readyz").json()["checks"]
    assert len(checks) >= len(service.member.needs)


def test_metrics_parse_and_count_requests(api: Api) -> None:
    def requests() -> float:
        answer = api.call("GET", "/metrics")
        assert answer.status == 200
        assert answer.headers["content-type"].startswith("text/plain")
        families = list(text_string_to_metric_families(answer.body.decode()))
        assert len({family.name for family in families}) == len(families)
        found = [
            sample
            for family in families
            for sample in family.samples
            if sample.name.endswith("_count") and "status" in sample.labels
        ]
        return sum(sample.value for sample in found)

    before = requests()
    for _ in range(3):
        api.call("GET", "/nothing-is-served-here")
    assert requests() >= before + 3


def test_labels_do_not_grow_with_what_callers_send(api: Api) -> None:
    for number in range(5):
        api.call("GET", f"/planted-{number}?planted={number}", headers=[("user-agent", "planted")])
    assert b"planted" not in api.call("GET", "/metrics").body.lower()
