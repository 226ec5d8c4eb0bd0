"""Messages reach each person in order, once, again when a platform is busy; a card shows the decision as it is when sent."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest
from sqlalchemy import Insert, delete
from sqlmodel import Session

from bot.cards import CardMaker
from bot.channels import ChannelBusy, ChannelRefused, ReplyAddress
from bot.confirmation import Move
from bot.decision import Decision
from bot.outbox import Outbox, Tap
from bot.people import Person
from bot.security import Links
from bot.sender import PATIENCE, Sender
from bot.store import Store
from bot.tables import CardRow, DecisionRow, OutboxRow
from bot.worker import Worker
from intents import load_taxonomy
from tests.fakes.channel import FakeChannel
from tests.fakes.clock import Clock
from tests.fakes.decisions import a_decision
from tests.fakes.office import Office

CARDS = CardMaker(
    load_taxonomy, Links("a secret", "http://127.0.0.1:8000"), lambda page, passage: f"{page}/{passage}"
)


@dataclass
class Post:
    """The office's outgoing post: what waits, who carries it, and what arrived."""

    office: Office
    channel: FakeChannel
    worker: Worker[OutboxRow]
    team: dict[str, Person]

    def say(
        self, words: str, to: str = "zhangsan", key: str | None = None, reply_to: ReplyAddress | None = None
    ) -> bool:
        return self.do(
            lambda session, outbox: outbox.say(
                session, self.team[to], "sim", words, key or words, self.office.clock(), reply_to
            )
        )

    def card(self, decision: Decision, to: str = "zhangsan") -> bool:
        return self.do(
            lambda session, outbox: outbox.card(session, decision, self.team[to], self.office.clock())
        )

    def do(self, put: Callable[[Session, Outbox], bool]) -> bool:
        with self.office.store.begin() as session:
            return put(session, self.office.outbox)

    async def deliver(self) -> None:
        await self.worker.drain()

    @property
    def arrived(self) -> list[str]:
        return [f"{sent.to}:{sent.words or sent.what}" for sent in self.channel.sent]

    def waiting(self) -> list[OutboxRow]:
        return [row for row in self.office.rows(OutboxRow, "seq") if row.state == "waiting"]

    def dead(self) -> list[OutboxRow]:
        return [row for row in self.office.rows(OutboxRow, "seq") if row.state == "dead"]

    def card_row(self) -> CardRow:
        (row,) = self.office.rows(CardRow)
        return row


@pytest.fixture
def post(store: Store, clock: Clock, team: dict[str, Person]) -> Post:
    office, channel = Office(store, clock), FakeChannel()
    sender = Sender(store, office.messages, office.outbox, {"sim": channel}, CARDS, clock)
    return Post(office, channel, Worker(office.messages, sender.work, clock), team)


async def test_each_persons_messages_arrive_in_order_and_once(post: Post) -> None:
    for words, to in (
        ("一", "zhangsan"),
        ("甲", "lisi"),
        ("二", "zhangsan"),
        ("三", "zhangsan"),
        ("乙", "lisi"),
    ):
        assert post.say(words, to)
    await post.deliver()
    await post.deliver()
    for person, expected in (("zhangsan", "一二三"), ("lisi", "甲乙")):
        assert "".join(sent.words for sent in post.channel.sent if sent.to == person) == expected
    assert post.waiting() == []


async def test_the_same_thing_is_said_once_however_often_it_is_asked_for(post: Post) -> None:
    assert post.say("您好", key="hello")
    assert not post.say("您好", key="hello")
    await post.deliver()
    assert not post.say("您好", key="hello")
    await post.deliver()
    assert post.arrived == ["zhangsan:您好"]


async def test_a_busy_platform_is_asked_again_and_nothing_overtakes_meanwhile(post: Post) -> None:
    post.say("一")
    post.say("二")
    post.say("甲", "lisi")
    post.channel.script = [ChannelBusy("rate limit", "45009", after=7)]
    await post.deliver()
    assert post.arrived == ["lisi:甲"]
    post.office.clock.advance(seconds=6.9)
    await post.deliver()
    assert post.arrived == ["lisi:甲"]
    post.office.clock.advance(seconds=0.1)
    await post.deliver()
    assert post.arrived == ["lisi:甲", "zhangsan:一", "zhangsan:二"]


