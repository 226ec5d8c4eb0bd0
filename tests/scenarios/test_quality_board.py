"""The quality board: what sources and fields are like, and one word to the admin for each bound that breaks."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from bot import security
from bot.signals.quality import QualityWatch
from crm_bridge.signals.tables import QualityAlertRow
from tests.events import made
from tests.fakes.product import Product
from tests.fakes.sleeping_crm import SleepingCrm


def late(number: int, account: str = "华东仁和", **data: object) -> dict[str, object]:
    fields = {"status": "执行中", "carrier": None, "colour_of_box": "红"}
    return made.ours(
        "order.updated",
        f"SO-{number}",
        id_=f"e{number}-{account}",
        time="2026-11-26T14:04:00+08:00",
        account=account,
        fields=fields | data,
    )


async def test_latency_nulls_conflicts_and_dead_letters_are_counted_per_source(product: Product) -> None:
    broken = {"specversion": "1.0", "id": "x", "source": made.ERP, "type": "nobody.knows"}
    events = [late(1), late(1), late(2), late(2, account="苏州精模"), broken]
    await product.parts.intake.accept(events)  # type: ignore[arg-type]
    board = await product.parts.quality.board()
    (line,) = board.sources
    assert (line.source, line.events, line.repeated) == (made.ERP, 4, 1)
    assert (line.latency_p50_s, line.latency_p95_s) == (3600, 3600)
    assert (line.dead_letters, line.conflicts, line.clock_ahead) == (1, 1, 0)
    fields = {one.field: one for one in board.fields if one.source == made.ERP}
    assert fields["order.carrier"].null_rate == 1
    assert fields["order.status"].null_rate == 0
    assert fields["order.status"].last is not None
    broken_bounds = {one.key for one in board.breaches}
    assert f"{made.ERP} latency_p95_s" in broken_bounds
    assert f"{made.ERP} conflicts" in broken_bounds
    assert f"{made.ERP} dead_letters" not in broken_bounds


async def test_the_fields_of_the_customer_system_are_on_the_board_too(product: Product) -> None:
    board = await product.parts.quality.board()
    tier = next(one for one in board.fields if one.field == "account.tier")
    assert tier.source == product.parts.crm.name
    assert tier.values > 40
    assert (tier.null_rate, tier.invalid) == (0, 0)


def notices(product: Product) -> list[dict[str, Any]]:
    """The quality cards in the admin's chat, oldest first."""
    cards = [one.content for one in product.cards("admin") if one.content["card_type"] == "text_notice"]
    return [one for one in cards if "数据质量" in one["main_title"]["title"]]


def titles(product: Product) -> list[str]:
    return [one["main_title"]["title"] for one in notices(product)]


async def on_time(product: Product, name: str, many: int = 30) -> None:
    now = product.clock().isoformat()
    events = [
        made.ours("order.updated", f"{name}-{at}", id_=f"{name}{at}", time=now, fields={"status": "x"})
        for at in range(many)
    ]
    await product.parts.intake.accept(events)


async def look(product: Product) -> int:
    found = await product.parts.quality.watch_quality()
    await product.settle()
    return found


LATE = f"{made.ERP} latency_p95_s"


def alert(product: Product) -> QualityAlertRow:
    return next(one for one in product.rows(QualityAlertRow) if one.key == LATE)


async def test_the_admin_gets_a_card_once_when_a_bound_breaks_and_one_when_it_is_over(
    product: Product,
) -> None:
    await product.parts.intake.accept([late(1)])  # type: ignore[list-item]
    assert await look(product) > 0
    assert await look(product) == 0
    (card,) = notices(product)
    assert {"keyname": "同步延迟", "value": f"{made.ERP} 1 小时，上限 5 分"} in card[
        "horizontal_content_list"
    ]
    assert card["jump_list"][0]["url"].endswith("/console/quality")
    assert product.cards("zhangsan") == []
    product.pass_by(days=1)
    assert await look(product) == 0  # it lasts
    for name in "abcd":
        await on_time(product, name)
    await look(product)
    assert alert(product).cleared_at is not None
    assert titles(product) == ["数据质量告警"]  # it may be back in a moment
    product.pass_by(minutes=31)
    await look(product)
    await look(product)
    assert titles(product) == ["数据质量告警", "数据质量已恢复"]
    over = notices(product)[1]["horizontal_content_list"]
    assert {"keyname": "同步延迟", "value": made.ERP} in over


async def test_a_trouble_that_comes_back_within_its_cool_down_is_told_when_that_is_over(
    product: Product,
) -> None:
    await product.parts.intake.accept([late(1)])  # type: ignore[list-item]
    await look(product)
    await on_time(product, "a", 120)
    await look(product)
    product.pass_by(minutes=31)
    await look(product)
    assert alert(product).over_at is not None
    await product.parts.intake.accept([late(at, carrier="顺丰") for at in range(100, 140)])  # type: ignore[misc]
    await look(product)
    assert titles(product) == ["数据质量告警", "数据质量已恢复"]
    assert alert(product).cleared_at is None
    product.pass_by(hours=24)
    assert await look(product) >= 1
    assert titles(product)[-1] == "数据质量告警"


