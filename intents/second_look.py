"""Two trainers on the same utterance: a share of the settled ones is shown to a second, and where they differ, somebody decides."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from sqlmodel import Session, col, select

from intents.errors import Fault, LabelUnknown
from intents.labels import Agreement, Labels, agreement_of
from intents.tables import LabelRow, MarkRow, reading

SHARE = 0.2
"""Of the settled labels, by a hash of their id: nobody chooses which."""
RECENT = 2000


@dataclass(frozen=True)
class Dispute:
    """An utterance that two trainers labelled differently, with who said what."""

    row: LabelRow
    marks: tuple[tuple[str, str], ...]


def for_second(labels: Labels, trainer: str, limit: int = 50) -> list[LabelRow]:
    """Settled by somebody else, in the share, and not looked at by this trainer yet; oldest first."""
    marked = select(MarkRow.label_id).where(MarkRow.trainer == trainer)
    wanted = (
        select(LabelRow)
        .where(LabelRow.state == "settled", LabelRow.settled_by != trainer, col(LabelRow.id).not_in(marked))
        .order_by(col(LabelRow.settled_at))
        .limit(RECENT)
    )
    with reading(labels.engine) as session:
        once = [row for row in session.exec(wanted) if in_share(row.id) and len(_marks(session, row.id)) == 1]
    return once[:limit]


def in_share(label: str) -> bool:
    return int(hashlib.sha256(label.encode()).hexdigest()[:8], 16) / 2**32 < SHARE


def disputes(labels: Labels, limit: int = 50) -> list[Dispute]:
    """Where the newest marks differ and nobody settled it since."""
    with reading(labels.engine) as session:
        rows = session.exec(
            select(LabelRow)
            .where(LabelRow.state == "settled")
            .order_by(col(LabelRow.settled_at).desc())
            .limit(RECENT)
        ).all()
        found = []
        for row in rows:
            marks = _marks(session, row.id)
            latest = {mark.trainer: mark.intent for mark in marks}
            newer = any(row.settled_at and mark.at > row.settled_at for mark in marks)
            if len(set(latest.values())) > 1 and newer:
                found.append(Dispute(row, tuple(latest.items())))
    return found[:limit]


def decide(labels: Labels, label: str, intent: str, by: str) -> None:
    """The last word on a dispute: the label teaches this from now on. Raises `LabelUnknown` where it was withdrawn meanwhile."""
    with Session(labels.engine) as session:
        row = session.get(LabelRow, label, with_for_update=True)
        if row is None or row.state != "settled":
            raise LabelUnknown(
                f"label {label!r} is not settled any more; look at it again", Fault.NOT_WAITING
            )
        labels.check(intent, row.speaker)
        row.intent, row.settled_by, row.settled_at = intent, by, labels.clock()
        row.secondary = [one for one in row.secondary if one != intent]
        session.commit()


def by_intent(labels: Labels) -> dict[str, Agreement]:
    """Agreement of each intent: over the pairs in which at least one of the two chose it."""
    with reading(labels.engine) as session:
        marks = session.exec(select(MarkRow).order_by(col(MarkRow.at))).all()
    latest: dict[str, dict[str, str]] = {}
    for mark in marks:
        latest.setdefault(mark.label_id, {})[mark.trainer] = mark.intent
    pairs = [tuple(chosen.values())[:2] for chosen in latest.values() if len(chosen) > 1]
    names = sorted({intent for pair in pairs for intent in pair})
    return {
        name: agreement_of([(str(one == name), str(other == name)) for one, other in pairs]) for name in names
    }


def _marks(session: Session, label: str) -> Sequence[MarkRow]:
    return session.exec(select(MarkRow).where(MarkRow.label_id == label).order_by(col(MarkRow.at))).all()
