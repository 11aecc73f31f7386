"""The commands that every service has, and how a command that cannot start ends."""

from __future__ import annotations

import gc
import importlib
import json
import sys
from collections.abc import Callable
from dataclasses import asdict
from typing import Annotated, Any, NoReturn, TextIO

import cyclopts
from cyclopts import Parameter

from .audits import Audit
from .errors import Unavailable, WrongDatabase
from .settings import SettingsError, describe_settings


def add_shared_commands(
    app: cyclopts.App, settings: type[Any], member: str, read: Callable[[], Any], openapi: Callable[[], dict[str, Any]]
) -> None:
    """Give a service's command line ``settings`` and ``openapi``.

    Args:
        app: The command line.
        settings: The member's settings class.
        member: The member's name, as its variables spell it.
        read: Reads the settings of this process, or raises ``SettingsError``.
        openapi: Makes the member's OpenAPI document.
    """

    @app.command(name="settings")
    def show_settings(*, json_: Annotated[bool, Parameter(name="--json")] = False) -> None:
        """Print every setting: its variable, meaning, default and, if the environment is valid, its value.

        Parameters
        ----------
        json_
            One JSON object on stdout.
        """
        try:
            present, faults = read(), []
        except SettingsError as error:
            present, faults = None, error.faults
        described = describe_settings(settings, member, present)
        if json_:
            _say(json.dumps({"settings": [asdict(one) for one in described], "faults": faults}, indent=2))
            return
        for one in described:
            default = "required" if one.required else f"default {one.default or 'none'}"
            value = f" = {one.value}" if one.value is not None else ""
            _say(f"{one.variable}{value}\n    {one.help} ({one.type}; {default})")
        for fault in faults:
            _say(f"✗ {fault}", sys.stderr)

    @app.command(name="openapi")
    def show_openapi() -> None:
        """Print the OpenAPI document."""
        _say(json.dumps(openapi(), indent=2, ensure_ascii=False))


def add_audit_command(app: cyclopts.App, prove: Callable[[], Audit]) -> None:
    """Give a service's command line ``audit``.

    Args:
        app: The command line.
        prove: Judges the service's books, or raises ``Unavailable``.
    """

    @app.command(name="audit")
    def show_audit(*, json_: Annotated[bool, Parameter(name="--json")] = False) -> None:
        """Prove the books as they are at one moment: exit 0 if every rule holds, 1 if not, 2 if they cannot be read.

        Parameters
        ----------
        json_
            One JSON object on stdout.
        """
        try:
            found = prove()
        except Unavailable as error:
            _say(f"✗ {error.detail}", sys.stderr)
            sys.exit(2)
        _say(json.dumps(found.as_dict(), indent=2) if json_ else "\n".join(found.lines()))
        sys.exit(0 if found.proven else 1)


def start_command(module: str) -> NoReturn:
    """Import a command line and run it, as a console script does.

    The garbage collector rests meanwhile: a service's modules are a hundred thousand objects that come, none goes, and
    to look through them again and again is a tenth of the time that a replica takes to start.

    Args:
        module: the full name of the module whose ``app`` is the command line.
    """
    gc.disable()
    app = importlib.import_module(module).app
    gc.enable()
    run_command(app)


def run_command(app: cyclopts.App) -> NoReturn:
    """Run the command that the process was started with; exit 2 with a sentence for the operator if it cannot start.

    What is there at the end is kept out of the garbage collector's rounds. An interpreter that ends makes several full
    ones, a third of a second of a service's modules and models, and frees what ends with the process anyway: time that
    a replica takes from its successor, and a migration from whoever waits for it (gc.freeze, *Garbage Collector
    interface*, Python's library reference). Files and connections are closed by whoever opened them, and not by that.
    """
    try:
        app(sys.argv[1:])
    except SettingsError as error:
        for fault in error.faults:
            _say(f"✗ {fault}", sys.stderr)
        sys.exit(2)
    except WrongDatabase as error:
        _say(f"✗ {error}", sys.stderr)
        sys.exit(2)
    finally:
        gc.freeze()
    sys.exit(0)


def _say(text: str, file: TextIO | None = None) -> None:
    print(text, file=file)
