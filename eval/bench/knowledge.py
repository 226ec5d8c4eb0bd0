"""Retrieval at size: `yiju bench knowledge [--passages 50000]`. Takes about two minutes on two free cores.

Documents are made from the lexicon's written terms, questions from its sayings, both seeded: 40 public manuals, and
contracts of 100 customers. Every question is asked as some customer (or none), and what comes back is checked.
"""

from __future__ import annotations

import random
import resource
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlmodel import SQLModel, create_engine

from knowledge import Library
from knowledge.lexicon import Concept, load

from ..metrics import percentile

CUSTOMERS = 100
MANUALS = 40
CLAUSES = 60
UNITS = ("mm", "kg", "℃", "天", "个月", "元", "%", "L/h", "dB(A)", "台")


@dataclass(frozen=True)
class Measured:
    """What one run found; times in seconds and milliseconds, memory in MB."""

    passages: int
    documents: int
    add_s: float
    add_one_more_s: float
    questions: int
    p50_ms: float
    p99_ms: float
    cpu_p50_ms: float
    cpu_p99_ms: float
    opened_and_asked_s: float
    compared_s: float
    """Every row of both indexes with the store, as `yiju doctor` does."""
    forbidden: int
    memory_mb: float
    index_mb: float

    def as_text(self) -> str:
        return "\n".join(f"{name:20} {value:>10,.2f}" for name, value in asdict(self).items())


def measure(passages: int, questions: int, seed: int = 7) -> Measured:
    rng, concepts = random.Random(seed), load()
    with TemporaryDirectory() as name:
        folder = Path(name)
        engine = create_engine(f"sqlite:///{folder / 'bench.db'}")
        SQLModel.metadata.create_all(engine)
        library = Library(engine, folder / "data")
        began = time.perf_counter()
        for path, customer in _files(folder, passages, concepts, rng):
            library.add(path, customer=customer)
        added = time.perf_counter() - began
        one_more = _timed(lambda: library.add(manual(folder, "后来", 50, concepts, rng)))
        took, worked, forbidden = _asked(library, questions, concepts, rng)
        library.close()
        again = _timed(lambda: Library(engine, folder / "data").search("质保多久", customer="客户1"))
        health = library.check()
        compared = _timed(lambda: library.check(contents=True))
        library.close()
        engine.dispose()
        size = sum(path.stat().st_size for path in (folder / "data" / "index").rglob("*") if path.is_file())
    return Measured(
        health.passages,
        health.documents,
        added,
        one_more,
        questions,
        1000 * percentile(took, 0.5),
        1000 * percentile(took, 0.99),
        1000 * percentile(worked, 0.5),
        1000 * percentile(worked, 0.99),
        again,
        compared,
        forbidden,
        resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        size / 1e6,
    )


def _timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _asked(
    library: Library, questions: int, concepts: Sequence[Concept], rng: random.Random
) -> tuple[list[float], list[float], int]:
    """Seconds by the clock and of work (the clock also counts waiting for busy neighbours), leaks."""
    library.search(
        "X200质堡多久 转速20转/分"
    )  # loads indexes, dictionary and homophones, as `serve` does at its start
    took, worked, forbidden = [], [], 0
    for _ in range(questions):
        words = rng.choice(rng.choice(concepts).say)
        customer = rng.choice([None, f"客户{rng.randrange(CUSTOMERS)}"])
        began, busy = time.perf_counter(), time.process_time()
        found = library.search(words, customer=customer)
        took.append(time.perf_counter() - began)
        worked.append(time.process_time() - busy)
        forbidden += sum(one.passage.customer not in {None, customer} for one in found.evidence)
    return took, worked, forbidden


def _files(
    folder: Path, passages: int, concepts: Sequence[Concept], rng: random.Random
) -> Iterator[tuple[Path, str | None]]:
    for at in range(CUSTOMERS):
        yield _contract(folder, at, concepts, rng), f"客户{at}"
    each = (passages - CUSTOMERS * CLAUSES) // MANUALS
    for at in range(MANUALS):
        yield manual(folder, str(at), each, concepts, rng), None


def manual(folder: Path, name: str, sections: int, concepts: Sequence[Concept], rng: random.Random) -> Path:
    """One passage a section."""
    lines = []
    for at in range(sections):
        about = rng.choice(concepts)
        heading, terms = rng.choice(about.written), [rng.choice(rng.choice(concepts).written) for _ in "123"]
        facts = "，".join(f"{term}为 {rng.randrange(1, 900)} {rng.choice(UNITS)}" for term in terms)
        lines.append(f"## {at + 1}. {heading}\n\n{'、'.join(about.written)}：{facts}。")
    path = folder / f"产品手册{name}.md"
    path.write_text("\n\n".join(lines), encoding="utf-8")
    return path


def _contract(folder: Path, at: int, concepts: Sequence[Concept], rng: random.Random) -> Path:
    clauses = [
        f"{number // 10 + 1}.{number % 10 + 1} {rng.choice(rng.choice(concepts).written)}按{rng.randrange(1, 90)}日计。"
        for number in range(CLAUSES)
    ]
    path = folder / f"采购合同{at}.txt"
    path.write_text("\n".join(clauses), encoding="utf-8")
    return path
