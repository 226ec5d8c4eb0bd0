"""Functions that each database spells in its own way."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Float, literal
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.expression import FunctionElement
from sqlalchemy.types import NullType


class begins(FunctionElement[Any]):  # reads as the function it is in SQL
    """A column begins with these words; an index on it is used."""

    type = NullType()  # as a Boolean it would read `(...) = 1` on SQLite, which no index serves
    inherit_cache = True
    name = "begins"

    def __init__(self, column: Any, words: str) -> None:
        super().__init__(column, literal(words))


class took_s(FunctionElement[float]):
    """Seconds from one moment to another, to the thousandth."""

    type = Float()
    inherit_cache = True
    name = "took_s"

    def __init__(self, since: Any, until: Any) -> None:
        super().__init__(since, until)


@compiles(begins, "sqlite")
def _begins_sqlite(element: begins, compiler: Any, **how: Any) -> str:
    column, words = (compiler.process(one, **how) for one in element.clauses)
    return f"({column} >= {words} AND {column} < {words} || char(1114111))"


@compiles(begins, "postgresql")
def _begins_postgresql(element: begins, compiler: Any, **how: Any) -> str:
    column, words = (compiler.process(one, **how) for one in element.clauses)
    return f"starts_with({column}, {words})"


@compiles(took_s, "sqlite")
def _took_sqlite(element: took_s, compiler: Any, **how: Any) -> str:
    since, until = (compiler.process(one, **how) for one in element.clauses)
    return f"round((julianday({until}) - julianday({since})) * 86400, 3)"


@compiles(took_s, "postgresql")
def _took_postgresql(element: took_s, compiler: Any, **how: Any) -> str:
    since, until = (compiler.process(one, **how) for one in element.clauses)
    return f"round(extract(epoch FROM {until} - {since}), 3)"
