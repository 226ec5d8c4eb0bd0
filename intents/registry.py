"""The models of this installation: train, promote, roll back, and the one that serves now."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Engine
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from intents.classifier import Classifier
from intents.errors import ModelUnknown
from intents.examples import Example, shipped_examples
from intents.labels import Labels, utc_now
from intents.memory import Memory, Remembered, remember
from intents.model_file import load, save, shipped_model
from intents.tables import TABLES, ModelRow, PromotionRow, reading
from intents.training import Progress, train

CHECK_EVERY_S = 1.0
"""How long a serving process may still read with the model before a promotion."""


@dataclass(frozen=True)
class ModelInfo:
    """A model in the registry."""

    id: str
    created_at: datetime
    trained_by: str
    card: dict[str, Any]
    serving: bool
    promoted_at: datetime | None = None
    promoted_by: str = ""
    why: str = ""


class Registry:
    """Models as rows in the store and files in the data dir. Safe to share between threads and processes."""

    def __init__(
        self,
        engine: Engine,
        data_dir: Path,
        *,
        products: Sequence[str] = (),
        clock: Callable[[], datetime] = utc_now,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.engine = engine
        self.folder = data_dir / "models"
        self.labels = Labels(engine, clock=clock)
        self.products = tuple(products)
        self._clock, self._monotonic = clock, monotonic
        self._lock = threading.Lock()
        self._looked_at = float("-inf")
        self._state: tuple[Any, ...] = ()
        self._serving: Classifier | None = None

    def create_tables(self) -> None:
        """For installations that do not run the migrations (tests, `predict` on a fresh machine)."""
        ModelRow.metadata.create_all(self.engine, tables=TABLES)

    # -- models ------------------------------------------------------------------------------------------------

    def train(
        self,
        *,
        by: str = "",
        examples: Sequence[Example] | None = None,
        settled: Sequence[Example] | None = None,
        calibrate_on: Sequence[Example] = (),
        progress: Progress = lambda _: None,
    ) -> ModelInfo:
        """Train on the shipped examples (or the given ones) and every settled label (or these). Promotes nothing."""
        authored = shipped_examples() if examples is None else list(examples)
        examples = [*authored, *(self.labels.settled() if settled is None else settled)]
        like = self.champion()
        classifier = train(examples, calibrate_on=calibrate_on, calibrated_like=like, progress=progress)
        return self.add(classifier, by)

    def add(self, classifier: Classifier, by: str = "") -> ModelInfo:
        """Keep a model; the same model again is the same entry."""
        path = self._path(classifier.hash)
        if not path.exists():
            save(classifier, path)
        row = ModelRow(
            id=classifier.hash, created_at=self._clock(), trained_by=by, card=dict(classifier.card)
        )
        try:
            with Session(self.engine) as session:
                session.add(row)
                session.commit()
        except IntegrityError:
            pass  # known already
        return self.info(classifier.hash)

    def models(self) -> list[ModelInfo]:
        """Newest first, with the one that serves marked."""
        with reading(self.engine) as session:
            rows = session.exec(select(ModelRow).order_by(col(ModelRow.created_at).desc())).all()
            latest = {
                row.model_id: row
                for row in session.exec(select(PromotionRow).order_by(col(PromotionRow.number)))
            }
            current = max(latest.values(), key=lambda row: row.number, default=None)
        return [
            _info(row, latest.get(row.id), current is not None and row.id == current.model_id) for row in rows
        ]

    def info(self, model: str) -> ModelInfo:
        """By id or its beginning. Raises `ModelUnknown`."""
        found = [one for one in self.models() if one.id.startswith(model)] if model else []
        if len(found) != 1:
            known = ", ".join(one.id for one in self.models()) or "none yet; run `yiju intents train`"
            raise ModelUnknown(f"{'no' if not found else 'more than one'} model {model!r}; known: {known}")
        return found[0]

    def load(self, model: str) -> Classifier:
        """Raises `ModelUnknown`, or `ModelUnusable` where its file is gone."""
        return replace(load(self._path(self.info(model).id)), products=self.products)

    def promote(self, model: str, *, by: str, why: str = "") -> ModelInfo:
        """From now on this model serves, in every process, within a second."""
        return self._promote(model, by, why)

    def _promote(self, model: str, by: str, why: str, rolled_back: bool = False) -> ModelInfo:
        info = self.info(model)
        load(self._path(info.id))  # a model that cannot be read is not promoted
        with Session(self.engine) as session:
            last = session.exec(
                select(PromotionRow.number).order_by(col(PromotionRow.number).desc()).limit(1)
            ).first()
            row = PromotionRow(number=(last or 0) + 1, model_id=info.id, at=self._clock(), by=by, why=why)
            row.rolled_back = rolled_back
            session.add(row)
            session.commit()
        self._looked_at = float("-inf")
        return self.info(info.id)

    def rollback(self, *, by: str, why: str = "") -> ModelInfo:
        """Back to what served before the present model did. Raises `ModelUnknown` where nothing did."""
        history = self._promotions()
        if not history:
            raise ModelUnknown(
                "nothing was promoted yet, so there is nothing to roll back; see `yiju intents models`"
            )
        current, before = history[-1].model_id, _before(history)
        if before is None:
            raise ModelUnknown(f"model {current} is the first that served; promote another one by its id")
        return self._promote(before, by, why or f"rolled back from {current}", rolled_back=True)

    # -- serving -----------------------------------------------------------------------------------------------

    def serving(self) -> Classifier:
        """The promoted model (the shipped one until a first is promoted) with every settled label in its memory."""
        with self._lock:
            now = self._monotonic()
            if self._serving is None or now - self._looked_at >= CHECK_EVERY_S:
                self._looked_at = now
                self._refresh()
            assert self._serving is not None
            return self._serving

    def read(self, text: str, **how: Any) -> Any:
        """Reads with whatever serves now, so that a registry can stand where a classifier is wanted."""
        return self.serving().read(text, **how)

    def _refresh(self) -> None:
        history = self._promotions(1)
        state = (history[-1].model_id if history else None, *self.labels.settled_mark())
        if self._serving is not None and state == self._state:
            return
        if self._serving is None or state[0] != self._state[0]:
            self._serving = replace(self.champion(), products=self.products)
        self._serving = self._serving.remembering(self._memory(self._serving))
        self._state = state

    def champion(self) -> Classifier:
        """What was promoted last (the shipped model until then), without memory."""
        history = self._promotions(1)
        return load(self._path(history[-1].model_id)) if history else shipped_model()

    def _memory(self, classifier: Classifier) -> Memory:
        settled = [
            Remembered(one.text, one.speaker, one.intent, one.context) for one in self.labels.settled()
        ]
        return remember(settled, classifier.heads, classifier.eyes)

    def _promotions(self, latest: int | None = None) -> list[PromotionRow]:
        wanted = select(PromotionRow).order_by(col(PromotionRow.number).desc())
        with reading(self.engine) as session:
            return list(session.exec(wanted.limit(latest) if latest else wanted))[::-1]

    def _path(self, model: str) -> Path:
        return self.folder / f"{model}.npz"


def _before(history: Sequence[PromotionRow]) -> str | None:
    """Rolling back twice goes back two models: a roll-back takes its promotion off the pile."""
    pile: list[str] = []
    for row in history:
        if row.rolled_back:
            pile.pop()
        elif not pile or pile[-1] != row.model_id:
            pile.append(row.model_id)
    return pile[-2] if len(pile) > 1 else None


def _info(row: ModelRow, promotion: PromotionRow | None, serving: bool) -> ModelInfo:
    when = (promotion.at, promotion.by, promotion.why) if promotion else (None, "", "")
    return ModelInfo(row.id, row.created_at, row.trained_by, row.card, serving, *when)
