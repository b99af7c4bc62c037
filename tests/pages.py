"""What holds for every page of the docs about a command."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path


def unexplained_options(command: str, page: str) -> set[str]:
    """Return the options of a command of `pidshare` that its page does not name."""
    help_text = subprocess.run(
        [Path(sys.executable).parent / "pidshare", command, "--help"],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "COLUMNS": "200", "NO_COLOR": "1"},
    ).stdout
    options = set(re.findall(r"--[a-z-]+", help_text)) - {"--help"}
    return {option for option in options if f"`{option}" not in page and f" {option}" not in page}
