"""`yiju` as a terminal calls it: arguments in, exit code and both streams out, over a data directory of its own."""

from __future__ import annotations

import io
import json
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import structlog

import bot.logs
from bot.cli import main
from tests.fakes.demo import demo
from tests.fakes.product import DemoCompany

__all__ = ["demo"]


@dataclass(frozen=True)
class Ended:
    """What a verb left behind."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[Any]:
        """Standard output as JSON lines: that, and nothing else there."""
        return [json.loads(line) for line in self.out.splitlines()]


Yiju = Callable[..., Ended]


@pytest.fixture
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the verbs work; not there yet. No other setting of this machine is seen."""
    for name in [name for name in os.environ if name.startswith("YIJU_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("YIJU_DATA_DIR", str(tmp_path / "var"))
    return tmp_path / "var"


@pytest.fixture
def prepared(demo: DemoCompany, data_dir: Path) -> Path:
    """The same with the demo company in it, indexes and all."""
    return Path(shutil.copytree(demo.data_dir, data_dir))


@pytest.fixture
def yiju(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Iterator[Yiju]:
    # the real one binds loggers for good to a stream that ends with the test
    monkeypatch.setattr(bot.logs, "configure", lambda form: None)
    before = structlog.get_config()
    structlog.configure(
        logger_factory=lambda *words: structlog.PrintLogger(sys.stderr), cache_logger_on_first_use=False
    )

    def run(*words: str, stdin: str = "") -> Ended:
        monkeypatch.setattr(sys, "argv", ["yiju", *words])
        monkeypatch.setattr(sys, "stdin", io.StringIO(stdin))
        capfd.readouterr()
        code = 0
        try:
            main()
        except SystemExit as ended:
            code = ended.code if isinstance(ended.code, int) else 1
        out, err = capfd.readouterr()
        return Ended(code, out, err)

    yield run
    structlog.configure(**before)
