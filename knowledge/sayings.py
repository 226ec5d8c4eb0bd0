"""The lexicon as it grows: what this company's customers say, and the questions that found no answer."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Engine
from sqlmodel import Session, col, delete, select

from knowledge.asked_for import asks
from knowledge.lexicon import Concept
from knowledge.query import topic_of
from knowledge.store import count_up
from knowledge.tables import GapAskingRow, GapRow, SayingRow

LONGEST = 40
"""Characters of a saying: a way to say one thing, not a whole message."""
KEPT = 500
"""Different gaps; the longest not asked for go first."""


class SayingWrong(ValueError):
    """Not a saying with written terms, or none that was added."""


@dataclass(frozen=True)
class Saying:
    say: str
    written: tuple[str, ...]
    added_at: datetime
    added_by: str


@dataclass(frozen=True)
class Gap:
    """What was asked for and not found: one masked example, how often, and when."""

    id: str
    example: str
    reason: str
    times: int
    first_at: datetime
    last_at: datetime


@dataclass(frozen=True)
class Sayings:
    """Added sayings work from the next search on, in every process. Every method is one transaction."""

    engine: Engine
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)

    def add(self, say: str, written: Sequence[str], by: str) -> Saying:
        """Replaces what the saying meant before. Raises `SayingWrong`."""
        say, terms = say.strip(), tuple(dict.fromkeys(term.strip() for term in written if term.strip()))
        if not 2 <= len(say) <= LONGEST or not terms or max(map(len, terms)) > LONGEST:
            raise SayingWrong(
                f"found {say!r} → {list(terms)}; a saying has 2 to {LONGEST} characters and at least one written term"
            )
        row = SayingRow(say=say, written="\n".join(terms), added_at=self.clock(), added_by=by)
        with Session(self.engine) as session, session.begin():
            session.merge(row)
            count_up(session)
        return Saying(say, terms, self.clock(), by)

    def remove(self, say: str) -> None:
        """Raises `SayingWrong` where it was not added here (what ships is edited in its files)."""
        with Session(self.engine) as session, session.begin():
            row = session.get(SayingRow, say.strip())
            if row is None:
                raise SayingWrong(f"{say!r} was not added here; see `yiju knowledge lexicon list`")
            session.delete(row)
            count_up(session)

    def list(self) -> tuple[Saying, ...]:
        with Session(self.engine.execution_options(yiju_reads=True)) as session:
            rows = session.exec(select(SayingRow).order_by(SayingRow.say))
            return tuple(
                Saying(row.say, tuple(row.written.split("\n")), row.added_at, row.added_by) for row in rows
            )

    def concepts(self) -> tuple[Concept, ...]:
        """As the lexicon takes them: sayings of the same written terms together."""
        together: dict[tuple[str, ...], list[str]] = {}
        for one in self.list():
            together.setdefault(one.written, []).append(one.say)
        return tuple(Concept(tuple(say), written, "own") for written, say in together.items())


@dataclass(frozen=True)
class Gaps:
    """Questions without an answer, grouped by what they ask for whatever model they name."""

    engine: Engine
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)

    def note(self, masked: str, reason: str, asked_in: str = "") -> None:
        """One more, where the words ask for something. `masked`: without personal data; `asked_in`: the turn, if there is one."""
        topic = topic_of(masked)
        if len(topic) < 2 or not asks(masked):
            return
        key, now = hashlib.sha256(topic.encode()).hexdigest()[:12], self.clock()
        with Session(self.engine) as session, session.begin():
            row = session.get(GapRow, key)
            if row is None:
                row = GapRow(
                    id=key, example=masked[:200], reason=reason[:200], times=0, first_at=now, last_at=now
                )
                self._make_room(session)
            row.times, row.last_at, row.reason = row.times + 1, now, reason[:200]
            session.add(row)
            if asked_in:
                session.merge(GapAskingRow(gap=key, asked_in=asked_in))

    def _make_room(self, session: Session) -> None:
        old = select(GapRow.id).order_by(col(GapRow.last_at).desc()).offset(KEPT - 1)
        if ids := session.exec(old).all():
            self._drop(session, ids)

    def list(self, most: int = 50) -> tuple[Gap, ...]:
        """Most asked first."""
        with Session(self.engine.execution_options(yiju_reads=True)) as session:
            rows = session.exec(
                select(GapRow).order_by(col(GapRow.times).desc(), col(GapRow.last_at).desc()).limit(most)
            )
            return tuple(
                Gap(row.id, row.example, row.reason, row.times, row.first_at, row.last_at) for row in rows
            )

    def settle(self, ids: Sequence[str]) -> int:
        """Strike off what was dealt with; asked again without an answer, it comes back."""
        with Session(self.engine) as session, session.begin():
            return self._drop(session, ids)

    def _drop(self, session: Session, ids: Sequence[str]) -> int:
        session.execute(delete(GapAskingRow).where(col(GapAskingRow.gap).in_(ids)))
        return session.execute(delete(GapRow).where(col(GapRow.id).in_(ids))).rowcount  # type: ignore[attr-defined,no-any-return]
