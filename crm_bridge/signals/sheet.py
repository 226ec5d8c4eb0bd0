"""What counts, how much and for how long: `signals.yaml` and `risk.yaml`, reviewed like code, checked when they are loaded."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import time
from functools import cache, cached_property
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from crm_bridge.events import TYPES

SHIPPED = Path(__file__).parent
SHEETS = ("signals", "risk")


class SheetUnusable(Exception):
    """A sheet is wrong; the message names the file and the place."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Read(_Strict):
    """Which occurrences a dimension counts: an event or words of an intent, `when` a CEL condition holds."""

    event: str = ""
    said: str = ""
    when: str = ""
    """CEL over `fields`, `details` and `words`; what is not there does not hold."""
    strength: float = 1.0

    @property
    def what(self) -> str:
        return f"event:{self.event}" if self.event else f"said:{self.said}"

    @model_validator(mode="after")
    def _one(self) -> Read:
        if bool(self.event) == bool(self.said):
            raise ValueError("a read names an event or an intent, one of them")
        if self.event and self.event not in TYPES:
            raise ValueError(f"{self.event!r} is none of our event types")
        return self

    def counts(self, values: Mapping[str, Any]) -> bool:
        if not self.when:
            return True
        try:
            return bool(_program(self.when).execute(dict(values)))
        except (KeyError, TypeError, ValueError, RuntimeError):
            return False  # the occurrence does not say what the condition asks for


class Derived(_Strict):
    """Worked out of other dimensions' facts: their rhythm comes round again, or has been silent."""

    kind: Literal["due_again", "silence"]
    of: list[str]
    after_days: float = 0
    """Of silence: how long none is news."""


class Dimension(_Strict):
    """One reason for the score to rise or fall. `weight` of a fresh fact of strength 1; `cap` of all of them."""

    label: str
    weight: float
    card: str = ""
    """The intent under which a card is proposed where this dimension says most."""
    half_life_days: float = Field(10, gt=0)
    cap: float = Field(100, ge=0)
    reads: list[Read] = []
    derived: Derived | None = None


class Quiet(_Strict):
    """When nobody is told: from the evening until the morning, and at weekends."""

    start: time = Field(time(20), alias="from")
    until: time = time(8, 30)
    weekends: bool = True


class Sheet(_Strict):
    """The dimensions of one score, and its thresholds."""

    title: str
    open: float
    close: float
    """Lower than `open`, so that a score that trembles opens once."""
    dimensions_at_least: int = 1
    cool_down_days: float = 0
    quiet: Quiet = Quiet()
    horizon_days: float = 180
    dimensions: dict[str, Dimension]

    @model_validator(mode="after")
    def _sound(self) -> Sheet:
        if not 0 < self.close < self.open <= 100:
            raise ValueError("0 < close < open <= 100")
        for name, one in self.dimensions.items():
            wanted = one.derived.of if one.derived else []
            if lost := [other for other in wanted if other not in self.dimensions]:
                raise ValueError(f"{name} is derived of {lost}, which are no dimensions")
            if bool(one.reads) == bool(one.derived):
                raise ValueError(f"{name} reads occurrences or is derived, one of them")
        return self

    @cached_property
    def wanted(self) -> frozenset[str]:
        """Every `Occurrence.what` that some dimension reads."""
        return frozenset(read.what for one in self.dimensions.values() for read in one.reads)

    def compile(self) -> None:
        """Every condition, ahead of the first occurrence. Raises `ValueError` with the one that is no CEL."""
        for name, one in self.dimensions.items():
            for when in (read.when for read in one.reads if read.when):
                try:
                    _program(when)
                except ValueError as error:
                    raise ValueError(f"{name}: {when!r}: {error}") from error


def load_sheet(name: str, folder: Path | None = None) -> Sheet:
    """The installation's own file where there is one, else the shipped one. Raises `SheetUnusable`."""
    own = folder / f"{name}.yaml" if folder else None
    return read_sheet(own) if own and own.is_file() else _shipped(name)


@cache
def _shipped(name: str) -> Sheet:
    return _read(
        SHIPPED / f"{name}.yaml"
    )  # its conditions are compiled by the tests and when they are first asked


def read_sheet(path: Path) -> Sheet:
    """The sheet, every condition compiled. Raises `SheetUnusable`."""
    sheet = _read(path)
    try:
        sheet.compile()
    except ValueError as error:
        raise SheetUnusable(f"{path.name}: {error}") from error
    return sheet


def _read(path: Path) -> Sheet:
    try:
        return Sheet.model_validate(yaml.load(path.read_text(encoding="utf-8"), yaml.CSafeLoader))
    except (OSError, yaml.YAMLError, ValidationError) as error:
        raise SheetUnusable(f"{path.name}: {error}") from error


@cache
def _program(expression: str) -> Any:
    import cel  # 0.15 s, and most commands never score

    return cel.compile(expression)
