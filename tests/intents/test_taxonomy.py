"""The taxonomy file: complete as it ships, and refused with a reason where it is not usable."""

from __future__ import annotations

from pathlib import Path

import pytest

from intents import DRIFTS, HIGH_INTENT, Speaker, TaxonomyError, load_taxonomy
from intents.taxonomy import ORDER, SHIPPED


def test_nineteen_intents_ship_and_every_speaker_has_small_talk() -> None:
    taxonomy = load_taxonomy()
    assert len(taxonomy.intents) == 19
    of = {who: {info.name for info in taxonomy.for_speaker(who)} for who in Speaker}
    assert of[Speaker.CUSTOMER] & of[Speaker.REP] == {"smalltalk"}
    assert len(of[Speaker.CUSTOMER]) == 14


def test_the_order_of_acts_names_every_intent_of_a_customer_once() -> None:
    customers = {info.name for info in load_taxonomy().for_speaker("customer")}
    assert set(ORDER) == customers
    assert len(ORDER) == len(customers)


def test_buying_signals_and_drifts_do_not_overlap() -> None:
    high = load_taxonomy().in_group(HIGH_INTENT)
    assert high == {"purchase", "quote_request", "meeting_request", "renewal_expansion"}
    assert not high & DRIFTS


def test_close_intents_are_asked_about_in_reviewed_words_or_made_from_their_names() -> None:
    taxonomy = load_taxonomy()
    assert taxonomy.question("technical_inquiry", "quote_request") == "客户是想要报价,还是在问参数?"
    assert taxonomy.question("billing", "complaint") == "是开票或付款,还是投诉?"


def test_an_unknown_intent_is_labelled_by_its_name() -> None:
    assert load_taxonomy().label("quote_request") == "询价报价"
    assert load_taxonomy().label("brand_new") == "brand_new"


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (("speaker: customer", "speaker: nobody"), "speaker"),
        (("quote_request+technical_inquiry", "quote_request+nonsense"), "nonsense"),
        (("    wants:", "    want:"), "wants"),
        (("version: 1", "version: ["), "taxonomy.yaml"),
    ],
)
def test_a_file_that_is_not_usable_is_refused_with_the_reason(
    tmp_path: Path, change: tuple[str, str], says: str
) -> None:
    path = tmp_path / "taxonomy.yaml"
    path.write_text(SHIPPED.read_text(encoding="utf-8").replace(*change, 1), encoding="utf-8")
    with pytest.raises(TaxonomyError, match=says):
        load_taxonomy(path)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TaxonomyError, match=r"gone\.yaml"):
        load_taxonomy(tmp_path / "gone.yaml")
