"""`yiju crm dead-letters`: what could not be read, why, and once more."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bot.cli import app
from bot.store import Store
from tests.events import made
from tests.fakes.clock import START


@pytest.fixture
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("YIJU_DATA_DIR", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    assert CliRunner().invoke(app, ["migrate"]).exit_code == 0
    return tmp_path


def test_dead_letters_are_listed_with_their_reason_and_replayed_by_a_new_map(data_dir: Path) -> None:
    store = Store(f"sqlite:///{data_dir / 'yiju.db'}")
    event = {"specversion": "1.0", "id": "1", "source": "/oms", "type": "order.gone", "data": {"no": "SO-1"}}
    made.given(store, START, [event])
    store.close()
    listed = CliRunner().invoke(app, ["crm", "dead-letters", "list", "--json"])
    (line,) = [json.loads(one) for one in listed.stdout.splitlines()]
    assert "no map knows" in line["reason"]
    still = CliRunner().invoke(app, ["crm", "dead-letters", "replay"])
    assert still.exit_code == 1
    (data_dir / "event-maps").mkdir()
    (data_dir / "event-maps" / "oms.yaml").write_text(
        "{system: oms, title: OMS, sources: [/oms], events: [{type: order.gone, becomes: order.updated, kind: order, entity: data.no, fields: {status: {is: x}}}]}",
        encoding="utf-8",
    )
    done = CliRunner().invoke(app, ["crm", "dead-letters", "replay", line["event"], "--json"])
    assert (done.exit_code, json.loads(done.stdout)["status"]) == (0, "accepted")
    assert CliRunner().invoke(app, ["crm", "dead-letters", "list", "--json"]).stdout == ""
