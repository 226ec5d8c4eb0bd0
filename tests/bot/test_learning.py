"""Corrections become proposed labels once; retraining and the look at drift start when due, tell people and leave a line."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from bot import turns
from bot.app import ServingClassifier
from bot.card import Notice
from bot.confirmation import Move
from bot.conversation import ConversationId, Turn, TurnId, UserId
from bot.decision import DecisionId, Draft
from bot.drifting import SUBJECT as DRIFT
from bot.drifting import DriftWatch
from bot.learning import Learning, learning_jobs
from bot.retraining import SHIPPED_CASES, SUBJECT, Retraining, TrialFailed, in_process
from bot.settings import Settings
from bot.store import Store
from bot.tables import OutboxRow
from crm_bridge import AccountId
from intents import (
    Abstention,
    Example,
    Intent,
    Outcome,
    Paired,
    Proposal,
    Registry,
    Speaker,
    Verdict,
    shipped_model,
    train,
)
from tests.fakes.clock import START, Clock
from tests.fakes.decisions import READING, a_decision
from tests.fakes.office import Office
from tests.fakes.queues import leases_for
from tests.intents.conftest import small_set

OBJECTION = Intent("purchase")
BETTER = Verdict("old", "new", Outcome.PROMOTED, 40, Paired(360, 340, 9, 1), Paired(12, 2, 6, 0), {})


@pytest.fixture
def office(store: Store, clock: Clock) -> Office:
    return Office(store, clock)


@pytest.fixture
def registry(office: Office, tmp_path: Path) -> Registry:
    return Registry(
        office.store.engine, tmp_path, clock=office.clock, monotonic=lambda: office.clock().timestamp()
    )


def learning(office: Office, registry: Registry) -> Learning:
    return Learning(office.store, registry.labels, office.crm, office.clock)


def settle(registry: Registry, count: int, text: str = "那就老规矩走{}波") -> None:
    for number in range(count):
        label = registry.labels.propose(Proposal(text.format(number), "customer", "correction"))
        registry.labels.settle(label, "purchase", "sunli")


async def test_a_corrected_intent_is_proposed_once_with_what_was_read(
    office: Office, registry: Registry
) -> None:
    office.propose()
    office.tap(Move.CORRECT, intent=OBJECTION)
    loop = learning(office, registry)
    assert (await loop.propose_labels(), await loop.propose_labels()) == (1, 0)
    (row,) = registry.labels.queue()
    assert (row.source, row.source_id, row.read_as, row.proposed) == (
        "correction",
        "d1",
        "quote_request",
        "purchase",
    )
    assert (row.confidence, row.speaker, row.text) == (0.91, "customer", a_decision().words)


async def test_a_decline_is_a_question_without_an_answer_and_keeps_its_reason(
    office: Office, registry: Registry
) -> None:
    office.propose()
    office.tap(Move.DECLINE, note="客户打13812345678说了不要")
    await learning(office, registry).propose_labels()
    (row,) = registry.labels.queue()
    assert (row.source, row.proposed, row.read_as) == ("decline", "", "quote_request")
    assert "13812345678" not in row.note


async def test_an_intent_picked_where_the_model_abstained_is_proposed_as_read_by_nobody(
    office: Office, registry: Registry
) -> None:
    reading = replace(READING, abstained=Abstention.TWO_CLOSE)
    office.propose(a_decision(reading=reading, intent=None, draft=Draft("")))
    office.tap(Move.CORRECT, intent=OBJECTION)
    await learning(office, registry).propose_labels()
    (row,) = registry.labels.queue()
    assert (row.read_as, row.proposed) == ("", "purchase")


async def test_other_words_under_the_same_intent_are_no_label(office: Office, registry: Registry) -> None:
    office.propose()
    office.tap(Move.CORRECT, draft=Draft("别的话"))
    assert await learning(office, registry).propose_labels() == 0
    assert [row.kind for row in office.corrections()] == ["content"]


async def test_what_a_rep_made_of_an_event_is_no_label_and_its_words_are_not_live_words(
    office: Office, registry: Registry
) -> None:
    event = ConversationId("expiring:doc-7")
    office.propose(a_decision(conversation=event))
    office.tap(Move.CORRECT, intent=OBJECTION)
    assert await learning(office, registry).propose_labels() == 0
    say(office, "t1", "合同将在 2026-12-31 到期", conversation=event)
    say(office, "t2", "50台什么价")
    office.clock.advance(hours=1)
    assert (await watch(office, registry).look()).readings == 1


async def test_a_label_keeps_what_was_said_before_and_nothing_said_since(
    office: Office, registry: Registry
) -> None:
    said = {-60: "上次那台泵怎么样", 0: a_decision().words, 60: "算了"}
    for number, (seconds, text) in enumerate(said.items()):
        say(office, f"t{number}", text, seconds)
        at = START + timedelta(seconds=seconds)
        office.propose(
            a_decision(id=DecisionId(f"d{number}"), turn=TurnId(f"t{number}"), words=text, created_at=at),
            shown=False,
        )
    office.tap(Move.CORRECT, decision="d1", intent=OBJECTION)
    await learning(office, registry).propose_labels()
    assert registry.labels.queue()[0].context == ["上次那台泵怎么样"]


def say(office: Office, turn: str, text: str, seconds: float = 0, conversation: str = "sim:zhangsan") -> None:
    at = START + timedelta(seconds=seconds)
    where, who, customer = ConversationId(conversation), UserId("zhangsan"), AccountId("A-1")
    one = Turn(TurnId(turn), where, "sim", who, Speaker.CUSTOMER, text, at, customer)
    office.break_in(lambda session: turns.add(session, one, f"delivery-{turn}", "proposed"))


async def test_a_settled_correction_is_what_serves_within_a_second(
    office: Office, registry: Registry
) -> None:
    serving, text = ServingClassifier(registry), "那就老规矩走一波"
    before = serving.read(text, speaker="customer", context=(), industry="").best.intent
    wanted = "complaint" if before != "complaint" else "purchase"
    office.propose(a_decision(words=text))
    office.tap(Move.CORRECT, intent=Intent(wanted))
    await learning(office, registry).propose_labels()
    (row,) = registry.labels.queue()
    registry.labels.settle(row.id, row.proposed, "sunli")
    office.clock.advance(seconds=1)
    after = serving.read(text, speaker="customer", context=(), industry="")
    assert (after.best.intent, after.abstained) == (wanted, None)


class Trial:
    """A training that is over at once, with a verdict known in advance or none."""

    def __init__(self, verdict: Verdict | None) -> None:
        self.verdict, self.runs = verdict, 0

    async def __call__(self) -> Verdict:
        self.runs += 1
        if self.verdict is None:
            raise TrialFailed("no space left")
        return self.verdict


def retraining(office: Office, registry: Registry, trial: Callable[[], Awaitable[Verdict]]) -> Retraining:
    leases = leases_for(office.store)
    return Retraining(
        office.store,
        registry,
        office.outbox,
        leases,
        office.clock,
        trial,
        3,
        timedelta(days=91),
        "https://yiju.test/",
    )


def words(office: Office) -> dict[str, str]:
    return {row.recipient.lower(): row.payload["words"] for row in office.rows(OutboxRow, "seq")}


def notices(office: Office) -> dict[str, Notice]:
    rows = office.rows(OutboxRow, "seq")
    return {
        row.recipient.lower(): Notice(**{**row.payload, "rows": tuple(map(tuple, row.payload["rows"]))})
        for row in rows
    }


async def test_enough_new_labels_start_a_retraining_and_only_once(office: Office, registry: Registry) -> None:
    job = retraining(office, registry, Trial(replace(BETTER, outcome=Outcome.NOT_BETTER)))
    settle(registry, 2)
    assert await job.retrain_when_due() is None
    settle(registry, 1, "再来{}台")
    assert await job.retrain_when_due() is not None
    office.clock.advance(minutes=10)
    assert await job.retrain_when_due() is None
    assert office.journal(SUBJECT) == ["ModelKept"]


async def test_fewer_labels_wait_a_quarter_and_none_never_start_one(
    office: Office, registry: Registry
) -> None:
    trial = Trial(replace(BETTER, outcome=Outcome.SAME))
    job = retraining(office, registry, trial)
    office.clock.advance(days=200)
    assert await job.retrain_when_due() is None
    settle(registry, 1)
    office.clock.advance(days=91)
    assert await job.retrain_when_due() is not None
    assert trial.runs == 1


async def test_a_better_model_serves_and_trainers_and_managers_hear_it(
    office: Office, registry: Registry
) -> None:
    challenger = registry.add(replace(shipped_model(), hash="challenger"))
    job = retraining(office, registry, Trial(replace(BETTER, challenger=challenger.id)))
    settle(registry, 3)
    await job.retrain_when_due()
    assert registry.info(challenger.id).serving
    assert "McNemar" in registry.info(challenger.id).why
    card = notices(office)["sunli"]
    assert set(notices(office)) == {"sunli", "chenjing"}
    assert notices(office)["chenjing"].url == "https://yiju.test/console/board"
    assert "已上线" in card.title
    assert (card.figure, card.url) == ("342→356/372", "https://yiju.test/console/models")
    assert dict(card.rows)["固定测试"] == "340→348/360"


async def test_a_model_that_loses_an_intent_is_kept_out_and_the_intent_is_named(
    office: Office, registry: Registry
) -> None:
    lost = replace(BETTER, outcome=Outcome.INTENT_WORSE, by_intent={"purchase": Paired(20, 20, 0, 3)})
    settle(registry, 3)
    await retraining(office, registry, Trial(lost)).retrain_when_due()
    assert [one.shipped for one in registry.models() if one.serving] == [True]
    card = notices(office)["sunli"]
    assert "没有上线" in card.title
    assert registry.taxonomy().label("purchase") in dict(card.rows)["原因"]


async def test_a_failed_training_is_told_and_not_repeated_every_few_minutes(
    office: Office, registry: Registry
) -> None:
    trial = Trial(None)
    job = retraining(office, registry, trial)
    settle(registry, 3)
    assert await job.retrain_when_due() is None
    office.clock.advance(minutes=10)
    await job.retrain_when_due()
    assert trial.runs == 1
    assert "no space left" in words(office)["admin"]


async def test_a_second_process_does_not_train_at_the_same_time(office: Office, registry: Registry) -> None:
    trial = Trial(BETTER)
    job = retraining(office, registry, trial)
    settle(registry, 3)
    office.break_in(lambda session: job.leases.take(session, "job:retraining", office.clock()))
    other = replace(job, leases=job.leases if job.leases.in_process else leases_for(office.store))
    assert await other.retrain_when_due() is None
    assert trial.runs == 0


async def test_the_training_process_says_why_it_came_to_no_verdict(tmp_path: Path) -> None:
    settings = Settings.model_validate(
        {"_env_file": None, "data_dir": tmp_path, "learning": {"cases": str(tmp_path / "none.jsonl")}}
    )
    with pytest.raises(TrialFailed, match=r"none\.jsonl"):
        await in_process(settings)()


def _written(path: Path, examples: list[Example]) -> Path:
    path.write_text("\n".join(json.dumps(one.record()) for one in examples), encoding="utf-8")
    return path


def _settings(office: Office, data_dir: Path, cases: Path) -> Settings:
    address = office.store.engine.url.render_as_string(hide_password=False)
    plain = {"data_dir": data_dir, "database_url": address, "learning": {"cases": str(cases)}}
    return Settings.model_validate({"_env_file": None, **plain})


async def test_a_retraining_in_its_own_process_learns_the_labels_and_serves_where_it_is_better(
    office: Office, registry: Registry, tmp_path: Path
) -> None:
    known = small_set()
    registry.promote(registry.add(train(known)).id, by="sunli")
    learned = ["走{}波老流程", "老流程{}份", "按老流程来{}回", "老流程再走{}遍"]
    for text in learned:
        settle(registry, 10, text)
    asked = [Example(f"case-{n}", f"老流程走{n}趟", "customer", "purchase") for n in "甲乙丙丁戊己庚辛壬癸"]
    cases = _written(tmp_path / "cases.jsonl", [*known[::4], *asked])
    purchases = [Example(f"p-{n}", f"下单{n}台", "customer", "purchase") for n in range(8)]
    examples = _written(tmp_path / "examples.jsonl", [*known, *purchases])
    trial = in_process(_settings(office, tmp_path, cases), examples)
    verdict = await retraining(office, registry, trial).retrain_when_due()
    assert verdict is not None
    assert (verdict.outcome, verdict.learned) == (Outcome.PROMOTED, 30)
    assert registry.champion().hash == verdict.challenger
    assert office.journal(SUBJECT) == ["ModelPromoted"]


async def test_a_killed_retraining_leaves_the_old_model_serving_and_is_told(
    office: Office, registry: Registry, tmp_path: Path
) -> None:
    before = registry.serving().hash
    cases = tmp_path / "cases.jsonl"
    os.mkfifo(cases)  # the process waits here for cases that never come
    settle(registry, 3)
    trial = in_process(_settings(office, tmp_path, cases))
    with capture_logs() as logs:
        job = asyncio.create_task(retraining(office, registry, trial).retrain_when_due())
        waits = await asyncio.to_thread(cases.open, "w")
    (pid,) = [line["pid"] for line in logs if line["event"] == "retraining_process"]
    os.kill(pid, signal.SIGKILL)
    assert await job is None
    waits.close()
    assert registry.serving().hash == before
    assert office.journal(SUBJECT) == ["RetrainingFailed"]
    assert "signal 9" in words(office)["admin"]


def test_the_frozen_cases_are_beside_the_packages() -> None:
    assert SHIPPED_CASES.is_file()


def watch(office: Office, registry: Registry) -> DriftWatch:
    return DriftWatch(office.store, registry, office.outbox, leases_for(office.store), office.clock)


async def test_a_week_of_strange_words_alarms_admins_and_trainers_with_masked_sentences(
    office: Office, registry: Registry
) -> None:
    for number in range(60):
        say(office, f"t{number}", f"魑魅魍魉囍龘靐齉爩 13812345678 {'鱻麤'[number % 2]}", number)
    office.clock.advance(days=1)
    drift = await watch(office, registry).watch_when_due()
    assert drift is not None
    assert "unknown" in [one.name for one in drift.alarms]
    assert set(words(office)) == {"sunli", "admin"}
    assert "13812345678" not in words(office)["admin"]


async def test_the_look_at_drift_comes_once_a_week(office: Office, registry: Registry) -> None:
    job = watch(office, registry)
    assert await job.watch_when_due() is not None
    office.clock.advance(days=6)
    assert await job.watch_when_due() is None
    office.clock.advance(days=1)
    assert await job.watch_when_due() is not None
    assert office.journal(DRIFT) == ["DriftWatched", "DriftWatched"]
    assert words(office) == {}


async def test_a_corrected_reading_counts_as_corrected_in_the_week(
    office: Office, registry: Registry
) -> None:
    say(office, "t1", "50台什么价")
    office.propose(a_decision(words="50台什么价"))
    office.tap(Move.CORRECT, intent=Intent("complaint"))
    office.clock.advance(hours=1)
    drift = await watch(office, registry).look()
    (corrected,) = [one for one in drift.shifts if one.name == "corrected"]
    assert corrected.now == {"corrected": 1.0}


def test_the_clock_does_the_whole_loop(office: Office, registry: Registry, tmp_path: Path) -> None:
    settings = Settings.model_validate({"_env_file": None, "data_dir": tmp_path})
    jobs = learning_jobs(
        settings,
        office.store,
        registry,
        office.outbox,
        office.crm,
        leases_for(office.store),
        office.clock,
    )
    assert [one.work.__name__ for one in jobs] == ["propose_labels", "retrain_when_due", "watch_when_due"]
