"""Because of what: every reason points to words said, a CRM field or a passage; and what is not known is said."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from bot.comparing import Compared, models_compared
from bot.conversation import Turn
from bot.decision import Draft, Rationale, Reason, ReasonKind
from bot.injection import find_order
from bot.questions import unanswered
from crm_bridge import Account, Field, Record
from intents import Abstention, Intent, Ranked, Reading, Speaker, Taxonomy, load_taxonomy
from knowledge import Evidence, Findings
from prompts import phrase, reply_words

ASIA_SHANGHAI = ZoneInfo("Asia/Shanghai")
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


class Line(NamedTuple):
    """An unknown or a warning, and the customer's fields whose values it tells: who may not read them is not told it."""

    words: str
    quotes: tuple[str, ...] = ()


def explain(
    turn: Turn,
    reading: Reading,
    intent: Intent | None,
    account: Account | None,
    findings: Findings,
    draft: Draft,
    cites: Sequence[str],
    taxonomy: Taxonomy | None = None,
    compared: Compared | None = None,
) -> Rationale:
    """Reasons in the order a rep asks: what was said, what the documents say, who the customer is.

    `compared`: the products that were asked about, side by side; the passages that it is from are reasons too.
    """
    reasons = [
        *_words(turn, reading, intent, taxonomy or load_taxonomy()),
        *_passages(turn, intent, findings, cites),
        *_assumed(turn, reading, account, draft),
        *_fields(intent, account),
    ]
    if compared is not None:
        reasons += list(_compared(compared, reasons))
    unknowns = list(_unknowns(turn, intent, account, findings, draft, compared))
    warnings = list(_warnings(turn, intent, account, findings, draft))
    return Rationale(
        tuple(reasons),
        tuple(one.words for one in unknowns),
        tuple(dict.fromkeys(one.words for one in warnings)),
        {one.words: one.quotes for one in (*unknowns, *warnings) if one.quotes},
        compared.plain if compared else "",
    )


def retold(rationale: Rationale, before: Draft, after: Draft) -> Rationale:
    """The same reasons for a draft in other words: only what was taken out of it is said anew."""
    others = [one for one in rationale.warnings if one not in _removed(before)]
    return replace(rationale, warnings=(*others, *_removed(after)))


def because_of(rationale: Rationale, events: Sequence[Reason]) -> Rationale:
    """Events in place of words that nobody said."""
    unsaid = {ReasonKind.WORDS, ReasonKind.RULE}
    others = (one for one in rationale.reasons if one.kind not in unsaid)
    return replace(rationale, reasons=(*events, *others))


def _words(turn: Turn, reading: Reading, intent: Intent | None, taxonomy: Taxonomy) -> Iterator[Reason]:
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
        match reading.abstained:
            case Abstention.OUT_OF_SCOPE:
                text = phrase("reason_out_of_scope")
            case Abstention.TWO_CLOSE:
                also = {"other": taxonomy.label(second.intent), "second": _percent(second)}
                text = phrase("reason_two_close", **shares, **also)
            case _:
                text = phrase("reason_low", **shares)
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
    distinct: dict[
        tuple[str, str], Evidence
    ] = {}  # overlapping passages may bring the same excerpt: it speaks once
    for one in cited or others:
        distinct.setdefault((one.excerpt, str(one.passage.citation)), one)
    for one in list(distinct.values())[:MOST_PASSAGES]:
        yield Reason(ReasonKind.PASSAGE, one.excerpt, str(one.passage.citation).strip(), one.passage.id)


def _compared(compared: Compared, given: Sequence[Reason]) -> Iterator[Reason]:
    """Each place once, and none that a reason given names already."""
    text, named = phrase("reason_compared", models="、".join(compared.models)), {one.source for one in given}
    for passage in compared.passages:
        place = str(passage.citation).strip()
        if place not in named:
            named.add(place)
            yield Reason(ReasonKind.PASSAGE, text, place, passage.id)


def _asks(turn: Turn, intent: Intent | None) -> bool:
    """Whether documents can speak for the proposal at all: a put-off or a greeting asks for nothing."""
    reply = reply_words(intent) if intent else None
    return turn.speaker is Speaker.CUSTOMER and (reply is None or reply.cites != "none")


def _fields(intent: Intent | None, account: Account | None) -> Iterator[Reason]:
    if account is None:
        return
    for field in _telling(intent, account):
        text = phrase("reason_field", label=field.label, shown=field.shown)
        place = f"{field.lineage.system} · {account.short_name} · {field.lineage.object}"
        yield Reason(ReasonKind.CRM, text, place, f"{account.id}.{field.name}", field.lineage.at)


def _telling(intent: Intent | None, account: Account) -> list[Field]:
    """The fields that speak for what is proposed."""
    wanted = (account.get(name) for name in _FIELDS.get(intent or "", _ANY))
    return [field for field in wanted if field is not None and _says_something(field)][:MOST_FIELDS]


