"""What documents name, read off their tables: models, parameters with units, parts, faults, certificates.

Proposals only: a trainer accepts or rejects each (`yiju knowledge graph`), and only what was accepted is used. Papers
of a single customer are not looked at, so that nothing of theirs comes to others by way of the graph.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from knowledge.model import Passage
from knowledge.passages import models

LONGEST = 24
"""Characters of a name; what is longer is a sentence in a cell."""
_CELL = re.compile(r"^(.{1,40}?)：(.*)$")
_IN_BRACKETS = re.compile(r"[(（][^)）]*[)）]")
_COLUMNS = {
    "parameter": re.compile(r"^(?:技术)?(?:参数|指标|规格项|性能)(?:名称|项)?$"),
    "fault": re.compile(r"^(?:含义|故障(?:现象|名称)?|现象)$"),
    "component": re.compile(r"^(?:备件|配件|部件|选配件?|易耗件|耗材)(?:名称)?$"),
}
_USES = re.compile(r"^(?:典型)?(?:应用|用途|适用)(?:场景|领域|行业|场合|范围)?$")
_MODEL_COLUMN = re.compile(r"^(?:产品)?型号$|^机型$")
_NAME_COLUMN = re.compile(r"^(?:产品)?名称$|^产品$")
_UNIT = re.compile(
    r"\d\s*(r/min|rpm|×g|dB\(A\)|dB|kg|g|mm|cm|m/s|m|L/h|mL|(?<= )L|MPa|bar|kPa|mPa·s|℃|W|kW|V|A|Hz|ms|s|min|h|%FS|%|天|个月|年|元|台|组|次|件/小时)"
)
_CERTIFICATE = re.compile(
    r"ISO ?\d{4,5}|IEC ?\d{5}|(?<![A-Za-z])(?:CE|FCC|UL|FDA|RoHS|ATEX|CCC|3C|SOC ?2|GDPR)(?= ?(?:认证|证书|标志|指令|报告))"
    r"|医疗器械注册证|生产许可证|等级保护[一二三四]级|等保[一二三四]级|防爆合格证|(?<![A-Za-z])IP\d{2}(?!\d)"
)
_DENIED = re.compile(r"没有|不作为|未取得|未通过|不具备|暂无")


class Status(StrEnum):
    PROPOSED = "proposed"
    ACCEPTED = "accepted"
    REJECTED = "rejected"


@dataclass(frozen=True)
class Named:
    """An edge of the graph as a document has it: `subject` has `name` of this `kind`. `line` is where it stands."""

    subject: str
    kind: str
    name: str
    line: str
    unit: str = ""


@dataclass(frozen=True)
class Thing:
    """A proposal with its document, and what a trainer made of it."""

    id: str
    named: Named
    document_id: str
    title: str
    status: Status
    found_at: datetime
    decided_at: datetime | None = None
    decided_by: str = ""


def named_in(passages: Iterable[Passage]) -> tuple[Named, ...]:
    """Everything that public passages of one document name, each once, in reading order."""
    found: dict[tuple[str, str, str], Named] = {}
    for passage in passages:
        if passage.customer is None and not passage.superseded:
            for one in (*_rows(passage), *_certificates(passage)):
                found.setdefault((one.subject, one.kind, one.name), one)
    return tuple(found.values())


def _rows(passage: Passage) -> Iterator[Named]:
    if not passage.table:
        return
    for line in passage.text.split("\n"):
        cells = [(cell[1].strip(), cell[2].strip()) for cell in map(_CELL.match, line.split("；")) if cell]
        yield from _products(cells, line)
        yield from _attributes(cells, line, passage)
        yield from _applications(cells, line, passage)


def _products(cells: list[tuple[str, str]], line: str) -> Iterator[Named]:
    """“型号：X200；名称：台式高速离心机”: a product line and a model of it."""
    model = next((value for name, value in cells if _MODEL_COLUMN.match(name)), "")
    family = next((value for name, value in cells if _NAME_COLUMN.match(name)), "")
    if models(model) == [model] and 1 < len(family) <= LONGEST and not models(family):
        yield Named(_plain(family), "product", model, line)


def _attributes(cells: list[tuple[str, str]], line: str, passage: Passage) -> Iterator[Named]:
    for at, (column, value) in enumerate(cells):
        kind = next((kind for kind, pattern in _COLUMNS.items() if pattern.match(column)), "")
        name = _plain(value)
        if not kind or not 1 < len(name) <= LONGEST or re.search(r"[。；,，]|^\d", name):
            continue
        others = cells[at + 1 :]
        unit = next((found[1] for _, text in others if (found := _UNIT.search(text))), "")
        for subject in _subjects(cells, passage) or [passage.citation.title]:
            yield Named(subject, kind, name, line, unit if kind == "parameter" else "")


def _applications(cells: list[tuple[str, str]], line: str, passage: Passage) -> Iterator[Named]:
    """“型号：P60；应用：一般加药、絮凝剂”: what a model is for, each use by itself."""
    for column, value in cells:
        for use in re.split(r"[、,，；/]", _plain(value)) if _USES.match(column) else ():
            if 1 < len(use := use.strip()) <= LONGEST and not models(use):
                yield from (Named(subject, "application", use, line) for subject in _subjects(cells, passage))


def _subjects(cells: list[tuple[str, str]], passage: Passage) -> list[str]:
    """The models that have columns of their own, else those of the row, else the passage's only one."""
    columns = [name for name, _ in cells if models(name) == [name]]
    return (
        columns
        or models(" ".join(value for _, value in cells))
        or list(passage.products[:1] if len(passage.products) == 1 else ())
    )


def _certificates(passage: Passage) -> Iterator[Named]:
    """Where a sentence names one without denying it."""
    for sentence in re.split(r"[。\n]", passage.text):
        if _DENIED.search(sentence):
            continue
        for found in _CERTIFICATE.finditer(sentence):
            for subject in models(sentence) or list(passage.products) or [passage.citation.title]:
                yield Named(subject, "certification", found[0].replace(" ", ""), sentence.strip())


def _plain(text: str) -> str:
    return _IN_BRACKETS.sub("", text).strip()
