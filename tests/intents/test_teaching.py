"""What a trainer sees first, two trainers on one utterance, and the shapes in which labels come and go."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlmodel import SQLModel, create_engine

from intents.errors import LabelUnknown
from intents.examples import Example
from intents.exchange import FORMATS, bring_in, read, write
from intents.labels import Labels, Proposal
from intents.model import Entity
from intents.second_look import by_intent, decide, disputes, for_second, in_share
from intents.tables import LabelRow
from intents.usefulness import by_usefulness

NOW = datetime(2026, 11, 28, tzinfo=UTC)


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now


@pytest.fixture
def labels(tmp_path: Path) -> Iterator[Labels]:
    engine = create_engine(f"sqlite:///{tmp_path / 'labels.db'}")
    SQLModel.metadata.create_all(engine)
    yield Labels(engine, clock=Clock())
    engine.dispose()


def row(text: str, **changes: object) -> LabelRow:
    values = {"source": "asked", "key": text, "speaker": "customer", "confidence": 0.99, "created_at": NOW}
    return LabelRow(text=text, **{**values, **changes})


def test_what_a_rep_corrected_comes_first_and_what_the_model_is_sure_of_last() -> None:
    sure = row("X200多少钱", read_as="quote_request")
    unsure = row("这个行不行啊", read_as="vague_interest", confidence=0.3)
    corrected = row("再看看", source="correction", proposed="vague_interest", read_as="smalltalk")
    ordered = by_usefulness([sure, unsure, corrected], Counter())
    assert [one.row.text for one in ordered] == ["再看看", "这个行不行啊", "X200多少钱"]
    assert ordered[0].because[:2] == ("corrected", "differs")


def test_new_wording_and_rare_intents_count() -> None:
    common = row("多少钱", read_as="quote_request")
    new = row("嚯嘞嘿啵呲", read_as="quote_request")
    rare = row("多少钱", key="b", read_as="billing")
    ordered = by_usefulness([common, new, rare], Counter(quote_request=50, billing=1))
    assert {one.row.key: one.because for one in ordered} == {
        "嚯嘞嘿啵呲": ("new_words",),
        "b": ("rare",),
        "多少钱": (),
    }


def settled(labels: Labels, count: int) -> list[str]:
    ids = [labels.propose(Proposal(f"第{number}台多少钱", "customer", "asked")) for number in range(count)]
    for one in ids:
        labels.settle(one, "quote_request", "sunli")
    return ids


def test_a_share_of_what_one_trainer_settled_is_shown_to_another_but_never_to_the_same(
    labels: Labels,
) -> None:
    ids = settled(labels, 60)
    shown = [one.id for one in for_second(labels, "wu")]
    assert set(shown) == {one for one in ids if in_share(one)}
    assert 3 <= len(shown) <= 25
    assert for_second(labels, "sunli") == []
    labels.mark(shown[0], "quote_request", "wu")
    assert shown[0] not in {one.id for one in for_second(labels, "third")}


def test_where_two_differ_somebody_decides_and_it_teaches_that(labels: Labels) -> None:
    settled(labels, 60)
    first, second = (one.id for one in for_second(labels, "wu")[:2])
    labels.mark(first, "technical_inquiry", "wu")
    labels.mark(second, "quote_request", "wu")
    (dispute,) = disputes(labels)
    assert dispute.row.id == first
    assert dict(dispute.marks) == {"sunli": "quote_request", "wu": "technical_inquiry"}
    decide(labels, first, "technical_inquiry", "chenjing")
    assert disputes(labels) == []
    assert next(one for one in labels.settled() if one.id == f"label-{first}").intent == "technical_inquiry"


def test_agreement_is_told_by_intent(labels: Labels) -> None:
    settled(labels, 60)
    for number, one in enumerate(for_second(labels, "wu")[:4]):
        labels.mark(one.id, "technical_inquiry" if number == 0 else "quote_request", "wu")
    found = by_intent(labels)
    assert set(found) == {"quote_request", "technical_inquiry"}
    assert (found["quote_request"].pairs, found["quote_request"].agreed) == (4, 3)


def test_ones_own_label_can_be_taken_back_and_nobody_elses(labels: Labels) -> None:
    (one,) = settled(labels, 1)
    with pytest.raises(LabelUnknown, match="only one's own"):
        labels.reopen(one, "wu")
    labels.reopen(one, "sunli")
    assert labels.waiting() == 1
    assert labels.settled() == []
    labels.settle(one, "technical_inquiry", "sunli")
    assert labels.agreement().pairs == 0


EXAMPLES = [
    Example("e1", "X200多少钱", "customer", "quote_request", ("在吗",), ("technical_inquiry",), ("drift",), "medical", "authored"),
    Example("e3", "👍订20台X200", "customer", "purchase", entities=(Entity("quantity", "20台", "20", 2, 5), Entity("product", "X200", "X200", 5, 9))),
    Example("e2", "=1+1 这个公式,“引号”和\n换行", "customer", "smalltalk", (), (), (), "", "authored"),
]  # fmt: skip


@pytest.mark.parametrize("form", FORMATS)
def test_what_is_written_reads_back(form: str) -> None:
    found = read(write(EXAMPLES, form), form)
    assert [(one.text, one.proposed, one.speaker) for one in found] == [
        (one.text, one.intent, one.speaker) for one in EXAMPLES
    ]


@pytest.mark.parametrize("form", FORMATS)
def test_entities_go_out_and_come_back_at_their_places(form: str) -> None:
    found = next(one for one in read(write(EXAMPLES, form), form) if one.proposed == "purchase")
    assert [(one.type, one.text, one.start, one.end) for one in found.entities] == [
        ("quantity", "20台", 2, 5),
        ("product", "X200", 5, 9),
    ]


def test_label_studio_counts_as_a_browser_does_and_doccano_as_we_do() -> None:
    task = json.loads(write(EXAMPLES[1:2], "label-studio"))[0]
    spans = [one["value"] for one in task["annotations"][0]["result"] if one["type"] == "labels"]
    assert spans[0] == {"start": 3, "end": 6, "text": "20台", "labels": ["quantity"]}
    line = json.loads(write(EXAMPLES[1:2], "doccano"))
    assert (line["cats"], line["entities"][0]) == (["purchase"], [2, 5, "quantity"])


def test_marked_entities_are_kept_with_the_label_and_survive_an_undo(labels: Labels) -> None:
    (one,) = [labels.propose(Proposal("订20台X200", "customer", "asked"))]
    marked = [Entity("product", "X200", "X200", 4, 8), Entity("quantity", "20台", "20", 1, 4)]
    labels.settle(one, "purchase", "sunli", entities=marked)
    assert labels.settled()[0].entities == (marked[1], marked[0])
    labels.reopen(one, "sunli")
    assert [row.entities for row in labels.queue()] == [[vars(marked[1]), vars(marked[0])]]


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ([Entity("colour", "20台", "", 1, 4)], "no type of entity"),
        ([Entity("quantity", "20", "", 1, 4)], "stands '20台', not '20'"),
        ([Entity("quantity", "20台", "", 1, 4), Entity("spec", "台X", "", 3, 5)], "overlaps"),
        ([Entity("quantity", "", "", 1, 1)], "mark it again"),
    ],
)
def test_what_does_not_stand_in_the_text_is_no_entity(labels: Labels, wrong: list[Entity], told: str) -> None:
    one = labels.propose(Proposal("订20台X200", "customer", "asked"))
    with pytest.raises(LabelUnknown, match=told):
        labels.settle(one, "purchase", "sunli", entities=wrong)
    assert labels.waiting() == 1


def test_an_entity_whose_words_were_masked_does_not_come_in(labels: Labels) -> None:
    phone = {"type": "phone", "start": 1, "end": 12}
    row = {
        "text": "打13912345678订20台",
        "intent": "purchase",
        "entities": [phone, {"type": "quantity", "start": 13, "end": 16}],
    }
    bring_in(read(json.dumps(row), "jsonl"), labels)
    assert [one["text"] for one in labels.queue()[0].entities] == ["20台"]


def test_label_studio_gets_the_shape_that_it_documents() -> None:
    (task, *_) = json.loads(write(EXAMPLES, "label-studio"))
    intents, tags = task["annotations"][0]["result"]
    assert {one["type"] for one in (intents, tags)} == {"choices"}
    assert (intents["from_name"], intents["value"]) == (
        "intent",
        {"choices": ["quote_request", "technical_inquiry"]},
    )
    assert (tags["from_name"], tags["value"]) == ("tags", {"choices": ["drift"]})
    assert task["data"]["text"] == "X200多少钱"


def test_what_comes_in_is_masked_and_queued_once(labels: Labels) -> None:
    text = json.dumps(
        {"text": "我是王建国,电话13912345678,报个价", "intent": "quote_request"}, ensure_ascii=False
    )
    found = read(text, "jsonl")
    assert "13912345678" not in found[0].text
    assert bring_in([*found, *found], labels) == 1
    assert labels.waiting() == 1


@pytest.mark.parametrize(
    ("form", "text", "told"),
    [
        ("jsonl", "{", "line 1 is not JSON"),
        ("jsonl", '{"intent":"quote_request"}', "line 1 has no text"),
        ("jsonl", '{"text":"a","intent":"fly"}', "'fly' is no intent of a customer"),
        ("jsonl", '{"text":"a","speaker":"boss"}', "speaker 'boss'"),
        ("jsonl", '{"text":"a","entities":[{"type":"spec"}]}', "line 1: entity"),
        ("csv", "a,b\n1,2\n", "no column text"),
        ("csv", "text,context\n多少钱,[1\n", "context is no JSON list"),
        ("label-studio", "{}x", "no Label Studio export"),
        ("doccano", "[]", "no JSON object"),
        ("xml", "", "form 'xml'"),
    ],
)
def test_a_file_that_cannot_be_used_says_what_is_wrong(form: str, text: str, told: str) -> None:
    with pytest.raises(LabelUnknown, match=told):
        read(text, form)


@pytest.mark.parametrize("text", ["=1+1", " =1+1", "\u200b=1+1", "+8613", "-2折行吗", "@小王", "＝1+1"])
def test_an_utterance_in_a_csv_is_no_formula_and_comes_back_as_it_was(text: str) -> None:
    written = write([Example("=id", text, "customer", "quote_request")], "csv")
    cells = next(iter(csv.DictReader(io.StringIO(written))))
    assert {cells["id"][0], cells["text"][0]} == {"'"}
    (back,) = read(written, "csv")
    assert (back.text, back.source_id) == (text.strip(), "=id")


def test_what_a_trainer_flags_waits_for_somebody_else_with_its_word(labels: Labels) -> None:
    one = labels.propose(Proposal("那个怎么弄", "customer", "asked"))
    labels.flag(one, "unsure", "是问价还是问用法?电话13912345678", "sunli")
    assert labels.queue(not_flagged_by="sunli") == []
    (row,) = labels.queue(not_flagged_by="wu")
    assert (row.flag, row.flagged_by, row.flag_note) == (
        "unsure",
        "sunli",
        "是问价还是问用法?电话139****5678",
    )
    assert [row.id for row in labels.flagged()] == [one]
    assert labels.waiting() == 1
    labels.unflag(one)
    assert labels.flagged() == []
    assert [row.id for row in labels.queue(not_flagged_by="sunli")] == [one]


def test_what_is_settled_is_not_flagged_any_more_and_cannot_be(labels: Labels) -> None:
    one = labels.propose(Proposal("那个怎么弄", "customer", "asked"))
    labels.flag(one, "wrong", "名字没打码", "sunli")
    labels.settle(one, "technical_inquiry", "wu")
    assert labels.flagged() == []
    with pytest.raises(LabelUnknown, match="settled by wu"):
        labels.flag(one, "unsure", "再看看", "sunli")
    with pytest.raises(LabelUnknown, match="no flag"):
        labels.flag(one, "maybe", "再看看", "sunli")


def test_a_dispute_that_was_withdrawn_meanwhile_is_not_settled(labels: Labels) -> None:
    (one,) = settled(labels, 1)
    labels.reopen(one, "sunli")
    with pytest.raises(LabelUnknown, match="not settled any more"):
        decide(labels, one, "technical_inquiry", "chenjing")
