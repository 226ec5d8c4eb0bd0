"""The label queue: corrections and doubts come in masked, a trainer settles them, settled ones teach the model."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import combinations

from sqlalchemy import Engine, delete
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, func, select
from sqlmodel.sql.expression import SelectOfScalar

from intents.entities import ENTITY_TYPES
from intents.errors import Fault, LabelUnknown
from intents.examples import Example
from intents.masking import mask_people
from intents.model import Entity
from intents.normalise import normalise
from intents.tables import LabelRow, MarkRow, reading
from intents.taxonomy import Taxonomy, load_taxonomy

FLAGS = ("unsure", "wrong")
"""A trainer is not sure; or something is wrong with the utterance itself (a name left in, the wrong speaker)."""


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
    entities: tuple[Entity, ...] = ()
    """Marked already where it comes from; kept where masking left their words as they were."""
    secondary: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    """With what it was labelled where it comes from: what a trainer starts from."""

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
    taxonomies: Callable[[], Taxonomy] = load_taxonomy
    clock: Callable[[], datetime] = utc_now

    @property
    def taxonomy(self) -> Taxonomy:
        """As it is now: a trainer may have changed it."""
        return self.taxonomies()

    def propose(self, proposal: Proposal) -> str:
        """Queue an utterance (its text masked); the same from the same source is queued once. Returns its id."""
        text = mask_people(proposal.text)
        marked = [vars(one) for one in proposal.entities if text[one.start : one.end] == one.text]
        row = LabelRow(
            source=proposal.source, source_id=proposal.source_id, key=proposal.key, text=text, entities=marked,
            speaker=str(proposal.speaker), industry=proposal.industry, context=[mask_people(one) for one in proposal.context],
            read_as=proposal.read_as, confidence=proposal.confidence, proposed=proposal.proposed, note=mask_people(proposal.note),
            secondary=list(proposal.secondary), tags=list(proposal.tags), created_at=self.clock(),
        )  # fmt: skip
        try:
            with Session(self.engine) as session:
                session.add(row)
                session.commit()
                return row.id
        except IntegrityError:
            with Session(self.engine) as session:
                return session.exec(select(LabelRow.id).where(LabelRow.key == proposal.key)).one()

    def queue(self, limit: int = 50, *, not_marked_by: str = "", not_flagged_by: str = "") -> list[LabelRow]:
        """What waits: corrections first (a person has spoken), then the least sure readings."""
        wanted = select(LabelRow).where(LabelRow.state == "proposed")
        if not_flagged_by:
            wanted = wanted.where(col(LabelRow.flagged_by) != not_flagged_by)
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
        self,
        label: str,
        intent: str,
        by: str,
        *,
        secondary: Sequence[str] | None = None,
        tags: Sequence[str] | None = None,
        entities: Sequence[Entity] | None = None,
    ) -> LabelRow:
        """A trainer's word: from now on it teaches. What is None stays as it was queued.

        Raises `LabelUnknown` for one that does not wait any more, and for entities that are not in its text."""
        with Session(self.engine, expire_on_commit=False) as session:
            row = self._waiting(session, label)
            self.check(intent, row.speaker)
            session.add(MarkRow(label_id=label, trainer=by, intent=intent, at=self.clock()))
            row.state, row.intent, row.settled_by, row.settled_at = "settled", intent, by, self.clock()
            row.secondary = [
                one for one in (row.secondary if secondary is None else secondary) if one != intent
            ]
            row.tags = list(row.tags if tags is None else tags)
            if entities is not None:
                row.entities = [vars(one) for one in placed(row.text, entities)]
            session.commit()
            return row

    def mark(self, label: str, intent: str, by: str) -> None:
        """A second trainer's view, for agreement; settles nothing."""
        with Session(self.engine) as session:
            row = session.get(LabelRow, label)
            if row is None:
                raise LabelUnknown(
                    f"no label {label!r}; `yiju intents label` shows what waits", Fault.NOT_WAITING
                )
            self.check(intent, row.speaker)
            session.add(MarkRow(label_id=label, trainer=by, intent=intent, at=self.clock()))
            session.commit()

    def counts(self) -> Counter[str]:
        """Settled labels by intent."""
        with reading(self.engine) as session:
            query = select(LabelRow.intent, func.count()).where(LabelRow.state == "settled")
            return Counter(dict(session.exec(query.group_by(LabelRow.intent)).all()))

    def reopen(self, label: str, by: str) -> None:
        """Undo a settling or dropping of one's own; it waits again, with what was marked. Raises `LabelUnknown`."""
        with Session(self.engine) as session:
            row = session.get(LabelRow, label, with_for_update=True)
            if row is None or row.state == "proposed" or row.settled_by != by:
                raise LabelUnknown(
                    f"label {label!r} was not settled by {by}; only one's own can be undone", Fault.NOT_OWN
                )
            session.execute(delete(MarkRow).where(col(MarkRow.label_id) == label, col(MarkRow.trainer) == by))
            row.state, row.intent, row.settled_by, row.settled_at = "proposed", "", "", None
            session.commit()

    def drop(self, label: str, by: str, why: str = "") -> None:
        """Not usable: unclear, not ours, personal. It never teaches."""
        with Session(self.engine) as session:
            row = self._waiting(session, label)
            row.state, row.settled_by, row.settled_at, row.note = "dropped", by, self.clock(), why or row.note
            session.commit()

    def flag(self, label: str, kind: str, note: str, by: str) -> None:
        """Leave it to somebody else, with a word; it waits on. Raises `LabelUnknown`."""
        if kind not in FLAGS:
            raise LabelUnknown(f"{kind!r} is no flag; choose one of {', '.join(FLAGS)}")
        with Session(self.engine) as session:
            row = self._waiting(session, label)
            row.flag, row.flag_note, row.flagged_by = kind, mask_people(note.strip()), by
            session.commit()

    def unflag(self, label: str) -> None:
        """Back into everybody's queue. Raises `LabelUnknown`."""
        with Session(self.engine) as session:
            row = self._waiting(session, label)
            row.flag, row.flag_note, row.flagged_by = "", "", ""
            session.commit()

    def flagged(self, limit: int = 50) -> list[LabelRow]:
        """What waits with a flag, oldest first."""
        wanted = select(LabelRow).where(LabelRow.state == "proposed", LabelRow.flag != "")
        with reading(self.engine) as session:
            return list(session.exec(wanted.order_by(col(LabelRow.created_at)).limit(limit)))

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

    def settled_at(self, example: str) -> datetime | None:
        """When the label of this example was settled; None where it is no label, or waits again."""
        with reading(self.engine) as session:
            row = session.get(LabelRow, example.removeprefix("label-"))
            return row.settled_at if row is not None and row.state == "settled" else None

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
        return agreement_of([pair for by in latest.values() for pair in combinations(by.values(), 2)])

    def _waiting(self, session: Session, label: str) -> LabelRow:
        row = session.get(LabelRow, label, with_for_update=True)
        if row is None or row.state != "proposed":
            found = "there is none" if row is None else f"it was {row.state} by {row.settled_by}"
            raise LabelUnknown(
                f"no label {label!r} waits ({found}); `yiju intents label` shows what does", Fault.NOT_WAITING
            )
        return row

    def check(self, intent: str, speaker: str) -> None:
        """Raises `LabelUnknown` for an intent that this speaker cannot have."""
        allowed = sorted(info.name for info in self.taxonomy.for_speaker(speaker))
        if intent not in allowed:
            raise LabelUnknown(
                f"{intent!r} is not an intent of a {speaker}; choose one of {', '.join(allowed)}",
                Fault.INTENT,
                found=intent,
            )


