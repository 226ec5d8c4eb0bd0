"""A rep asks how two products differ: their parameter rows side by side, from the tables of the documents."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from bot.markdown_table import Table
from knowledge import DocumentKind, Evidence, Passage
from prompts import phrase, render

MOST_ROWS = 14
"""As many as are read on a phone."""
MOST_EQUAL = 4
_MODEL = re.compile(
    r"(?<![A-Za-z0-9])[A-Za-z]{1,4}-?\d{2,5}[A-Za-z]{0,3}(?![A-Za-z0-9])"
    r"|(?:标准|专业|团队|企业|旗舰|基础|高级)版"
)
_DIFFERS = re.compile(
    r"差在|差别|差异|差多少|差距|区别|不同|不一样|对比|比较|对照|相比|比一比|比起|怎么选|选哪|哪[个款种台]|\bvs\b|\bpk\b|[和跟与比同].{1,24}比",
    re.IGNORECASE,
)
_SUBJECTS = ("型号", "产品", "代码", "名称", "版本")
"""Columns whose cell says which product a row is about."""
_NOT_TOLD = frozenset({*_SUBJECTS, "序号", "备注", "起算日"})
_ORDER = (DocumentKind.MANUAL, DocumentKind.PRICE, DocumentKind.POLICY, DocumentKind.OTHER)
"""Where documents say the same thing, the first of these speaks. A contract is one customer's and no comparison."""
_TIER = re.compile(r"\d+\s*\w{1,2}起")
"""A price from some quantity on: shown to who asks for prices."""
_ASPECTS = {"价": "价|贵|便宜|钱", "噪声": "吵|安静|静音", "净重": "多重|更重|更轻|沉", "质保": "保修"}
"""What a row is called, and how a question may call it."""


@dataclass(frozen=True)
class Told:
    """What a document says of one parameter of one product, and where."""

    value: str
    passage: Passage


@dataclass(frozen=True)
class Row:
    """One parameter with the value of each product, in the order in which they were asked for; empty: not told."""

    name: str
    values: tuple[str, ...]

    @property
    def differs(self) -> bool:
        """Whether what is told differs: a value that no table tells is no other value."""
        return len(set(filter(None, self.values))) > 1

    @property
    def is_equal(self) -> bool:
        return not self.differs and all(self.values)


@dataclass(frozen=True)
class Compared:
    """Products side by side: in words with a table (bot/markdown_table.py), and the passages that these are from."""

    models: tuple[str, ...]
    words: str
    passages: tuple[Passage, ...]

    @property
    def plain(self) -> str:
        """For a letter or a page: without the marks of chat."""
        lines = (line.replace("**", "").removeprefix("> ") for line in self.words.splitlines())
        return "\n".join(lines)


def models_compared(question: str) -> tuple[str, ...]:
    """The products that a question sets against each other; none where it asks something else."""
    named = tuple(dict.fromkeys(found.upper() for found in _MODEL.findall(question)))
    return named if len(named) > 1 and _DIFFERS.search(question) else ()


def lookups(question: str) -> tuple[str, ...]:
    """What to search for beside the question itself, so that each product's own table is found."""
    return tuple(
        f"{model} {wanted}" for model in models_compared(question) for wanted in ("技术参数", "价格 质保")
    )


def comparison(question: str, evidence: Sequence[Evidence]) -> str:
    """An answer to a rep: the products side by side, or of which of them no table tells.

    Empty where nothing is compared, or where tables tell of none of them.
    """
    if found := side_by_side(question, evidence):
        return found.words
    asked = models_compared(question)
    missing = [model for model in asked if not _told(model, evidence)]
    if not 0 < len(missing) < len(asked):
        return ""
    return phrase("no_answer", reason=phrase("no_parameters", models="、".join(missing)))


