"""How good the data is, and where a value came from: the quality board, a map of sources, and one field's chain."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nicegui import ui

from bot.console import field_chain, lineage_map, listing
from bot.console.document_sight import customers
from bot.console.frame import Console, empty, framed, on_enter, opens, panel, tag, tell
from bot.errors import InvalidInput, NotFound
from bot.lineage import field_of
from bot.signals.alarms import span, told
from crm_bridge import AccountId
from crm_bridge.lineage import system_name

PATH = "/quality"
ACCOUNT = "account."
MOST_FIELDS = 60


def add(console: Console) -> None:
    @opens(PATH)
    async def quality() -> None:
        board = await console.parts.quality.board()
        known, labels = await customers(console), _labels(console)
        with framed(console, PATH, "数据质量"):
            with panel(f"超出界限({len(board.breaches)})"):
                if not board.breaches:
                    empty("都在界限之内。")
                for breach in board.breaches:
                    with ui.row().style("gap:8px"):
                        tag("注意", "warn")
                        ui.label(told(breach)).classes("words")
            with panel("来源"):
                if not board.sources:
                    empty("还没有事件进来。让 ERP、CRM 或设备平台把事件发到 /api/v1/events。")
                else:
                    _table(_source_columns, [_source(one) for one in board.sources], "source")
            with panel("字段"):
                rows = [
                    {
                        "key": f"{one.source}.{one.field}",
                        "source": system_name(one.source),
                        "field": f"{labels[one.field]} {one.field}" if one.field in labels else one.field,
                        "values": one.values,
                        "empty": f"{one.null_rate:.0%}",
                        "invalid": one.invalid,
                        "outside": one.violations,
                        "p50": span(one.latency_p50_s),
                        "p95": span(one.latency_p95_s),
                        "age": span(one.age_s),
                        "target": span(one.target_s),
                    }
                    for one in sorted(board.fields, key=lambda one: -one.null_rate)[:MOST_FIELDS]
                ]
                _table(_field_columns, rows, "key")
            with panel("血缘:来源 → 字段 → 卡片"):
                await _map(console, labels)
            _chain(console, {one.id: one.name for one in known})


def _labels(console: Console) -> dict[str, str]:
    """What the data contract calls each field: account.tier → 客户等级."""
    contract = getattr(console.parts.crm, "contract", None)
    return {name: rule.label for name, rule in contract.fields.items()} if contract else {}


async def _map(console: Console, labels: Mapping[str, str]) -> None:
    found, looked_at = await console.read(lineage_map.flows)
    if not found:
        empty("还没有卡片用到客户系统里的值。")
        return
    of_account = {name.partition(".")[2]: label for name, label in labels.items() if name.startswith(ACCOUNT)}
    fields = of_account | {lineage_map.A_RECORD: "整条记录"}
    intents = (await console.taxonomy()).labels()
    ui.label(f"最近 {looked_at} 张卡片的理由用了哪些系统的哪些字段;线越粗,用到的卡片越多。").classes("quiet")
    height = 120 + 34 * max(len({one.field for one in found}), len({one.intent for one in found}))
    ui.echart(lineage_map.drawn(found, fields, intents)).style(f"width:100%;height:{height}px").props(
        'role=img aria-label="来源、字段与卡片的流向图"'
    )
    if unused := [label for name, label in of_account.items() if name not in {one.field for one in found}]:
        ui.label(f"没有卡片用作理由的客户字段:{'、'.join(unused)}").classes("quiet words")


def _chain(console: Console, known: dict[Any, str]) -> None:
    with panel("一个值从哪里来"):
        with ui.row().style("gap:10px"):
            customer = (
                ui.select(known, label="客户", with_input=True)
                .props("dense outlined")
                .style("min-width:260px")
            )
            field = ui.input("字段,例如 客户等级", value="客户等级").props("dense outlined")
            ask = ui.button("查").props("unelevated no-caps")
        place = ui.column().style("gap:2px;width:100%").props("aria-live=polite")

        async def look() -> None:
            await console.acting(PATH)
            if not customer.value:
                raise InvalidInput("请先选客户。")
            account = await console.parts.crm.account(AccountId(customer.value))
            try:
                asked = field_of(account, (field.value or "").strip())
            except NotFound as unknown:
                names = "、".join(one.label for one in account.fields)
                raise InvalidInput(f"{account.short_name}没有这个字段;有的是:{names}。") from unknown
            place.clear()
            with place:
                await field_chain.show(console, account, asked)

        on_enter(field, lambda: tell(look()))
        ask.on_click(lambda: tell(look()))


def _source(one: Any) -> dict[str, Any]:
    return {
        "source": system_name(one.source),
        "events": one.events,
        "p50": span(one.latency_p50_s),
        "p95": span(one.latency_p95_s),
        "dead": one.dead_letters,
        "conflicts": one.conflicts,
        "repeated": one.repeated,
        "last": listing.at(one.last_event) if one.last_event else "—",
    }


def _columns(named: tuple[tuple[str, str], ...]) -> list[dict[str, Any]]:
    return [{"name": name, "label": label, "field": name, "align": "left"} for name, label in named]


_source_columns = _columns(
    (
        ("source", "来源"), ("events", "事件"), ("p50", "延迟 p50"), ("p95", "延迟 p95"), ("dead", "读不懂"),
        ("conflicts", "键冲突"), ("repeated", "重复"), ("last", "最近一次"),
    )
)  # fmt: skip
_field_columns = _columns(
    (
        ("source", "来源"), ("field", "字段"), ("values", "值"), ("empty", "空"), ("invalid", "不合约定"), ("outside", "越界"),
        ("p50", "延迟 p50"), ("p95", "延迟 p95"), ("age", "多旧"), ("target", "目标"),
    )
)  # fmt: skip


def _table(columns: list[dict[str, Any]], rows: list[dict[str, Any]], key: str) -> None:
    ui.table(columns=columns, rows=rows, row_key=key, pagination=0).props(
        'flat dense hide-pagination :rows-per-page-options="[0]" :grid="window.innerWidth < 700"'
    ).style("width:100%")