def agreement_of(pairs: Sequence[tuple[str, str]]) -> Agreement:
    """Cohen's kappa (1960), with the chance of agreeing from what both chose together."""
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
        tuple(row.tags), row.industry, "correction", tuple(Entity(**one) for one in row.entities),
    )  # fmt: skip


def placed(text: str, entities: Sequence[Entity]) -> list[Entity]:
    """In order of position. Raises `LabelUnknown` for an unknown type, for words that do not stand there, and for an overlap."""
    found: list[Entity] = []
    for one in sorted(entities, key=lambda one: one.start):
        if one.type not in ENTITY_TYPES:
            raise LabelUnknown(
                f"{one.type!r} is no type of entity; choose one of {', '.join(ENTITY_TYPES)}",
                Fault.ENTITY_TYPE,
                found=one.type,
            )
        if not one.text.strip() or text[one.start : one.end] != one.text:
            raise LabelUnknown(
                f"at {one.start} to {one.end} stands {text[one.start : one.end]!r}, not {one.text!r}; mark it again",
                Fault.ELSEWHERE,
                found=one.text,
            )
        if found and one.start < found[-1].end:
            raise LabelUnknown(
                f"{one.text!r} overlaps {found[-1].text!r}; remove one of them", Fault.OVERLAP, found=one.text
            )
        found.append(one)
    return found
