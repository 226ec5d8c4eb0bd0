"""What can go wrong in this package.

    IntentsError
    ├── TaxonomyError       the taxonomy file is not usable
    ├── ExamplesUnusable    a line of a training or case file is not usable, or there are too few
    ├── ModelUnusable       the file is no model of this version
    ├── ModelUnknown        no model of that id in the registry
    ├── LabelUnknown        no such label, or it is settled already
    └── TranscriptUnusable  an export in which no turns were found

Messages say what was found, what was expected and what to do next.
"""

from __future__ import annotations


class IntentsError(Exception):
    """Base of everything this package raises on purpose."""


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


class TranscriptUnusable(IntentsError):
    """No turns were found in an export; the message says which forms are read."""
