"""Settings from the environment: typed, validated at start, and every complaint names its variable.

A member declares a frozen dataclass whose fields are made by :func:`setting`. Field ``lock_wait_ms`` of member
``inventory`` is read from ``TRIVET_INVENTORY_LOCK_WAIT_MS``, or from the file that
``TRIVET_INVENTORY_LOCK_WAIT_MS_FILE`` names (a mounted secret; one trailing newline is dropped).
"""

from __future__ import annotations

import dataclasses
import difflib
import types
import typing
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")
_TRUE, _FALSE = frozenset({"1", "true", "yes", "on"}), frozenset({"0", "false", "no", "off"})


class SettingsError(Exception):
    """The environment does not configure the service; ``faults`` has one sentence a variable, which it begins with."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


@dataclasses.dataclass(frozen=True, slots=True)
class _Rule:
    help: str
    variable: str | None
    secret: bool
    minimum: float | None
    maximum: float | None
    choices: tuple[str, ...]


@dataclasses.dataclass(frozen=True, slots=True)
class SettingDescription:
    """One setting for a person: its variable, meaning, default and present value (secrets masked)."""

    variable: str
    type: str
    help: str
    required: bool
    default: str | None
    value: str | None


def setting(
    help: str,  # noqa: A002  - the word that every command line uses for it
    *,
    default: Any = dataclasses.MISSING,
    variable: str | None = None,
    secret: bool = False,
    minimum: float | None = None,
    maximum: float | None = None,
    choices: tuple[str, ...] = (),
) -> Any:
    """Return the dataclass field of one setting; without ``default`` it is required.

    Args:
        help: One sentence: what it does, and in which unit.
        default: The value when the variable is not set, already of the field's type.
        variable: The whole variable name, for the few that do not belong to one member.
        secret: Its value is never shown (a URL shows all but its password).
        minimum: The least allowed number.
        maximum: The greatest allowed number.
        choices: The allowed words.
    """
    rule = _Rule(help, variable, secret, minimum, maximum, choices)
    return dataclasses.field(default=default, metadata={"rule": rule})


def load_settings(settings: type[T], member: str, environ: Mapping[str, str]) -> T:
    """Read all settings of a member.

    Raises:
        SettingsError: With *all* faults, so that a person mends them in one go.
    """
    values: dict[str, Any] = {}
    faults: list[str] = []
    for field, variable, type_ in _fields(settings, member):
        try:
            raw = _raw(variable, environ)
            if raw is None:
                if field.default is dataclasses.MISSING:
                    faults.append(f"{variable} is not set: {_rule(field).help}")
                continue
            values[field.name] = _checked(_parse(raw, type_), _rule(field))
        except (ValueError, OSError) as error:
            faults.append(f"{variable} {error}")
    if faults:
        raise SettingsError(faults)
    return settings(**values)


def describe_settings(settings: type[Any], member: str, present: Any = None) -> list[SettingDescription]:
    """Return a description of every setting, with the values of ``present`` (an instance) if it is given."""
    return [
        SettingDescription(
            variable=variable,
            type=_type_name(type_, _rule(field)),
            help=_rule(field).help,
            required=field.default is dataclasses.MISSING,
            default=None if field.default is dataclasses.MISSING else _shown(field.default, _rule(field)),
            value=None if present is None else _shown(getattr(present, field.name), _rule(field)),
        )
        for field, variable, type_ in _fields(settings, member)
    ]


def unknown_variables(settings: type[Any], member: str, environ: Mapping[str, str]) -> list[str]:
    """Return a sentence for every variable with the member's prefix that no setting reads.

    They are a warning and no error: Kubernetes sets variables of its own from the names of Services.
    """
    known = {variable for _, variable, _ in _fields(settings, member)}
    known |= {f"{variable}_FILE" for variable in known}
    prefix = f"TRIVET_{member.upper()}_"
    sentences = []
    for variable in sorted(name for name in environ if name.startswith(prefix) and name not in known):
        near = difflib.get_close_matches(variable, known, n=1)
        sentences.append(f"{variable} is read by nothing" + (f"; is {near[0]} meant?" if near else ""))
    return sentences


def _fields(settings: type[Any], member: str) -> list[tuple[dataclasses.Field[Any], str, Any]]:
    hints = typing.get_type_hints(settings)
    return [
        (field, _rule(field).variable or f"TRIVET_{member.upper()}_{field.name.upper()}", hints[field.name])
        for field in dataclasses.fields(settings)
    ]


def _rule(field: dataclasses.Field[Any]) -> _Rule:
    rule = field.metadata["rule"]
    assert isinstance(rule, _Rule)  # noqa: S101  - every field of a settings class is made by setting()
    return rule


def _raw(variable: str, environ: Mapping[str, str]) -> str | None:
    """Return the text of a variable or of the file it names; both at once is a fault, not a guess."""
    value, file = environ.get(variable), environ.get(f"{variable}_FILE")
    if file is None:
        return value
    if value is not None:
        raise ValueError(f"is set and so is {variable}_FILE: one of them must go")
    return Path(file).read_text(encoding="utf-8").removesuffix("\n")


def _parse(raw: str, type_: Any) -> Any:
    if typing.get_origin(type_) is types.UnionType:
        (type_,) = (part for part in typing.get_args(type_) if part is not type(None))
    if typing.get_origin(type_) is tuple:
        return tuple(part.strip() for part in raw.split(",") if part.strip())
    if type_ is bool:
        word = raw.strip().lower()
        if word not in _TRUE | _FALSE:
            raise ValueError(f"must be true or false, not {raw!r}")
        return word in _TRUE
    if type_ in {int, float}:
        try:
            return type_(raw)
        except ValueError:
            raise ValueError(f"must be a {'whole ' if type_ is int else ''}number, not {raw!r}") from None
    if type_ in {str, Path}:
        if not raw.strip():
            raise ValueError("is empty")
        return type_(raw)
    raise TypeError(f"a setting cannot be of type {type_}")


def _checked(value: Any, rule: _Rule) -> Any:
    if rule.choices and value not in rule.choices:
        raise ValueError(f"must be one of {', '.join(rule.choices)}, not {value!r}")
    # Written so that a NaN fails both comparisons and is refused.
    if rule.minimum is not None and not value >= rule.minimum:
        raise ValueError(f"must be at least {rule.minimum:g}, not {value:g}")
    if rule.maximum is not None and not value <= rule.maximum:
        raise ValueError(f"must be at most {rule.maximum:g}, not {value:g}")
    return value


def _type_name(type_: Any, rule: _Rule) -> str:
    if rule.choices:
        return " | ".join(rule.choices)
    if typing.get_origin(type_) is types.UnionType:
        (type_,) = (part for part in typing.get_args(type_) if part is not type(None))
    if typing.get_origin(type_) is tuple:
        return "list, separated by commas"
    return {int: "whole number", float: "number", bool: "true or false", str: "text", Path: "path"}[type_]


def _shown(value: Any, rule: _Rule) -> str | None:
    if value is None:
        return None
    if isinstance(value, tuple):
        return ",".join(_shown(part, rule) or "" for part in value)
    if isinstance(value, bool):
        return str(value).lower()
    return _masked(str(value)) if rule.secret else str(value)


def _masked(value: str) -> str:
    """Hide a secret; of a URL only the password and the query are hidden."""
    head, separator, rest = value.partition("://")
    if not separator:
        return "***"
    credentials, at, place = rest.rpartition("@")
    user = credentials.partition(":")[0]
    return f"{head}://{user + ':***@' if at else ''}{place.partition('?')[0]}"
