"""What is forked from a process that has imported the program is the program: its settings, its output, its end."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from eval.bench import processes


def test_it_runs_a_command_with_these_settings_in_the_log_s_folder(tmp_path: Path) -> None:
    told = {"YIJU_DATA_DIR": "here"}
    child = processes.start_preloaded(["settings", "--json"], told, tmp_path / "out.log")
    assert child.process.wait(60) == 0
    assert '"value": "here"' in child.last_words(1000)


@pytest.mark.timeout(180)
def test_it_serves_until_it_is_killed_or_asked_to_stop(tmp_path: Path) -> None:
    port = processes.free_port()
    settings = {"YIJU_DATA_DIR": str(tmp_path / "data"), "YIJU_SECRET_KEY": "a-long-enough-secret-for-a-test"}
    for end, code in (("kill", -signal.SIGKILL), ("stop", -signal.SIGTERM)):
        child = processes.start_preloaded(["serve", "--port", str(port)], settings, tmp_path / "serve.log")
        try:
            processes.wait_until_ready(child, f"http://127.0.0.1:{port}/healthz")
        finally:
            getattr(child, end)()
        assert child.process.returncode == code, child.last_words()
