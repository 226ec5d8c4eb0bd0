"""Where one act may end and the next begin."""

from __future__ import annotations

import pytest

from intents.clauses import clauses
from intents.normalise import aligned


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("多少钱一台", []),
        ("质保几年，多少钱？嗯", ["质保几年", "多少钱"]),
        ("登不上去了 换浏览器也没用", ["登不上去了", "换浏览器也没用"]),
        ("先报个价另外质保几年", ["先报个价", "另外质保几年"]),
        ("报 价 单 发 我", []),
        ("api key 怎么拿", []),
        ("订10 台 X200", []),
        ("开机报E07\n停线了", ["开机报e07", "停线了"]),
        ("?!,", []),
        ("", []),
    ],
)
def test_parts_stand_between_marks_spaces_and_turning_words(text: str, parts: list[str]) -> None:
    whole = aligned(text)
    assert [whole.text[start:end] for start, end in clauses(whole)] == parts
