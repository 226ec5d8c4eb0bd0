"""Two small networks trained from nothing on our labels, in torch: what a home-made encoder brings (`tried.py`)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

SEED, WIDTH, EPOCHS, BATCH, RATE = 7, 128, 10, 256, 0.005
DROPPED = 0.2
"""Share of features left out of a training utterance, so that none carries it alone."""
TEMPERATURE, NEIGHBOURS = 0.1, 15
Rows = Sequence[Counter[str]]
Reader = Callable[[Rows], Sequence[str]]


class Bag:
    """The mean of the vectors of an utterance's features."""

    def __init__(self, rows: Rows) -> None:
        import torch

        torch.manual_seed(SEED)
        self.places = {name: at for at, name in enumerate(sorted({name for row in rows for name in row}), 1)}
        self.table = torch.nn.EmbeddingBag(len(self.places) + 1, WIDTH, mode="mean", padding_idx=0)

    def __call__(self, rows: Rows, draw: np.random.Generator | None = None) -> Any:
        """`draw` drops some features, in training."""
        import torch

        found = [[self.places[name] for name in row if name in self.places] for row in rows]
        if draw is not None:
            found = [[at for at in row if draw.random() > DROPPED] for row in found]
        starts = np.cumsum([0, *(len(row) for row in found)])[:-1]
        flat = torch.tensor([at for row in found for at in row], dtype=torch.int64)
        return self.table(flat, torch.tensor(starts))


def averaged_embeddings(rows: Rows, wanted: Sequence[str]) -> Reader:
    """fastText's shape (Joulin et al. 2017): averaged feature vectors under a softmax."""
    import torch

    bag, labels = Bag(rows), sorted(set(wanted))
    top = torch.nn.Linear(WIDTH, len(labels))
    parameters = [*bag.table.parameters(), *top.parameters()]
    right = np.array([labels.index(one) for one in wanted])

    def loss(vectors: Any, batch: Any) -> Any:
        return torch.nn.functional.cross_entropy(top(vectors), torch.tensor(right[batch]))

    _fit(bag, rows, parameters, loss)

    def read(rows: Rows) -> list[str]:
        with torch.no_grad():
            return [labels[at] for at in top(bag(rows)).argmax(1).tolist()]

    return read


def contrastive_encoder(rows: Rows, wanted: Sequence[str]) -> Reader:
    """Supervised contrastive learning (Khosla et al. 2020), then the nearest training utterances vote."""
    import torch

    bag, labels = Bag(rows), sorted(set(wanted))
    right = np.array([labels.index(one) for one in wanted])

    def loss(vectors: Any, batch: Any) -> Any:
        unit = torch.nn.functional.normalize(vectors)
        alike = unit @ unit.T / TEMPERATURE
        alike.fill_diagonal_(-1e9)
        of = torch.tensor(right[batch])
        same = (of[:, None] == of[None]).float().fill_diagonal_(0)
        likely = (torch.log_softmax(alike, 1) * same).sum(1) / same.sum(1).clamp(min=1)
        return -likely[same.sum(1) > 0].mean()

    _fit(bag, rows, list(bag.table.parameters()), loss)
    with torch.no_grad():
        known = torch.nn.functional.normalize(bag(rows))
    votes = torch.nn.functional.one_hot(torch.tensor(right)).float()

    def read(rows: Rows) -> list[str]:
        with torch.no_grad():
            near, which = (torch.nn.functional.normalize(bag(rows)) @ known.T).topk(NEIGHBOURS)
            counted = (votes[which] * (near / TEMPERATURE).exp()[:, :, None]).sum(1)
            return [labels[at] for at in counted.argmax(1).tolist()]

    return read


def _fit(bag: Bag, rows: Rows, parameters: list[Any], loss: Callable[[Any, Any], Any]) -> None:
    import torch

    draw = np.random.default_rng(SEED)
    optimiser = torch.optim.Adam(parameters, lr=RATE)
    for _ in range(EPOCHS):
        for batch in _batches(len(rows), draw):
            optimiser.zero_grad()
            loss(bag([rows[at] for at in batch], draw), batch).backward()
            optimiser.step()


def _batches(size: int, draw: np.random.Generator) -> Iterator[Any]:
    order = draw.permutation(size)
    for start in range(0, size, BATCH):
        yield order[start : start + BATCH]
