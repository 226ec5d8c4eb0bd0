"""Fine-tunes a pretrained encoder on labelled utterances: those of one intent come to lie close, others apart.

Contrastive, by sentence-transformers, in minutes on a processor; needs torch. One fold is left out and its number written
beside the model, so that a later training can tell on it how much the tuned encoder should count. What is saved is a
sentence-transformers folder with `model.onnx` in it, which serving takes without torch.
"""

from __future__ import annotations

import json
import random
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from intents.contrast import folds_of
from intents.errors import EncoderUnusable
from intents.examples import Example, data_hash
from intents.heldout import FOLDS
from intents.meaning import Encoder, Tuned
from intents.normalise import normalise

LEFT_OUT = 0
"""The fold that is not tuned on."""
NOTE = "tuned.json"
FEWEST, FEWEST_INTENTS = 8, 2
"""Labelled utterances of an intent below which it is not tuned on, and how many such intents there must be."""
LONGEST = 64
"""Tokens of an utterance."""
MARGIN = 0.3
"""Cosine distance by which another intent must lie further away."""
OPSET = 17
INPUTS = ("input_ids", "attention_mask", "token_type_ids")


@dataclass(frozen=True)
class Choices:
    """Everything that decides the outcome besides the data."""

    steps: int = 300
    batch: int = 64
    rate: float = 2e-5
    seed: int = 7


def as_tuned(encoder: Encoder, folder: Path) -> Encoder:
    """The encoder with the fold that it did not see, where the folder says that it was tuned here."""
    note = folder / NOTE
    if not note.is_file():
        return encoder
    return Tuned(encoder, int(json.loads(note.read_text(encoding="utf-8"))["unseen_fold"]))


def tune(
    folder: Path,
    out: Path,
    examples: Sequence[Example],
    choices: Choices = Choices(),
    progress: Callable[[str], None] = lambda _: None,
) -> None:
    """Write a tuned copy of the encoder in `folder` to `out`. Raises `EncoderUnusable`."""
    if not folder.is_dir():
        raise EncoderUnusable(f"{folder} is no folder; give one that sentence-transformers can load")
    folds = folds_of(examples, FOLDS)
    by_intent = _by_intent([one for one, fold in zip(examples, folds, strict=True) if fold != LEFT_OUT])
    if out.exists() and any(out.iterdir()):
        raise EncoderUnusable(f"{out} is not empty; give another folder to write to")
    model = _opened(folder)
    _train(model, by_intent, choices, progress)
    progress(f"writing {out}")
    model.save(str(out), create_model_card=False)
    _export(model, out / "model.onnx")
    note = {
        "unseen_fold": LEFT_OUT,
        "tuned_from": folder.name,
        "data": data_hash(examples),
        **asdict(choices),
    }
    (out / NOTE).write_text(json.dumps(note, indent=2), encoding="utf-8")


def _by_intent(examples: Sequence[Example]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for one in examples:
        if not one.secondary:
            found[one.intent].append(normalise(one.text))
    enough = {intent: texts for intent, texts in sorted(found.items()) if len(texts) >= FEWEST}
    if len(enough) < FEWEST_INTENTS:
        counts = dict(Counter({intent: len(texts) for intent, texts in found.items()}).most_common(5))
        raise EncoderUnusable(
            f"need {FEWEST_INTENTS} intents with {FEWEST} labelled utterances each outside fold {LEFT_OUT}, "
            f"found {counts}; settle more labels"
        )
    return enough


def _opened(folder: Path) -> Any:
    from sentence_transformers import SentenceTransformer

    try:
        # the exporter knows the operators of plain attention
        plain = {"attn_implementation": "eager"}
        model = SentenceTransformer(str(folder), device="cpu", model_kwargs=plain, local_files_only=True)
    except (OSError, ValueError, KeyError) as error:
        raise EncoderUnusable(
            f"{folder}: sentence-transformers cannot load it ({error}); tuning needs the weights for torch "
            "(model.safetensors), not model.onnx alone"
        ) from error
    model.max_seq_length = LONGEST
    return model


def _train(
    model: Any, by_intent: dict[str, list[str]], choices: Choices, progress: Callable[[str], None]
) -> None:
    """Every triplet of a batch that violates the margin pulls (Hermans et al. 2017, arXiv:1703.07737)."""
    import torch
    from sentence_transformers.sentence_transformer.losses import (
        BatchAllTripletLoss,
        BatchHardTripletLossDistanceFunction,
    )

    torch.manual_seed(choices.seed)
    loss = BatchAllTripletLoss(model, BatchHardTripletLossDistanceFunction.cosine_distance, MARGIN)
    optimiser = torch.optim.AdamW(model.parameters(), lr=choices.rate)
    model.train()
    for step, (texts, labels) in enumerate(_batches(by_intent, choices), 1):
        optimiser.zero_grad()
        value = loss([model.preprocess(texts)], torch.tensor(labels))
        value.backward()
        optimiser.step()
        if step % 50 == 0 or step == choices.steps:
            progress(f"step {step}/{choices.steps}: loss {value.item():.3f}")
    model.eval()


def _batches(by_intent: dict[str, list[str]], choices: Choices) -> Iterator[tuple[list[str], list[int]]]:
    """Four utterances of each of some intents: alike ones and others in every batch, rare intents as often as common ones."""
    draw, intents = random.Random(choices.seed), list(by_intent)
    for _ in range(choices.steps):
        chosen = draw.sample(range(len(intents)), min(len(intents), max(2, choices.batch // 4)))
        pairs = [(text, at) for at in chosen for text in draw.sample(by_intent[intents[at]], 4)]
        yield [text for text, _ in pairs], [at for _, at in pairs]


def _export(model: Any, path: Path) -> None:
    """The transformer's token vectors; pooling stands in `1_Pooling`, where serving reads it."""
    import torch

    inner = model.transformers_model

    class Tokens(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = inner

        def forward(self, ids: Any, mask: Any, types: Any) -> Any:
            return self.inner(input_ids=ids, attention_mask=mask, token_type_ids=types).last_hidden_state

    ones = torch.ones(2, 9, dtype=torch.int64)
    sizes = {name: {0: "batch", 1: "length"} for name in (*INPUTS, "last_hidden_state")}
    torch.onnx.export(
        Tokens().eval(), (ones, ones, torch.zeros_like(ones)), str(path), input_names=list(INPUTS),
        output_names=["last_hidden_state"], dynamic_axes=sizes, opset_version=OPSET, dynamo=False,
    )  # fmt: skip
