import platform

import pytest

from trivet_lab.cli import doctor


@pytest.mark.parametrize(
    ("libc", "expected"),
    [(("glibc", "2.31"), "fit"), (("glibc", "3.0"), "fit"), (("glibc", "2.28"), "unfit"), (("", ""), "unfit")],
)
def test_a_libc_older_than_the_wheels_is_unfit(
    libc: tuple[str, str], expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(platform, "system", lambda: "Linux")
    monkeypatch.setattr(platform, "machine", lambda: "x86_64")
    monkeypatch.setattr(platform, "libc_ver", lambda: libc)
    assert doctor._system().ok is (expected == "fit")
