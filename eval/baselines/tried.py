"""Other ways to read an intent, trained on the same examples and features: `python -m eval.baselines.tried [NAME …]`.

Reads the development set only. Each way fits one reader per speaker; none has guard, acts, memory or calibration, so they
are compared with a linear head of ours alone ("linear SVM"), not with the whole product.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from intents import Example, shipped_examples
from intents.features import Eyes, shipped_eyes

from ..case import intent_cases
from ..metrics import Interval, macro_f1, wilson
from .small_nets import averaged_embeddings, contrastive_encoder

SEED = 7
Rows = Sequence[Counter[str]]
"""Counts of features, one for each utterance."""
Reader = Callable[[Rows], Sequence[str]]


class Tried(NamedTuple):
    """What came of one way."""

    name: str
    accuracy: Interval | None
    macro_f1: float
    milliseconds: float
    """Of the processor, for a reading by itself, features included, at the median: the same on a busy machine."""
    seconds: float
    """Of the processor, to train for both speakers, once the features are there."""

    def __str__(self) -> str:
        return f"| {self.name} | {self.accuracy} | {self.macro_f1:.3f} | {self.milliseconds:.2f} | {self.seconds:.0f} |"


def linear_svm(rows: Rows, wanted: Sequence[str]) -> Reader:
    from sklearn.svm import LinearSVC

    return _piped(rows, wanted, LinearSVC(C=2.0, random_state=SEED))  # type: ignore[no-untyped-call]


def two_linear_models(rows: Rows, wanted: Sequence[str]) -> Reader:
    """Probabilities of a calibrated SVM and of softmax regression, averaged."""
    from sklearn.calibration import CalibratedClassifierCV
    from sklearn.ensemble import VotingClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.svm import LinearSVC

    svm = CalibratedClassifierCV(LinearSVC(C=2.0, random_state=SEED), cv=3)  # type: ignore[no-untyped-call]
    both = [("svm", svm), ("softmax", LogisticRegression(C=30.0, max_iter=60, tol=1e-3))]  # type: ignore[no-untyped-call]
    return _piped(rows, wanted, VotingClassifier(both, voting="soft"))  # type: ignore[no-untyped-call]


def nearest_neighbours(rows: Rows, wanted: Sequence[str]) -> Reader:
    from sklearn.neighbors import KNeighborsClassifier

    return _piped(rows, wanted, KNeighborsClassifier(7, metric="cosine", weights="distance"))  # type: ignore[no-untyped-call]


def prototypes(rows: Rows, wanted: Sequence[str]) -> Reader:
    """The nearest mean of an intent's utterances. scikit-learn's own makes the matrix dense: 7 GB."""
    from sklearn.preprocessing import LabelBinarizer, normalize

    seen, one_hot = _tfidf(), LabelBinarizer(sparse_output=True)  # type: ignore[no-untyped-call]
    matrix, of = seen.fit_transform(rows), one_hot.fit_transform(wanted)  # type: ignore[no-untyped-call]
    means = normalize(of.T @ matrix)

    def read(rows: Rows) -> Sequence[str]:
        near = (seen.transform(rows) @ means.T).toarray().argmax(1)
        return [str(one_hot.classes_[at]) for at in near]

    return read


def small_network(rows: Rows, wanted: Sequence[str]) -> Reader:
    """300 dimensions of the n-grams (truncated SVD), one hidden layer of 256, stopped early."""
    from sklearn.decomposition import TruncatedSVD
    from sklearn.neural_network import MLPClassifier

    net = MLPClassifier((256,), early_stopping=True, n_iter_no_change=4, max_iter=40, random_state=SEED)  # type: ignore[no-untyped-call]
    return _piped(rows, wanted, TruncatedSVD(300, random_state=SEED), net)  # type: ignore[no-untyped-call]


def _piped(rows: Rows, wanted: Sequence[str], *steps: Any) -> Reader:
    from sklearn.pipeline import make_pipeline

    predict: Reader = make_pipeline(_tfidf(), *steps).fit(rows, wanted).predict  # type: ignore[no-untyped-call]
    return predict


def _tfidf() -> Any:
    """As our own head sees it: logarithmic counts, length 1."""
    from sklearn.feature_extraction import DictVectorizer
    from sklearn.feature_extraction.text import TfidfTransformer
    from sklearn.pipeline import make_pipeline

    counts = DictVectorizer(dtype=np.float32)  # type: ignore[no-untyped-call]
    return make_pipeline(counts, TfidfTransformer(sublinear_tf=True))  # type: ignore[no-untyped-call]


WAYS: dict[str, Callable[[Rows, Sequence[str]], Reader]] = {
    "linear SVM": linear_svm,
    "two linear models, averaged": two_linear_models,
    "nearest neighbours": nearest_neighbours,
    "prototypes": prototypes,
    "small network": small_network,
    "averaged embeddings": averaged_embeddings,
    "contrastive encoder": contrastive_encoder,
}


class Learned(NamedTuple):
    """The examples of one speaker as every way sees them."""

    rows: Rows
    wanted: Sequence[str]


def learned(examples: Sequence[Example], eyes: Eyes) -> dict[str, Learned]:
    found = {}
    for speaker in sorted({one.speaker for one in examples}):
        mine = [one for one in examples if one.speaker == speaker]
        rows = [_counts(eyes, one) for one in mine]
        # features seen once teach nothing, as in our own head
        often = {feature for feature, n in Counter(name for row in rows for name in row).items() if n > 1}
        kept = [Counter({name: n for name, n in row.items() if name in often}) for row in rows]
        found[speaker] = Learned(kept, [one.intent for one in mine])
    return found


def tried(name: str, material: Mapping[str, Learned], cases: Sequence[Example], eyes: Eyes) -> Tried:
    """One way, trained and read."""
    start = time.process_time()
    readers = {speaker: WAYS[name](rows, wanted) for speaker, (rows, wanted) in material.items()}
    seconds, pairs, times = time.process_time() - start, [], []
    for case in cases:
        start = time.process_time()
        read = readers[case.speaker]([_counts(eyes, case)])[0]
        times.append(time.process_time() - start)
        pairs.append((case.intent, str(read)))
    right = wilson(sum(wanted == read for wanted, read in pairs), len(pairs))
    return Tried(name, right, macro_f1(pairs), float(np.median(times)) * 1000, seconds)


def _counts(eyes: Eyes, one: Example) -> Counter[str]:
    return Counter(feature.name for feature in eyes.see(one.text, one.context))


def main() -> None:
    told = argparse.ArgumentParser(description=__doc__)
    told.add_argument("names", nargs="*", help=f"of {', '.join(WAYS)}; none for all")
    names = told.parse_args().names or list(WAYS)
    if unknown := set(names) - set(WAYS):
        told.error(f"no way called {', '.join(unknown)}; there are {', '.join(WAYS)}")
    cases, eyes = intent_cases("dev"), shipped_eyes()
    material = learned(shipped_examples(), eyes)
    print("| way | accuracy | macro-F1 | ms | s to train |\n|---|---|---|---|---|")
    for name in names:
        print(tried(name, material, cases, eyes), flush=True)


if __name__ == "__main__":
    main()
