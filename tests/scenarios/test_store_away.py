"""The database is away for a while: nothing is acknowledged that was not kept, and everything is said in one line."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError
from structlog.testing import capture_logs

from bot.jobs import Jobs
from bot.store import Store
from tests.fakes.product import ASKED, Product


class Refused(Exception):
    """What a driver raises."""


async def _away(self: Store, work: Callable[..., Any]) -> Any:
    raise OperationalError("SELECT 'words of a customer'", {}, Refused("connection refused\nis it running?"))


async def test_what_could_not_be_kept_is_not_acknowledged_and_comes_again(
    product: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    callback = product.wecom.say("zhangsan", ASKED)
    with monkeypatch.context() as away, capture_logs() as logs:
        away.setattr(Store, "admit", _away)
        answer = await product.deliver(callback)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "2")
    assert "customer" not in answer.text
    assert [line["reason"] for line in logs if line["event"] == "store_away"] == [
        "Refused: connection refused"
    ]
    assert (await product.deliver(callback)).status_code == 200
    await product.settle()
    assert len(product.cards("zhangsan")) == 1


async def test_a_turn_whose_outcome_could_not_be_saved_is_told_in_a_line_and_worked_later(
    product: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    await product.deliver(product.wecom.say("zhangsan", ASKED))
    with monkeypatch.context() as away, capture_logs() as logs:
        away.setattr(Store, "write", _away)
        away.setattr("bot.worker.REST", 0.0)
        worker = next(one for one in product.parts.workers if one.queue.name == "delivery")
        claimed = await worker._claim()
        assert claimed is not None
        await worker._free.acquire()
        await worker._work_lane(claimed, 0)
    told = [line for line in logs if line["log_level"] in {"warning", "error"}]
    assert {line["event"] for line in told} == {"store_away"}
    assert all("exc_info" not in line for line in told)
    await product.settle()
    assert len(product.cards("zhangsan")) == 1


async def test_a_job_that_finds_no_store_is_no_unhandled_exception(
    product: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs: Jobs = product.parts.jobs
    scheduler = jobs.schedule()
    with monkeypatch.context() as away:
        away.setattr(Store, "read", _away)
        for name in ("measure", "expire"):
            await scheduler.get_job(name).func()
    errors = {one.name: one.error for one in jobs.status() if one.error}
    assert errors == dict.fromkeys(("measure", "expire"), "Refused: connection refused")
