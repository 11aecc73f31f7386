"""Opens a shop for one command: what an earlier lab left is swept away first, and nothing is left behind."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from trivet_lab.console import Console
from trivet_lab.evidence import RunDirectory
from trivet_lab.members import Member
from trivet_lab.settings import LabSettings
from trivet_lab.topologies import Shop
from trivet_platform import Supervisor, sweep


@contextmanager
def opened(run: RunDirectory, members: Mapping[str, Member], settings: LabSettings, console: Console) -> Iterator[Shop]:
    """Start the parts that these members share, in the directory of this run, and stop them at the end.

    Raises:
        StartFailed: one did not become ready.
    """
    for sentence in sweep(settings.runs):
        console.say(sentence)
    with Supervisor(run.path, console.say) as platform:
        shop = Shop(platform, members, lab=run.name)
        shop.open()
        yield shop
