"""Questions that passages answer, as a language model puts them: kept with the passage, and only to find it by.

Who asks the model is not known here. A passage that it failed on stays as it is and is due again later.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Engine, func
from sqlmodel import Session, col, delete, or_, select

from knowledge.model import NOTES, DocumentKind
from knowledge.store import count_up
from knowledge.tables import DocumentRow, LikelyRow, PassageRow

MOST_TRIES = 5
AGAIN_AFTER = timedelta(minutes=10)
"""After the first failure; four times as long after each further one, so the fifth try comes after two days."""


@dataclass(frozen=True)
class LikelyQuestions:
    """Every method is one transaction. What was kept is searched with after `publish`, in every process."""

    engine: Engine

    def due(self, now: datetime, most: int) -> tuple[str, ...]:
        """Ids of passages to ask about, document by document: current, not superseded, quotable to a customer."""
        waiting = [
            (col(LikelyRow.tries) == tries)
            & (col(LikelyRow.tried_at) <= now - AGAIN_AFTER * 4 ** (tries - 1))
            for tries in range(1, MOST_TRIES)
        ]
        wanted = (
            select(PassageRow.id)
            .join(DocumentRow, col(DocumentRow.current) == PassageRow.version_id)
            .outerjoin(LikelyRow, col(LikelyRow.passage_id) == PassageRow.id)
            .where(DocumentRow.kind != DocumentKind.OTHER.value, col(PassageRow.superseded).is_(False))
            .where(~col(PassageRow.heading).endswith(NOTES))
            .where(or_(col(LikelyRow.passage_id).is_(None), (col(LikelyRow.failed) != "") & or_(*waiting)))
            .order_by(PassageRow.version_id, col(PassageRow.position))
            .limit(most)
        )
        with Session(self.engine) as session:
            return tuple(session.exec(wanted).all())

    def spent(self, since: datetime) -> int:
        """How often the model was asked since then; of a passage tried several times, every try counts."""
        with Session(self.engine) as session:
            tries = select(func.sum(LikelyRow.tries)).where(LikelyRow.tried_at > since)
            return session.exec(tries).one() or 0

    def keep(self, passage_id: str, questions: Sequence[str], model: str, now: datetime) -> None:
        """None is an answer too: the passage is not asked about again."""
        self._write(passage_id, now, questions="\n".join(questions), model=model, failed="")

    def fail(self, passage_id: str, reason: str, now: datetime) -> None:
        self._write(passage_id, now, failed=reason)

    def publish(self) -> None:
        """Let every process index what was kept since its last look."""
        with Session(self.engine) as session, session.begin():
            count_up(session)

    def forget(self) -> int:
        """Drop all of them; passages are found by their own words again. Returns how many passages had been asked about."""
        with Session(self.engine) as session, session.begin():
            gone = len(session.exec(select(LikelyRow.passage_id)).all())
            session.execute(delete(LikelyRow))
            count_up(session)
        return gone

    def _write(self, passage_id: str, now: datetime, **values: str) -> None:
        """A passage that was removed meanwhile is left alone."""
        with Session(self.engine) as session, session.begin():
            row = session.get(LikelyRow, passage_id)
            if row is None:
                passage = session.get(PassageRow, passage_id)
                if passage is None:
                    return
                row = LikelyRow(passage_id=passage_id, version_id=passage.version_id, tries=0, tried_at=now)
            row.tries, row.tried_at = row.tries + 1, now
            for name, value in values.items():
                setattr(row, name, value)
            session.add(row)
