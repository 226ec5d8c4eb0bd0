"""What an operator wants to know before the reps do: is every part there, and if not, what to do."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlmodel import Session, col

from bot import journal, people, schema
from bot.app import Parts
from bot.channels import ChannelError
from bot.language_model import Brief, LanguageModel, ModelFailed
from bot.people import Role
from bot.settings import channel_states, language_model_state
from bot.tables import ActionRow, DeliveryRow, OutboxRow
from crm_bridge import CrmError
from prompts import phrase


@dataclass(frozen=True)
class Finding:
    name: str
    ok: bool
    words: str


def examine(parts: Parts) -> list[Finding]:
    """One finding a check; nothing is changed."""
    with parts.store.look() as session:
        inside = [*_database(parts, session), *_people(parts, session), *_queues(session)]
    outside = [*_knowledge(parts), _model(parts), _language_model(parts), _crm(parts), *_channels(parts)]
    return [*inside, *outside]


def _database(parts: Parts, session: Session) -> Iterator[Finding]:
    wrong = schema.problem(session)
    yield Finding(
        "database", not wrong, wrong or f"{parts.store.engine.dialect.name}, schema {schema.head()}"
    )
    broken = journal.verify(session)
    lines = journal.length(session)
    words = (
        f"{lines} lines, whole"
        if broken is None
        else f"line {broken.seq}: {broken.why}; restore from a backup"
    )
    yield Finding("journal", broken is None, words)


def _people(parts: Parts, session: Session) -> Iterator[Finding]:
    everyone = people.everyone(session)
    reps = [one for one in everyone if one.role is Role.REP]
    if not reps:
        yield Finding(
            "people", False, "there is no rep; add one with `yiju users add NAME --role rep --wecom ID`"
        )
        return
    lost = [one.id for one in reps if parts.outbox.channel_of(one) is None]
    words = f"{len(everyone)} people, {len(reps)} reps"
    if lost and parts.channels:
        words += f"; not reachable on any channel that is on: {', '.join(lost[:5])}; add their platform ids"
    yield Finding("people", not (lost and parts.channels), words)
    if not any(one.role is Role.ADMIN for one in everyone):
        yield Finding("admin", False, "there is no admin to tell of strangers and failures; add one")


def _queues(session: Session) -> Iterator[Finding]:
    for name, table in (("deliveries", DeliveryRow), ("messages", OutboxRow), ("actions", ActionRow)):
        query = select(col(table.state), func.count()).group_by(col(table.state))
        counts: dict[str, int] = {state: count for state, count in session.execute(query)}
        dead = counts.get("dead", 0)
        words = f"{counts.get('waiting', 0)} waiting, {counts.get('done', 0)} done, {dead} given up"
        yield Finding(name, not dead, words + ("; see `error` of their rows" if dead else ""))


def _knowledge(parts: Parts) -> Iterator[Finding]:
    try:
        health = parts.library.check()
    except Exception as error:  # noqa: BLE001 - a vector server that is away raises errors of several libraries
        why = f"the indexes do not answer ({type(error).__name__}: {error}); check YIJU_CHROMA_URL and the data dir"
        yield Finding("knowledge", False, why)
        return
    words = f"{health.documents} documents, {health.passages} passages, index {health.index[:8]}"
    if not health.documents:
        words = "no documents; add some with `yiju knowledge add PATH…`"
    yield Finding("knowledge", health.ok and bool(health.documents), "; ".join(health.problems) or words)


def _model(parts: Parts) -> Finding:
    model = parts.registry.serving()
    return Finding("intents", True, f"model {model.hash[:12]}, {model.card.get('examples')} examples")


def _language_model(parts: Parts) -> Finding:
    """One short request with made-up words, as a draft would be asked for."""
    state = language_model_state(parts.settings)
    if state.half_set:
        return Finding("language model", False, f"half set, off; missing {', '.join(state.missing)}")
    if parts.redrafting is None:
        return Finding("language model", True, "off (nothing set); drafts are written by template")
    try:
        asyncio.run(_ask(parts.redrafting.model))
    except ModelFailed as failed:
        words = f"{parts.redrafting.model.name} gave no answer ({failed.reason}); check YIJU_LLM__*"
        return Finding("language model", False, f"{words}; drafts stay as the template wrote them")
    return Finding("language model", True, f"{parts.redrafting.model.name}, answers")


async def _ask(model: LanguageModel) -> None:
    try:
        await model.rewrite(Brief("warm", phrase("doctor_words"), (), phrase("doctor_draft")))
    finally:
        await model.close()


def _crm(parts: Parts) -> Finding:
    try:
        count = len(asyncio.run(parts.crm.directory()))
    except CrmError as error:
        return Finding("crm", False, f"{parts.crm.name} does not answer: {error}; check YIJU_CRM__*")
    advice = "" if count else "; import some or run `yiju demo --prepare-only`"
    return Finding("crm", bool(count), f"{parts.crm.name}, {count} customers{advice}")


def _channels(parts: Parts) -> Iterator[Finding]:
    for state in channel_states(parts.settings):
        if state.half_set:
            yield Finding(state.name, False, f"half set, off; missing {', '.join(state.missing)}")
        elif not state.on:
            yield Finding(state.name, True, "off (nothing set)")
        else:
            yield asyncio.run(_token(parts, state.name))
    if (
        any(name in parts.channels for name in ("wecom", "dingtalk"))
        and "127.0.0.1" in parts.settings.public_url
    ):
        yield Finding(
            "public_url",
            False,
            f"{parts.settings.public_url} cannot be opened from a phone; set YIJU_PUBLIC_URL",
        )


async def _token(parts: Parts, name: str) -> Finding:
    channel = parts.channels[name]
    try:
        await channel.warm()  # type: ignore[attr-defined]
    except ChannelError as error:
        return Finding(name, False, f"no access token: {error}")
    finally:
        if close := getattr(channel, "close", None):
            await close()
    return Finding(name, True, "on, access token received")
