"""Because of what: every reason points to words said, a CRM field or a passage; and what is not known is said."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from bot.conversation import Turn
from bot.decision import Draft, Rationale, Reason, ReasonKind
from bot.injection import find_order
from bot.questions import unanswered
from crm_bridge import Account, Field
from intents import Abstention, Intent, Ranked, Reading, Speaker, load_taxonomy
from knowledge import Evidence, Findings
from prompts import phrase, reply_words

MOST_FIELDS = 4
MOST_PASSAGES = 4
_FIELDS = {
    "quote_request": ("tier", "orders_12m", "open_deals", "payment_days"),
    "purchase": ("tier", "open_deals", "payment_days", "contract"),
    "technical_inquiry": ("tier", "last_order"),
    "competitor_comparison": ("tier", "open_deals", "orders_12m"),
    "service_request": ("tier", "open_tickets", "last_order", "contract"),
    "complaint": ("tier", "open_tickets", "orders_12m", "last_order"),
    "contract_terms": ("tier", "contract", "payment_days"),
    "billing": ("payment_days", "overdue", "last_order"),
    "delivery_inquiry": ("last_order", "tier"),
    "renewal_expansion": ("contract", "orders_12m", "tier"),
    "cancellation": ("tier", "orders_12m", "contract", "open_tickets"),
}
"""CRM fields that speak for what is proposed, most telling first."""
_ANY = ("tier", "open_deals", "last_order")
_PUSHES = frozenset({"purchase", "quote_request", "renewal_expansion"})


def explain(
    turn: Turn,
    reading: Reading,
    intent: Intent | None,
    account: Account | None,
    findings: Findings,
    draft: Draft,
    cites: Sequence[str],
) -> Rationale:
    """Reasons in the order a rep asks: what was said, what the documents say, who the customer is."""
    reasons = [
        *_words(turn, reading, intent),
        *_passages(turn, intent, findings, cites),
        *_fields(intent, account),
    ]
    return Rationale(
        tuple(reasons),
        tuple(_unknowns(turn, intent, account, findings, draft)),
        tuple(_warnings(turn, intent, account, findings, draft)),
    )


def retold(rationale: Rationale, before: Draft, after: Draft) -> Rationale:
    """The same reasons for a draft in other words: only what was taken out of it is said anew."""
    others = [one for one in rationale.warnings if one not in _removed(before)]
    return replace(rationale, warnings=(*others, *_removed(after)))


def _words(turn: Turn, reading: Reading, intent: Intent | None) -> Iterator[Reason]:
    taxonomy = load_taxonomy()
    source = phrase("source_words" if turn.speaker is Speaker.CUSTOMER else "source_rep")

    def heard(name: str, ranked: Ranked) -> Reason:
        words = "…".join(span.text for span in ranked.because)
        label = taxonomy.label(ranked.intent)
        text = (
            phrase(name, words=words, intent=label) if words else phrase("reason_words_whole", intent=label)
        )
        return Reason(ReasonKind.WORDS, text, source, turn.id, turn.at)

    if intent is None:
        first, second = reading.ranked[0], reading.ranked[min(1, len(reading.ranked) - 1)]
        shares = {"one": taxonomy.label(first.intent), "first": _percent(first)}
        close = reading.abstained is Abstention.TWO_CLOSE
        text = (
            phrase("reason_two_close", **shares, other=taxonomy.label(second.intent), second=_percent(second))
            if close
            else phrase("reason_low", **shares)
        )
        yield Reason(ReasonKind.RULE, text, phrase("source_model"), reading.model)
        return
    meant = next((one for one in (*reading.ranked, *reading.secondary) if one.intent == intent), None)
    if meant is None or intent != reading.best.intent:
        text = phrase("reason_meant", intent=taxonomy.label(intent))
        yield Reason(ReasonKind.RULE, text, phrase("source_correction"), "", turn.at)
    if meant is not None and (meant.because or meant is reading.best):
        yield heard("reason_words", meant)
    for other in reading.secondary[:2]:
        if other.intent != intent:
            yield heard("reason_also", other)


def _percent(ranked: Ranked) -> int:
    return round(ranked.confidence * 100)


def _passages(
    turn: Turn, intent: Intent | None, findings: Findings, cites: Sequence[str]
) -> Iterator[Reason]:
    """What the draft quotes; where it quotes nothing, the best that was found for a customer's question."""
    cited = [one for one in findings.evidence if one.passage.id in cites]
    others = [one for one in findings.evidence if one.supports][:2] if _asks(turn, intent) else []
    for one in (cited or others)[:MOST_PASSAGES]:
        yield Reason(ReasonKind.PASSAGE, one.excerpt, str(one.passage.citation).strip(), one.passage.id)


def _asks(turn: Turn, intent: Intent | None) -> bool:
    """Whether documents can speak for the proposal at all: a put-off or a greeting asks for nothing."""
    reply = reply_words(intent) if intent else None
    return turn.speaker is Speaker.CUSTOMER and (reply is None or reply.cites != "none")


def _fields(intent: Intent | None, account: Account | None) -> Iterator[Reason]:
    if account is None:
        return
    wanted = (account.get(name) for name in _FIELDS.get(intent or "", _ANY))
    telling = [field for field in wanted if field is not None and _says_something(field)]
    for field in telling[:MOST_FIELDS]:
        text = phrase("reason_field", label=field.label, shown=field.shown)
        place = f"{field.lineage.system} · {account.short_name} · {field.lineage.object}"
        yield Reason(ReasonKind.CRM, text, place, f"{account.id}.{field.name}", field.lineage.at)


def _says_something(field: Field) -> bool:
    return field.value not in (None, "", 0, "0")


def _unknowns(
    turn: Turn, intent: Intent | None, account: Account | None, findings: Findings, draft: Draft
) -> Iterator[str]:
    if account is None:
        if turn.customer is not None:
            yield phrase("unknown_crm_asleep")
        elif turn.customer_name:
            yield phrase("unknown_not_in_crm", customer=turn.customer_name)
        else:
            yield phrase("unknown_no_customer")
    reply = reply_words(intent) if intent else None
    if reply and reply.cites == "passages":
        for part in unanswered(findings)[:3]:
            yield phrase("unknown_part", part=part)
    for name in account.missing if account else ():
        yield phrase("unknown_field", label=name)
    for label in dict.fromkeys(label for action in draft.actions for label in action.missing):
        yield phrase("unknown_param", label=label)


def _warnings(
    turn: Turn, intent: Intent | None, account: Account | None, findings: Findings, draft: Draft
) -> Iterator[str]:
    if order := find_order(turn.text):
        yield phrase("warning_injection", words=order)
    overdue = account.get("overdue") if account else None
    if overdue and _says_something(overdue) and intent in _PUSHES:
        yield phrase("warning_overdue", shown=overdue.shown)
    yield from _removed(draft)
    for title in _old(findings.evidence):
        yield phrase("warning_old", title=title)


def _removed(draft: Draft) -> list[str]:
    return [phrase("warning_removed", count=len(draft.removed))] if draft.removed else []


def _old(evidence: Sequence[Evidence]) -> list[str]:
    return sorted({one.passage.citation.title for one in evidence if one.passage.superseded and one.supports})
