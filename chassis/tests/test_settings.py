"""Settings are typed, and each complaint begins with the variable that it is about."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from trivet_chassis import SettingsError, describe_settings, load_settings, setting, unknown_variables


@dataclass(frozen=True)
class Example:
    database_url: str = setting("Where the rows are.", secret=True)
    wait_ms: int = setting("How long to wait, in ms.", default=200, minimum=0, maximum=5000)
    share: float = setting("A share.", default=0.5, minimum=0, maximum=1)
    quick: bool = setting("Whether to hurry.", default=False)
    servers: tuple[str, ...] = setting("Addresses.", default=())
    level: str = setting("How much to say.", default="info", choices=("debug", "info"))
    run: str | None = setting("The run.", default=None, variable="TRIVET_LAB")


URL = "postgresql://u:secret@h:5432/d?password=more"


def load(**environ: str) -> Example:
    return load_settings(Example, "shop", {"TRIVET_SHOP_DATABASE_URL": URL, **environ})


def test_defaults_and_types() -> None:
    assert load() == Example(URL)
    assert load(
        TRIVET_SHOP_WAIT_MS="0",
        TRIVET_SHOP_SHARE="1",
        TRIVET_SHOP_QUICK="yes",
        TRIVET_SHOP_SERVERS="a, b,",
        TRIVET_SHOP_LEVEL="debug",
        TRIVET_LAB="r1",
    ) == Example(URL, 0, 1.0, True, ("a", "b"), "debug", "r1")  # noqa: FBT003  - in the order of the fields


@pytest.mark.parametrize(
    ("variable", "value", "complaint"),
    [
        ("TRIVET_SHOP_WAIT_MS", "soon", "must be a whole number, not 'soon'"),
        ("TRIVET_SHOP_WAIT_MS", "1.5", "must be a whole number, not '1.5'"),
        ("TRIVET_SHOP_WAIT_MS", "-1", "must be at least 0, not -1"),
        ("TRIVET_SHOP_WAIT_MS", "5001", "must be at most 5000, not 5001"),
        ("TRIVET_SHOP_SHARE", "nan", "must be at least 0, not nan"),
        ("TRIVET_SHOP_QUICK", "perhaps", "must be true or false, not 'perhaps'"),
        ("TRIVET_SHOP_LEVEL", "loud", "must be one of debug, info, not 'loud'"),
        ("TRIVET_SHOP_DATABASE_URL", " ", "is empty"),
    ],
)
def test_a_complaint_names_its_variable(variable: str, value: str, complaint: str) -> None:
    with pytest.raises(SettingsError) as error:
        load(**{variable: value})
    assert error.value.faults == [f"{variable} {complaint}"]


def test_all_faults_are_told_at_once() -> None:
    with pytest.raises(SettingsError) as error:
        load_settings(Example, "shop", {"TRIVET_SHOP_WAIT_MS": "x", "TRIVET_SHOP_QUICK": "y"})
    assert [fault.split()[0] for fault in error.value.faults] == [
        "TRIVET_SHOP_DATABASE_URL",
        "TRIVET_SHOP_WAIT_MS",
        "TRIVET_SHOP_QUICK",
    ]


def test_a_file_may_hold_the_value_but_not_beside_the_variable(tmp_path: Path) -> None:
    secret = tmp_path / "url"
    secret.write_text("postgresql:///x\n")
    file = {"TRIVET_SHOP_DATABASE_URL_FILE": str(secret)}
    assert load_settings(Example, "shop", file).database_url == "postgresql:///x"
    with pytest.raises(SettingsError, match="TRIVET_SHOP_DATABASE_URL is set and so is"):
        load(**file)
    with pytest.raises(SettingsError, match=r"TRIVET_SHOP_DATABASE_URL .*No such file"):
        load_settings(Example, "shop", {"TRIVET_SHOP_DATABASE_URL_FILE": str(tmp_path / "none")})


def test_descriptions_mask_secrets() -> None:
    described = {d.variable: d for d in describe_settings(Example, "shop", load(TRIVET_SHOP_SERVERS="a,b"))}
    assert described["TRIVET_SHOP_DATABASE_URL"].value == "postgresql://u:***@h:5432/d"
    assert described["TRIVET_SHOP_DATABASE_URL"].required
    assert described["TRIVET_SHOP_SERVERS"].value == "a,b"
    assert described["TRIVET_SHOP_LEVEL"].type == "debug | info"
    assert described["TRIVET_LAB"].value is None


def test_a_variable_that_nothing_reads_is_pointed_out() -> None:
    assert unknown_variables(Example, "shop", {"TRIVET_SHOP_WAIT": "1", "TRIVET_SHOP_WAIT_MS_FILE": "x"}) == [
        "TRIVET_SHOP_WAIT is read by nothing; is TRIVET_SHOP_WAIT_MS meant?"
    ]
