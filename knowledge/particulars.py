"""What is known of a document besides its bytes: what somebody said, the rest guessed from the file's name, all of it checked."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from knowledge.model import DocumentInfo, DocumentKind
from knowledge.readers import Unreadable
from knowledge.visibility import EVERYONE, MANAGERS, TEAM, is_visibility

LONGEST_TITLE = 120
LONGEST_VERSION = 40


class ParticularsWrong(Unreadable):
    """What somebody said of a document cannot be: in Chinese for them, in English for the operator."""


@dataclass(frozen=True)
class Particulars:
    """What is known of a file besides its bytes."""

    kind: DocumentKind
    title: str
    version: str
    file_name: str
    customer: str | None = None
    valid_from: date | None = None
    valid_until: date | None = None
    owner: str | None = None
    visibility: str | None = None
    """None: as it was, or for everyone where it is new."""


def particulars(
    path: Path,
    kind: DocumentKind | str | None,
    title: str | None,
    version: str | None,
    customer: str | None,
    valid_from: date | None,
    valid_until: date | None,
    owner: str | None,
    visibility: str | None,
) -> Particulars:
    """Fill in what was not said from the file's name. Raises `ParticularsWrong` for what cannot be right."""
    customer = (customer or "").strip() or None
    found = _VERSION.search(path.stem)
    return checked(
        Particulars(
            _kind(path, kind, customer),
            title or title_of(path),
            version or (found[1] if found else "V1"),
            path.name,
            customer,
            valid_from,
            valid_until,
            owner,
            visibility,
        )
    )


def checked(about: Particulars) -> Particulars:
    """The same. Raises `ParticularsWrong` for what cannot be right."""
    if about.kind is DocumentKind.CONTRACT and about.customer is None:
        raise ParticularsWrong(
            "合同必须注明客户(写进文件名,或用 --customer),否则会被其他客户的问题引用;通用范本请注明是政策(--kind policy)",
            "a contract needs its customer (--customer NAME); for a general template use --kind policy",
        )
    if about.valid_from and about.valid_until and about.valid_until < about.valid_from:
        raise ParticularsWrong(
            f"有效期有误:{about.valid_until} 早于 {about.valid_from}",
            f"valid until {about.valid_until} is before valid from {about.valid_from}",
        )
    for name, english, value, most in (
        ("标题", "title", about.title, LONGEST_TITLE),
        ("版本", "version", about.version, LONGEST_VERSION),
    ):
        if not value.strip() or len(value) > most:
            raise ParticularsWrong(
                f"{name}要有 1 到 {most} 个字,现在是 {len(value.strip())} 个",
                f"the {english} must have 1 to {most} characters, found {len(value.strip())}",
            )
    if about.visibility is not None and not is_visibility(about.visibility):
        raise ParticularsWrong(
            f"没有“{about.visibility}”这种可见范围;可用:{EVERYONE}(所有人)、{MANAGERS}(仅主管)、{TEAM}主管ID(该团队)",
            f"unknown visibility {about.visibility!r}; expected {EVERYONE}, {MANAGERS} or {TEAM}MANAGER_ID",
        )
    return about


def particulars_of(known: DocumentInfo) -> Particulars:
    """As a document has them, without blanks around."""
    return Particulars(
        DocumentKind(known.kind),
        known.title.strip(),
        known.version.strip(),
        known.file_name,
        (known.customer or "").strip() or None,
        known.valid_from,
        known.valid_until,
        known.owner,
        known.visibility,
    )


def compared(one: Particulars | DocumentInfo) -> tuple[object, ...]:
    """What makes a difference where the bytes are the same."""
    return one.kind, one.title, one.version, one.valid_from, one.valid_until, one.visibility


_VERSION = re.compile(r"[ _\-(（]*([vV]\d+(?:\.\d+)*|20\d{2}(?:[-.]?\d{2})?版?)[)）]*$")


def title_of(path: Path) -> str:
    return (_VERSION.sub("", path.stem).strip() or path.stem)[:LONGEST_TITLE]


_KIND_WORDS = (
    (DocumentKind.CONTRACT, ("合同", "协议", "contract")),
    (DocumentKind.PRICE, ("价", "报价", "price")),
    (DocumentKind.POLICY, ("政策", "规定", "制度", "办法", "policy", "faq", "须知")),
    (DocumentKind.MANUAL, ("手册", "说明书", "指南", "规格", "参数", "manual", "datasheet", "guide")),
)


def _kind(path: Path, kind: DocumentKind | str | None, customer: str | None) -> DocumentKind:
    if kind:
        try:
            return DocumentKind(kind)
        except ValueError as error:
            names = "、".join(DocumentKind)
            raise ParticularsWrong(
                f"没有“{kind}”这种资料类型;可用:{names}", f"unknown kind {kind!r}; expected one of {names}"
            ) from error
    name = path.stem.lower()
    guess = next((known for known, marks in _KIND_WORDS if any(mark in name for mark in marks)), None)
    return guess or (DocumentKind.CONTRACT if customer else DocumentKind.OTHER)


def next_version(before: str, guessed: str) -> str:
    """A new version's label where nobody gave one: the file name's if it differs, else counted up."""
    if guessed not in {before, "V1"}:
        return guessed
    found = re.search(r"(\d+)(?!.*\d)", before)
    return f"{before[: found.start()]}{int(found[1]) + 1}{before[found.end() :]}" if found else f"{before}-2"
