"""Writes from evidence and CRM fields by template: replies to customers, answers to reps.

A language model may word a draft better later; what it may say is bounded by the same check (grounding.py).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bot.citing import cite
from bot.comparing import comparison
from bot.conversation import Turn
from bot.grounding import Source, Sources
from bot.injection import find_order
from bot.questions import unanswered
from bot.quoting import around, place, spoken
from crm_bridge import Account, Record
from intents import Intent, Reading
from knowledge import Evidence, Findings, tells_only_the_past
from prompts import ReplyWords, courtesy, greeting, pending, phrase, render, reply_words

MOST_POINTS = 4
AGREED = 0.6
"""Share of the best score from which a clause of the customer's own contract is preferred."""
_CRM_POINTS = {
    "delivery_inquiry": (("order", ("status", "ship_by", "tracking")),),
    "billing": (("invoice", ("amount", "paid", "due_on")),),
    "renewal_expansion": (("contract", ("number", "valid_until")),),
}
"""Which records of a customer its own reply may quote, and their fields."""
_LOOKED_UP = ("opportunity", "order", "quote", "ticket", "contract", "invoice", "task", "note")


@dataclass(frozen=True)
class DraftText:
    """A draft; `cites` are the ids of the passages it quotes, `removed` the sentences that nothing carried."""

    text: str
    cites: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()


@dataclass(frozen=True)
class Point:
    """One thing that a source says: in its words, with the source as a customer may read it."""

    text: str
    source: str
    passage: str = ""
    quote: str = ""


class TemplateWriter:
    """Implements `Writer` (bot/copilot.py) over `prompts/`."""

    def draft(
        self,
        turn: Turn,
        reading: Reading,
        intent: Intent,
        account: Account | None,
        findings: Findings,
        *,
        tone: str,
    ) -> DraftText:
        """A reply for the customer; empty for a rep's own instruction, which answers nobody."""
        words = reply_words(intent)
        if words is None:
            return DraftText("")
        points = list(_points(words, intent, account, findings))[:MOST_POINTS]
        tier = _tier(account)
        text = render(
            "drafts/reply",
            greeting=greeting(tone, _called(account), tier),
            opening=words.opening,
            points=points,
            bare=words.bare,
            pending=_pending(words, findings, points),
            closing=words.closing + courtesy(tier),
        )
        frame = (words.opening, words.closing, words.bare)
        firm: list[str | Source] = [*_firm(account, points, findings), *frame]
        checked = cite(text, Sources.of(firm, turn.text))
        cites = (point.passage for point in points if point.passage and point.text in checked.text)
        return DraftText(checked.text, tuple(cites), checked.removed)

    def answer(self, turn: Turn, intent: Intent, account: Account | None, findings: Findings) -> str:
        """A rep's question: the short answer first, then where it stands."""
        if intent == "lookup_customer" and account is not None:
            return _about(account, turn.text)
        if side_by_side := comparison(turn.text, findings.evidence):
            return side_by_side
        points = [_point(one) for one in _best(findings.evidence, for_customer=False)][:MOST_POINTS]
        if not points or not findings.answerable:
            return phrase("no_answer", reason=findings.reason or phrase("answer_nothing", question=turn.text))
        expired = any(one.expired for one in findings.evidence if one.supports)
        return render(
            "answers/knowledge",
            warning=phrase("answer_expired") if expired else "",
            points=points,
            unanswered=unanswered(findings),
        )


def _points(
    words: ReplyWords, intent: Intent, account: Account | None, findings: Findings
) -> Iterator[Point]:
    if words.cites in {"crm", "both"} and account is not None:
        yield from _from_crm(intent, account)
    if words.cites in {"passages", "both"}:
        yield from map(_point, _best(findings.evidence, for_customer=True))


def _best(evidence: Sequence[Evidence], *, for_customer: bool) -> Iterator[Evidence]:
    """The best support of each part. What was agreed with this customer comes before what holds for everybody, and
    that before notes of our own on the same matter."""
    parts: dict[str, list[Evidence]] = {}
    for one in evidence:
        if one.supports and one.excerpt.strip() and not (for_customer and _is_withheld(one)):
            parts.setdefault(one.part, []).append(one)
    for found in parts.values():
        near = [one for one in found if one.score >= AGREED * found[0].score]
        agreed = (one for one in near if one.passage.customer)
        official = (one for one in near if not one.passage.for_reps)
        yield next(agreed, next(official, found[0]))


def _is_withheld(found: Evidence) -> bool:
    """What no customer is told: papers that only reps read, what holds no more, and orders to the machine."""
    passage = found.passage
    ordered = find_order(f"{passage.citation.title}\n{found.excerpt}")
    old = passage.superseded or found.expired or tells_only_the_past(found.excerpt)
    return passage.for_reps or old or bool(ordered)


