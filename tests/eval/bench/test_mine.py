"""The made transcript holds what it says, and what is left of it in a review file is counted."""

from __future__ import annotations

from pathlib import Path

from eval.bench.mine import OURS, Mining, export, unmasked
from intents.sandbox import Side, read_transcript, turns


def test_a_made_chat_has_its_turns_and_people_and_is_the_same_each_time(tmp_path: Path) -> None:
    text, sprinkled = export(60)
    assert export(60) == (text, sprinkled)
    path = tmp_path / "chat.txt"
    path.write_text(text, encoding="utf-8")
    lines = read_transcript(path, [OURS])
    assert sum(line.side is not Side.OURS for line in lines) == 60
    assert len({line.who for line in lines}) > 8
    assert sum(map(len, sprinkled.values())) == 12
    assert all(value in text for values in sprinkled.values() for value in values)
    found = turns(lines, [OURS])
    assert len(found) == 60
    assert not any(phone in one.text for one in found for phone in sprinkled["telephones"])


def test_what_a_review_file_still_says_is_counted_by_kind() -> None:
    left = unmasked(
        "我是高雅琴,电话138****8000", {"names": {"高雅琴", "马若曦"}, "telephones": {"13800138000"}}
    )
    assert left == {"names": 1, "telephones": 0}
    shown = Mining(10, 2.0, 1.0, 300.0, "10 turns", {"names": 2, "telephones": 1}, left).as_text()
    assert "names 1 of 2, telephones 1 of 1" in shown
