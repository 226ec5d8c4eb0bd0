"""Train the default encoder on the lexicon: `python -m knowledge.training` (seed 7, about a minute on two cores).

A saying and a written term (or another saying) of the same concept should lie close, all others apart: contrastive
training with in-batch negatives by sentence-transformers. `--held-out` keeps one saying in eight back and reports how
often its concept is found again; the shipped table is trained on everything.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from knowledge.encoder import SHIPPED, HashedNgrams
from knowledge.lexicon import Concept, Lexicon, load


@dataclass(frozen=True)
class Choices:
    """Everything that decides the outcome, so that the same command makes the same table."""

    rows: int = 24576
    dimensions: int = 112
    epochs: int = 4
    batch: int = 256
    rate: float = 0.01
    scale: float = 16.0
    spread: float = 0.1
    """Standard deviation of the starting rows."""
    dropout: float = 0.15
    """Share of n-grams left out of a text, so that no single one carries its meaning."""
    seed: int = 7


def pairs(concepts: Sequence[Concept], rng: random.Random) -> list[tuple[str, str, int]]:
    """Each saying with a written term and with another saying of its concept."""
    found = []
    for at, concept in enumerate(concepts):
        for saying in concept.say:
            found.append((saying, rng.choice(concept.written), at))
            found.append((saying, " ".join(concept.written), at))
            others = [other for other in concept.say if other != saying]
            if others:
                found.append((saying, rng.choice(others), at))
    rng.shuffle(found)
    return found


def train(concepts: Sequence[Concept], choices: Choices) -> HashedNgrams:
    """A table for `HashedNgrams`, in int8 with one scale a row."""
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.losses import MultipleNegativesRankingLoss

    from knowledge.training_module import NgramBag

    torch.manual_seed(choices.seed)
    rng = random.Random(choices.seed)
    bag = NgramBag(choices.rows, choices.dimensions, choices.spread, choices.dropout, choices.seed)
    model = SentenceTransformer(modules=[bag], device="cpu")
    loss = MultipleNegativesRankingLoss(model, scale=choices.scale)
    optimiser = torch.optim.Adam(bag.parameters(), lr=choices.rate)
    steps = choices.epochs * (len(pairs(concepts, rng)) // choices.batch + 1)
    schedule = torch.optim.lr_scheduler.LinearLR(optimiser, 1.0, 0.02, total_iters=steps)
    model.train()
    for _ in range(choices.epochs):
        for left, right in _batches(pairs(concepts, rng), choices.batch):
            optimiser.zero_grad()
            loss([bag.preprocess(left), bag.preprocess(right)], torch.empty(0)).backward()
            optimiser.step()
            schedule.step()
    return quantised(bag.table())


def _batches(found: Sequence[tuple[str, str, int]], size: int) -> Iterator[tuple[list[str], list[str]]]:
    """Batches in which no concept stands twice: a text of one's own concept is no negative."""
    waiting = list(found)
    while waiting:
        batch, later, seen = list[tuple[str, str, int]](), list[tuple[str, str, int]](), set[int]()
        for pair in waiting:
            if len(batch) < size and pair[2] not in seen:
                seen.add(pair[2])
                batch.append(pair)
            else:
                later.append(pair)
            if len(batch) == size:
                later += waiting[len(batch) + len(later) :]
                break
        waiting = later
        if len(batch) > size // 4:
            yield [left for left, _, _ in batch], [right for _, right, _ in batch]


def quantised(table: Any) -> HashedNgrams:
    """float32 → int8 with one scale a row: a quarter of the size, the same neighbours."""
    largest = np.maximum(np.abs(table).max(axis=1), 1e-6)
    return HashedNgrams(
        np.round(table / largest[:, None] * 127).astype(np.int8), (largest / 127).astype(np.float32)
    )


def found_again(
    held: Sequence[tuple[str, int]], concepts: Sequence[Concept], encoder: HashedNgrams
) -> dict[int, float]:
    """Share of held-out sayings whose concept is among the nearest 1, 4 and 8."""
    lexicon = Lexicon(concepts, encoder)
    ranks = []
    for saying, at in held:
        near = [meant.concept for meant in lexicon._meant(saying, most=8, least=-1.0)]
        ranks.append(near.index(concepts[at]) if concepts[at] in near else 99)
    return {k: sum(rank < k for rank in ranks) / len(ranks) for k in (1, 4, 8)}


def hold_out(concepts: Sequence[Concept], seed: int) -> tuple[list[Concept], list[tuple[str, int]]]:
    """One saying in eight, of concepts that have four or more."""
    rng = random.Random(seed)
    kept, held = [], []
    for at, concept in enumerate(concepts):
        say = list(concept.say)
        if len(say) >= 4 and rng.random() < 0.7:
            held.append((say.pop(rng.randrange(len(say))), at))
        kept.append(Concept(tuple(say), concept.written, concept.domain, concept.industry))
    return kept, held


@dataclass(frozen=True)
class Retrained:
    """An encoder that knows the company's sayings, and what holding sayings back said about it."""

    encoder: HashedNgrams
    held: int
    before: float
    """Share of held-back sayings whose concept the encoder in use finds among the nearest four."""
    after: float
    """The same of an encoder trained without them."""

    @property
    def better(self) -> bool:
        return self.after >= self.before


def retrain(own: Sequence[Concept], now: HashedNgrams, choices: Choices = Choices()) -> Retrained:
    """Train on the shipped lexicon and the company's own. Two trainings: one to measure, one for use."""
    concepts = [*load(), *own]
    kept, held = hold_out(concepts, choices.seed)
    for at, concept in enumerate(own, len(concepts) - len(own)):
        if concept.say and all(place != at for _, place in held):
            held.append((concept.say[0], at))
            kept[at] = Concept(concept.say[1:], concept.written, concept.domain, concept.industry)
    own_held = [one for one in held if one[1] >= len(concepts) - len(own)]
    measured = train(kept, choices)
    before, after = (found_again(own_held, kept, encoder)[4] for encoder in (now, measured))
    return Retrained(train(concepts, choices), len(own_held), before, after)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--held-out", action="store_true", help="measure instead of writing the table")
    arguments.add_argument("--to", type=Path, default=SHIPPED)
    for name, default in vars(Choices()).items():
        arguments.add_argument(f"--{name}", type=type(default), default=default)
    given = vars(arguments.parse_args())
    measure, to = given.pop("held_out"), given.pop("to")
    choices, concepts = Choices(**given), load()
    if measure:
        kept, held = hold_out(concepts, choices.seed)
        print(len(held), "held-out sayings found again:", found_again(held, kept, train(kept, choices)))
    else:
        train(concepts, choices).save(to)
        print(f"{to}: {to.stat().st_size / 1e6:.2f} MB from {len(concepts)} concepts, {choices}")


if __name__ == "__main__":
    main()
