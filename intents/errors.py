"""What can go wrong in this package.

    IntentsError
    ├── TaxonomyError       the taxonomy file is not usable
    ├── ExamplesUnusable    a line of a training or case file is not usable, or there are too few
    ├── ModelUnusable       the file is no model of this version
    ├── ModelUnknown        no model of that id in the registry
    ├── LabelUnknown        no such label, or it is settled already
    ├── FileRefused         a company's taxonomy or graph has mistakes; it says which, by line
    ├── FileOutdated        somebody saved another version of it meanwhile, or there is no such version
    ├── CueUnknown          no such cue of the company, or it cannot be one
    ├── EncoderUnusable     the encoder cannot be tuned: no torch weights, or too few labels
    └── TranscriptUnusable  an export in which no turns were found

Messages say what was found, what was expected and what to do next.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum, auto
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from intents.file_checks import Problem


class Fault(StrEnum):
    """What is wrong with a file or a label that somebody brought, so that it can be said in their language."""

    TOO_MANY = auto()
    TOO_LARGE = auto()
    ENCODING = auto()
    OTHER_ENDING = auto()
    OTHER_FORM = auto()
    NOT_JSON = auto()
    NO_OBJECT = auto()
    NO_MESSAGES = auto()
    BROKEN_TABLE = auto()
    NO_COLUMN = auto()
    NO_LIST = auto()
    NO_TEXT = auto()
    NOBODY_SPEAKS = auto()
    SPEAKER = auto()
    INTENT = auto()
    ENTITY = auto()
    ENTITY_TYPE = auto()
    ELSEWHERE = auto()
    OVERLAP = auto()
    NOT_WAITING = auto()
    NOT_OWN = auto()


class IntentsError(Exception):
    """Base of everything this package raises on purpose."""

    def __init__(
        self, message: str = "", fault: Fault | None = None, where: object = "", found: object = ""
    ) -> None:
        """`where`: the line or place; `found`: what stands there."""
        super().__init__(message)
        self.fault, self.where, self.found = fault, str(where), str(found)


class TaxonomyError(IntentsError):
    """The taxonomy file is not usable; the message names the entry and what is wrong with it."""


class ExamplesUnusable(IntentsError):
    """A line of a labelled file is not usable; the message names file, line and reason."""


class ModelUnusable(IntentsError):
    """The file is no model of this version; train again."""


class ModelUnknown(IntentsError):
    """The registry has no model of that id."""


class LabelUnknown(IntentsError):
    """There is no such label, or a trainer settled it already."""


class FileRefused(IntentsError):
    """A company's taxonomy or graph that is not usable, with everything that is wrong in it."""

    def __init__(self, kind: str, problems: Sequence[Problem]) -> None:
        first = problems[0]
        expected = f", expected {' or '.join(first.expected[:6])}" if first.expected else ""
        super().__init__(
            f"the {kind} has {len(problems)} mistakes, the first on line {first.line}: {first.flaw.value} at "
            f"{first.place or 'the top'}, found {first.found!r}{expected}; mend them and save again"
        )
        self.problems = tuple(problems)


class FileOutdated(IntentsError):
    """The version that a change was made to is not the newest any more, or there is no such version."""


class EncoderUnusable(IntentsError):
    """The encoder cannot be tuned; the message says what is missing."""


class CueUnknown(IntentsError):
    """The company has no such cue, or the phrase cannot be one."""


class TranscriptUnusable(IntentsError):
    """No turns were found in an export; the message says which forms are read."""
