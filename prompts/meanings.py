"""What each setting is for, in the console's Chinese: `settings.yaml`."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import yaml

from prompts.text import HERE


@cache
def setting_meanings() -> Mapping[str, str]:
    """By environment variable."""
    read: dict[str, str] = yaml.load((HERE / "settings.yaml").read_text(encoding="utf-8"), yaml.CSafeLoader)
    return read
