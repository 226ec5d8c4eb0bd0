"""A store with a past: many decisions of the last weeks, decided as people do, in bulk and the same for the same seed."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from sqlalchemy import insert
from sqlmodel import SQLModel

from bot import decisions
from bot.conversation import ConversationId, TurnId, UserId
from bot.decision import Decision, DecisionId, State
from bot.store import Store
from bot.tables import ConfirmationRow, ContentRow, CorrectionRow, DecisionRow, OpeningRow, TurnRow
from intents import Intent, Ranked

CHUNK = 5_000
INTENTS = {
    "technical_inquiry": 20, "quote_request": 18, "purchase": 10, "competitor_comparison": 9, "delivery_inquiry": 9,
    "complaint": 8, "vague_interest": 8, "billing": 6, "renewal_expansion": 6, "meeting_request": 6,
}  # fmt: skip
"""Intent → how many of a hundred cards."""
CAUSES = ("event:ticket.reported", "signal:upsell", "expiring")
WORDS = (
    "X200 要几台",
    "五十台什么价",
    "上次那批货什么时候到",
    "能不能再便宜一点",
    "质保几年",
    "开票信息发我一下",
)
FATES = {
    "accepted": 52,
    "edited": 14,
    "other intent": 7,
    "declined": 10,
    "expired": 9,
    "replaced": 3,
    "open": 5,
}
Rows = dict[type[SQLModel], list[dict[str, Any]]]


def fill(
    store: Store, model: Decision, reps: Sequence[str], count: int, now: datetime, days: int = 90
) -> None:
    """So many decisions like `model`, proposed within the last `days`, newest last."""
    numbers = iter(range(count))
    chance = random.Random(11)
    while chunk := list(islice(numbers, CHUNK)):
        rows: Rows = {}
        for number in chunk:
            at = now - timedelta(days=days) * (1 - number / count) - timedelta(seconds=1)
            for table, row in _one(chance, model, chance.choice(reps), number, at):
                rows.setdefault(table, []).append(row)
        with store.begin() as session:
            for table in (DecisionRow, TurnRow, OpeningRow, ContentRow, ConfirmationRow, CorrectionRow):
                if table in rows:
                    session.execute(insert(table), rows[table])


def _one(
    chance: random.Random, model: Decision, rep: str, number: int, at: datetime
) -> Iterator[tuple[type[SQLModel], dict[str, Any]]]:
    """The rows of one decision."""
    intent, sure = Intent(_pick(chance, INTENTS)), round(chance.uniform(0.4, 0.99), 3)
    cause = f"{chance.choice(CAUSES)}:{number}" if number % 12 == 0 else f"sim:{rep}"
    ranked = (Ranked(intent, sure), *(one for one in model.reading.ranked[1:] if one.intent != intent))
    shown = replace(
        model,
        id=DecisionId(f"past-{number}"),
        turn=TurnId(f"past-{number}"),
        conversation=ConversationId(cause),
        rep=UserId(rep),
        words=f"{chance.choice(WORDS)} #{number}",
        intent=intent,
        reading=replace(model.reading, ranked=ranked),
        created_at=at,
        expires_at=at + timedelta(hours=24),
    )
    fate, took = _pick(chance, FATES), timedelta(seconds=chance.lognormvariate(4, 1.5))
    ended, rows = _fate(chance, shown, fate, at + took)
    yield DecisionRow, {**decisions.columns(ended), "body_version": 1}
    yield TurnRow, {"id": shown.turn, "conversation": cause, "delivery": shown.id, "rep": rep, "speaker": "customer", "text": shown.words, "customer": shown.customer, "at": at, "outcome": "card", "answer": ""}  # fmt: skip
    yield from rows
    if chance.random() < 0.4:
        yield OpeningRow, {"decision": shown.id, "person": rep, "at": at}


def _fate(
    chance: random.Random, shown: Decision, fate: str, at: datetime
) -> tuple[Decision, list[tuple[type[SQLModel], dict[str, Any]]]]:
    """What became of it, and the rows that say so."""
    by = shown.rep
    noted = {"id": shown.id, "decision": shown.id, "person": by, "at": at, "changes": {}}
    confirmed = {**noted, "version": 0, "content_hash": shown.content_hash, "opened": chance.random() < 0.4}
    corrected = {**noted, "proposed": shown.intent, "corrected": None, "note": ""}
    match fate:
        case "accepted":
            done = shown.confirm(by, at).carry_out()
            return done, [(ConfirmationRow, {**confirmed, "kind": State.CONFIRMED.value})]
        case "edited":
            draft = replace(shown.draft, text=f"{shown.draft.text}\n(改过)")
            changes = {"draft": [shown.draft.text, draft.text]}
            before = {"decision": shown.id, "content_hash": shown.content_hash, "version": 0}
            return shown.correct(by, at, draft).carry_out(), [
                (ContentRow, {**before, "body": decisions.columns(shown)["body"]}),
                (ConfirmationRow, {**confirmed, "kind": State.CORRECTED.value, "changes": changes}),
                (CorrectionRow, {**corrected, "kind": "content", "proposed": None, "changes": changes}),
            ]
        case "other intent":
            meant = _pick(chance, {one: many for one, many in INTENTS.items() if one != shown.intent})
            row = {**corrected, "kind": "intent", "corrected": meant}
            return shown.supersede("intent_corrected", by, at), [(CorrectionRow, row)]
        case "declined":
            return shown.decline(by, at, "不是这个意思"), [(CorrectionRow, {**corrected, "kind": "declined"})]
        case "expired":
            return shown.expire(), []
        case "replaced":
            return shown.supersede("extended"), []
    return replace(shown, expires_at=at + timedelta(days=1000)), []


def _pick(chance: random.Random, weights: dict[str, int]) -> str:
    return chance.choices(list(weights), list(weights.values()))[0]
