"""What an operator wants to know before the reps do: is every part there, and if not, what to do."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import func, select
from sqlmodel import Session, col

from bot import journal, people, schema
from bot.app import Parts
from bot.channels import ChannelError
from bot.customer_system import Examined, examined, unset
from bot.language_model import Brief, LanguageModel, ModelFailed
from bot.people import Role
from bot.schema import Standing
from bot.settings import channel_states, language_model_state
from bot.tables import ActionRow, DeliveryRow, OutboxRow
from knowledge.fusion import FEWEST
from prompts import finding_words, phrase


@dataclass(frozen=True)
class Finding:
    """What one check found: a name of `prompts/findings.yaml` with its values, in both languages."""

    name: str
    ok: bool
    what: str
    values: Mapping[str, Any] = field(default_factory=dict)
    detail: str = ""
    """What a library or another system said of it, as it was said."""
    code: str = ""
    """The platform's own, where it refused."""

    @property
    def words(self) -> str:
        """For the terminal."""
        said = finding_words(self.what, "en", self.values)
        return f"{said} ({self.detail})" if self.detail else said

    @property
    def chinese(self) -> str:
        """For the console, without the detail."""
        return finding_words(self.what, "zh", self.values)


def examine(parts: Parts) -> list[Finding]:
    """One finding a check; nothing is changed."""
    with parts.store.look() as session:
        inside = [*_database(parts, session), *_people(parts, session), *_queues(session)]
    outside = [*_knowledge(parts), _model(parts), _language_model(parts), _crm(parts), *_channels(parts)]
    return [*inside, *outside]


def _database(parts: Parts, session: Session) -> Iterator[Finding]:
    found, expected = schema.current(session.connection()), schema.head()
    standing, dialect = schema.standing(found), parts.store.engine.dialect.name
    if standing is Standing.SAME:
        yield Finding("database", True, "database", {"dialect": dialect, "schema": expected})
    elif standing is Standing.AHEAD:
        values = {"dialect": dialect, "found": found, "expected": expected}
        yield Finding("database", True, "schema_ahead", values)
    else:
        what = "schema_differs" if standing is Standing.BEHIND else "schema_foreign"
        yield Finding("database", False, what, {"found": found or "nothing", "expected": expected})
    broken = journal.verify(session)
    if broken is None:
        yield Finding("journal", True, "journal", {"lines": journal.length(session)})
    else:
        yield Finding("journal", False, "journal_broken", {"line": broken.seq}, broken.why)


def _people(parts: Parts, session: Session) -> Iterator[Finding]:
    everyone = people.everyone(session)
    reps = [one for one in everyone if one.role is Role.REP]
    if not reps:
        yield Finding("people", False, "no_reps")
        return
    counts = {"people": len(everyone), "reps": len(reps)}
    lost = [one.id for one in reps if parts.outbox.channel_of(one) is None] if parts.channels else []
    if lost:
        yield Finding("people", False, "people_lost", {**counts, "lost": ", ".join(lost[:5])})
    else:
        yield Finding("people", True, "people", counts)
    if not any(one.role is Role.ADMIN for one in everyone):
        yield Finding("admin", False, "no_admin")


def _queues(session: Session) -> Iterator[Finding]:
    for name, table in (("deliveries", DeliveryRow), ("messages", OutboxRow), ("actions", ActionRow)):
        query = select(col(table.state), func.count()).group_by(col(table.state))
        found: dict[str, int] = {state: count for state, count in session.execute(query)}
        counts = {state: found.get(state, 0) for state in ("waiting", "done", "dead")}
        yield Finding(name, not counts["dead"], "queue_dead" if counts["dead"] else "queue", counts)


def _knowledge(parts: Parts) -> Iterator[Finding]:
    try:
        health = parts.library.check(contents=True)
    except Exception as error:  # noqa: BLE001 - a vector server that is away raises errors of several libraries
        yield Finding("knowledge", False, "indexes_away", detail=f"{type(error).__name__}: {error}")
        return
    if not health.ok:
        yield Finding("knowledge", False, "knowledge_differs", detail="; ".join(health.problems))
    elif not health.documents:
        yield Finding("knowledge", False, "no_documents")
    else:
        held = {"documents": health.documents, "passages": health.passages, "index": health.index[:8]}
        yield Finding("knowledge", True, "knowledge", held)
    if not parts.library.files.weights_hold():
        yield _weights(parts)


def _weights(parts: Parts) -> Finding:
    """With an encoder that nothing was chosen with yet."""
    kept, dense = len(parts.library.files.questions()), parts.library.weights.dense
    values = {"questions": kept, "dense": dense}
    if kept >= FEWEST:
        return Finding("weights", True, "weights_due", values)
    return Finding("weights", False, "weights_unknown", {**values, "fewest": FEWEST})


def _model(parts: Parts) -> Finding:
    model = parts.registry.serving()
    known = {"model": model.hash[:12], "examples": model.card.get("examples")}
    return Finding("intents", True, "intents", known)


def _half_set(name: str, missing: Sequence[str]) -> Finding:
    return Finding(name, False, "half_set", {"missing": ", ".join(missing)})


def _language_model(parts: Parts) -> Finding:
    """One short request with made-up words, as a draft would be asked for."""
    state = language_model_state(parts.settings)
    if state.half_set:
        return _half_set("language model", state.missing)
    if parts.redrafting is None:
        return Finding("language model", True, "llm_off")
    model = parts.redrafting.model
    try:
        asyncio.run(_ask(model))
    except ModelFailed as failed:
        return Finding("language model", False, "llm_silent", {"model": model.name}, failed.reason)
    return Finding("language model", True, "llm", {"model": model.name})


async def _ask(model: LanguageModel) -> None:
    try:
        await model.rewrite(Brief("warm", phrase("doctor_words"), (), phrase("doctor_draft")))
    finally:
        await model.close()


def _crm(parts: Parts) -> Finding:
    if lacking := unset(parts.settings.crm):
        return _half_set("crm", lacking)

    async def look() -> Examined:
        try:
            return await examined(parts.crm)
        finally:
            if close := getattr(parts.crm, "close", None):
                await close()

    system = asyncio.run(look())
    values: dict[str, Any] = {"system": parts.crm.name}
    if system.what in {"crm", "crm_lacks"}:
        values["names"] = system.names
    return Finding("crm", system.what == "crm", system.what, values, system.detail)


def _channels(parts: Parts) -> Iterator[Finding]:
    for state in channel_states(parts.settings):
        if state.half_set:
            yield _half_set(state.name, state.missing)
        elif not state.on:
            yield Finding(state.name, True, "channel_off")
        elif state.name == "wecom_bot":
            yield Finding(state.name, True, "bot_on")
        else:
            yield asyncio.run(_token(parts, state.name))
    if (
        any(name in parts.channels for name in ("wecom", "wecom_bot", "dingtalk"))
        and "127.0.0.1" in parts.settings.public_url
    ):
        yield Finding("public_url", False, "not_public", {"url": parts.settings.public_url})


async def _token(parts: Parts, name: str) -> Finding:
    channel = parts.channels[name]
    try:
        await channel.warm()  # type: ignore[attr-defined]
    except ChannelError as error:
        return Finding(name, False, "no_token", detail=str(error), code=error.code)
    finally:
        if close := getattr(channel, "close", None):
            await close()
    return Finding(name, True, "channel_on")
