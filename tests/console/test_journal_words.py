"""Every kind of line that the journal gets has a Chinese name in the console."""

from __future__ import annotations

import re
from pathlib import Path

import bot
from bot.console.journal_words import WORDS

NO_LINES = {"ChannelRefused", "NotAllowed", "SignsIn", "ScansIn"}
"""Classes named in `__all__` and the like that are called as a past participle is."""
PARTICIPLE = re.compile(r'"((?:[A-Z][a-z]+){2,}(?<=ed|ne|ck|er|en|ut|In|pt|et))"')


def written() -> set[str]:
    source = Path(str(bot.__file__)).parent
    files = (path for path in source.rglob("*.py") if path.name != "journal_words.py")
    return {name for path in files for name in PARTICIPLE.findall(path.read_text(encoding="utf-8"))}


def test_what_is_written_is_called_something() -> None:
    called = written() - NO_LINES
    assert {"DecisionUndone", "ConsoleSignedIn", "ModelKept", "PasswordSet", "DecisionHandedOver"} <= called
    assert called == set(WORDS)
