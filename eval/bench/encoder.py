"""What an operator's encoder costs: `yiju bench encoder [--model FOLDER]`, served as production serves it.

Development questions and the demo company's documents. Without a folder the model is one of bge-small-zh's shape with
random weights, made by another process: its answers mean nothing, its costs do.
"""

from __future__ import annotations

import math
import os
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

from knowledge import Library
from knowledge.pretrained import encoder_for
from knowledge.rerank import Weights
from knowledge.retrieval import Asked

from ..metrics import percentile
from ..suites.retrieval_cases import TODAY, questions, sources
from ..suites.retrieval_run import library_of
from .encoder_model import make
from .processes import memory_mb

T = TypeVar("T")


@dataclass(frozen=True)
class Measured:
    """Milliseconds, seconds and MB of this process; `cpu` adds up all threads.

    `question_of_four`: a question's share where four, of four turns at once, are encoded in one call."""

    dimensions: int
    unknown_share: float
    model_mb: float
    load_s: float
    load_memory_mb: float
    question_p50_ms: float
    question_p99_ms: float
    question_cpu_p50_ms: float
    question_cpu_p99_ms: float
    question_of_four_cpu_p50_ms: float
    passage_p50_ms: float
    passage_p99_ms: float
    passages: int
    take_in_s: float
    search_p50_ms: float
    search_p99_ms: float
    search_cpu_p50_ms: float
    search_cpu_p99_ms: float
    memory_mb: float
    most_memory_mb: float
    torch_loaded: bool

    def as_text(self) -> str:
        return "\n".join(
            f"{name:20} {value:>10,.2f}" if isinstance(value, float) else f"{name:20} {value:>10}"
            for name, value in asdict(self).items()
        )


def measure(folder: Path | None, int8: bool = False) -> Measured:
    with TemporaryDirectory() as made:
        return _measure(folder or make(Path(made) / "bge-small-zh-random", int8))


def _measure(folder: Path) -> Measured:
    asked = questions("dev")
    before, _ = _memory()
    began = time.perf_counter()
    encoder = encoder_for(str(folder))
    assert encoder is not None
    loaded, after = time.perf_counter() - began, _memory()[0]
    asking = [[one.question] for one in asked]
    short, worked = _each(lambda texts: encoder.encode(texts, question=True), asking)
    fours = [[one.question for one in asked[at : at + 4]] for at in range(0, len(asked) // 4 * 4, 4)]
    _, together = _each(lambda texts: encoder.encode(texts, question=True), fours)
    began = time.perf_counter()
    with library_of(sources("dev"), encoder) as (library, _):
        taken = time.perf_counter() - began
        texts = _passages(library)
        long, _ = _each(lambda text: encoder.encode([text]), texts)
        library.search("质保多久", today=TODAY)
        counting = library.as_if(weights=Weights())  # an encoder that nothing was chosen for is not asked
        found, searched = _each(
            lambda text: counting.find(Asked(text, today=TODAY), ""), [one.question for one in asked]
        )
        now, most = _memory()
    return Measured(
        dimensions=encoder.dimensions,
        unknown_share=encoder.unknown_share(texts),
        model_mb=sum(path.stat().st_size for path in folder.rglob("*.onnx*")) / 1e6,
        load_s=loaded,
        load_memory_mb=after - before,
        question_p50_ms=percentile(short, 0.5),
        question_p99_ms=percentile(short, 0.99),
        question_cpu_p50_ms=percentile(worked, 0.5),
        question_cpu_p99_ms=percentile(worked, 0.99),
        question_of_four_cpu_p50_ms=percentile(together, 0.5) / 4,
        passage_p50_ms=percentile(long, 0.5),
        passage_p99_ms=percentile(long, 0.99),
        passages=len(texts),
        take_in_s=taken,
        search_p50_ms=percentile(found, 0.5),
        search_p99_ms=percentile(found, 0.99),
        search_cpu_p50_ms=percentile(searched, 0.5),
        search_cpu_p99_ms=percentile(searched, 0.99),
        memory_mb=now,
        most_memory_mb=most,
        torch_loaded="torch" in sys.modules,
    )


def _memory() -> tuple[float, float]:
    return memory_mb(os.getpid()) or (math.nan, math.nan)


def _passages(library: Library) -> list[str]:
    return [one.text for info in library.list() for one in library.passages_of(info.id)]


def _each(work: Callable[[T], object], given: Sequence[T]) -> tuple[list[float], list[float]]:
    """Milliseconds for each: by the clock, and of work."""
    took, worked = [], []
    for one in given:
        began, busy = time.perf_counter(), time.process_time()
        work(one)
        took.append(1000 * (time.perf_counter() - began))
        worked.append(1000 * (time.process_time() - busy))
    return took, worked
