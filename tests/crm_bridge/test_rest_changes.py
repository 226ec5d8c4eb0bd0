"""What changed behind a configured system: asked page by page, with rows that move while pages are turned."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from crm_bridge import CrmUnavailable
from crm_bridge.adapters import Access
from crm_bridge.adapters.remote import RemoteFeed
from crm_bridge.adapters.rest import RestSystem
from crm_bridge.mapping import Mapping
from tests.fakes.clock import Clock

SIZE = 3


class Orders:
    """Three a page, by the time of change or not; `meanwhile` happens after a page was answered."""

    def __init__(self, clock: Clock, inclusive: bool, sorted_: bool = True) -> None:
        self._clock, self._inclusive, self._sorted = clock, inclusive, sorted_
        self.rows: dict[str, dict[str, Any]] = {}
        self.meanwhile: list[str] = []
        """Orders that somebody changes, one after each page."""
        self.pages = 0

    def put(self, number: str, at: datetime | None = None) -> None:
        total = self.rows.get(number, {}).get("total", 0) + 1
        when = f"{(at or self._clock()).astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
        self.rows[number] = {"no": number, "buyer": "1", "total": total, "changed": when}

    def __call__(self, request: httpx.Request) -> httpx.Response:
        asked, self.pages = request.url.params, self.pages + 1
        since, number = asked["since"].replace("+00:00", "Z"), int(asked["page"])
        found = [
            row
            for row in self.rows.values()
            if row["changed"] > since or (self._inclusive and row["changed"] == since)
        ]
        found.sort(key=lambda row: (row["changed"] if self._sorted else "", row["no"]))
        body = json.dumps(found[(number - 1) * SIZE : number * SIZE])
        if self.meanwhile:
            self._clock.advance(seconds=1)
            self.put(self.meanwhile.pop(0))
        return httpx.Response(200, text=body)


def system(orders: Orders, **since: Any) -> RestSystem:
    paging = {"style": "page", "size": SIZE, "most": 20}
    endpoint = {"path": "orders", "query": {"since": "{since}", "page": "{page}"}, "paging": paging} | since
    described = {
        "system": "rest",
        "name": "老OMS",
        "time": {"precision": "s"},
        "account": {
            "object": "buyers",
            "modified": "changed",
            "fields": {"name": "title", "owner": "sales"},
            "options": {"list": {"path": "buyers"}, "get": {"path": "buyers/{id}"}},
        },
        "records": {
            "order": {
                "object": "orders", "id": "no", "prefix": "", "account": "buyer", "modified": "changed",
                "fields": {"total": {"source": "total", "type": "money"}},
                "options": {"since": endpoint},
            },
        },
    }  # fmt: skip
    return RestSystem(
        Mapping.model_validate(described), Access("http://oms.test/api"), httpx.MockTransport(orders)
    )


def feed(orders: Orders, clock: Clock, **since: Any) -> RemoteFeed:
    return RemoteFeed(system(orders, **since), clock)


async def started(told: RemoteFeed, clock: Clock) -> str:
    clock.advance(hours=1)
    cursor = (await told.changes("")).cursor
    clock.advance(minutes=5)
    return cursor


@pytest.mark.parametrize("inclusive", [True, False], ids=["at or later", "later"])
async def test_orders_that_change_while_pages_are_turned_push_no_other_over_a_pages_end(
    clock: Clock, inclusive: bool
) -> None:
    """By number alone the second page would begin one order too late, and nobody would ever hear of it."""
    orders = Orders(clock, inclusive)
    told = feed(orders, clock)
    cursor = await started(told, clock)
    base = clock()
    for number in range(9):
        orders.put(f"SO{number}", base + timedelta(seconds=10 * number))
    clock.advance(minutes=2)
    orders.meanwhile = ["SO0", "SO1", "SO4"]
    page = await told.changes(cursor)
    assert {one.record_id for one in page.changes} == {f"SO{number}" for number in range(9)}
    more = await told.changes(page.cursor)
    totals = {one.record_id: one.fields["total"] for one in [*page.changes, *more.changes]}
    assert {number: totals[number] for number in ("SO0", "SO1", "SO4")} == dict.fromkeys(
        ("SO0", "SO1", "SO4"), "2"
    )
    assert (await told.changes(more.cursor)).changes == ()


@pytest.mark.parametrize("inclusive", [True, False], ids=["at or later", "later"])
async def test_more_orders_of_one_second_than_a_page_holds_are_all_told_once(
    clock: Clock, inclusive: bool
) -> None:
    orders = Orders(clock, inclusive)
    told = feed(orders, clock)
    cursor = await started(told, clock)
    made = [f"SO{number:02d}" for number in range(SIZE * 4)]
    for number in made:
        orders.put(number)
    clock.advance(seconds=30)
    orders.put("SO99")
    page = await told.changes(cursor)
    assert sorted(one.record_id for one in page.changes) == [*made, "SO99"]
    assert (await told.changes(page.cursor)).changes == ()


async def test_pages_in_another_order_than_that_of_time_are_turned_by_number(clock: Clock) -> None:
    orders = Orders(clock, inclusive=True, sorted_=False)
    told = feed(orders, clock)
    cursor = await started(told, clock)
    for number in range(8):
        orders.put(f"SO{number}", clock() - timedelta(seconds=7 * number))
    page = await told.changes(cursor)
    assert {one.record_id for one in page.changes} == {f"SO{number}" for number in range(8)}


async def test_pages_without_end_are_a_failure(clock: Clock) -> None:
    orders = Orders(clock, inclusive=True)
    told = feed(orders, clock, paging={"style": "page", "size": SIZE, "most": 3})
    cursor = await started(told, clock)
    for number in range(30):
        orders.put(f"SO{number}")
    with pytest.raises(CrmUnavailable, match="more than 3 pages"):
        await told.changes(cursor)


async def test_only_what_has_an_endpoint_for_it_is_asked_for(clock: Clock) -> None:
    orders = Orders(clock, inclusive=True)
    assert system(orders).polled == ["order"]
    await feed(orders, clock).changes("")
    assert orders.pages == 1
