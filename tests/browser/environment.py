"""The environment in which a verb works on the browser tests' data dir, and nothing else of this machine is seen."""

from __future__ import annotations

import os
from pathlib import Path


def clean(data: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("YIJU_")}
    return {**kept, "YIJU_DATA_DIR": str(data)}
