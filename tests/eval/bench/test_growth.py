"""A company really grows by what a step says, cards come out of the turns that are measured, and the picture repeats."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest
from sqlalchemy import func, select
from typer import Typer
from typer.testing import CliRunner

from bot.tables import CardRow, ConversationRow, DecisionRow
from eval.bench.growth import WARM, Growing, Grown, growing, growth
from eval.plots import draw_growth


async def grow(company: Growing, steps: Sequence[tuple[str, int]]) -> None:
    await company.turns(1)
    for axis, size in steps:
        grown = await company.step(axis, size, turns=2)
        assert (grown.axis, grown.size, grown.turns) == (axis, size, 2)
        assert grown.cpu_ms > 0


@pytest.mark.timeout(600)
def test_each_axis_grows_to_its_size_and_every_turn_becomes_a_card() -> None:
    steps = (("customers", 50), ("pending cards", 80), ("conversations", 70), ("passages", 400))
    with growing((2 + WARM) * 6) as company:
        asyncio.run(grow(company, steps))
        with company.parts.store.look() as session:
            counted = [
                int(session.execute(select(func.count()).select_from(table)).scalar_one())
                for table in (DecisionRow, CardRow, ConversationRow)
            ]
        assert counted[0] >= 80 + 3 * (2 + WARM) - 3
        assert counted[1] >= 80
        assert counted[2] >= 70
        assert len(asyncio.run(company.parts.crm.directory())) >= 50
        assert company.parts.library.check().passages >= 400


def test_a_picture_has_a_panel_for_each_axis_and_is_the_same_again(tmp_path: Path) -> None:
    points = [
        Grown("passages", 1000, 20.0, 25.0, 3),
        Grown("passages", 10000, 21.0, 26.0, 3),
        Grown("customers", 100, 19.0, 22.0, 3),
    ]
    for name in ("a.svg", "b.svg"):
        draw_growth(points, tmp_path / name)
    drawn = (tmp_path / "a.svg").read_text(encoding="utf-8")
    assert drawn == (tmp_path / "b.svg").read_text(encoding="utf-8")
    assert "passages" in drawn
    assert "10,000" in drawn
    assert "customers" in drawn


@pytest.mark.parametrize("words", [["--axis", "nothing"], ["--scale", "0"]])
def test_the_command_says_what_it_knows(words: list[str]) -> None:
    app = Typer()
    app.command()(growth)
    assert CliRunner().invoke(app, words).exit_code == 2