async def test_a_customer_system_that_is_asleep_does_not_end_the_troubles_of_its_fields(
    product: Product,
) -> None:
    crm, watch = product.parts.crm, product.parts.quality
    key = f"{crm.name} account.tier nullValues"
    with product.parts.store.begin() as session:
        session.add(QualityAlertRow(key=key, since=product.clock(), told_at=product.clock()))
    sleeping = SleepingCrm(crm)
    sleeping.asleep = True
    asleep = QualityWatch(
        product.parts.store, sleeping, product.parts.outbox, watch.bounds, product.clock, "https://x"
    )
    product.pass_by(hours=2)
    await asleep.watch_quality()
    (row,) = [one for one in product.rows(QualityAlertRow) if one.key == key]
    assert row.cleared_at is None
    await watch.watch_quality()
    (row,) = [one for one in product.rows(QualityAlertRow) if one.key == key]
    assert row.cleared_at is not None


async def status_of_orders(product: Product, days: int, **fields: object) -> None:
    """Six orders a day, each told a second after it happened."""
    for _ in range(days * 6):
        product.pass_by(hours=4)
        at = product.clock()
        told = made.ours(
            "order.updated", f"S-{at:%d%H}", id_=f"s{at:%m%d%H}", time=(at - timedelta(seconds=1)).isoformat(),
            account="华东仁和", fields={"status": "执行中"} | fields,
        )  # fmt: skip
        await product.parts.intake.accept([told])


async def test_a_field_whose_events_stop_coming_is_late_though_its_source_still_speaks(
    product: Product,
) -> None:
    await status_of_orders(product, 5, carrier="顺丰")
    assert not [one for one in (await product.parts.quality.board()).breaches if made.ERP in one.place]
    await status_of_orders(product, 4)
    board = await product.parts.quality.board()
    carrier = next(one for one in board.fields if one.field == "order.carrier")
    assert (carrier.target_s, carrier.age_s) == (72 * 3600, 4 * 86_400 + 1)
    (late_one,) = [one for one in board.breaches if made.ERP in one.place]
    assert (late_one.place, late_one.metric) == (f"{made.ERP} order.carrier", "age_s")


async def test_a_silent_source_is_told_once_and_not_for_each_of_its_fields(product: Product) -> None:
    await status_of_orders(product, 5, carrier="顺丰")
    product.pass_by(days=20)
    board = await product.parts.quality.board()
    assert [one.key for one in board.breaches if made.ERP in one.place] == [f"{made.ERP} silent_hours"]
    status = next(one for one in board.fields if one.field == "order.status")
    assert (status.values, status.age_s) == (0, 20 * 86_400 + 1)  # known though a week is over


async def test_the_file_of_bounds_says_after_how_long_a_field_is_late(product: Product) -> None:
    await status_of_orders(product, 1)
    strict = {"source": "/erp/*", "field": "order.*", "every_hours": 2}
    sheet = product.parts.quality.bounds
    product.parts.quality.bounds = sheet.model_validate(sheet.model_dump() | {"fields": [strict]})
    product.pass_by(hours=3)
    (late_one,) = [one for one in (await product.parts.quality.board()).breaches if made.ERP in one.place]
    assert (late_one.place, late_one.metric, late_one.bound) == (f"{made.ERP} order.status", "age_s", 7200)


async def test_each_field_has_the_latency_of_the_events_that_bring_it(product: Product) -> None:
    await product.parts.intake.accept([late(1)])  # type: ignore[list-item]
    now = (product.clock() - timedelta(seconds=2)).isoformat()
    quick = made.ours("order.updated", "SO-9", id_="q", time=now, fields={"tracking": "SF1"})
    await product.parts.intake.accept([quick])
    lines = (await product.parts.quality.board()).fields
    fields = {(one.source, one.field): one for one in lines}
    assert fields[made.ERP, "order.status"].latency_p95_s == 3600
    assert fields[made.ERP, "order.tracking"].latency_p50_s == 2
    read = fields[product.parts.crm.name, "account.tier"]
    assert read.latency_p95_s is None


async def test_the_board_is_read_with_a_key_of_scope_read(product: Product) -> None:
    await product.parts.intake.accept([late(1)])  # type: ignore[list-item]
    with product.parts.store.begin() as session:
        key = security.new_key(session, "grafana", ("read",), product.clock())[1]
    assert (await product.web.get("/api/v1/quality")).status_code == 401
    found = await product.web.get("/api/v1/quality", headers={"Authorization": f"Bearer {key}"})
    assert found.json()["sources"][0]["source"] == made.ERP
