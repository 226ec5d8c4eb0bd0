"""Rule 10: of several acts the first in the order is the label, and the numbers behind that are checked by hand."""

from __future__ import annotations

import random

import numpy as np
import pytest

from intents import Classifier, Example, Intent, Ranked, load_taxonomy, shipped_model
from intents.acts import Acts, evidence, first_of, several
from intents.clauses import clauses
from intents.heldout import join
from intents.normalise import aligned
from intents.taxonomy import ORDER


def test_the_chance_of_two_acts_or_more() -> None:
    assert several(np.array([0.5, 0.5])) == pytest.approx(0.25)
    assert several(np.array([0.9, 0.0, 0.0])) == pytest.approx(0.0, abs=1e-3)
    # 1 - .1*.2*.5 - (.9*.2*.5 + .1*.8*.5 + .1*.2*.5)
    assert several(np.array([0.9, 0.8, 0.5])) == pytest.approx(0.85)


def test_the_label_is_the_first_act_in_the_order_that_is_there() -> None:
    labels = ("technical_inquiry", "quote_request")  # the order of the labels is not the order of acts
    assert first_of(np.array([0.5, 0.8]), labels) == pytest.approx(np.array([0.5 * 0.2, 0.8]) / 0.9)


def test_a_companys_own_intent_comes_before_a_put_off() -> None:
    shares = first_of(np.array([0.9, 0.9, 0.9]), ("vague_interest", "brand_new", "technical_inquiry"))
    assert shares[2] > shares[1] > shares[0]


def test_evidence_counts_the_clauses_that_an_act_wins() -> None:
    whole, parts = np.array([0.7, 0.3]), np.array([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4]])
    seen = evidence(whole, parts)
    assert seen[0] == pytest.approx(
        [np.log(7 / 3), np.log(9), 1, 1, 2 / 3, np.log(7 / 3) * np.log(9) / 9, np.log(3)]
    )
    assert seen[1, 2:5] == pytest.approx([0, 1, 1 / 3])


def test_without_an_order_the_whole_names_the_label() -> None:
    acts = Acts(("a", "b"), np.zeros(7), np.zeros(2), np.array([3.0, 3.0]), ordered=False)
    whole = np.array([0.2, 0.8])
    assert acts.label(whole, acts.present(whole, np.array([[0.2, 0.8], [0.8, 0.2]]))) is whole


@pytest.mark.parametrize(
    ("text", "label", "others"),
    [
        ("你们X200带制冷吗,质保几年,50台什么价", "quote_request", {"contract_terms", "technical_inquiry"}),
        ("质保几年,多少钱一台", "quote_request", {"contract_terms"}),
        ("设备又报警停机了赶紧派人,另外上月发票还没开", "service_request", {"billing"}),
        ("这批先订20台 什么时候能发货", "purchase", {"delivery_inquiry"}),
    ],
)
def test_the_act_that_changes_most_what_to_do_next_is_the_label(
    text: str, label: str, others: set[str]
) -> None:
    reading = shipped_model().read(text)
    assert reading.best.intent == label
    assert others <= {one.intent for one in reading.secondary}


def test_every_further_act_shows_the_words_that_carry_it() -> None:
    text = "50台什么价，質保 几年"
    (other,) = [one for one in shipped_model().read(text).secondary if one.intent == "contract_terms"]
    assert other.because
    for span in other.because:
        assert text[span.start : span.end] == span.text
        assert span.start >= text.index("質保")


def test_an_utterance_of_one_act_has_no_further_acts() -> None:
    assert shipped_model().read("多少钱一台").secondary == ()


def test_joined_utterances_are_labelled_by_the_order_of_acts() -> None:
    texts = {"quote_request": "50台什么价", "contract_terms": "质保到底几年", "smalltalk": "王经理早上好"}
    parts = [Example(name, text, "customer", name) for name, text in texts.items()] * 4
    joined = list(join(parts, random.Random(1)))
    assert joined == list(join(parts, random.Random(1)))
    assert joined
    for one in joined:
        acts = {name for name, text in texts.items() if text in one.text} - {"smalltalk"}
        assert {one.intent, *one.secondary} == (acts or {"smalltalk"})
        assert one.intent == min({one.intent, *one.secondary}, key=ORDER.index)


def test_the_shipped_model_orders_the_acts_of_customers_only() -> None:
    acts = shipped_model().acts
    assert acts["customer"].ordered
    assert not acts["rep"].ordered
    assert set(acts["customer"].labels) == {info.name for info in load_taxonomy().for_speaker("customer")}


def test_a_further_act_is_listed_where_a_clause_says_it_and_a_put_off_only_where_it_is_sure(
    small: Classifier,
) -> None:
    head, whole = small.heads["customer"], aligned("先看看,转速最高多少,质保几年")
    seen = head.sight(small.eyes.see(whole.original))
    parts = [seen.within(*place) for place in clauses(whole)]
    best = Ranked(Intent("quote_request"), 0.9)

    def listed(vague: float, terms_heard: float) -> list[str]:
        present = {"vague_interest": vague, "contract_terms": 0.6, "technical_inquiry": 0.1}
        sure = np.array([present.get(label, 0.0) for label in head.labels])
        heard = np.full((len(parts), len(head.labels)), 0.2)
        heard[:, head.labels.index("contract_terms")] = -1, -1, terms_heard
        return [one.intent for one in small._secondary(head, sure, parts, list(heard), whole, best)]

    assert listed(0.9, 0.3) == ["vague_interest", "contract_terms"]
    assert listed(0.6, 0.3) == ["contract_terms"]
    assert listed(0.9, -0.1) == ["vague_interest"]
