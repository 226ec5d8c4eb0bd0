"""Taps on cards: whose, on which decision, which button, bound to what was shown."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channels import CardReply, UntrustedEnvelope
from bot.channels.dingtalk.taps import read_tap, track_id
from tests.fakes.dingtalk_payloads import SHOWN, TRACK, UNHURRIED, tapped

NOW = datetime(2026, 8, 20, 2, 0, tzinfo=UTC)


def read(payload: object, at: datetime = NOW) -> CardReply:
    tap = read_tap(payload, at)
    assert tap is not None
    return tap


def test_a_button_says_who_tapped_what_on_which_version() -> None:
    tap = read(tapped())
    assert (tap.sender, tap.decision, tap.button) == ("zhangsan", SHOWN["decision"], "confirm")
    assert (tap.version, tap.content_hash) == (3, "00ff00ff00ff00ff")
    assert (tap.conversation, tap.at, tap.selected) == ("cidA1b2==", NOW, {})
    assert tap.reply_to.data == {"outTrackId": TRACK}


def test_submitting_the_form_is_a_correction_with_the_chosen_intent() -> None:
    form = {"intent": {"index": 1, "value": "complaint"}, **SHOWN}
    for params in ({"form": form}, {"form": json.dumps(form)}, {"current_form": form}):
        tap = read(tapped(params, actions=["form"]))
        assert (tap.button, tap.selected, tap.version) == ("correct", {"intent": "complaint"}, 3)


def test_a_form_sent_along_with_a_button_does_not_change_the_button() -> None:
    params = {
        "button": "decline",
        "current_form": {"intent": {"index": 0, "value": "quote_request"}},
        **SHOWN,
    }
    assert read(tapped(params)).button == "decline"


def test_a_dropdown_beside_a_button_may_send_the_value_itself() -> None:
    tap = read(tapped({"button": "correct", "intent": "complaint", **SHOWN}))
    assert tap.selected == {"intent": "complaint"}


def test_content_is_found_wherever_platforms_put_it() -> None:
    inner = {"actionIds": ["b1"], "params": {"button": "confirm", **SHOWN}}
    for content in (
        {"cardPrivateData": inner},
        inner,
        {"cardPrivateData": {"actionIds": ["b1"]}, "params": inner["params"]},
    ):
        assert read(tapped(content=content, value=None)).button == "confirm"
    assert read(tapped(content="", value=json.dumps({"cardPrivateData": inner}))).button == "confirm"
    named = {"cardPrivateData": {"actionIds": ["decline"], "params": SHOWN}}
    assert read(tapped(content=json.dumps(named))).button == "decline"
    alone = {"cardPrivateData": {"params": SHOWN}}
    assert read(tapped(content=alone, actionId="undo")).button == "undo"


def test_over_http_the_tap_has_no_conversation_and_gets_the_cards_own() -> None:
    payload = {
        key: value
        for key, value in tapped().items()
        if key in {"type", "outTrackId", "corpId", "userId", "content"}
    }
    assert read(payload).conversation == f"card:{TRACK}"


def test_a_double_click_is_one_tap_and_a_later_one_is_another() -> None:
    assert read(tapped()).key == read(tapped(), NOW + timedelta(seconds=3)).key
    assert read(tapped()).key != read(tapped(), NOW + timedelta(seconds=30)).key


@pytest.mark.parametrize(
    "other",
    [
        tapped(userId="lisi"),
        tapped({"button": "decline", **SHOWN}),
        tapped({"button": "confirm", **SHOWN, "version": "4"}),
        tapped({"button": "confirm", **SHOWN, "intent": "complaint"}),
        tapped(outTrackId=track_id(SHOWN["decision"], "another")),
    ],
)
def test_different_taps_have_different_keys(other: dict[str, Any]) -> None:
    assert read(tapped()).key != read(other).key


def test_cards_of_other_people_are_not_ours() -> None:
    assert read_tap(tapped(outTrackId="rec-01J8Z-u7"), NOW) is None
    assert read_tap(tapped(type="dynamicData"), NOW) is None


def test_a_tap_that_names_another_decision_than_its_card_is_refused() -> None:
    with pytest.raises(UntrustedEnvelope, match="mismatch"):
        read(tapped({"button": "confirm", **SHOWN, "decision": "ffffffffffffffffffff"}))


@pytest.mark.parametrize("missing", ["version", "content_hash"])
def test_a_tap_that_is_not_bound_to_what_was_shown_is_refused(missing: str) -> None:
    params = {key: value for key, value in {"button": "confirm", **SHOWN}.items() if key != missing}
    with pytest.raises(UntrustedEnvelope, match="shape"):
        read(tapped(params))


@pytest.mark.parametrize(
    "payload",
    [
        None,
        [],
        tapped(userId=None),
        tapped(outTrackId=None),
        tapped(content="{"),
        tapped(SHOWN),
        tapped({"button": "confirm", **SHOWN, "version": "three"}),
        tapped({"button": "confirm", **SHOWN, "version": "9" * 5000}),
        tapped(content={"cardPrivateData": {"actionIds": "b1", "params": SHOWN}}),
    ],
)
def test_another_shape_is_refused_as_a_bad_request(payload: object) -> None:
    with pytest.raises(UntrustedEnvelope) as refused:
        read(payload)
    assert refused.value.status == 400


JSON = st.recursive(
    st.none() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=8,
)


@UNHURRIED
@given(st.dictionaries(st.sampled_from(["cardPrivateData", "params", "actionIds"]), JSON), JSON)
def test_any_content_is_read_or_refused(content: dict[str, Any], params: object) -> None:
    payload = tapped(content=content | {"params": params}, value=None)
    with pytest.raises(UntrustedEnvelope):
        read(payload)
