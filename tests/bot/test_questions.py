"""What of a message is asked of the documents."""

from __future__ import annotations

import pytest

from bot.questions import questions
from intents import shipped_model


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("下周三下午过来演示一下吧,X200噪音多大", "X200噪音多大"),
        ("你们X200带制冷吗,质保几年,50台什么价", "你们X200带制冷吗,质保几年,50台什么价"),
        ("先不急,回头再说", "先不急,回头再说"),
    ],
)
def test_only_what_needs_a_source_is_looked_up(text: str, asked: str) -> None:
    assert questions(text, shipped_model().read(text)) == asked
