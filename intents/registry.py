"""The models of this installation: train, promote, roll back, and the one that serves now."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy import Engine, func
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from intents.classifier import Classifier
from intents.company_cues import CompanyCues
from intents.company_files import CompanyFiles
from intents.datasets import Datasets
from intents.errors import ModelUnknown
from intents.examples import Example, shipped_examples
from intents.graph import Fact, KnowledgeGraph
from intents.labels import Labels, utc_now
from intents.meaning import Encoder, Tuned
from intents.memory import Memory, Remembered, remember
from intents.model_file import SHIPPED, load, save, shipped_model
from intents.tables import TABLES, ModelRow, PromotionRow, reading
from intents.taxonomy import Taxonomy
from intents.training import Progress, train
from intents.vectors import KeptVectors

log = structlog.get_logger()
LEARNED_UNTIL = "learned_until"
"""On a model's card in the registry: when the newest label that it learned was settled."""
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
    shipped: bool = False
    """Came with the product; it serves until another one is promoted."""

    @property
    def learned_until(self) -> datetime | None:
        """Later settled labels it cannot have learned; None where it learned none at all."""
        if not self.card.get("corrections"):
            return None
        noted = self.card.get(LEARNED_UNTIL)
        return datetime.fromisoformat(noted) if noted else self.created_at


