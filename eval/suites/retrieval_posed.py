"""What generated questions bring: written ahead, passage by passage, and taken in as production takes in a model's.

No endpoint wrote them. They are authored from the passages alone, in the form that `prompts/llm/questions` asks for,
before the questions of the suite were looked at; a language model's may be better or worse.
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from bot.language_model import Brief, ModelFailed, Quoted, Watch, nobody_watches
from bot.posing import Posing
from crm_bridge import Account, AccountId
from crm_bridge.contracts import FieldPolicy
from knowledge import Library

from .retrieval_cases import FOLDER, squeezed

MOST = 4
"""Questions of a passage, as YIJU_LLM__QUESTIONS=4."""


@dataclass
class Recorded:
    """Answers with what was written for the passage: a `LanguageModel` that needs no endpoint."""

    questions_of: dict[tuple[str, str], tuple[str, ...]]
    """Document title and how a passage begins → its questions."""
    name: str = "recorded"

    @classmethod
    def read(cls, path: Path) -> Recorded:
        rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        return cls({(row["doc"], row["begins"]): tuple(row["questions"]) for row in rows})

    async def questions(self, passage: Quoted, most: int) -> tuple[str, ...]:
        text = squeezed(passage.text)
        found = (
            questions
            for (title, begins), questions in self.questions_of.items()
            if f"《{title}》" in passage.source and text.startswith(begins)
        )
        return next(found, ())[:most]

    async def rewrite(self, brief: Brief, watch: Watch = nobody_watches) -> str:
        raise ModelFailed("recorded questions only")

    def warm(self) -> None:
        """Nothing is heavy here."""

    async def close(self) -> None:
        """Nothing is open here."""


class Nobody:
    """A CRM whose accounts have no people: nothing has to be left out of invented contracts."""

    async def account(self, account: AccountId) -> Account:
        return Account(account, account, account, "", "", ())


def recorded(name: str) -> Path | None:
    """The recorded questions for a set's documents, where there are any."""
    path = FOLDER / f"posed-{name}.jsonl"
    return path if path.exists() else None


def pose(library: Library, path: Path) -> int:
    """Let production's `Posing` ask for every passage. Returns how many passages have questions now."""

    async def until_done() -> int:
        posing = Posing(
            library,
            Nobody(),
            Recorded.read(path),
            lambda: datetime.now(UTC),
            questions=MOST,
            a_day=100_000,
            policy=FieldPolicy(),
        )
        while await posing.pose_questions():
            pass
        return sum(bool(one.questions) for info in library.list() for one in library.passages_of(info.id))

    return asyncio.run(until_done())
