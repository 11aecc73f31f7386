"""Ends what labs left behind whose guard could not: both were killed, or the machine was restarted."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from trivet_platform.guard import clean
from trivet_platform.proctree import Known, boot_id, is_alive
from trivet_platform.register import FILE_NAME, SCRATCH_PREFIX


def alive(owner: Mapping[str, int]) -> bool:
    """Whether the process that platform.json names as its owner still runs."""
    return is_alive(Known(owner["pid"], owner["started"]))


def sweep(runs: Path) -> list[str]:
    """End what dead labs left under ``runs/*/`` and remove their directories; return a sentence for each.

    A platform whose owner lives is left alone. Pids of an earlier boot are not touched: they belong to others now.
    """
    said = []
    for path in sorted(runs.glob(f"*/{FILE_NAME}")):
        if path.parent.is_symlink():
            continue
        try:
            platform = json.loads(path.read_bytes())
            same_boot = platform["boot"] == boot_id()
            if same_boot and alive(platform["owner"]):
                continue
            said.append(_end(path.parent, platform, same_boot=same_boot))
        except FileNotFoundError:
            continue  # another checkout's command swept it first
        except (ValueError, KeyError, TypeError) as error:
            said.append(f"{path} is not readable ({error!r}): nothing was ended for it")
            continue
        path.unlink(missing_ok=True)
    return said


def _end(run: Path, platform: Mapping[str, Any], *, same_boot: bool) -> str:
    marker = platform["platform"]
    leaders = [
        Known(pid, started)
        for part in platform["parts"]
        for pid, started in zip(part["pids"], part["started"], strict=True)
    ]
    directories = [Path(text) for text in platform["scratch"]]
    # The file could have been edited: nothing but the platform's own directories is ever removed.
    own = [path for path in directories if path == run / "parts" or path.name == f"{SCRATCH_PREFIX}{marker}"]
    ended = clean(leaders if same_boot else [], own, marker)
    return f"{run.name}: its lab is gone; ended {ended} processes and removed {len(own)} directories it left"
