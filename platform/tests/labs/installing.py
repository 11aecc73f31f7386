"""Installs the console script ``told`` into a folder, as a PYTHONPATH finds it."""

from __future__ import annotations

import sys
from pathlib import Path

THREADED = "import threading\nthreading.Thread(target=threading.Event().wait, daemon=True).start()\n"


def install_told(site: Path) -> Path:
    """Return its script; beside it stands a module that starts a thread when it is imported."""
    site.mkdir(parents=True, exist_ok=True)
    (site / "told.py").write_text(Path(__file__).with_name("told.py").read_text())
    (site / "threaded.py").write_text(THREADED)
    information = site / "told-1.0.dist-info"
    information.mkdir()
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: told\nVersion: 1.0\n")
    (information / "entry_points.txt").write_text("[console_scripts]\ntold = told:main\n")
    script = site / "told"
    script.write_text(f"#!{sys.executable}\nimport sys\nfrom told import main\nsys.exit(main())\n")
    script.chmod(0o755)
    return script
