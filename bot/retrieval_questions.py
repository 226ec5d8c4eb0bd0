"""Questions that ship with the product and whose answers are known, as far as the documents here can hold them."""

from __future__ import annotations

import json
from collections.abc import Collection
from pathlib import Path

from knowledge.effect import Answer, Question

DEV_QUESTIONS = Path(__file__).resolve().parent.parent / "eval" / "cases" / "retrieval" / "dev.jsonl"


def dev_questions(titles: Collection[str], path: Path = DEV_QUESTIONS) -> list[Question]:
    """Those that documents of these titles answer, without those of one customer's contract. Raises `OSError`."""
    found = []
    for line in path.read_text(encoding="utf-8").splitlines():
        case = json.loads(line)
        answers = tuple(
            Answer(one["doc"], one["find"]) for one in case.get("answers", ()) if one["doc"] in titles
        )
        if answers and case.get("customer") is None:
            found.append(Question(case["question"], answers))
    return found
