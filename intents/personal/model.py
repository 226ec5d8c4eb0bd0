"""Kinds of personal data, and a stretch of text that is some (values, no I/O)."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class Kind(StrEnum):
    """What a stretch of text gives away."""

    NAME = "name"
    PHONE = "phone"
    ID = "id"
    ADDRESS = "address"
    EMAIL = "email"
    CARD = "card"
    PLATE = "plate"
    ACCOUNT = "account"


class Personal(NamedTuple):
    """`text[start:end]` is personal data of this kind."""

    kind: Kind
    start: int
    end: int
