"""Each trouble once, in small: nothing is lost, doubled or unapproved. In large: `make chaos`."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from eval.bench.faults import FAULTS
from eval.bench.faults.services import NotInstalled
from tests.conftest import MISSED

IN_SMALL = {
    "postgres": 2,
    "nats": 2,
    "disk": 1,
    "clock": 2,
    "platform": 3,
    "chroma": 1,
    "crm": 4,
    "rolling": 4,
    "gateways": 2,
}
"""How often each comes here; a cut network takes minutes and is tried by hand."""


@pytest.fixture
def folder() -> Iterator[Path]:
    """Open to PostgreSQL's own user, which pytest's folders are not."""
    with tempfile.TemporaryDirectory(prefix="yiju-trouble-") as made:
        Path(made).chmod(0o711)
        yield Path(made)


@pytest.mark.service
@pytest.mark.timeout(400)
@pytest.mark.parametrize("name", IN_SMALL)
async def test_a_trouble_under_traffic_harms_nothing(name: str, folder: Path) -> None:
    try:
        report = await FAULTS[name](folder, 20261128, IN_SMALL[name])
    except NotInstalled as missing:
        MISSED.add(f"{name}: {missing}")
        pytest.skip(str(missing))
    assert report.faults == (), report.as_text()
    assert report.recoveries.count == IN_SMALL[name]
    assert report.found.decisions == report.turns > 0
