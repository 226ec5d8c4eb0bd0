"""JSON that we were sent: read within limits, or refused as untrusted."""

from __future__ import annotations

from typing import Annotated, TypeVar

import orjson
from pydantic import BaseModel, Field, ValidationError

from bot.channels import UntrustedEnvelope

Model = TypeVar("Model", bound=BaseModel)
Id = Annotated[str, Field(min_length=1, max_length=256, pattern=r"^[^\x00]+$")]
"""An id of the platform's, as a key of ours: PostgreSQL takes no NUL."""
LARGEST = 256 * 1024
"""Bytes of one body; the cap that the platform's own Java SDK puts on a frame."""


def parsed(raw: bytes | str) -> object:
    """Raises `UntrustedEnvelope` where it is too large (413) or no JSON (400)."""
    if len(raw) > LARGEST:
        raise UntrustedEnvelope("size", 413)
    try:
        value: object = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise UntrustedEnvelope("shape", 400) from error
    return value


def shaped(model: type[Model], payload: object) -> Model:
    """Raises `UntrustedEnvelope` (400) where the payload has another shape."""
    try:
        return model.model_validate(payload)
    except ValidationError as error:
        raise UntrustedEnvelope("shape", 400) from error
