"""Plans repeat, senders are apart, percentiles are measured numbers, and a report blames the right thing."""

from __future__ import annotations

import pytest
from wechatpy.enterprise import parse_message
from wechatpy.enterprise.crypto import WeChatCrypto

from eval.bench import company
from eval.bench.callbacks import BENCH_APP, Callbacks
from eval.bench.load import Fired, Pace, Shot, plan
from eval.bench.outcome import Outcome
from eval.bench.percentiles import Percentiles
from eval.bench.wecom_platform import Arrival

WHO = company.senders(40)


def test_the_same_seed_makes_the_same_plan() -> None:
    pace = Pace(30, 10, seed=7)
    assert plan(pace, WHO, ["a", "b"]) == plan(pace, WHO, ["a", "b"])
    assert plan(pace, WHO, ["a", "b"]) != plan(Pace(30, 10, seed=8), WHO, ["a", "b"])


def test_even_callbacks_are_due_at_equal_distances() -> None:
    shots = plan(Pace(5, 10, even=True, repeated=0), WHO, ["a"])
    assert [shot.due for shot in shots] == pytest.approx([0, 0.1, 0.2, 0.3, 0.4])


def test_random_callbacks_keep_the_rate_on_average() -> None:
    shots = plan(Pace(4000, 50, repeated=0), company.senders(4000), ["a"])
    assert 4000 / shots[-1].due == pytest.approx(50, rel=0.05)


def test_the_asked_share_is_delivered_again_with_the_same_id_and_later() -> None:
    shots = plan(Pace(2000, 100, repeated=0.02), company.senders(2000), ["a"])
    first = {shot.message_id: shot for shot in shots if not shot.again}
    again = [shot for shot in shots if shot.again]
    assert len(first) == 2000
    assert 20 <= len(again) <= 65
    assert all(
        shot.due > first[shot.message_id].due and shot.words == first[shot.message_id].words for shot in again
    )


def test_nobody_speaks_twice_within_the_time_that_merges_words() -> None:
    assert company.senders_needed(600, 20) == 600
    assert company.senders_needed(100_000, 2) == 2 * company.COME_AGAIN_S


def test_people_and_customers_have_names_of_their_own() -> None:
    everyone = company.senders(company.MOST_SENDERS)
    assert len({one.wecom for one in everyone}) == len({one.customer for one in everyone}) == len(everyone)
    with pytest.raises(ValueError, match="shorter time"):
        company.senders(company.MOST_SENDERS + 1)


def test_the_words_are_customer_words_that_stand_alone() -> None:
    texts = company.utterances(1)
    assert len(texts) > 500
    assert all(text and "\n" not in text and len(text) <= company.LONGEST_WORDS for text in texts)
    assert texts != company.utterances(2)
    assert sorted(texts) == sorted(company.utterances(2))


def test_a_sealed_message_opens_with_wechatpy_and_keeps_its_words() -> None:
    callbacks = Callbacks(BENCH_APP, clock=lambda: 1_700_000_000)
    words = "客户沐禾远医疗说:a<b & ]]> 报价?"
    callback = callbacks.seal(callbacks.text("bench00001", words, "7000000000000001"))
    message = parse_message(_opened(callback.target, callback.body))
    assert (message.type, message.source, message.content) == ("text", "bench00001", words)
    assert (message.id, message.agent) == (7000000000000001, BENCH_APP.agent_id)


def test_a_redelivery_carries_the_same_words_in_other_bytes() -> None:
    ticks = iter(range(1_700_000_000, 1_700_000_100))
    callbacks = Callbacks(BENCH_APP, clock=lambda: next(ticks))
    tapped = callbacks.tap("bench00001", "dec-1@ab", "confirm@dec-1@0@cd", "code-1")
    one, two = callbacks.seal(tapped), callbacks.seal(tapped)
    assert one.body != two.body
    assert _opened(one.target, one.body) == _opened(two.target, two.body) == tapped


def test_percentiles_are_nearest_ranks_by_hand() -> None:
    found = Percentiles.of([number / 1000 for number in range(1, 101)])
    assert (found.p50, found.p90, found.p99, found.most) == (50.0, 90.0, 99.0, 100.0)
    assert Percentiles.of([0.007]) == Percentiles(1, 7.0, 7.0, 7.0, 7.0)
    assert Percentiles.of([]).as_text() == "nothing was measured"


def test_a_turn_without_an_answer_is_lost_and_a_second_card_is_doubled() -> None:
    fired = [_fired(0), _fired(1), _fired(2), _fired(0, again=True)]
    arrivals = [_card(0, 10.03), _card(0, 10.5), _words(1, 10.2)]
    outcome = Outcome.of(fired, arrivals)
    assert (outcome.turns, outcome.redelivered) == (3, 1)
    assert (outcome.lost, outcome.doubled, outcome.in_words) == (1, 1, 1)
    assert outcome.shown.p50 == 30.0


def test_what_nobody_saw_answers_nobody() -> None:
    collapsed = Arrival(1, 10.1, "message/send", WHO[0].wecom, "template_card", "t", 0, True, {})
    refused = Arrival(2, 10.1, "message/send", WHO[0].wecom, "template_card", "t", 42014, False, {})
    outcome = Outcome.of([_fired(0)], [collapsed, refused])
    assert (outcome.lost, outcome.collapsed, outcome.refused) == (1, 1, 1)


def test_an_answer_other_than_200_counts_as_not_accepted() -> None:
    outcome = Outcome.of([_fired(0, status=403), _fired(1, status=0)], [])
    assert outcome.not_accepted == 2
    assert outcome.acknowledged.count == 0


def _fired(who: int, status: int = 200, again: bool = False) -> Fired:
    return Fired(Shot(0.0, WHO[who], "x", str(who), again), 10.0 + again, 0.002, 0.0, status)


def _card(who: int, at: float) -> Arrival:
    return Arrival(1, at, "message/send", WHO[who].wecom.upper(), "template_card", f"t{at}", 0, False, {})


def _words(who: int, at: float) -> Arrival:
    return Arrival(1, at, "message/send", WHO[who].wecom, "markdown", "", 0, False, {})


def _opened(target: str, body: bytes) -> str:
    query = dict(pair.split("=", 1) for pair in target.split("?", 1)[1].split("&"))
    crypto = WeChatCrypto(BENCH_APP.token, BENCH_APP.aes_key, BENCH_APP.corp_id)
    opened: str = crypto.decrypt_message(body, query["msg_signature"], query["timestamp"], query["nonce"])
    return opened