async def test_the_same_key_goes_along_with_every_attempt(post: Post) -> None:
    post.say("一", key="k")
    post.channel.script = [ChannelBusy("time-out"), ChannelBusy("time-out")]
    for _ in range(3):
        await post.deliver()
        post.office.clock.advance(minutes=2)
    assert [sent.key for sent in post.channel.sent] == ["say:k"]
    assert post.channel.attempts == 3


async def test_pauses_grow_up_to_a_minute_and_patience_ends(post: Post) -> None:
    post.say("一")
    post.say("二")
    pauses = []
    for _ in range(PATIENCE - 1):
        post.channel.script = [ChannelBusy("busy", after=0)]
        await post.deliver()
        pauses.append((post.waiting()[0].next_at - post.office.clock()).total_seconds())
        post.office.clock.now = post.waiting()[0].next_at
    assert (pauses[:4], pauses[-1], pauses) == ([0.5, 1, 2, 4], 60, sorted(pauses))
    post.channel.script = [ChannelBusy("busy")]
    await post.deliver()
    assert [row.error for row in post.dead()] == ["the platform stayed busy: busy"]
    assert post.arrived == ["zhangsan:二"]


async def test_a_refused_message_is_given_up_with_its_reason_and_blocks_nothing(post: Post) -> None:
    post.say("一")
    post.say("二")
    post.channel.script = [ChannelRefused("user not in the app's range", "60020", alert=True)]
    await post.deliver()
    assert post.arrived == ["zhangsan:二"]
    assert [row.error for row in post.dead()] == ["user not in the app's range"]


async def test_a_message_for_a_channel_that_is_off_is_given_up_with_what_to_do(post: Post) -> None:
    post.do(
        lambda session, outbox: outbox.say(
            session, post.team["lisi"], "wecom", "您好", "k", post.office.clock()
        )
    )
    await post.deliver()
    assert post.dead()[0].error == "channel wecom is off; set it up or drop the message"


async def test_an_answer_goes_to_the_address_its_question_brought(post: Post) -> None:
    post.say("您好", reply_to=ReplyAddress({"webhook": "w1"}))
    await post.deliver()
    assert post.channel.sent[0].reply_to == {"webhook": "w1"}


async def test_a_card_is_shown_once_and_remembered_where(post: Post) -> None:
    decision = post.office.propose(shown=False)
    assert post.card(decision)
    assert not post.card(decision)
    await post.deliver()
    assert post.arrived == ["zhangsan:show"]
    assert (post.card_row().ref, post.card_row().shown_version) == ({"message": "m1"}, 0)
    card = post.channel.sent[0].card
    assert card
    assert (card.decision, card.version, card.content_hash) == ("d1", 0, decision.content_hash)
    assert [button.key for button in card.buttons] == ["confirm", "correct", "decline"]


async def test_a_card_that_was_sent_twice_after_a_crash_is_the_same_card(post: Post) -> None:
    decision = post.office.propose(shown=False)
    post.card(decision)
    post.channel.script = [ChannelBusy("time-out")]  # it may have arrived
    await post.deliver()
    with post.office.store.look() as session:
        once = CARDS.load(session, "d1")[1]
    post.office.clock.advance(hours=1)
    await post.deliver()
    assert post.channel.sent[0].card == once


async def test_the_card_of_a_decision_that_is_closed_by_now_is_not_sent(post: Post) -> None:
    decision = post.office.propose(shown=False)
    post.card(decision)
    post.office.tap(Move.DECLINE)
    await post.deliver()
    assert (post.arrived, post.waiting(), post.dead()) == ([], [], [])


async def test_a_refresh_shows_the_decision_as_it_is_when_sent(post: Post) -> None:
    post.office.propose()
    post.office.tap(Move.CONFIRM)
    post.channel.script = [ChannelBusy("busy", after=60)]
    await post.deliver()
    await post.office.worker.drain()
    post.office.clock.advance(seconds=61)
    await post.deliver()
    first = post.channel.sent[0]
    assert first.card
    assert (first.what, first.card.version, len(first.card.receipts)) == ("refresh", 2, 2)
    assert first.ref == {"id": "m1"}
    assert "张三" in first.card.status
    assert [button.key for button in first.card.buttons] == ["undo"]


async def test_a_decision_that_moves_while_its_card_is_being_shown_gets_it_refreshed(post: Post) -> None:
    decision = post.office.propose(shown=False)
    post.card(decision)

    async def meanwhile() -> None:
        with post.office.store.begin() as session:
            post.office.confirmations.expire(session, decision, post.office.clock())

    post.channel.while_sending = meanwhile
    await post.deliver()
    assert post.arrived == ["zhangsan:show", "zhangsan:refresh"]
    last = post.channel.sent[-1].card
    assert last
    assert (last.version, last.buttons) == (1, ())
    assert post.card_row().shown_version == 1