def _point(found: Evidence) -> Point:
    said = spoken(found).strip()
    if tells_only_the_past(found.excerpt):
        said = phrase("old_value", said=said)
    return Point(said, place(found), found.passage.id, around(found))


def _from_crm(intent: Intent, account: Account) -> Iterator[Point]:
    for kind, names in _CRM_POINTS.get(intent, ()):
        for record in account.of(kind)[:1]:
            told = f"{record.title}:{_shown(record, names)}"
            if not find_order(told):
                yield Point(told, _system(record))


def _system(record: Record) -> str:
    """Where a record stands, as a customer reads it: the system, and what it is there."""
    if not record.fields:
        return ""
    return f"{record.fields[0].lineage.system}·{_KIND_WORDS.get(record.kind, (record.kind,))[0]}"


def _shown(record: Record, names: Sequence[str]) -> str:
    fields = [field for name in names if (field := record.get(name)) and field.value not in (None, "")]
    return ",".join(f"{field.label} {field.shown}" for field in fields)


def _pending(words: ReplyWords, findings: Findings, points: Sequence[Point]) -> str:
    """Questions that nothing answers are promised an answer, where others in the same message got one.

    What reads like an order to the machine is no question: nobody promises to follow it.
    """
    asked = "、".join([part for part in unanswered(findings) if not find_order(part)][:3])
    return pending(f"“{asked}”") if points and asked and words.cites in {"passages", "both"} else ""


def _called(account: Account | None) -> str:
    return account.short_name if account else ""


def _tier(account: Account | None) -> str:
    """As the CRM shows it to this rep: empty where the policy keeps the field from them."""
    field = account.get("tier") if account else None
    return str(field.value or "") if field else ""


def _firm(account: Account | None, points: Sequence[Point], findings: Findings) -> Iterator[Source]:
    """What the draft may rest on: the passages it quotes, and the customer's own fields."""
    quoted = {point.passage for point in points}
    for one in findings.evidence:
        if one.passage.id in quoted:
            cited = one.passage.citation
            for told in (f"{cited.heading}\n{one.passage.text}", one.excerpt, str(cited)):
                yield Source(told, place(one))
    if account is not None:
        yield Source(f"{account.name} {account.short_name}")
        for field in account.fields:
            yield Source(f"{field.label}{field.shown}", f"{field.lineage.system}·{field.lineage.object}")
        for record in account.records:
            fields = " ".join(f"{field.label} {field.shown}" for field in record.fields)
            yield Source(f"{record.title} {fields}", _system(record))


def _about(account: Account, question: str) -> str:
    """What was asked of a customer first; everything at a glance where nothing in particular was."""
    asked = [field for field in account.fields if field.label in question or _means(field.name, question)]
    kinds = [kind for kind in _LOOKED_UP if any(word in question for word in _KIND_WORDS[kind])]
    records = [record for kind in kinds for record in account.of(kind)[:3]]
    wants_people = any(word in question for word in ("联系人", "电话", "找谁", "谁负责采购", "对接"))
    return render(
        "answers/customer",
        customer=account.name,
        fields=[
            {
                "label": field.label,
                "shown": field.shown,
                "source": f"{field.lineage.system}·{field.lineage.object}",
            }
            for field in (asked or ([] if records or wants_people else account.fields))
        ],
        records=[_line(record) for record in records],
        contacts=[" ".join(filter(None, (one.name, one.title, one.phone))) for one in account.contacts]
        if wants_people or not (asked or records)
        else [],
    )


def _line(record: Record) -> dict[str, str]:
    names = [field.name for field in record.fields]
    return {
        "label": _KIND_WORDS[record.kind][0],
        "id": record.id,
        "title": record.title,
        "shown": _shown(record, names),
    }


_KIND_WORDS = {
    "opportunity": ("商机", "项目", "单子", "机会"),
    "order": ("订单", "下单", "买过", "发货", "买了什么"),
    "quote": ("报价单", "报过价", "报价"),
    "ticket": ("工单", "报修", "故障", "售后"),
    "contract": ("合同", "到期", "续约"),
    "invoice": ("应收", "欠款", "回款", "发票", "没付"),
    "task": ("任务", "待办"),
    "note": ("跟进", "记录", "聊过"),
}
_FIELD_WORDS = {
    "tier": ("等级", "级别", "VIP", "vip", "几级"),
    "payment_days": ("账期", "付款期"),
    "owner": ("谁负责", "谁的客户", "负责人"),
    "overdue": ("逾期", "欠", "没付"),
    "region": ("哪里", "区域", "地区"),
    "industry": ("行业", "做什么"),
    "orders_12m": ("买了多少", "采购额", "一年", "订单额"),
    "last_order": ("最近", "上次"),
    "open_tickets": ("工单",),
    "open_deals": ("商机", "在谈"),
    "contract": ("合同",),
}


def _means(field: str, question: str) -> bool:
    return any(word in question for word in _FIELD_WORDS.get(field, ()))
