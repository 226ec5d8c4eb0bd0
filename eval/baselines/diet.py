"""Rasa's DIET pipeline (Bunk et al. 2020, arXiv:2004.09936) on our examples: a baseline in an environment of its own.

Rasa 3.6 needs packages that would fight with the product's, so this file imports nothing of it: `make diet` makes the
environment and runs `train`, then `read` in a fresh process, whose memory is what serving would take. A model for each
speaker, as ours has a head for each. Readings are JSON lines for `python -m eval.baselines.recorded`.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import json
import resource
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

PIPELINE: list[dict[str, Any]] = [
    {"name": "JiebaTokenizer"},
    {"name": "CountVectorsFeaturizer"},
    {"name": "CountVectorsFeaturizer", "analyzer": "char_wb", "min_ngram": 1, "max_ngram": 4},
    {
        "name": "DIETClassifier",
        "entity_recognition": False,
        "random_seed": 20261127,
        "constrain_similarities": True,
    },
]
SPEAKERS = ("customer", "rep")
TRAINED = "trained.json"
"""Beside the models: on which examples, for how long."""


def records(paths: Iterable[Path]) -> list[dict[str, Any]]:
    return [
        json.loads(line)
        for path in paths
        for line in path.read_text(encoding="utf-8").splitlines()
        if line.strip()
    ]


def hash_of(folder: Path) -> str:
    """Of the example files as they are: which ones readings belong to."""
    files = sorted(folder.glob("*.jsonl"))
    return hashlib.sha256(b"\n".join(path.read_bytes() for path in files)).hexdigest()[:16]


def train(examples: Path, folder: Path, epochs: int) -> None:
    """One model a speaker; prints how long it took, and writes it beside the models with what they were trained on."""
    from rasa.model_training import train_nlu  # type: ignore[import-not-found]

    folder.mkdir(parents=True, exist_ok=True)
    rows, began = records(sorted(examples.glob("*.jsonl"))), time.perf_counter()
    pipeline = [*PIPELINE[:-1], {**PIPELINE[-1], "epochs": epochs}]
    (folder / "config.yml").write_text(
        json.dumps({"recipe": "default.v1", "language": "zh", "pipeline": pipeline})
    )
    for speaker in SPEAKERS:
        said = [{"text": row["text"], "intent": row["intent"]} for row in rows if row["speaker"] == speaker]
        data = folder / f"{speaker}.json"
        data.write_text(
            json.dumps({"rasa_nlu_data": {"common_examples": said}}, ensure_ascii=False), encoding="utf-8"
        )
        train_nlu(str(folder / "config.yml"), str(data), str(folder), fixed_model_name=speaker)
    seconds = round(time.perf_counter() - began, 1)
    told = {"examples": len(rows), "files": hash_of(examples), "epochs": epochs, "train_s": seconds}
    (folder / TRAINED).write_text(json.dumps(told), encoding="utf-8")
    print(json.dumps(told))


async def read(cases: Path, folder: Path, out: Path) -> None:
    """Every case once, after a few that load what is loaded late."""
    from rasa.core.agent import Agent  # type: ignore[import-not-found]

    agents = {speaker: Agent.load(str(folder / f"{speaker}.tar.gz")) for speaker in SPEAKERS}
    rows = records([cases])
    for row in rows[:5]:
        await agents[row["speaker"]].parse_message(row["text"])
    with out.open("w", encoding="utf-8") as file:
        for row in rows:
            began = time.perf_counter()
            found = (await agents[row["speaker"]].parse_message(row["text"]))["intent"]
            seconds = time.perf_counter() - began
            line = {
                "id": row["id"],
                "intent": found["name"],
                "confidence": found["confidence"],
                "seconds": seconds,
            }
            file.write(json.dumps(line) + "\n")
    print(
        json.dumps(
            {"cases": len(rows), "memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024}
        )
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("act", choices=("train", "read"))
    parser.add_argument("--examples", type=Path, default=Path("intents/examples"))
    parser.add_argument("--cases", type=Path, default=Path("eval/cases/intents/dev.jsonl"))
    parser.add_argument("--folder", type=Path, default=Path("var/diet/model"))
    parser.add_argument("--out", type=Path, default=Path("var/diet/dev.jsonl"))
    parser.add_argument("--epochs", type=int, default=60)
    asked = parser.parse_args()
    if asked.act == "train":
        train(asked.examples, asked.folder, asked.epochs)
    else:
        asyncio.run(read(asked.cases, asked.folder, asked.out))
