"""What nobody meant to be logged is told from what the product says itself."""

from __future__ import annotations

from pathlib import Path

from eval.bench.server_logs import events, unhandled

SAID = '{"event": "store_away", "level": "warning", "reason": "x"}\n'
FAILED = "ERROR: Exception in ASGI application\nTraceback (most recent call last):\n  File 'y', line 1\nKeyError: 'x'\n"


def test_exceptions_that_no_code_took_are_found_once_each_and_the_platform_s_own_are_not(
    tmp_path: Path,
) -> None:
    (tmp_path / "server.log").write_text(SAID + FAILED * 2 + "Traceback\n")
    (tmp_path / "platform.log").write_text("Exception in thread A\n")
    assert unhandled(tmp_path) == ["unhandled, 2 times: ERROR: Exception in ASGI application … KeyError: 'x'"]


def test_our_own_events_are_counted_by_level_and_half_a_line_of_a_killed_process_is_skipped(
    tmp_path: Path,
) -> None:
    (tmp_path / "server.log").write_text(SAID * 2 + '{"event": "serving", "level": "info"}\n{"event": "sto')
    assert events(tmp_path, "warning", "error") == {"store_away": 2}
    assert unhandled(tmp_path) == []
