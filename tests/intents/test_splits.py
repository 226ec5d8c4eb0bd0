"""Parts of a data set: what is nearly the same is never on two sides, and what is labelled later moves nothing."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter

import pytest

from intents.examples import Example, near, without_near
from intents.exchange import FORMATS, write
from intents.splits import LIKENESS, alike, split_of

WORDS = ("X200多少钱一台啊", "保修期到底有多久", "什么时候能发货呢", "给我们开专票可以吗", "转速最高能到多少")


def a_set(count: int) -> list[Example]:
    """Many sentences, every third nearly the same as one before."""
    made = []
    for number in range(count):
        like = number - 1 if number % 3 == 2 else number
        words = f"{WORDS[like % 5]}第{like * 7919 % 10_007}号仓库{chr(0x4E00 + like * 37 % 9000)}区{chr(0x4E00 + like * 101 % 9000)}"
        made.append(Example(f"e{number}", words + "呀" * (like != number), "customer", "quote_request"))
    return made


def test_no_part_holds_what_is_nearly_in_another() -> None:
    examples = a_set(600)
    parts = split_of(examples)
    by_part = {part: [one for one in examples if parts[one.id] == part] for part in ("train", "dev", "test")}
    for part, mine in by_part.items():
        others = [one for other, there in by_part.items() if other != part for one in there]
        assert without_near(mine, others) == mine, part
    shares = {part: len(mine) / 600 for part, mine in by_part.items()}
    assert shares["train"] == pytest.approx(0.8, abs=0.07)
    assert shares["dev"] == pytest.approx(0.1, abs=0.05)
    assert shares["test"] == pytest.approx(0.1, abs=0.05)


def test_what_is_labelled_later_moves_nothing() -> None:
    examples = a_set(300)
    before = split_of(examples[:200])
    after = split_of(examples)
    assert {name: after[name] for name in before} == before


def test_a_chain_of_likeness_stays_together_though_its_ends_differ() -> None:
    texts = ["甲乙丙丁戊己庚辛壬癸", "乙丙丁戊己庚辛壬癸子", "丙丁戊己庚辛壬癸子丑", "别的完全不同的一句话"]
    one, three = near(texts[0]), near(texts[2])
    assert len(one & three) < LIKENESS * len(one | three)
    assert alike(texts) == [[0, 1, 2], [3]]


@pytest.mark.parametrize("form", FORMATS)
def test_every_export_says_which_part_a_line_belongs_to(form: str) -> None:
    examples = a_set(60)
    text, parts = write(examples, form), split_of(examples)
    if form == "csv":
        said = [row["split"] for row in csv.DictReader(io.StringIO(text))]
    elif form == "label-studio":
        said = [task["meta"]["split"] for task in json.loads(text)]
    else:
        said = [json.loads(line)["split"] for line in text.splitlines()]
    assert said == [parts[one.id] for one in examples]
    assert len(Counter(said)) > 1
