"""What reaches the log: ids and fixed words as they are, what people said only masked."""

from __future__ import annotations

import pytest

from bot.logs import masked


@pytest.mark.parametrize(
    ("words", "secret"),
    [("请打 13800138000 找我", "13800138000"), ("发到 wang@example.com 吧", "wang@example.com")],
)
def test_what_belongs_to_a_person_does_not_reach_the_log(words: str, secret: str) -> None:
    line = masked(None, "info", {"event": "turn_read", "words": words, "reason": words})
    assert secret not in f"{line['words']}{line['reason']}"


def test_ids_and_fixed_words_stay_so_that_a_turn_can_be_followed() -> None:
    line = {"event": "turn_read", "key": "wecom:13800138000", "turn": "t1", "decision": "d1", "model": "m1"}
    assert masked(None, "info", dict(line)) == line


def test_numbers_and_lists_pass_as_they_are() -> None:
    line = {"event": "cards_expired", "count": 3, "names": ["a"]}
    assert masked(None, "info", dict(line)) == line