def _doubts(field: Field) -> Iterator[Line]:
    """What speaks against the value as it is shown: another system says otherwise, or it was read too long ago."""
    quotes = (f"account.{field.name}",)
    for other in field.others:
        words = phrase(
            "unknown_conflict",
            other=other.system,
            said=other.shown,
            label=field.label,
            system=field.lineage.system,
            shown=field.shown,
        )
        yield Line(words, quotes)
    if field.stale:
        read_at = field.lineage.read_at.astimezone(ASIA_SHANGHAI)
        yield Line(phrase("unknown_stale", label=field.label, at=f"{read_at:%Y-%m-%d %H:%M}"), quotes)


def _assumed(turn: Turn, reading: Reading, account: Account | None, draft: Draft) -> Iterator[Reason]:
    """Products nobody named: the open deal or the last order that they were taken from."""
    if account is None:
        return
    said = {entity.value for entity in reading.entities if entity.type == "product"}
    products = dict.fromkeys(product for action in draft.actions for product in _products(action.params))
    for product in products:
        if product in said or product.lower() in turn.text.lower():
            continue
        known = (*account.of("opportunity"), *account.of("order"))
        record = next((one for one in known if product in f"{one.title} {_product(one)}"), None)
        if record is not None and record.fields:
            place = f"{record.fields[0].lineage.system} · {account.short_name} · {record.id}"
            text = phrase("reason_assumed", product=product, title=record.title)
            yield Reason(ReasonKind.CRM, text, place, record.id, record.fields[0].lineage.at)


def _products(params: Mapping[str, Any]) -> Iterator[str]:
    lines = [params, *(params.get("lines") or ())]
    yield from (str(line["product"]) for line in lines if line.get("product"))


def _product(record: Record) -> str:
    field = record.get("product")
    return str(field.value) if field else ""


def _says_something(field: Field) -> bool:
    return field.value not in (None, "", 0, "0")


def _unknowns(
    turn: Turn,
    intent: Intent | None,
    account: Account | None,
    findings: Findings,
    draft: Draft,
    compared: Compared | None,
) -> Iterator[Line]:
    if account is None:
        if turn.customer is not None:
            yield Line(phrase("unknown_crm_asleep"))
        elif turn.customer_name:
            yield Line(phrase("unknown_not_in_crm", customer=turn.customer_name))
        else:
            yield Line(phrase("unknown_no_customer"))
    reply = reply_words(intent) if intent else None
    if reply and reply.cites == "passages":
        open_parts = (one for one in unanswered(findings) if not (compared and models_compared(one)))
        for part in islice(open_parts, 3):
            yield Line(phrase("unknown_part", part=part))
    for name in account.missing if account else ():
        yield Line(phrase("unknown_field", label=name))
    for field in _telling(intent, account) if account else ():
        yield from _doubts(field)
    for label in dict.fromkeys(label for action in draft.actions for label in action.missing):
        yield Line(phrase("unknown_param", label=label))


def _warnings(
    turn: Turn, intent: Intent | None, account: Account | None, findings: Findings, draft: Draft
) -> Iterator[Line]:
    if order := find_order(turn.text):
        yield Line(phrase("warning_injection", words=order))
    yield from _orders_found(account, findings)
    overdue = account.get("overdue") if account else None
    if overdue and _says_something(overdue) and intent in _PUSHES:
        yield Line(phrase("warning_overdue", shown=overdue.shown), ("account.overdue",))
    yield from map(Line, _removed(draft))
    for title in _old(findings.evidence):
        yield Line(phrase("warning_old", title=title))


def _orders_found(account: Account | None, findings: Findings) -> Iterator[Line]:
    """Orders to the machine in what the turn was read with: passages, names of documents, the customer's CRM fields."""
    for one in findings.evidence:
        cited = one.passage.citation
        if order := find_order(f"{cited.title}\n{cited.heading}\n{one.passage.text}"):
            yield Line(phrase("warning_injection_document", title=cited.title, words=order))
    for place, words, quotes in _written(account) if account else ():
        if order := find_order(words):
            yield Line(phrase("warning_injection_crm", place=place, words=order), quotes)


def _written(account: Account) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """What people wrote about a customer, where, and in which fields."""
    yield (
        phrase("place_account_name"),
        f"{account.name}\n{account.short_name}",
        ("account.name", "account.short_name"),
    )
    yield from ((field.label, field.shown, (f"account.{field.name}",)) for field in account.fields)
    for one in account.contacts:
        yield phrase("place_contact"), f"{one.name}\n{one.title}", ("contact.name", "contact.title")
    for record in account.records:
        names = ("text" if record.kind == "note" else "title", *(field.name for field in record.fields))
        words = "\n".join((record.title, *(field.shown for field in record.fields)))
        yield record.id, words, tuple(f"{record.kind}.{name}" for name in names)


def _removed(draft: Draft) -> list[str]:
    return [phrase("warning_removed", count=len(draft.removed))] if draft.removed else []


def _old(evidence: Sequence[Evidence]) -> list[str]:
    return sorted({one.passage.citation.title for one in evidence if one.passage.superseded and one.supports})
