"""Fits what tells strangers' words from ours, on examples as a head that never saw them read them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from intents.errors import ExamplesUnusable
from intents.features import Eyes
from intents.heldout import Held
from intents.linear import Head
from intents.normalise import normalise
from intents.scope import Floats, Scope, signs_of

OUTSIDE = Path(__file__).with_name("outside.jsonl")
"""Utterances that none of our intents is about; those that are measured on stand in eval/."""
REFUSED = 0.03
"""Share of held-out examples that may be taken for strangers' words. They are harder than what people send: of what other hands
wrote for development a sixth of this share was refused."""
FEWEST = 500
"""Held-out examples of a speaker without which nothing is refused: a small set knows too few words."""


def outside_texts(path: Path = OUTSIDE) -> list[str]:
    """Raises `ExamplesUnusable`, which names file and line."""
    found = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        try:
            found.append(str(json.loads(line)["text"]))
        except (ValueError, KeyError, TypeError) as error:
            raise ExamplesUnusable(
                f"{path.name}:{number}: {error!r}; expected a JSON object with text"
            ) from error
    return found


def fit_scopes(heads: Mapping[str, Head], folds: Sequence[Held], eyes: Eyes) -> dict[str, Scope]:
    """One for each speaker of whom there are enough examples."""
    texts, found = outside_texts(), {}
    for speaker, head in heads.items():
        held = [one for one in folds if one.seen.example.speaker == speaker and not one.made]
        if len(held) >= FEWEST:
            ours = np.array([one.signs for one in held])
            found[speaker] = _fit(ours, np.array([_signs(text, head, eyes) for text in texts]))
    return found


def _signs(text: str, head: Head, eyes: Eyes) -> Floats:
    features = eyes.see(text)
    return signs_of(normalise(text), features, head.scores(head.sight(features)), head)


def _fit(ours: Floats, others: Floats) -> Scope:
    """A logistic model on standardised signs, given back in their own units; its bias leaves out `REFUSED` of ours."""
    from sklearn.linear_model import LogisticRegression

    middle, spread = ours.mean(0), ours.std(0) + 1e-9
    rows = (np.vstack([ours, others]) - middle) / spread
    there = np.arange(len(rows)) >= len(ours)
    model: Any = LogisticRegression(class_weight="balanced", max_iter=1000)  # type: ignore[no-untyped-call]
    weights = (model.fit(rows, there).coef_[0] / spread).round(4)
    bias = -float(np.quantile(ours @ weights, 1 - REFUSED))
    return Scope(tuple(weights.tolist()), round(bias, 4))
