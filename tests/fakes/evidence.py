"""Evidence, accounts and readings as tests of drafting need them: small, and different only where a test says so."""

from __future__ import annotations

from typing import Any

from bot.conversation import ConversationId, Turn, TurnId, UserId
from crm_bridge import Account, AccountId, Contact, Field, Lineage, Record
from intents import Abstention, Intent, Ranked, Reading, Span, Speaker
from knowledge import Citation, DocumentKind, Evidence, Findings, Passage
from tests.fakes.clock import START


def evidence(
    text: str,
    title: str = "X系列离心机用户手册",
    *,
    kind: DocumentKind = DocumentKind.MANUAL,
    score: float = 1.0,
    part: str = "",
    excerpt: str | None = None,
    supports: bool = True,
    **passage: Any,
) -> Evidence:
    """A passage that is its own excerpt. `page`, `clause` and `heading` go into its citation."""
    place = {name: passage.pop(name) for name in ("page", "clause", "heading") if name in passage}
    cited = Citation(f"doc-{title}", title, "V1", **place)
    found = Passage(f"{title}:{text[:12]}", text, cited, kind, **passage)
    return Evidence(found, score, "", part, text if excerpt is None else excerpt, supports)


def findings(
    *found: Evidence, answerable: bool = True, unanswered: tuple[str, ...] = (), reason: str = ""
) -> Findings:
    return Findings(found, answerable, reason, "index-1", unanswered)


def field(name: str, label: str, value: Any, shown: str = "") -> Field:
    lineage = Lineage("内置CRM", "客户", name, START, START)
    return Field(name, label, value, shown or str(value), lineage)


def account(*fields: Field, records: tuple[Record, ...] = (), missing: tuple[str, ...] = ()) -> Account:
    contact = Contact("c1", "王建国", "设备科主任", "13800000001")
    name, short = "华东仁和医疗科技有限公司", "华东仁和"
    return Account(AccountId("A-1"), name, short, "zhangsan", "medical", fields, (contact,), records, missing)


def a_turn(text: str, **changes: Any) -> Turn:
    values: dict[str, Any] = {
        "id": TurnId("t1"),
        "conversation": ConversationId("sim:zhangsan"),
        "channel": "sim",
        "rep": UserId("zhangsan"),
        "speaker": Speaker.CUSTOMER,
        "text": text,
        "at": START,
        "customer": AccountId("A-1"),
        "customer_name": "华东仁和",
    }
    return Turn(**values | changes)


def a_reading(
    intent: str = "technical_inquiry",
    confidence: float = 0.9,
    *,
    because: str = "",
    secondary: tuple[str, ...] = (),
    abstained: Abstention | None = None,
) -> Reading:
    spans = (Span(because, 0, len(because)),) if because else ()
    others = tuple(Ranked(Intent(name), 0.8) for name in secondary)
    ranked = (Ranked(Intent(intent), confidence, spans), Ranked(Intent("quote_request"), 1 - confidence))
    return Reading(ranked, (), others, abstained, "model-1")
