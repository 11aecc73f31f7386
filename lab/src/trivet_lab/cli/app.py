"""Puts the commands together and turns how they end into the exit codes that scripts rely on."""

from __future__ import annotations

import sys
import traceback

from cyclopts import App, CycloptsError, Parameter

from trivet_lab.bench import BenchError
from trivet_lab.cli.bench import bench
from trivet_lab.cli.check import check
from trivet_lab.cli.doctor import doctor
from trivet_lab.cli.env import env
from trivet_lab.cli.faults import faults_application
from trivet_lab.cli.mutants import mutants
from trivet_lab.cli.report import report
from trivet_lab.cli.run import NoSuchStrategy, run_application
from trivet_lab.cli.soak import soak
from trivet_lab.cli.token import token
from trivet_lab.cli.up import up
from trivet_lab.console import Console
from trivet_lab.control import ControlRefused
from trivet_lab.evidence import DamagedRecord, commit_of
from trivet_lab.faults import FaultError, FaultFailed
from trivet_lab.members import CommandError, MemberError
from trivet_lab.mutants import MutantError
from trivet_lab.scene import CrowdFailed, EdgeError
from trivet_lab.settings import lab_settings
from trivet_lab.topologies import StageFailed
from trivet_lab.verdict import EXIT_BROKE
from trivet_platform import PlatformError

EXIT_INTERRUPTED = 130

HELP = """A shop for scarce things, and the lab that proves it never sells twice.

Exit codes: 0 every verdict as expected, 1 one differs, 2 none differs but one
is unknown, 254 the lab broke or was called wrongly, 130 Ctrl-C.
"""

EXAMPLES = """Examples:

  ./trivet run tour                           every claim, a few seconds each
  ./trivet run flash-sale --strategy redlock  one scenario, one strategy
  ./trivet run flash-sale --faults kill:one@2s+2s
                                              the same while a replica dies
  ./trivet up                                 the shop, until Ctrl-C
  ./trivet faults inject pause:valkey/2       break the shop that is up
  ./trivet check latest                       judge a finished run once more
"""


def application() -> App:
    """Return the command line with every command."""
    version = lambda: f"trivet {commit_of(lab_settings().root)}"  # noqa: E731  - cyclopts takes a callable
    app = App(
        name="trivet",
        help=HELP,
        help_epilogue=EXAMPLES,
        version=version,
        help_format="plaintext",
        default_parameter=Parameter(negative=""),
        suppress_keyboard_interrupt=False,  # main says how it ended
    )
    app.command(run_application(), name="run")
    app.command(faults_application(), name="faults")
    for command in (up, soak, check, report, mutants, bench, token, env, doctor):
        app.command(command, help_epilogue="")
    return app


def main() -> None:
    """Run one command and exit with its code."""
    console = Console(plain=lab_settings().plain)
    try:
        code = application()(sys.argv[1:], exit_on_error=False, print_error=True)
    except CycloptsError:
        code = EXIT_BROKE
    except KeyboardInterrupt:
        console.say("stopped")
        code = EXIT_INTERRUPTED
    except (
        NoSuchStrategy,
        PlatformError,
        StageFailed,
        CrowdFailed,
        EdgeError,
        FaultError,
        FaultFailed,
        ControlRefused,
        CommandError,
        MemberError,
        MutantError,
        BenchError,
        DamagedRecord,
        FileNotFoundError,
    ) as error:
        console.say(f"✗ {error}")
        code = EXIT_BROKE
    except Exception:  # noqa: BLE001  - Python's own code for it is 1, and that says that a verdict differs
        console.say(traceback.format_exc())
        code = EXIT_BROKE
    sys.exit(code if isinstance(code, int) else 0)
