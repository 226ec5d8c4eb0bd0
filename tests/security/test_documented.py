"""What docs/security.md says is held names the tests that show it, and they are there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROWS = [
    line.strip("| ").split(" | ")
    for line in (ROOT / "docs" / "security.md").read_text(encoding="utf-8").splitlines()
    if line.startswith("| ") and not line.startswith("| threat")
]


def test_there_are_threats() -> None:
    assert len(ROWS) >= 18


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0][:40])
def test_every_threat_names_tests_that_there_are(row: list[str]) -> None:
    threat, _held, shown = row
    named = re.findall(r"`(tests/[\w/]+\.py)`", shown)
    assert named, f"{threat}: name the test file that shows it"
    assert [
        name for name in named if not re.search(r"def test_", (ROOT / name).read_text(encoding="utf-8"))
    ] == []


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0][:40])
def test_every_file_that_holds_it_is_there(row: list[str]) -> None:
    named = re.findall(r"`((?:bot|crm_bridge|eval|intents|knowledge)/[\w/]+\.\w+)`", row[1])
    assert [name for name in named if not (ROOT / name).exists()] == []