async def test_a_decision_that_moves_while_its_card_is_being_refreshed_is_refreshed_once_more(
    post: Post,
) -> None:
    post.office.propose()
    post.office.tap(Move.CONFIRM)

    async def meanwhile() -> None:
        await post.office.worker.drain()

    post.channel.while_sending = meanwhile
    await post.deliver()
    versions = [sent.card.version for sent in post.channel.sent if sent.card]
    assert versions == [1, 2]
    assert post.card_row().shown_version == 2


async def test_a_tapped_card_is_refreshed_even_if_a_crash_lost_the_note_that_it_was_shown(post: Post) -> None:
    post.office.propose(shown=False)
    post.office.tap(Move.CONFIRM, tap=Tap("tap1", "zhangsan", ReplyAddress({"code": "c1"})))
    await post.deliver()
    (sent,) = post.channel.sent
    assert (sent.what, sent.to, sent.reply_to) == ("refresh", "zhangsan", {"code": "c1"})
    assert post.card_row().recipient == "zhangsan"


async def test_the_note_that_a_card_was_shown_and_the_end_of_its_row_are_saved_together(
    post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    decision = post.office.propose(shown=False)
    post.card(decision)

    execute = Session.execute

    def power_cut(session: Session, statement: Any, *values: Any, **how: Any) -> Any:
        done = execute(session, statement, *values, **how)
        if isinstance(statement, Insert) and statement.table is CardRow.__table__:  # type: ignore[attr-defined]
            raise OSError("the power went out")
        return done

    with monkeypatch.context() as patch:
        patch.setattr(Session, "execute", power_cut)
        await post.deliver()
    assert (post.office.rows(CardRow), len(post.waiting())) == ([], 1)
    post.office.clock.advance(minutes=1)
    await post.deliver()
    assert [sent.key for sent in post.channel.sent] == [
        "card:d1:zhangsan"
    ] * 2  # the platform drops the second


def test_a_person_is_reached_where_they_spoke_last_if_that_channel_is_on(post: Post) -> None:
    outbox = post.office.outbox
    zhangsan = post.team["zhangsan"]
    assert outbox.channel_of(replace(zhangsan, last_channel="sim")) == "sim"
    assert outbox.channel_of(replace(zhangsan, last_channel="dingtalk")) == "wecom"  # dingtalk is off here
    assert outbox.channel_of(zhangsan) == "wecom"
    assert outbox.channel_of(replace(zhangsan, wecom=None)) == "sim"
    assert (
        Outbox(post.office.messages, frozenset({"dingtalk"})).channel_of(replace(zhangsan, dingtalk=None))
        is None
    )


def test_nothing_is_queued_for_a_person_without_an_address(post: Post) -> None:
    nowhere = replace(post.team["zhangsan"], wecom=None)
    assert not post.do(
        lambda session, outbox: outbox.say(session, nowhere, "wecom", "您好", "k", post.office.clock())
    )
    on_wecom = replace(a_decision(), channel="wecom")
    assert not post.do(lambda session, outbox: outbox.card(session, on_wecom, nowhere, post.office.clock()))
    assert post.waiting() == []


async def test_a_platform_that_spells_a_person_in_two_ways_still_has_one_order_for_them(post: Post) -> None:
    def put(session: Session, outbox: Outbox) -> bool:
        now = post.office.clock()
        outbox.say_to_address(session, "ZhangSan", "sim", "一", "k1", now)
        return outbox.say_to_address(session, "zhangsan", "sim", "二", "k2", now)

    assert post.do(put)
    post.channel.script = [ChannelBusy("busy", after=60)]
    await post.deliver()
    assert post.arrived == []
    assert len({row.lane for row in post.waiting()}) == 1


async def test_a_card_of_a_decision_that_was_purged_is_a_dead_letter_in_the_end(post: Post) -> None:
    decision = post.office.propose(shown=False)
    post.card(decision)
    post.office.break_in(lambda session: session.execute(delete(DecisionRow)))
    for _ in range(6):
        await post.deliver()
        post.office.clock.advance(minutes=10)
    assert [row.error for row in post.dead()] == ["NotFound: there is no decision d1"]