def side_by_side(question: str, evidence: Sequence[Evidence]) -> Compared | None:
    """How products differ: counted, as a table, then what is equal, and the sources.

    None where tables do not tell of two of them.
    """
    asked = models_compared(question)
    told = {model: found for model in asked if (found := _told(model, evidence))}
    rows = _asked(question, list(_rows(tuple(told.values()))))
    if not rows:
        return None
    drawn = sorted((row for row in rows if not row.is_equal), key=lambda row: not row.differs)
    same = [row for row in rows if row.is_equal]
    shown, equal = drawn[:MOST_ROWS], same[:MOST_EQUAL]
    cells = ((row.name, *(value or "—" for value in row.values)) for row in shown)
    passages = _telling(told.values(), {row.name for row in (*shown, *equal)})
    words = render(
        "answers/comparison",
        models=list(told),
        differ=sum(row.differs for row in rows),
        table=str(Table(("参数", *told), tuple(cells))) if shown else "",
        more=len(drawn) - len(shown),
        equal=len(same),
        same=[f"{row.name} {row.values[0]}" for row in equal],
        and_more=len(same) if len(same) > len(equal) else 0,
        missing="、".join(model for model in asked if model not in told),
        places=_grouped(dict.fromkeys(map(_place, passages))),
    )
    return Compared(tuple(told), words, passages)


def _telling(told: Iterable[Mapping[str, Told]], names: Collection[str]) -> tuple[Passage, ...]:
    """Each passage that something of these names is from, once."""
    passages = [found.passage for one in told for name, found in one.items() if name in names]
    return tuple({passage.id: passage for passage in passages}.values())


def _rows(told: Sequence[Mapping[str, Told]]) -> Iterator[Row]:
    """Parameters that at least two of the products have, in the order of the tables."""
    for name in dict.fromkeys(name for one in told for name in one):
        values = tuple(one[name].value if name in one else "" for one in told)
        if sum(map(bool, values)) > 1:
            yield Row(name, values)


def _asked(question: str, rows: list[Row]) -> list[Row]:
    """Only what the question names; everything where it names nothing in particular."""
    words = _DIFFERS.sub(" ", _MODEL.sub(" ", question))
    named = [row for row in rows if _is_named(row.name, words)]
    return named or [row for row in rows if not _TIER.search(row.name)]


def _is_named(name: str, words: str) -> bool:
    pairs = {name[at : at + 2] for at in range(len(name) - 1) if name[at : at + 2].isalpha()}
    said = any(pair in words for pair in pairs)
    return said or any(part in name and re.search(saying, words) for part, saying in _ASPECTS.items())


def _told(model: str, evidence: Sequence[Evidence]) -> dict[str, Told]:
    passages = {one.passage.id: one.passage for one in evidence if one.passage.kind in _ORDER}
    tables = [one for one in passages.values() if one.table and not one.superseded]
    told: dict[str, Told] = {}
    for passage in sorted(tables, key=lambda one: (_ORDER.index(one.kind), not _is_headed(model, one))):
        for line in passage.text.splitlines():
            for name, value in _of_line(model, _cells(line), _is_headed(model, passage)):
                told.setdefault(name, Told(value, passage))
    return told


def _is_headed(model: str, passage: Passage) -> bool:
    """Whether the table stands under a heading that names the product alone: its own parameters."""
    return _models(passage.citation.heading.rsplit("›", 1)[-1]) == {model}


def _of_line(model: str, cells: Sequence[tuple[str, str]], headed: bool) -> Iterator[tuple[str, str]]:
    """A row about the product, a row with a column for it, or a row under a heading that names it alone."""
    if any(column in _SUBJECTS and _models(cell) == {model} for column, cell in cells):
        yield from ((column, cell) for column, cell in cells if column not in _NOT_TOLD)
        return
    label = next((cell for column, cell in cells if column != "序号"), "")
    for column, cell in cells:
        if _models(column) == {model}:
            yield label, cell
    if headed and len(cells) == 2 and not _models(cells[1][0]):
        yield cells[0][1], cells[1][1]


def _cells(line: str) -> list[tuple[str, str]]:
    pairs = (re.split(r"[:\uff1a]", cell, maxsplit=1) for cell in re.split(r"[;\uff1b]", line))
    return [(pair[0].strip(), pair[1].strip()) for pair in pairs if len(pair) == 2 and pair[1].strip()]


def _models(text: str) -> set[str]:
    return {found.upper() for found in _MODEL.findall(text)}


def _place(passage: Passage) -> str:
    cited = passage.citation
    return f"《{cited.title}》{cited.clause or (f'第{cited.page}页' if cited.page else '')}"


def _grouped(places: Iterable[str]) -> list[str]:
    """Each title once, with its pages behind it."""
    by_title: dict[str, list[str]] = {}
    for place in places:
        title, _, where = place.partition("》")
        by_title.setdefault(title, []).append(where)
    return [f"{title}》{'、'.join(filter(None, found))}" for title, found in by_title.items()]
