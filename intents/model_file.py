"""A model as one file: arrays and JSON, nothing in it is code, so reading a stranger's file is safe."""

from __future__ import annotations

import hashlib
import json
import zipfile
import zlib
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from intents.abstain import Thresholds
from intents.acts import Acts
from intents.card_before import knowing_cards
from intents.classifier import Classifier
from intents.errors import ModelUnusable
from intents.features import Eyes, shipped_eyes
from intents.guard import Guard
from intents.linear import Head
from intents.meaning import DenseHead, Meaning
from intents.scope import Scope
from intents.taxonomy import Taxonomy, load_taxonomy

FORMAT = 3
SHIPPED = Path(__file__).with_name("shipped.npz")
"""Made by `yiju intents train --ship --calibrate-on eval/cases/intents/dev.jsonl`."""
_ARRAYS = ("idf", "weights", "bias")
_DENSE = ("weights", "bias")
_BROKEN = (OSError, ValueError, KeyError, TypeError, EOFError, AttributeError, zipfile.BadZipFile, zlib.error)
"""What a damaged file makes numpy, zipfile and json raise."""


def rounded(head: Head) -> Head:
    """Weights as the file keeps them (half precision), so that a model reads the same before and after it is saved."""
    halves = {name: getattr(head, name).astype(np.float16).astype(np.float32) for name in _ARRAYS}
    return replace(head, **halves)


def content_hash(classifier: Classifier) -> str:
    """Of what the model is, not of how the file was packed."""
    digest = hashlib.sha256(json.dumps(_meta(classifier), sort_keys=True, ensure_ascii=False).encode())
    for speaker in sorted(classifier.heads):
        head = classifier.heads[speaker]
        digest.update("\n".join(head.names).encode())
        for name in _ARRAYS:
            digest.update(getattr(head, name).astype(np.float16).tobytes())
    for name, values in _dense_arrays(classifier.meaning).items():
        digest.update(name.encode() + values.tobytes())
    return digest.hexdigest()[:16]


def save(classifier: Classifier, path: Path) -> None:
    """Written beside its place and moved there, so that a reader never sees half a model."""
    arrays: dict[str, Any] = {"meta": _text(json.dumps(_meta(classifier), ensure_ascii=False))}
    for speaker, head in classifier.heads.items():
        arrays[f"{speaker}.names"] = _text("\n".join(head.names))
        arrays |= {f"{speaker}.{name}": getattr(head, name).astype(np.float16) for name in _ARRAYS}
    arrays |= _dense_arrays(classifier.meaning)
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(path.name + ".part")
    with unfinished.open("wb") as file:
        np.savez_compressed(file, **arrays)
    unfinished.replace(path)


def load(path: Path, *, taxonomy: Taxonomy | None = None, eyes: Eyes | None = None) -> Classifier:
    """Raises `ModelUnusable` where the file is missing, broken or of another format."""
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
        meta = json.loads(arrays["meta"].tobytes())
        if meta.get("format") != FORMAT:
            raise ValueError(f"format {meta.get('format')}, expected {FORMAT}")
        heads = {speaker: _head(speaker, labels, arrays) for speaker, labels in meta["labels"].items()}
        guard, thresholds = Guard(**meta["guard"]), Thresholds(**meta["thresholds"])
        meaning = _meaning(meta["meaning"], arrays) if "meaning" in meta else None
        scopes = {
            speaker: Scope(tuple(kept["weights"]), kept["bias"])
            for speaker, kept in meta.get("scopes", {}).items()
        }
        acts = {speaker: _acts(heads[speaker].labels, **kept) for speaker, kept in meta["acts"].items()}
    except _BROKEN as error:
        raise ModelUnusable(f"{path} is no intent model ({error}); run `yiju intents train`") from error
    classifier = Classifier(
        heads, meta["temperature"], thresholds, guard,
        taxonomy or load_taxonomy(), knowing_cards(eyes or shipped_eyes(), heads), acts, scopes, meta["sharpness"], meta["card"], meaning=meaning,
    )  # fmt: skip
    return replace(classifier, hash=content_hash(classifier))


def _meta(classifier: Classifier) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "labels": {speaker: list(head.labels) for speaker, head in sorted(classifier.heads.items())},
        "temperature": classifier.temperature,
        "sharpness": classifier.sharpness,
        "acts": {speaker: _numbers(acts) for speaker, acts in sorted(classifier.acts.items())},
        "thresholds": vars(classifier.thresholds),
        "guard": {
            "penalty": classifier.guard.penalty,
            "by_industry": dict(classifier.guard.by_industry),
            "doubt": classifier.guard.doubt,
        },
        "card": dict(classifier.card),
        # a model from before scopes were known keeps its hash
        **(
            {"scopes": {who: vars(scope) for who, scope in sorted(classifier.scopes.items())}}
            if classifier.scopes
            else {}
        ),
        **({"meaning": _meant(classifier.meaning)} if classifier.meaning else {}),
    }


def _meant(meaning: Meaning) -> dict[str, Any]:
    heads = {
        speaker: {"labels": list(head.labels), "weight": head.weight, "scale": head.scale}
        for speaker, head in sorted(meaning.heads.items())
    }
    return {"fingerprint": meaning.fingerprint, "heads": heads}


def _meaning(kept: dict[str, Any], arrays: dict[str, Any]) -> Meaning:
    return Meaning(
        kept["fingerprint"],
        {speaker: _dense_head(speaker, head, arrays) for speaker, head in kept["heads"].items()},
    )


def _dense_head(speaker: str, kept: dict[str, Any], arrays: dict[str, Any]) -> DenseHead:
    weights, bias = (arrays[f"{speaker}.dense.{name}"].astype(np.float32) for name in _DENSE)
    return DenseHead(tuple(kept["labels"]), weights, bias, kept["weight"], kept["scale"])


def _dense_arrays(meaning: Meaning | None) -> dict[str, Any]:
    return {
        f"{speaker}.dense.{name}": getattr(head, name).astype(np.float16)
        for speaker, head in sorted((meaning.heads if meaning else {}).items())
        for name in _DENSE
    }


def _numbers(acts: Acts) -> dict[str, Any]:
    kept = {name: getattr(acts, name).tolist() for name in ("weights", "slopes", "bias")}
    return {**kept, "ordered": acts.ordered}


def _acts(labels: tuple[str, ...], ordered: bool, **numbers: list[float]) -> Acts:
    return Acts(labels, ordered=ordered, **{name: np.array(values) for name, values in numbers.items()})


def _head(speaker: str, labels: list[str], arrays: dict[str, Any]) -> Head:
    names = tuple(arrays[f"{speaker}.names"].tobytes().decode().split("\n"))
    return Head(tuple(labels), names, *(arrays[f"{speaker}.{name}"].astype(np.float32) for name in _ARRAYS))


def _text(words: str) -> Any:
    return np.frombuffer(words.encode(), np.uint8)


@cache
def shipped_model() -> Classifier:
    """The model that serves until a company promotes its own."""
    return load(SHIPPED)
