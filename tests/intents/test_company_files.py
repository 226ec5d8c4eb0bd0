"""The company's own taxonomy and graph: checked by line, kept by version, in force without a restart."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlmodel import Session

from eval.case import intent_cases
from intents import FileKind, FileOutdated, FileRefused, Flaw, Proposal, Registry, load_taxonomy
from intents.company_files import CompanyFiles, graph_of, shipped_text, taxonomy_of
from intents.effect import effect_of
from intents.examples import Example
from intents.tables import FileRow

from .conftest import Clock

GRAPH, TAXONOMY = FileKind.GRAPH, FileKind.TAXONOMY
RIVAL = "\nours:\n  _competitor: [星瀚仪器]\n"


@pytest.fixture
def files(registry: Registry) -> CompanyFiles:
    return registry.files


def renamed(old: str = "label: 询价报价", new: str = "label: 问价") -> str:
    text = shipped_text(TAXONOMY)
    assert old in text
    return text.replace(old, new, 1)


def test_until_somebody_saves_the_shipped_files_are_in_force(files: CompanyFiles) -> None:
    assert files.taxonomy() is load_taxonomy()
    assert files.text(GRAPH) == shipped_text(GRAPH)
    assert (files.latest(GRAPH), files.versions(GRAPH)) == (0, [])
    assert [files.problems(kind, shipped_text(kind)) for kind in FileKind] == [[], []]


def test_a_saved_graph_is_read_with_at_once_by_who_saved_and_within_a_second_by_others(
    registry: Registry, tmp_path: Path, clock: Clock
) -> None:
    other = Registry(registry.engine, tmp_path, clock=clock, monotonic=clock.seconds)
    words = "星瀚仪器的便宜一半"
    assert not [one for one in other.read(words).entities if one.type == "competitor"]
    registry.files.save(GRAPH, shipped_text(GRAPH) + RIVAL, "sunli", why="新对手", follows=0)
    found = [one.value for one in registry.read(words).entities if one.type == "competitor"]
    assert found == ["星瀚仪器"]
    assert not [one for one in other.read(words).entities if one.type == "competitor"]
    clock.tick()
    assert [one.value for one in other.read(words).entities if one.type == "competitor"] == ["星瀚仪器"]


def test_a_renamed_intent_has_its_new_name_and_reads_as_before(registry: Registry) -> None:
    before = registry.read("50台什么价").best
    registry.files.save(TAXONOMY, renamed(), "sunli", why="叫法", follows=0)
    assert registry.taxonomy().label("quote_request") == "问价"
    assert registry.read("50台什么价").best == before


def test_a_new_intent_can_be_labelled_with(registry: Registry) -> None:
    entry = renamed().split("  purchase:\n")[1].split("  quote_request:\n")[0].replace("明确采购", "申请试用")
    text = shipped_text(TAXONOMY).replace("  purchase:\n", f"  trial:\n{entry}  purchase:\n", 1)
    registry.files.save(TAXONOMY, text, "sunli", why="试用单独跟", follows=0)
    label = registry.labels.propose(Proposal("能先试用一个月吗", "customer", "asked", "1"))
    assert registry.labels.settle(label, "trial", "sunli").intent == "trial"
    (gone,) = registry.files.problems(TAXONOMY, shipped_text(TAXONOMY))
    assert (gone.flaw, gone.found) == (Flaw.INTENT_GONE, "trial")


def test_versions_are_kept_and_an_earlier_one_comes_back_as_the_newest(
    files: CompanyFiles, clock: Clock
) -> None:
    one, two = shipped_text(GRAPH) + RIVAL, shipped_text(GRAPH) + RIVAL.replace("星瀚", "北辰")
    files.save(GRAPH, one, "sunli", why="一", follows=0)
    files.save(GRAPH, two, "admin", why="二", follows=1)
    files.restore(GRAPH, 1, "sunli", why="二是错的", follows=2)
    assert [(row.number, row.by, row.restores) for row in files.versions(GRAPH)] == [
        (3, "sunli", 1),
        (2, "admin", None),
        (1, "sunli", None),
    ]
    assert (files.text(GRAPH), files.text(GRAPH, 2)) == (one, two)
    files.restore(GRAPH, 0, "sunli", why="用随产品的", follows=3)
    assert files.text(GRAPH) == shipped_text(GRAPH)
    assert "星瀚仪器" not in files.graph().competitors()


def test_of_two_who_save_at_once_the_second_is_told(files: CompanyFiles) -> None:
    files.save(GRAPH, shipped_text(GRAPH) + RIVAL, "sunli", why="一", follows=0)
    with pytest.raises(FileOutdated, match="version 1"):
        files.save(GRAPH, shipped_text(GRAPH), "admin", why="二", follows=0)
    with pytest.raises(FileOutdated, match="no version 9"):
        files.restore(GRAPH, 9, "admin", why="二", follows=1)
    assert files.latest(GRAPH) == 1


def test_what_the_product_learned_since_is_added_to_a_companys_older_taxonomy(registry: Registry) -> None:
    text = shipped_text(TAXONOMY)
    lacking = text[: text.index("  smalltalk:\n")] + text[text.index("  lookup_customer:\n") :]
    assert "smalltalk:" not in lacking
    with Session(registry.engine) as session:
        now = registry.files._clock()
        session.add(
            FileRow(kind="taxonomy", number=1, text=lacking, shipped="old", at=now, by="sunli", why="")
        )
        session.commit()
    assert registry.taxonomy().label("smalltalk") == load_taxonomy().label("smalltalk")


@pytest.mark.parametrize(
    ("text", "line", "flaw", "found"),
    [
        ("a: 1\nb: [1,\n", 3, Flaw.SYNTAX, ""),
        ("- a\n", 1, Flaw.NO_MAPPING, "[…]"),
        ("x: &a {}\n", 1, Flaw.ALIAS, "a"),
        ("saas:\n  云盘: {parameter: [容量]}\n  云盘: {fault: [慢]}\n", 3, Flaw.REPEATED, "云盘"),
        ("saas:\n  云盘: {colour: [红]}\n", 2, Flaw.UNKNOWN_KEY, "colour"),
        ("saas:\n  _rival: [甲]\n", 2, Flaw.UNKNOWN_KEY, "_rival"),
        ("saas:\n  云盘: {parameter: 容量}\n", 2, Flaw.NO_LIST, "容量"),
        ("saas:\n  云盘: {parameter: [容量, no]}\n", 2, Flaw.NO_TEXT, "no"),
        ("saas:\n  云盘: {parameter: [容量, ' ']}\n", 2, Flaw.EMPTY, ""),
        ("saas:\n  _term: 甲\n", 2, Flaw.NO_LIST, "甲"),
        ("saas: 云盘\n", 1, Flaw.NO_MAPPING, "云盘"),
        ("saas:\n  云盘:\n", 2, Flaw.NO_MAPPING, ""),
    ],
)
def test_each_mistake_of_a_graph_is_named_with_its_line(
    files: CompanyFiles, text: str, line: int, flaw: Flaw, found: str
) -> None:
    (problem,) = files.problems(GRAPH, text)
    assert (problem.line, problem.flaw, problem.found) == (line, flaw, found)
    with pytest.raises(FileRefused, match=f"line {line}"):
        files.save(GRAPH, text, "sunli", why="试", follows=0)


@pytest.mark.parametrize(
    ("old", "new", "flaw", "expected"),
    [
        ("    risk: high", "    risk: hihg", Flaw.NOT_ALLOWED, "high"),
        ("    group: high_intent", "    group: buying", Flaw.NOT_ALLOWED, "high_intent"),
        ("      - quote.draft", "      - quote.darft", Flaw.NOT_ALLOWED, "quote.draft"),
        ("    asks: 要报价\n", "", Flaw.MISSING_KEY, ""),
        ("    asks: 要报价\n", "    asks: 要报价\n    colour: red\n", Flaw.UNKNOWN_KEY, "label"),
        ("    speaker: customer", "    speaker: rep", Flaw.OTHER_SPEAKER, "customer"),
        ("  quote_request:\n", "  quote:\n", Flaw.INTENT_GONE, ""),
        ("version: 1", "version: one", Flaw.NOT_ALLOWED, "1"),
    ],
)
def test_each_mistake_of_a_taxonomy_says_what_is_expected(
    files: CompanyFiles, old: str, new: str, flaw: Flaw, expected: str
) -> None:
    problems = files.problems(TAXONOMY, renamed(old, new))
    first = next(one for one in problems if one.flaw is flaw)
    assert expected in first.expected or not (expected or first.expected)
    assert first.line > 1


def test_a_taxonomy_may_propose_actions_that_the_product_knows(files: CompanyFiles) -> None:
    text = renamed("      - quote.draft", "      - our.action")
    assert [one.flaw for one in files.problems(TAXONOMY, text)] == [Flaw.NOT_ALLOWED]
    assert files.problems(TAXONOMY, text, actions=["our.action"]) == []


def test_the_effect_names_the_sentences_that_change_sides(registry: Registry) -> None:
    before = registry.champion()
    words = {"准备发一批带磁的 这种你们渠道收不收": "technical_inquiry", "今天天气不错": "smalltalk"}
    cases = [Example(text, text, "customer", intent) for text, intent in words.items()]
    shipped = taxonomy_of(shipped_text(TAXONOMY)), graph_of(shipped_text(GRAPH))
    done: list[int] = []
    unchanged = effect_of(before, registry.seeing(before, *shipped), cases, done.append)
    assert (unchanged.cases, unchanged.before, unchanged.after, unchanged.shifts) == (2, 2, 2, ())
    assert done == [1, 2]
    knows_nothing = registry.seeing(before, shipped[0], graph_of("saas: {}"))
    dev = intent_cases("dev")
    changed = effect_of(before, knows_nothing, dev)
    assert changed.shifts
    assert all(shift.was != shift.now for shift in changed.shifts)
    right = [(one.was.intent == one.case.intent, one.now.intent == one.case.intent) for one in changed.shifts]
    assert changed.after - changed.before == sum(now for _, now in right) - sum(was for was, _ in right)