class Registry:
    """Models as rows in the store and files in the data dir. Safe to share between threads and processes."""

    def __init__(
        self,
        engine: Engine,
        data_dir: Path,
        *,
        products: Sequence[str] = (),
        facts: Callable[[], tuple[Fact, ...]] = tuple,
        encoder: Callable[[], Encoder | None] = lambda: None,
        clock: Callable[[], datetime] = utc_now,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.engine = engine
        self.folder, self.vectors = data_dir / "models", data_dir / "vectors"
        self.files = CompanyFiles(engine, clock=clock, monotonic=monotonic)
        self.labels = Labels(engine, self.files.taxonomy, clock=clock)
        self.cues = CompanyCues(engine, self.files.taxonomy, clock=clock)
        self.datasets = Datasets(engine)
        self.products = tuple(products)
        self._facts = facts
        self.encoder = encoder
        """A pretrained one, loaded when it is asked for: at a training, or when a model reads with it."""
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
        noted: Mapping[str, Any] | None = None,
        progress: Progress = lambda _: None,
    ) -> ModelInfo:
        """Train on the shipped examples (or the given ones) and every settled label (or these). Promotes nothing.

        `settled` stand in the order of settling; `noted` is said on the card beside what training says.
        """
        authored = shipped_examples() if examples is None else list(examples)
        settled = self.labels.settled() if settled is None else settled
        until = self.labels.settled_at(settled[-1].id) if settled else None
        examples = [*authored, *settled]
        like, encoder = self.champion(), self.encoder()
        classifier = train(
            examples,
            calibrate_on=calibrate_on,
            calibrated_like=like,
            eyes=like.eyes,
            taxonomy=like.taxonomy,
            encoder=KeptVectors(encoder, self.vectors) if encoder else None,
            unseen_fold=encoder.unseen_fold if isinstance(encoder, Tuned) else None,
            progress=progress,
        )
        marked = {LEARNED_UNTIL: until.isoformat()} if until else {}
        added = self.add(classifier, by, {**(noted or {}), **marked})
        self.datasets.keep(added.id, settled)
        return added

    def add(self, classifier: Classifier, by: str = "", noted: Mapping[str, Any] | None = None) -> ModelInfo:
        """Keep a model; the same model again is the same entry. `noted` is said on its card in the registry alone."""
        path = self._path(classifier.hash)
        if not path.exists():
            save(classifier, path)
        card = {**classifier.card, **(noted or {})}
        row = ModelRow(id=classifier.hash, created_at=self._clock(), trained_by=by, card=card)
        try:
            with Session(self.engine) as session:
                session.add(row)
                session.commit()
        except IntegrityError:
            pass  # known already
        return self.info(classifier.hash)

    def note(self, model: str, noted: Mapping[str, Any]) -> None:
        """Say more on a model's card in the registry; nothing where it is not in the store (the shipped one at first)."""
        with Session(self.engine) as session:
            if (row := session.get(ModelRow, model)) is not None:
                row.card = {**row.card, **noted}
                session.commit()

    def models(self) -> list[ModelInfo]:
        """Newest first, the shipped one among them or last; the one that serves is marked."""
        return self.page()[0]

    def page(self, first: int = 0, most: int | None = None) -> tuple[list[ModelInfo], int]:
        """At most `most` of them, from the number `first` on, and how many there are in all."""
        shipped = shipped_model().hash
        with reading(self.engine) as session:
            total = session.exec(select(func.count()).select_from(ModelRow)).one()
            is_kept = session.get(ModelRow, shipped) is not None
            newest = select(ModelRow).order_by(col(ModelRow.created_at).desc(), ModelRow.id).offset(first)
            rows = session.exec(newest.limit(most) if most is not None else newest).all()
            by_number = select(PromotionRow).order_by(col(PromotionRow.number))
            shown = by_number.where(col(PromotionRow.model_id).in_([row.id for row in rows]))
            latest = {row.model_id: row for row in session.exec(shown)}
            current = session.exec(
                select(PromotionRow.model_id).order_by(col(PromotionRow.number).desc()).limit(1)
            ).first()
        serving = current or shipped
        found = [_info(row, latest.get(row.id), row.id == serving) for row in rows]
        if is_kept:
            return found, total
        is_last = first <= total and (most is None or total < first + most)
        return [*found, _shipped(serving)] if is_last else found, total + 1

    def info(self, model: str) -> ModelInfo:
        """By id or its beginning. Raises `ModelUnknown`."""
        found = [one for one in self.models() if one.id.startswith(model)] if model else []
        if len(found) != 1:
            known = ", ".join(f"{one.id}{' (shipped)' * one.shipped}" for one in self.models())
            raise ModelUnknown(f"{'no' if not found else 'more than one'} model {model!r}; known: {known}")
        return found[0]

    def load(self, model: str) -> Classifier:
        """Raises `ModelUnknown`, or `ModelUnusable` where its file is gone."""
        return replace(self._seeing(self._kept(self.info(model).id)), products=self.products)

    def promote(self, model: str, *, by: str, why: str = "") -> ModelInfo:
        """From now on this model serves, in every process, within a second."""
        return self._promote(model, by, why)

    def _promote(self, model: str, by: str, why: str, rolled_back: bool = False) -> ModelInfo:
        info = self.info(model)
        kept = self._kept(info.id)  # a model that cannot be read is not promoted
        if info.shipped:
            self.add(kept)
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
        """Back to what served before: at last to the shipped model. Raises `ModelUnknown` where that one serves."""
        history = self._promotions()
        current = history[-1].model_id if history else shipped_model().hash
        before = _before(history, shipped_model().hash)
        if before is None:
            raise ModelUnknown(
                f"{current} is the model that came with the product and nothing served before it; "
                "promote another one by its id, see `yiju intents models`"
            )
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

    def taxonomy(self) -> Taxonomy:
        """The intents as the company calls them now, without loading a model."""
        return self.files.taxonomy()

    def read(self, text: str, **how: Any) -> Any:
        """Reads with whatever serves now, so that a registry can stand where a classifier is wanted."""
        return self.serving().read(text, **how)

    def _refresh(self) -> None:
        history = self._promotions(1)
        reads_with = (
            history[-1].model_id if history else None,
            self.cues.mark(),
            self._facts(),
            self.files.mark(),
        )
        state = (reads_with, *self.labels.settled_mark())
        if self._serving is not None and state == self._state:
            return
        if self._serving is None or reads_with != self._state[0]:
            self._serving = replace(self.champion(), products=self.products)
        self._serving = self._serving.remembering(self._memory(self._serving))
        self._state = state

    def champion(self) -> Classifier:
        """What was promoted last (the shipped model until then), with what the company added, without memory."""
        history = self._promotions(1)
        return self._seeing(self._kept(history[-1].model_id) if history else shipped_model())

    def _seeing(self, classifier: Classifier) -> Classifier:
        return self.seeing(classifier, self.files.taxonomy(), self.files.graph())

    def seeing(self, classifier: Classifier, taxonomy: Taxonomy, graph: KnowledgeGraph) -> Classifier:
        """A model as it would read with these intents and this graph, and with the company's cues and accepted things."""
        eyes = replace(classifier.eyes, cues=self.cues.lexicon(), graph=graph.extended(self._facts()))
        return self._listening(replace(classifier, taxonomy=taxonomy, eyes=eyes))

    def _listening(self, classifier: Classifier) -> Classifier:
        """With the encoder, where the model asks one; it is not loaded otherwise."""
        if classifier.meaning is None or not classifier.meaning.heads:
            return classifier
        encoder = self.encoder()
        listening = classifier.listening(encoder)
        if listening.encoder is None:
            log.warning(
                "intents.encoder_differs",
                model=classifier.hash,
                trained_with=classifier.meaning.fingerprint,
                configured=encoder.fingerprint if encoder else "none",
                advice="reads by its words alone; configure that encoder, or train and promote with this one",
            )
        return listening

    def _kept(self, model: str) -> Classifier:
        """The shipped one needs no file in the data dir."""
        return shipped_model() if model == shipped_model().hash else load(self._path(model))

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


def _before(history: Sequence[PromotionRow], shipped: str) -> str | None:
    """Rolling back twice goes back two models: a roll-back takes its promotion off the pile."""
    pile = [shipped]
    for row in history:
        if row.rolled_back:
            pile = pile[:-1] or [row.model_id]  # a newer product ships another model at the bottom
        elif not pile or pile[-1] != row.model_id:
            pile.append(row.model_id)
    return pile[-2] if len(pile) > 1 else None


def _info(row: ModelRow, promotion: PromotionRow | None, serving: bool) -> ModelInfo:
    info = ModelInfo(row.id, row.created_at, row.trained_by, row.card, serving)
    info = replace(info, shipped=row.id == shipped_model().hash)
    if promotion is None:
        return info
    return replace(info, promoted_at=promotion.at, promoted_by=promotion.by, why=promotion.why)


def _shipped(serving: str) -> ModelInfo:
    """The model that came with the product, where nobody put it into the store yet."""
    model, installed = shipped_model(), datetime.fromtimestamp(SHIPPED.stat().st_mtime, UTC)
    return ModelInfo(model.hash, installed, "", dict(model.card), model.hash == serving, shipped=True)
