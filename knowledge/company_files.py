"""What a company wrote or chose for its documents, as versions in the store: its industry's graph, its weights, and
the questions that these were chosen by.

Every saved text is a row; the newest is in force in every process from its next search on, an earlier one can be
brought back, and version 0 is what ships with the product: no graph, no questions, and the shipped weights.

Weights hold for the encoder in use when they were saved. With another one the rest of them stays, and vectors count what
they do before anything was chosen.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

import structlog
from sqlalchemy import Engine
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from knowledge.encoder import OWN, Encoder
from knowledge.fusion import (
    OwnQuestion,
    QuestionsWrong,
    WeightsWrong,
    chosen_with,
    marked,
    parse_questions,
    parse_weights,
    written,
)
from knowledge.industry import Fact, IndustryWrong, parse_industry
from knowledge.rerank import Weights
from knowledge.store import count_up
from knowledge.tables import FileRow

log = structlog.get_logger()
SHIPPED = Weights()
UNPROVEN = Weights(dense=0.0)
"""With an operator's encoder, until somebody knows what its vectors are worth: a weak one hurts."""
T = TypeVar("T")


class FileKind(StrEnum):
    INDUSTRY = "industry"
    WEIGHTS = "weights"
    QUESTIONS = "questions"


EDITED = (FileKind.INDUSTRY, FileKind.WEIGHTS)
"""Those that the console edits; questions come in by `yiju knowledge tune`."""


ONCE = {FileKind.INDUSTRY: "industry.yaml", FileKind.WEIGHTS: "retrieval-weights.json"}
"""Where they lay in the data directory before they were kept in the store."""


class FileOutdated(ValueError):
    """Somebody saved another version meanwhile, or there is no such version."""


@dataclass(frozen=True)
class EncoderInUse:
    """What weights need to know of the encoder that a library's vectors are made with."""

    fingerprint: str = ""
    """Empty: unknown, and weights are taken as they stand."""
    weights: Weights = SHIPPED
    """Until some are chosen with it."""
    shipped: bool = True
    """Those are the shipped ones, chosen with it by the product's own questions."""

    @classmethod
    def of(cls, given: Encoder | None, own: Encoder, data_dir: Path) -> EncoderInUse:
        """An operator's, else the product's: the shipped one, or one of its make that was trained here."""
        if given:
            return cls(given.fingerprint, UNPROVEN, shipped=False)
        return cls(own.fingerprint, shipped=not (data_dir / OWN).exists())


