"""The bounds of the quality board, from a file that a company may have of its own."""

from __future__ import annotations

from datetime import timedelta
from fnmatch import fnmatchcase
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

SHIPPED = Path(__file__).with_name("bounds.yaml")
OWN = "quality.yaml"


class QualityUnusable(Exception):
    """The bounds cannot be used; the message names the file and the place."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Bounds(_Strict):
    """`silent_hours` 0: silence is no news."""

    latency_p95_s: float
    dead_letters: int
    conflicts: int
    silent_hours: float
    null_rate: float
    violations: int


class _Override(_Strict):
    source: str
    latency_p95_s: float | None = None
    dead_letters: int | None = None
    conflicts: int | None = None
    silent_hours: float | None = None
    null_rate: float | None = None
    violations: int | None = None


class _Expected(_Strict):
    """How often events of a source are expected to bring a field; both are patterns."""

    source: str = "*"
    field: str
    every_hours: float = Field(ge=0)


class QualitySheet(_Strict):
    """All bounds, and how often a broken one is told of again."""

    defaults: Bounds
    sources: list[_Override] = []
    fields: list[_Expected] = []
    least_values: int = 20
    cool_down_hours: float = 24
    calm_minutes: float = 30

    def of(self, source: str) -> Bounds:
        fits = next((one for one in self.sources if fnmatchcase(source, one.source)), None)
        changes = fits.model_dump(exclude={"source"}, exclude_none=True) if fits else {}
        return self.defaults.model_copy(update=changes)

    def expected(self, source: str, field: str) -> timedelta | None:
        """How long a field may stay away by what the file says of it; None: it says nothing. Zero: for ever."""
        fits = (
            one for one in self.fields if fnmatchcase(source, one.source) and fnmatchcase(field, one.field)
        )
        found = next(fits, None)
        return None if found is None else timedelta(hours=found.every_hours)


def load_bounds(folder: Path | None = None) -> QualitySheet:
    """The installation's own where there are some. Raises `QualityUnusable`."""
    own = folder / OWN if folder else None
    path = own if own and own.is_file() else SHIPPED
    try:
        return QualitySheet.model_validate(yaml.load(path.read_text(encoding="utf-8"), yaml.CSafeLoader))
    except (OSError, yaml.YAMLError, ValidationError) as error:
        raise QualityUnusable(f"{path.name}: {error}") from error
