"""`yiju crm quality`: the board in the terminal, and its lines for programs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from bot.store import Store
from bot.web.examples import QUALITY
from tests.cli.conftest import Yiju
from tests.events import made


def sent(data_dir: Path) -> None:
    """An order an hour late, and an event that nobody understands."""
    store = Store(f"sqlite:///{data_dir / 'yiju.db'}")
    now = datetime.now(UTC)
    order = made.ours("order.updated", "SO-1", id_="1", time=(now - timedelta(hours=1)).isoformat(), fields={"status": "执行中"})  # fmt: skip
    made.given(
        store, now, [order, {"specversion": "1.0", "id": "x", "source": made.ERP, "type": "nobody.knows"}]
    )
    store.close()


def test_each_line_says_what_it_is_of_and_holds_what_the_api_gives(yiju: Yiju, prepared: Path) -> None:
    sent(prepared)
    ended = yiju("crm", "quality", "--json")
    lines = {
        part: [one for one in ended.lines if one["part"] == part] for part in ("source", "field", "breach")
    }
    assert sum(map(len, lines.values())) == len(ended.lines)
    for part, of_api in (("source", "sources"), ("field", "fields"), ("breach", "breaches")):
        for line in lines[part]:
            assert set(line) == {"part", *QUALITY[of_api][0]}
    (source,) = lines["source"]
    assert (source["source"], source["events"], source["dead_letters"]) == (made.ERP, 2, 1)
    (status,) = [one for one in lines["field"] if (one["source"], one["field"]) == (made.ERP, "order.status")]
    assert (status["values"], status["latency_p95_s"] // 60) == (1, 60)
    assert datetime.fromisoformat(status["last"]).tzinfo is not None
    assert f"{made.ERP} latency_p95_s" in {one["key"] for one in lines["breach"]}
    assert ended.code == 1


def test_a_person_reads_what_is_beyond_its_bound(yiju: Yiju, prepared: Path) -> None:
    sent(prepared)
    ended = yiju("crm", "quality")
    assert f"· {made.ERP} 同步延迟 p95 1 小时，上限 5 分" in ended.out
    assert ended.code == 1