@dataclass(frozen=True)
class CompanyFiles:
    """The texts of one installation. Every method is one transaction."""

    engine: Engine
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    encoder: EncoderInUse = EncoderInUse()

    # -- in force -------------------------------------------------------------------------------------------------

    def industry(self) -> tuple[Fact, ...]:
        return self._parsed(FileKind.INDUSTRY, parse_industry, ())

    def weights(self) -> Weights:
        found = self._parsed(FileKind.WEIGHTS, parse_weights, self.encoder.weights)
        return found if self.weights_hold() else replace(found, dense=self.encoder.weights.dense)

    def weights_hold(self) -> bool:
        """Whether those in force were chosen with the encoder in use (or do not say with which)."""
        row = self._row(FileKind.WEIGHTS)
        if row is None or not row.text:
            return self.encoder.shipped
        with suppress(ValueError):
            return chosen_with(row.text) in {"", self.encoder.fingerprint}
        return False

    def questions(self) -> Sequence[OwnQuestion]:
        """The company's own, that weights were last chosen by."""
        return self._parsed(FileKind.QUESTIONS, parse_questions, [])

    # -- versions -------------------------------------------------------------------------------------------------

    def text(self, kind: FileKind, number: int | None = None) -> str:
        """A version's text, the newest where no number is given; empty for what ships. Raises `FileOutdated` for a
        number there is not."""
        row = self._row(kind, number)
        if row is None and number:
            raise FileOutdated(f"there is no version {number} of the {kind}; `versions` lists them")
        return row.text if row else ""

    def versions(self, kind: FileKind, limit: int = 50) -> list[FileRow]:
        """Newest first, without the shipped one."""
        wanted = select(FileRow).where(FileRow.kind == kind).order_by(col(FileRow.number).desc())
        with Session(self.engine.execution_options(yiju_reads=True)) as session:
            return list(session.exec(wanted.limit(limit)))

    def latest(self, kind: FileKind) -> int:
        """The number of the version in force; 0 is the shipped one."""
        row = self._row(kind)
        return row.number if row else 0

    def save(self, kind: FileKind, text: str, by: str, *, why: str, follows: int) -> FileRow:
        """A new version, in force at once. `follows`: the number that its writer had before them.

        Raises `IndustryWrong`, `WeightsWrong` or `QuestionsWrong` with what is wrong, `FileOutdated` where another version
        came between.
        """
        check(kind, text)
        return self._add(kind, self._marked(kind, text), by, why, follows)

    def restore(self, kind: FileKind, number: int, by: str, *, why: str, follows: int) -> FileRow:
        """An earlier version again, as the newest; 0 is what ships. Raises as `save` and `text` do."""
        text = self.text(kind, number) if number else ""
        if kind is FileKind.WEIGHTS and not text and not self.encoder.shipped:
            text = written(self.encoder.weights)  # somebody's choice: not to be chosen anew behind their back
        if text:
            check(kind, text)  # this version of the product may not know it any more
        return self._add(kind, self._marked(kind, text), by, why, follows, restores=number)

    def bring_in(self, data_dir: Path) -> None:
        """Take over what lay in the data directory before, once: where the store has no version yet.

        A file that cannot be used stays where it is and is named in the log; the shipped one serves.
        """
        for kind, name in ONCE.items():
            path = data_dir / name
            if not path.is_file() or self.latest(kind):
                continue
            try:
                self.save(
                    kind, path.read_text(encoding="utf-8"), "yiju", why=f"taken over from {name}", follows=0
                )
            except (OSError, ValueError) as error:
                # FileOutdated among them: another process that starts now was quicker
                if not isinstance(error, FileOutdated):
                    log.error(
                        "company_file_not_taken_over", file=str(path), reason=str(error), next=_NEXT[kind]
                    )
                continue
            with suppress(
                OSError
            ):  # a directory that cannot be written changes nothing: the store has it now
                path.rename(path.with_name(f"{name}.taken-over"))

    # -------------------------------------------------------------------------------------------------------------

    def _marked(self, kind: FileKind, text: str) -> str:
        """Weights, with the encoder that they are saved for."""
        known = kind is FileKind.WEIGHTS and text and self.encoder.fingerprint
        return marked(text, self.encoder.fingerprint) if known else text

    def _add(
        self, kind: FileKind, text: str, by: str, why: str, follows: int, restores: int | None = None
    ) -> FileRow:
        latest = self.latest(kind)
        if latest != follows:
            raise FileOutdated(
                f"version {latest} of the {kind} was saved meanwhile; what follows {follows} is taken"
            )
        row = FileRow(
            kind=kind, number=follows + 1, text=text, at=self.clock(), by=by, why=why, restores=restores
        )
        try:
            with Session(self.engine, expire_on_commit=False) as session, session.begin():
                session.add(row)
                count_up(session)
        except IntegrityError as taken:
            raise FileOutdated(
                f"another version of the {kind} was saved in this moment; look at it first"
            ) from taken
        return row

    def _parsed(self, kind: FileKind, parse: Callable[[str], T], shipped: T) -> T:
        """A text that this version of the product cannot read any more leaves what ships."""
        row = self._row(kind)
        if row is None or not row.text:
            return shipped
        try:
            return parse(row.text)
        except (IndustryWrong, WeightsWrong, QuestionsWrong) as error:
            log.error(
                "company_file_unreadable",
                kind=kind.value,
                number=row.number,
                reason=str(error),
                next=_NEXT[kind],
            )
            return shipped

    def _row(self, kind: FileKind, number: int | None = None) -> FileRow | None:
        wanted = select(FileRow).where(FileRow.kind == kind).order_by(col(FileRow.number).desc()).limit(1)
        if number is not None:
            wanted = wanted.where(FileRow.number == number)
        with Session(self.engine.execution_options(yiju_reads=True)) as session:
            return session.exec(wanted).first()


_NEXT = {
    FileKind.INDUSTRY: "mend it, then `yiju knowledge files save industry FILE`",
    FileKind.WEIGHTS: "`yiju knowledge tune QUESTIONS` chooses new ones",
    FileKind.QUESTIONS: "`yiju knowledge tune QUESTIONS` keeps new ones",
}


def check(kind: FileKind, text: str) -> None:
    """Raises `IndustryWrong`, `WeightsWrong` or `QuestionsWrong`, saying what is wrong and what was expected."""
    if kind is FileKind.INDUSTRY:
        parse_industry(text)
    elif kind is FileKind.WEIGHTS:
        parse_weights(text)
    else:
        parse_questions(text)
