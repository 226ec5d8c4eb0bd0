"""Turns that speak alike and want the same, found on character n-grams and readings, named by their most telling phrases.

By their words alone clusters say next to nothing of what is wanted (`yiju eval run --suite clusters`); where the model is
sure its reading pulls turns together, where it is not their words do, so that what no intent fits stands out.
"""

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
READING = 1.0
"""What a sure reading weighs beside the words, whose length is 1."""
MOST = 60


def clusters(suggestions: Sequence[Suggestion], count: int = 0, seed: int = 1) -> list[Cluster]:
    """Largest first; `count` 0 takes the root of the number of turns, at least 2 and at most 60."""
    if not suggestions:
        return []
    texts = [normalise(one.turn.text) for one in suggestions]
    places, distances = _assigned(
        texts, _read(suggestions), count or min(MOST, max(2, round(math.sqrt(len(texts))))), seed
    )
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


def _read(suggestions: Sequence[Suggestion]) -> np.ndarray:
    """One column an intent: how sure each turn was read so."""
    names = sorted({one.intent for one in suggestions})
    table = np.zeros((len(suggestions), len(names)))
    for row, one in enumerate(suggestions):
        table[row, names.index(one.intent)] = READING * one.confidence
    return table


def _assigned(texts: Sequence[str], read: np.ndarray, count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Cluster of each text and its distance from the middle."""
    if len(texts) < FEWEST:
        return np.zeros(len(texts), dtype=int), np.zeros(len(texts))
    from scipy.sparse import csr_matrix, hstack
    from sklearn.cluster import MiniBatchKMeans
    from sklearn.feature_extraction.text import TfidfVectorizer

    grams: Any = TfidfVectorizer(  # type: ignore[no-untyped-call]
        analyzer="char",
        ngram_range=(1, 3),
        min_df=min(3, len(texts) // 4),
        max_features=20_000,
        sublinear_tf=True,
    )
    sure = csr_matrix(read)  # type: ignore[no-untyped-call]
    seen = hstack([grams.fit_transform(texts), sure]).tocsr()  # type: ignore[no-untyped-call]
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
