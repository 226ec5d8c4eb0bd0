"""How people call a document's kind, and what a list or a page says of one."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from bot.console.document_sight import DocumentSight
from bot.console.frame import tag
from bot.people import Person
from bot.reading_rights import called
from knowledge import EVERYONE, DocumentInfo, DocumentKind

KINDS = {
    DocumentKind.MANUAL: "手册", DocumentKind.CONTRACT: "合同", DocumentKind.PRICE: "价格",
    DocumentKind.POLICY: "政策", DocumentKind.OTHER: "其他(只给销售看)",
}  # fmt: skip


def tags(one: DocumentInfo, seen: DocumentSight, people: Iterable[Person], today: date) -> None:
    """Its kind, whose it is, who may read it, and whether it holds today."""
    tag(KINDS[one.kind])
    tag(
        f"只用于 {seen.name_of(one.customer)}" if one.customer else "所有客户",
        "open" if one.customer else "",
    )
    if one.visibility != EVERYONE:
        tag(f"可见:{called(one.visibility, people)}", "warn")
    if not one.is_valid(today):
        tag("不在有效期", "bad")
