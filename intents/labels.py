"""The label queue: corrections and doubts come in masked, a trainer settles them, settled ones teach the model."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import combinations

from sqlalchemy import Engine
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, func, select
from sqlmodel.sql.expression import SelectOfScalar

from intents.errors import LabelUnknown
from intents.examples import Example
from intents.masking import mask_people
from intents.normalise import normalise
from intents.tables import LabelRow, MarkRow, reading
from intents.taxonomy import Taxonomy, load_taxonomy


def utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class Proposal:
    """An utterance that a trainer should look at, and why."""

    text: str
    speaker: str
    source: str
    """`correction`, `decline`, `abstained`, `mined` …"""
    source_id: str = ""
    proposed: str = ""
    """The intent that the rep chose or the sandbox suggests; empty for none."""
    read_as: str = ""
    confidence: float = 0.0
    context: tuple[str, ...] = ()
    industry: str = ""
    note: str = ""

    @property
    def key(self) -> str:
        words = json.dumps(
            [self.source, self.source_id, self.speaker, normalise(self.text), self.context],
            ensure_ascii=False,
        )
        return hashlib.sha256(words.encode()).hexdigest()[:32]


@dataclass(frozen=True)
class Agreement:
    """How often two trainers who marked the same utterance chose the same intent."""

    pairs: int
    agreed: int
    kappa: float | None
    """Cohen's kappa over all pairs; None without pairs."""


