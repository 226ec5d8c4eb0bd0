"""Which labels each model learned, so that two versions of the company's data can be laid side by side."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Engine
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from intents.examples import Example
from intents.tables import DatasetRow, LabelRow, reading


@dataclass(frozen=True)
class Difference:
    """What changed from one version to another, by the labels' ids."""

    added: tuple[str, ...]
    removed: tuple[str, ...]
    relabelled: tuple[tuple[str, str, str], ...]
    """Id, the intent it had, the intent it has."""


def difference(before: Mapping[str, str], after: Mapping[str, str]) -> Difference:
    """Both: id → intent."""
    return Difference(
        tuple(one for one in after if one not in before),
        tuple(one for one in before if one not in after),
        tuple((one, before[one], now) for one, now in after.items() if before.get(one, now) != now),
    )


@dataclass(frozen=True)
class Datasets:
    """One version for each training. Every method is one transaction."""

    engine: Engine

    def keep(self, model: str, learned: Iterable[Example]) -> None:
        """Remember what a model learned; the same model again learned the same."""
        row = DatasetRow(model_id=model, labels=intents_of(learned))
        try:
            with Session(self.engine) as session:
                session.add(row)
                session.commit()
        except IntegrityError:
            pass

    def labels(self, model: str) -> dict[str, str] | None:
        """Id → intent of what this model learned; None where nobody noted it."""
        with reading(self.engine) as session:
            row = session.get(DatasetRow, model)
            return dict(row.labels) if row else None

    def texts(self, ids: Sequence[str]) -> dict[str, str]:
        """The words of these labels, masked as they are kept; of those that were forgotten there are none."""
        wanted = [one.removeprefix("label-") for one in ids]
        with reading(self.engine) as session:
            rows = session.exec(select(LabelRow.id, LabelRow.text).where(col(LabelRow.id).in_(wanted)))
            return {f"label-{name}": text for name, text in rows}


def intents_of(examples: Iterable[Example]) -> dict[str, str]:
    """Id → intent, as versions are compared."""
    return {one.id: one.intent for one in examples}
