"""A label that leaves for another tool comes back as it left: intent, secondary intents, tags, entities, what was said before."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import SQLModel, create_engine

from intents.entities import ENTITY_TYPES
from intents.errors import LabelUnknown
from intents.examples import Example
from intents.exchange import FORMATS, bring_in, read, write
from intents.labels import Labels, Proposal
from intents.masking import mask_people
from intents.model import Entity
from intents.taxonomy import load_taxonomy

INTENTS = {who: [one.name for one in load_taxonomy().for_speaker(who)] for who in ("customer", "rep")}
SIGNS = st.text(st.characters(codec="utf-8"), min_size=1, max_size=30)
WORDS = st.one_of(
    SIGNS, st.sampled_from(["=1+1", "'=1", "''+8613", "👍订20台X200", "a\u2028b\x85c", "“引号”\r\n,换行"])
)
NAMES = st.lists(st.sampled_from(["vague", "drift", "夹,英文", "=tag", '["一']), unique=True, max_size=3)


@st.composite
def examples(draw: st.DrawFn) -> Example:
    """As the label queue keeps them: masked, without outer blanks."""
    text = mask_people(draw(WORDS.filter(lambda words: words.strip() != ""))).strip()
    speaker = draw(st.sampled_from(["customer", "rep"]))
    intent, *secondary = draw(
        st.lists(st.sampled_from(INTENTS[speaker]), unique=True, min_size=1, max_size=4)
    )
    start = draw(st.integers(0, len(text) - 1))
    end = draw(st.integers(start + 1, len(text)))
    words = text[start:end]
    marked = [Entity(draw(st.sampled_from(ENTITY_TYPES)), words, words, start, end)] if words.strip() else []
    before = draw(st.lists(WORDS, max_size=2))
    return Example(
        draw(st.uuids()).hex, text, speaker, intent, tuple(mask_people(one) for one in before),
        tuple(secondary), tuple(draw(NAMES)), draw(st.sampled_from(["", "medical"])), "correction", tuple(marked),
    )  # fmt: skip


def carried(one: Example | Proposal) -> tuple[object, ...]:
    name, intent = (one.id, one.intent) if isinstance(one, Example) else (one.source_id, one.proposed)
    return (
        name,
        one.text,
        one.speaker,
        intent,
        one.secondary,
        one.tags,
        one.context,
        one.industry,
        one.entities,
    )


@pytest.mark.parametrize("form", FORMATS)
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)  # the names' dictionary is read once
@given(left=st.lists(examples(), max_size=4, unique_by=lambda one: one.id))
def test_a_label_comes_back_as_it_left(form: str, left: list[Example]) -> None:
    assert [carried(one) for one in read(write(left, form), form)] == [carried(one) for one in left]


@pytest.fixture
def labels(tmp_path: Path) -> Iterator[Labels]:
    engine = create_engine(f"sqlite:///{tmp_path / 'labels.db'}")
    SQLModel.metadata.create_all(engine)
    yield Labels(engine)
    engine.dispose()


@pytest.mark.parametrize("form", FORMATS)
def test_what_came_in_waits_with_its_labels_and_a_trainers_word_is_kept_with_them(
    labels: Labels, form: str
) -> None:
    left = Example(
        "e1", "X200多少钱,转速多少", "customer", "quote_request", (), ("technical_inquiry",), ("multi",)
    )
    bring_in(read(write([left], form), form), labels)
    (row,) = labels.queue()
    assert (row.proposed, row.secondary, row.tags) == ("quote_request", ["technical_inquiry"], ["multi"])
    labels.settle(row.id, "quote_request", "sunli")
    labels.reopen(row.id, "sunli")
    assert (labels.queue()[0].secondary, labels.queue()[0].tags) == (["technical_inquiry"], ["multi"])
    labels.settle(row.id, "technical_inquiry", "sunli", tags=[])
    (settled,) = labels.settled()
    assert (settled.intent, settled.secondary, settled.tags) == ("technical_inquiry", (), ())


@pytest.mark.parametrize("cell", ["vague,multi", "vague、multi", "vague； multi", '["vague", "multi"]'])
def test_tags_in_a_table_may_be_written_as_people_write_them(cell: str) -> None:
    quoted = cell.replace('"', '""')
    (found,) = read(f'text,intent,tags,secondary\n再看看,vague_interest,"{quoted}",billing\n', "csv")
    assert (found.tags, found.secondary) == (("vague", "multi"), ("billing",))


def test_a_labeller_who_changed_the_intent_elsewhere_is_heard() -> None:
    left = Example("e1", "开票吧", "customer", "billing", (), ("purchase",))
    line = json.loads(write([left], "doccano"))
    (found,) = read(json.dumps(line | {"label": ["smalltalk", "purchase"]}), "doccano")
    assert (found.proposed, found.secondary) == ("smalltalk", ("purchase",))
    (found,) = read(json.dumps(line | {"label": ["purchase", "billing"]}), "doccano")
    assert (found.proposed, found.secondary) == ("billing", ("purchase",))


def test_a_secondary_intent_there_is_not_is_named_with_its_line() -> None:
    row = {"text": "再看看", "intent": "vague_interest", "secondary": ["fly"]}
    with pytest.raises(LabelUnknown, match="line 1: 'fly' is no intent"):
        read(json.dumps(row), "jsonl")