@dataclass(frozen=True)
class Labels:
    """Queue and archive of labels in the store. Every method is one transaction."""

    engine: Engine
    taxonomy: Taxonomy = field(default_factory=load_taxonomy)
    clock: Callable[[], datetime] = utc_now

    def propose(self, proposal: Proposal) -> str:
        """Queue an utterance (its text masked); the same from the same source is queued once. Returns its id."""
        row = LabelRow(
            source=proposal.source, source_id=proposal.source_id, key=proposal.key, text=mask_people(proposal.text),
            speaker=str(proposal.speaker), industry=proposal.industry, context=[mask_people(one) for one in proposal.context],
            read_as=proposal.read_as, confidence=proposal.confidence, proposed=proposal.proposed, note=mask_people(proposal.note),
            created_at=self.clock(),
        )  # fmt: skip
        try:
            with Session(self.engine) as session:
                session.add(row)
                session.commit()
                return row.id
        except IntegrityError:
            with Session(self.engine) as session:
                return session.exec(select(LabelRow.id).where(LabelRow.key == proposal.key)).one()

    def queue(self, limit: int = 50, *, not_marked_by: str = "") -> list[LabelRow]:
        """What waits: corrections first (a person has spoken), then the least sure readings."""
        wanted = select(LabelRow).where(LabelRow.state == "proposed")
        if not_marked_by:
            marked = select(MarkRow.label_id).where(MarkRow.trainer == not_marked_by)
            wanted = wanted.where(col(LabelRow.id).not_in(marked))
        wanted = wanted.order_by(
            col(LabelRow.source) != "correction", col(LabelRow.confidence), col(LabelRow.created_at)
        )
        with reading(self.engine) as session:
            return list(session.exec(wanted.limit(limit)))

    def waiting(self) -> int:
        with reading(self.engine) as session:
            return session.exec(select(func.count()).where(LabelRow.state == "proposed")).one()

    def settle(
        self, label: str, intent: str, by: str, *, secondary: Sequence[str] = (), tags: Sequence[str] = ()
    ) -> LabelRow:
        """A trainer's word: from now on it teaches. Raises `LabelUnknown` for one that does not wait any more."""
        with Session(self.engine, expire_on_commit=False) as session:
            row = self._waiting(session, label)
            self._check(intent, row.speaker)
            session.add(MarkRow(label_id=label, trainer=by, intent=intent, at=self.clock()))
            row.state, row.intent, row.settled_by, row.settled_at = "settled", intent, by, self.clock()
            row.secondary, row.tags = list(secondary), list(tags)
            session.commit()
            return row

    def mark(self, label: str, intent: str, by: str) -> None:
        """A second trainer's view, for agreement; settles nothing."""
        with Session(self.engine) as session:
            row = session.get(LabelRow, label)
            if row is None:
                raise LabelUnknown(f"no label {label!r}; `yiju intents label` shows what waits")
            self._check(intent, row.speaker)
            session.add(MarkRow(label_id=label, trainer=by, intent=intent, at=self.clock()))
            session.commit()

    def drop(self, label: str, by: str, why: str = "") -> None:
        """Not usable: unclear, not ours, personal. It never teaches."""
        with Session(self.engine) as session:
            row = self._waiting(session, label)
            row.state, row.settled_by, row.settled_at, row.note = "dropped", by, self.clock(), why or row.note
            session.commit()

    def settled(self, since: datetime | None = None) -> list[Example]:
        """Labelled utterances in the order in which they were settled."""
        wanted = (
            select(LabelRow)
            .where(LabelRow.state == "settled")
            .order_by(col(LabelRow.settled_at), LabelRow.id)
        )
        if since is not None:
            wanted = wanted.where(col(LabelRow.settled_at) > since)
        with reading(self.engine) as session:
            return [_example(row) for row in session.exec(wanted)]

    def came_from(self, *sources: str) -> SelectOfScalar[str]:
        """Source ids of everything ever queued from there: a query, so that another package can leave them out."""
        return select(LabelRow.source_id).where(col(LabelRow.source).in_(sources))

    def settled_since(self, since: datetime | None) -> tuple[int, datetime | None]:
        """How many labels were settled after a moment (None: ever), and when the first of them was."""
        wanted = select(func.count(), func.min(LabelRow.settled_at)).where(LabelRow.state == "settled")
        if since is not None:
            wanted = wanted.where(col(LabelRow.settled_at) > since)
        with reading(self.engine) as session:
            count, first = session.exec(wanted).one()
            return count, first

    def settled_mark(self) -> tuple[int, datetime | None]:
        """Changes whenever another label is settled: how many, and the latest."""
        with reading(self.engine) as session:
            wanted = select(func.count(), func.max(LabelRow.settled_at)).where(LabelRow.state == "settled")
            count, latest = session.exec(wanted).one()
            return count, latest

    def agreement(self) -> Agreement:
        with reading(self.engine) as session:
            marks = session.exec(
                select(MarkRow.label_id, MarkRow.trainer, MarkRow.intent).order_by(col(MarkRow.at))
            ).all()
        latest: dict[str, dict[str, str]] = {}
        for label, trainer, intent in marks:
            latest.setdefault(label, {})[trainer] = intent
        return _agreement([pair for by in latest.values() for pair in combinations(by.values(), 2)])

    def _waiting(self, session: Session, label: str) -> LabelRow:
        row = session.get(LabelRow, label, with_for_update=True)
        if row is None or row.state != "proposed":
            found = "there is none" if row is None else f"it was {row.state} by {row.settled_by}"
            raise LabelUnknown(f"no label {label!r} waits ({found}); `yiju intents label` shows what does")
        return row

    def _check(self, intent: str, speaker: str) -> None:
        allowed = sorted(info.name for info in self.taxonomy.for_speaker(speaker))
        if intent not in allowed:
            raise LabelUnknown(
                f"{intent!r} is not an intent of a {speaker}; choose one of {', '.join(allowed)}"
            )


def _agreement(pairs: Sequence[tuple[str, str]]) -> Agreement:
    agreed = sum(one == other for one, other in pairs)
    if not pairs:
        return Agreement(0, 0, None)
    chosen = [intent for pair in pairs for intent in pair]
    chance = sum((chosen.count(intent) / len(chosen)) ** 2 for intent in set(chosen))
    observed = agreed / len(pairs)
    return Agreement(len(pairs), agreed, 1.0 if chance == 1 else (observed - chance) / (1 - chance))


def _example(row: LabelRow) -> Example:
    return Example(
        f"label-{row.id}", row.text, row.speaker, row.intent, tuple(row.context), tuple(row.secondary),
        tuple(row.tags), row.industry, "correction",
    )  # fmt: skip
