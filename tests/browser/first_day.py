"""An installation in which nothing has happened yet: `yiju serve` with nobody but an admin."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.browser.environment import clean
from tests.browser.serving import served
from tests.browser.test_console import add_user

ADMIN, PASSWORD = "管理员", "a password of the first day"


@pytest.fixture(scope="module")
def first_day(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    data = tmp_path_factory.mktemp("first-day")
    add_user(data, ADMIN, "--role", "admin")
    command = [sys.executable, "-m", "bot", "users", "password", ADMIN, "--stdin"]
    subprocess.run(command, env=clean(data), input=f"{PASSWORD}\n", text=True, check=True)
    with served(data, "serve", "/healthz") as url:  # it is not ready for reps: no channel is set
        yield url
