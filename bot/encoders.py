"""The pretrained encoders that an operator configured, each loaded once though documents and intents may share it."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

from bot.errors import InvalidInput
from bot.settings import Settings

if TYPE_CHECKING:
    from intents import Encoder
    from knowledge.pretrained import OnnxEncoder, SentenceEncoder


def encoder_of_documents(settings: Settings) -> OnnxEncoder | SentenceEncoder | None:
    """None for the shipped one. Raises `InvalidInput` where the configured one cannot be used."""
    return opened(settings.embedding_model, "YIJU_EMBEDDING_MODEL")


def encoder_of_intents(settings: Settings) -> Callable[[], Encoder | None]:
    """Loads it when it is asked for: a model that reads by words alone needs none."""
    return partial(for_intents, settings.encoder_of_intents)


def for_intents(model: str) -> Encoder | None:
    """Raises `InvalidInput`. A folder that `yiju intents tune-encoder` wrote says what it was tuned on."""
    from intents.tuning import as_tuned

    encoder = opened(model, "YIJU_INTENTS_ENCODER and YIJU_EMBEDDING_MODEL")
    return as_tuned(encoder, Path(model)) if encoder else None


def opened(model: str, variable: str) -> OnnxEncoder | SentenceEncoder | None:
    """Raises `InvalidInput`, naming the setting."""
    from knowledge.pretrained import UnfitEncoder

    try:
        return _loaded(model)
    except UnfitEncoder as error:
        raise InvalidInput(f"{error}; check {variable}") from error


@cache
def _loaded(model: str) -> OnnxEncoder | SentenceEncoder | None:
    from knowledge.pretrained import encoder_for

    return encoder_for(model)
