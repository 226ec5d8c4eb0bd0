"""A card as a form: what it shows, and what a person's reply by it does. The decision page and WeCom's sidebar show it alike."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlmodel import Session

from bot import actions, openings, people
from bot.card import Card, Choice
from bot.cards import CardMaker
from bot.confirmation import Applied, Move, Reply
from bot.conversation import UserId
from bot.decision import Decision, Draft, Proposal, State
from bot.edited import doubts, mark_of
from bot.errors import InvalidInput, NotAllowed, NotFound
from bot.people import Person
from bot.rechecking import in_words
from bot.security import Links
from bot.store import Store
from bot.tapping import Taps
from intents import Intent
from prompts import phrase

_SENDABLE = frozenset({State.PROPOSED, State.CONFIRMED, State.CORRECTED, State.CARRIED_OUT, State.FAILED})
"""States of a card whose draft a rep may still send."""
ALL_CHOICES = 100
"""A page, unlike a card, has room for every intent."""


@dataclass(frozen=True)
class Opened:
    """A card that may be shown: the decision and its card, who looks, and whose it is."""

    decision: Decision
    card: Card
    viewer: Person
    rep: Person
    lapsed: str = ""
    """What became of documents that it rests on, where its draft is still to be sent."""


@dataclass(frozen=True)
class Returned:
    """A form that changed nothing: why, and how it is shown again.

    `typed`: as it was filled in, so that a mistake in one field costs nothing in the others.
    """

    opened: Opened
    said: str
    status: int
    typed: Mapping[str, str] | None = None


class CardForm:
    """Opens, shows and applies. `at`, where it is asked for, names the page that the form stands on."""

    def __init__(
        self, store: Store, cards: CardMaker, links: Links, taps: Taps, clock: Callable[[], datetime]
    ) -> None:
        self._store = store
        self._cards = cards
        self._links = links
        self._taps = taps
        self._clock = clock

    async def open(self, decision: str, viewer: str) -> Opened:
        """Whoever opens it has looked, and that is noted. Raises `NotFound`, and `NotAllowed` for everybody but the rep
        and their manager."""
        opened = await self._store.read(lambda session: self._open(session, decision, viewer))
        await openings.note(self._store, decision, viewer, self._clock())
        if opened.decision.state not in _SENDABLE:
            return opened
        return replace(opened, lapsed=in_words(await self._taps.lapsed(opened.decision, opened.rep)))

    def shown(self, at: str, opened: Opened, typed: Mapping[str, str] | None = None) -> dict[str, Any]:
        """What `templates/card.html` needs."""
        decision = opened.decision
        return {
            "mark": self._links.form_mark(at, decision.version),
            "decision": decision,
            "card": opened.card,
            "lapsed": _warning(opened),
            "choices": self._cards.choices(decision, ALL_CHOICES),
            "viewer": opened.viewer,
            "rep": opened.rep,
            "draft": (typed or {}).get("draft", decision.draft.text),
            "doubts": (typed or {}).get("doubts", ""),
            "forms": [_form(number, action, typed) for number, action in enumerate(decision.draft.actions)],
        }

    async def apply(self, at: str, opened: Opened, form: Mapping[str, str]) -> Applied | Returned:
        """One reply by form."""
        mark = self._links.form_mark(at, opened.decision.version)
        if not hmac.compare_digest(form.get("mark", "").encode(), mark.encode()):
            return Returned(opened, await self._taps.overtaken(opened.decision), 409)
        try:
            reply = _reply(opened, self._cards.choices(opened.decision, ALL_CHOICES), form)
        except (InvalidInput, NotFound) as wrong:
            return Returned(opened, str(wrong), 422, form)
        if told := _doubted(opened.decision, reply.draft, form):
            return Returned(opened, told, 422, {**form, "doubts": mark_of(told)})
        applied = await self._taps.reply(reply, opened.viewer, lambda session, applied: None)
        if applied.refused:
            fresh = await self.open(opened.decision.id, opened.viewer.id)
            return Returned(fresh, self._taps.refusal(applied), 409)
        return applied

    def _open(self, session: Session, decision: str, viewer: str) -> Opened:
        found, card = self._cards.load(session, decision)
        person, rep = people.by_id(session, viewer), people.by_id(session, found.rep)
        if not person.may_decide_for(rep):
            raise NotAllowed(phrase("page_not_yours", rep=rep.name, you=person.name))
        return Opened(found, card, person, rep)


def _warning(opened: Opened) -> str:
    if not opened.lapsed:
        return ""
    name = "warning_lapsed_open" if opened.decision.is_open else "warning_lapsed_decided"
    return phrase(name, sources=opened.lapsed)


def _reply(opened: Opened, choices: Sequence[Choice], form: Mapping[str, str]) -> Reply:
    decision = opened.decision
    base = Reply(
        decision.id,
        UserId(opened.viewer.id),
        Move.CONFIRM,
        decision.version,
        decision.content_hash,
        note=form.get("note", "")[:300],
    )
    match form.get("move"):
        case "intent":
            return replace(base, move=Move.CORRECT, intent=_intent(choices, form.get("intent", "")))
        case "confirm":
            draft = _draft(decision, form)
            same = draft == decision.draft
            return base if same else replace(base, move=Move.CORRECT, draft=draft)
        case "decline" | "retry" | "undo" as move:
            return replace(base, move=Move(move))
        case other:
            raise InvalidInput(f"“{other}”不是这个页面的操作")


def _doubted(decision: Decision, draft: Draft | None, form: Mapping[str, str]) -> str:
    """What in changed words has no source, unless the person was told just that and confirms again."""
    if draft is None or draft.text == decision.draft.text:
        return ""
    told = doubts(decision, draft.text)
    return "" if form.get("doubts") == mark_of(told) else told


def _intent(choices: Sequence[Choice], chosen: str) -> Intent:
    """One of the intents that the page offers. Raises `InvalidInput`."""
    if chosen not in {choice.id for choice in choices}:
        raise InvalidInput(f"“{chosen}”不是可以选的意图,请从列表里选一个")
    return Intent(chosen)


def _draft(decision: Decision, form: Mapping[str, str]) -> Draft:
    """The draft and the actions as the form has them. Raises `InvalidInput` naming every field that is wrong."""
    kept, wrong = [], []
    for number, action in enumerate(decision.draft.actions):
        if f"a{number}.keep" not in form:
            continue
        prefix = f"a{number}."
        values = {name.removeprefix(prefix): value for name, value in form.items() if name.startswith(prefix)}
        values.pop("keep")
        try:
            params = actions.by_name(action.kind).parse(values, action.params)
            kept.append(Proposal(action.kind, params))
        except InvalidInput as error:
            wrong.append(str(error))
    if wrong:
        raise InvalidInput("\n".join(wrong))
    text = form.get("draft", decision.draft.text).replace("\r\n", "\n").strip()
    return replace(decision.draft, text=text, actions=tuple(kept))


def _form(number: int, action: Proposal, typed: Mapping[str, str] | None) -> dict[str, Any]:
    """An action's part of the form: filled as proposed, or as it was typed."""
    kind, prefix = actions.by_name(action.kind), f"a{number}."
    fields = [
        replace(one, value=(typed or {}).get(prefix + one.name, one.value))
        for one in kind.form(action.params)
    ]
    keep = typed is None or f"{prefix}keep" in typed
    return {"label": kind.label, "fields": fields, "missing": action.missing, "keep": keep}
