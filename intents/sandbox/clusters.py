"""Turns that speak alike, found on character n-grams and named by their most telling phrases."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from intents.normalise import normalise
from intents.sandbox.model import Cluster, Suggestion
from intents.sandbox.phrases import phrases

FEWEST = 8
"""Fewer turns are one cluster."""


def clusters(suggestions: Sequence[Suggestion], count: int = 0, seed: int = 1) -> list[Cluster]:
    """Largest first; `count` 0 takes half the root of the number of turns, at least 2 and at most 60."""
    if not suggestions:
        return []
    texts = [normalise(one.turn.text) for one in suggestions]
    places, distances = _assigned(texts, count or min(60, max(2, round(math.sqrt(len(texts)) / 2))), seed)
    said = [phrases(text) for text in texts]
    everywhere = Counter(phrase for one in said for phrase in one)
    found = []
    for place in sorted(set(places.tolist())):
        inside = np.flatnonzero(places == place)
        order = inside[np.argsort(distances[inside], kind="stable")]
        members = [int(at) for at in order]
        intent, most = Counter(suggestions[at].intent for at in members).most_common(1)[0]
        name = _name([said[at] for at in members], everywhere, len(texts)) or texts[members[0]][:12]
        found.append(Cluster(name, tuple(members), intent, most / len(members)))
    return sorted(found, key=lambda one: -len(one.members))


def _assigned(texts: Sequence[str], count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Cluster of each text and its distance from the middle."""
    if len(texts) < FEWEST:
        return np.zeros(len(texts), dtype=int), np.zeros(len(texts))
    from sklearn.cluster import MiniBatchKMeans
    from sklearn.feature_extraction.text import TfidfVectorizer

    grams: Any = TfidfVectorizer(  # type: ignore[no-untyped-call]
        analyzer="char",
        ngram_range=(1, 3),
        min_df=min(3, len(texts) // 4),
        max_features=20_000,
        sublinear_tf=True,
    )
    seen = grams.fit_transform(texts)
    means: Any = MiniBatchKMeans(  # type: ignore[no-untyped-call]
        min(count, len(set(texts))), random_state=seed, n_init=3, batch_size=1024
    )
    return means.fit_predict(seen), means.transform(seen).min(axis=1)


def _name(said: Sequence[frozenset[str]], everywhere: Counter[str], total: int) -> str:
    """Three phrases that stand here far more often than elsewhere, none inside another."""
    here = Counter(phrase for one in said for phrase in one)
    least = max(2, len(said) // 50)
    score = {
        phrase: times / len(said) * math.log((times / len(said)) / (everywhere[phrase] / total))
        for phrase, times in here.items()
        if times >= least
    }
    chosen: list[str] = []
    for phrase in sorted(score, key=lambda one: (-score[one], -len(one), one)):
        if not any(phrase in other or other in phrase for other in chosen):
            chosen.append(phrase)
    return " / ".join(chosen[:3])
