"""A rule written into the taxonomy stands with the intent's others, and nothing else changes."""

from __future__ import annotations

import pytest

from intents import TaxonomyError, load_taxonomy
from intents.company_files import FileKind, shipped_text
from intents.guide import LONGEST_RULE, with_border
from intents.taxonomy import parse_taxonomy

RULE = '问“多少: 钱”算这里 # 不算"闲聊"'


@pytest.mark.parametrize("intent", [str(one) for one in load_taxonomy().intents])
def test_a_rule_joins_the_borders_of_its_intent_and_changes_nothing_else(intent: str) -> None:
    before = shipped_text(FileKind.TAXONOMY)
    after = with_border(before, intent, RULE)
    known, now = parse_taxonomy(before, "before").intents, parse_taxonomy(after, "after").intents
    for name, info in known.items():
        added = (RULE,) if name == intent else ()
        assert now[name].borders == (*info.borders, *added)
        assert now[name].examples == info.examples
    kept = after.splitlines()
    added_lines = [line for line in kept if line not in before.splitlines()]
    assert len(added_lines) == 1
    kept.remove(added_lines[0])
    assert kept == before.splitlines()


SMALL = """intents:
  one:
    borders: {borders}
    label: x
  two:
    borders:
      - a  # why
      - >-
        folded
        words

    label: y
"""


@pytest.mark.parametrize(
    ("borders", "written"), [("[]", '["new"]'), ("[a, b]", '[a, b, "new"]'), ("[a]  # c", '[a, "new"]  # c')]
)
def test_a_list_in_brackets_stays_one(borders: str, written: str) -> None:
    text = SMALL.format(borders=borders)
    assert with_border(text, "one", "new") == text.replace(f"borders: {borders}", f"borders: {written}")


def test_comments_and_folded_words_keep_their_place() -> None:
    import yaml

    text = SMALL.format(borders="[]")
    after = with_border(text, "two", "new")
    assert "- a  # why" in after
    assert yaml.safe_load(after)["intents"]["two"] == {"borders": ["a", "folded words", "new"], "label": "y"}


@pytest.mark.parametrize(
    ("intent", "rule", "told"),
    [
        ("three", "x", "no intent 'three'"),
        ("one", "  ", "this one has 0"),
        ("one", "长" * (LONGEST_RULE + 1), "121"),
    ],
)
def test_what_cannot_be_written_is_refused(intent: str, rule: str, told: str) -> None:
    with pytest.raises(TaxonomyError, match=told):
        with_border(SMALL.format(borders="[]"), intent, rule)
