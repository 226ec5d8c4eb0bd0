"""The company's own cues, mined from its chats and accepted by a trainer: read beside the shipped lexicon, listed, removable."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Engine
from sqlmodel import Session, col, func, select

from intents.cues import SHORTEST, STRENGTHS, Cue, CueLexicon, shipped_cues
from intents.errors import CueUnknown
from intents.normalise import normalise
from intents.tables import CueRow, reading
from intents.taxonomy import Taxonomy, load_taxonomy


@dataclass(frozen=True)
class CompanyCues:
    """Cues in the store. Every method is one transaction; another process notices within a second (registry)."""

    engine: Engine
    taxonomies: Callable[[], Taxonomy] = load_taxonomy
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)

    def accept(
        self, text: str, intent: str, by: str, *, strength: int = 1, hits: int = 0, support: int = 0
    ) -> CueRow:
        """From now on the phrase speaks for the intent; a removed one comes back. Raises `CueUnknown` for a wrong one."""
        words = self.checked(text, intent, strength)
        with Session(self.engine, expire_on_commit=False) as session:
            found = session.exec(select(CueRow).where(CueRow.text == words, CueRow.intent == intent)).first()
            row = found or CueRow(
                text=words, intent=intent, strength=strength, accepted_at=self.clock(), accepted_by=by
            )
            row.strength, row.hits, row.support = strength, hits, support
            row.accepted_at, row.accepted_by, row.removed_at, row.removed_by = self.clock(), by, None, ""
            session.add(row)
            session.commit()
            return row

    def remove(self, text: str, by: str) -> int:
        """The phrase says nothing any more, whatever it spoke for. Raises `CueUnknown` where it said nothing before."""
        wanted = select(CueRow).where(CueRow.text == normalise(text), col(CueRow.removed_at).is_(None))
        with Session(self.engine) as session:
            rows = session.exec(wanted).all()
            if not rows:
                raise CueUnknown(f"{text!r} is no cue of this company; see `yiju intents cues`")
            for row in rows:
                row.removed_at, row.removed_by = self.clock(), by
            session.commit()
            return len(rows)

    def refuse(self, text: str, intent: str, by: str) -> None:
        """A trainer does not want this one: it is kept as removed, so that it is not mined again. Raises `CueUnknown`."""
        words, now = self.checked(text, intent, 1), self.clock()
        with Session(self.engine) as session:
            found = session.exec(select(CueRow).where(CueRow.text == words, CueRow.intent == intent)).first()
            row = found or CueRow(text=words, intent=intent, strength=1, accepted_at=now, accepted_by=by)
            row.removed_at, row.removed_by = now, by
            session.add(row)
            session.commit()

    def removed(self, limit: int = 50) -> list[CueRow]:
        """Refused or removed, the latest first: each can be accepted again."""
        wanted = select(CueRow).where(col(CueRow.removed_at).is_not(None))
        with reading(self.engine) as session:
            return list(session.exec(wanted.order_by(col(CueRow.removed_at).desc()).limit(limit)))

    def judged(self) -> frozenset[tuple[str, str]]:
        """Phrase and intent of everything that a trainer ever accepted or refused."""
        with reading(self.engine) as session:
            return frozenset(session.exec(select(CueRow.text, CueRow.intent)).all())

    def rows(self) -> list[CueRow]:
        """Those in force, by intent and phrase."""
        wanted = select(CueRow).where(col(CueRow.removed_at).is_(None))
        with reading(self.engine) as session:
            return list(session.exec(wanted.order_by(CueRow.intent, CueRow.text)))

    def mark(self) -> tuple[int, datetime | None, datetime | None]:
        """Changes whenever a cue is accepted or removed."""
        wanted = select(func.count(), func.max(CueRow.accepted_at), func.max(CueRow.removed_at))
        with reading(self.engine) as session:
            count, accepted, removed = session.exec(wanted).one()
            return count, accepted, removed

    def lexicon(self) -> CueLexicon:
        """The shipped cues and the company's."""
        own = [Cue(row.text, row.intent, row.strength) for row in self.rows()]
        return shipped_cues().extended(own) if own else shipped_cues()

    def checked(self, text: str, intent: str, strength: int) -> str:
        """The phrase as it is looked for. Raises `CueUnknown`."""
        words = normalise(text)
        if len(words) < SHORTEST or intent not in self.taxonomies().intents or strength not in STRENGTHS:
            raise CueUnknown(
                f"{text!r} → {intent!r} with strength {strength}: a cue has at least {SHORTEST} characters, an intent of "
                "the taxonomy and a strength of 1 to 3"
            )
        return words
