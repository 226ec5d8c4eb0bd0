"""What held before is known as such: within a sentence, and where a question asks for papers of the past."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from bot.quoting import place, spoken
from eval.suites.drafts_outdated import read, run
from knowledge import (
    ANYONE,
    KEEPER,
    MANAGERS,
    Library,
    Past,
    Reader,
    asks_for_past,
    current,
    tells_only_the_past,
)

TODAY = date(2026, 11, 28)
Write = Callable[[str, str], Path]


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("噪声 ≤56 dB(A)（原为 60 dB(A)）", "噪声 ≤56 dB(A)"),
        ("噪声为 56 dB，原为 60 dB。", "噪声为 56 dB。"),
        ("目录价由 19800 元调整为 18800 元。", "目录价调整为 18800 元。"),
        ("质保期原先是 12 个月，现为 24 个月。", "质保期现为 24 个月。"),
        ("账期 60 天（修订前 30 天），自验收起算", "账期 60 天，自验收起算"),
        ("此前噪声为 60 dB。", ""),
    ],
)
def test_the_value_of_before_is_left_out(text: str, left: str) -> None:
    assert current(text) == left


@pytest.mark.parametrize(
    "text", ["原厂质保 12 个月。", "此前沟通过", "原则上 3 天内发货。", "X200 单价 18800 元。"]
)
def test_words_that_only_look_like_it_stay(text: str) -> None:
    assert current(text) == text


def test_a_product_code_is_no_figure() -> None:
    assert tells_only_the_past("X200 的转速此前为 15000 r/min。")
    assert not tells_only_the_past("X200 的转速为 16500 r/min，此前为 15000 r/min。")
    assert not tells_only_the_past("X200 没有制冷。")


@pytest.mark.parametrize(
    ("question", "past"),
    [
        ("去年的价格表多少", Past(2025)),
        ("前年的账期是几天", Past(2024)),
        ("2025版价格", Past(2025)),
        ("25年的价目表上X200多少", Past(2025)),
        ("过期的合同里质保几年", Past()),
        ("旧版手册噪声多少", Past()),
        ("以前的折扣是多少", Past()),
        ("2026版价格", None),
        ("X200多少钱", None),
        ("去年买的设备质保几年", None),
        ("合同过期了怎么办", None),
        ("试剂过期了还能用吗", None),
        ("合同到期前要做什么", None),
        ("2025年11月发的货质保到什么时候", None),
    ],
)
def test_only_a_question_for_papers_of_before_asks_for_the_past(question: str, past: Past | None) -> None:
    assert asks_for_past(question, TODAY) == past


def test_the_papers_of_a_year_are_those_that_held_in_it(library: Library, write: Write) -> None:
    for year, price in ((2024, 20800), (2025, 19800), (2026, 18800)):
        path = write(f"价目表{year}.csv", f"型号,标准单价\nX200,{price}\n")
        added = library.add(
            path, title=f"价目表{year}", valid_from=date(year, 1, 1), valid_until=date(year, 12, 31)
        )
        assert added.document_id, added.detail

    def told(past: Past | None) -> list[tuple[str, bool]]:
        found = library.search("X200标准单价", today=TODAY, past=past).evidence
        return [(one.passage.text[-5:], one.expired) for one in found]

    assert told(None) == [("18800", False)]
    assert told(Past(2025)) == [("19800", True)]
    assert sorted(told(Past())) == [("19800", True), ("20800", True)]


def test_a_replaced_version_answers_only_who_asks_for_the_past(library: Library, write: Write) -> None:
    """No dates in the papers: what was replaced held until the next came, and that from then on."""
    for price in (18800, 17700):
        library.add(write("价目表.csv", f"型号,标准单价\nX200,{price}\n"))
    assert [one.versions for one in library.list()] == [2]

    def told(past: Past | None) -> list[tuple[str, bool, bool]]:
        found = library.search("X200标准单价", past=past).evidence
        return [(one.passage.text[-5:], one.expired, one.replaced) for one in found]

    assert told(None) == [("17700", False, False)]
    assert told(Past()) == [("18800", True, True)]
    (old,) = library.search("X200标准单价", past=Past()).evidence
    assert place(old) == "《价目表》(旧版 V1,已被新版取代)"
    assert told(Past(date.today().year - 1)) == [("18800", True, True)]
    found = library.search("X200标准单价", include_expired=True).evidence
    assert [one.passage.text[-5:] for one in found] == ["17700"]
    assert library.rebuild() == 2
    assert told(Past()) == [("18800", True, True)]
    assert library.check(contents=True).ok


def test_a_version_that_says_when_it_held_is_of_the_past_by_its_own_words(
    library: Library, write: Write
) -> None:
    for year, price in ((2024, 20800), (2025, 19800), (2026, 18800)):
        path = write("价目表.csv", f"型号,标准单价\nX200,{price}\n")
        library.add(path, valid_from=date(year, 1, 1), valid_until=date(year, 12, 31))

    def told(past: Past | None) -> list[str]:
        found = library.search("X200标准单价", today=TODAY, past=past).evidence
        return sorted(one.passage.text[-5:] for one in found)

    assert told(None) == ["18800"]
    assert [told(Past(year)) for year in (2024, 2025)] == [["20800"], ["19800"]]
    assert told(Past()) == ["19800", "20800"]


def test_a_replaced_version_is_read_by_whom_the_document_is_for_and_goes_with_it(
    library: Library, write: Write
) -> None:
    for months in (24, 36):
        library.add(write("采购合同.txt", f"第一条 质保\n质保期为 {months} 个月。\n"), customer="A1")
    (document,) = library.list()

    def told(customer: str | None, reader: Reader = ANYONE) -> list[str]:
        found = library.search("质保期多少个月", customer=customer, past=Past(), reader=reader)
        return [one.passage.text[-5:-1] for one in found.evidence]

    assert (told("A1"), told("B2"), told(None)) == (["4 个月"], [], [])
    library.amend(replace(document, visibility=MANAGERS))
    assert (told("A1"), told("A1", Reader(managers=True))) == ([], ["4 个月"])
    library.remove(document.id)
    assert told("A1", KEEPER) == []
    assert library.check().entries == 0


def test_a_sentence_of_before_ranks_below_the_one_of_today(library: Library, write: Write) -> None:
    words = "# X200 说明\n\n## 现行\n\nX200 最高转速为 16500 r/min。\n\n## 沿革\n\nX200 最高转速此前为 15000 r/min。\n"
    library.add(write("X200说明.md", words), kind="manual")
    found = library.search("X200 最高转速多少", today=TODAY).evidence
    assert "16500" in spoken(found[0])
    assert "历史版本" in found[1].why
    assert not any(one.supports and "15000" in spoken(one) for one in found)


def test_authored_questions_are_many_and_offered_nothing_of_before() -> None:
    assert len({case.id for case in read()}) == len(read()) >= 20
    for split in ("dev", "test"):
        report = run(split)
        assert not [one for one in report.judged if one.tells_was]
        assert sum(one.tells_now for one in report.judged) / len(report.judged) >= 0.9
