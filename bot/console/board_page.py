"""The board: how cards are decided, where the copilot is wrong, and what looks like confirming without reading."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

from nicegui import events, ui
from sqlmodel import Session

from bot.console import board_counts, filtering, listing, number_tables, origins
from bot.console.board_numbers import (
    ENDED,
    HAD_TO_BE_DECIDED,
    TOO_MUCH_DRIFT,
    Board,
    Row,
    Share,
    of_pair,
)
from bot.console.filtering import Address
from bot.console.frame import Console, empty, framed, opens, panel, tag
from bot.console.number_tables import percent, span
from bot.console.outcomes import OUTCOMES, changed
from bot.console.teams import teams
from bot.decision import State
from knowledge.sayings import Gap

PATH = "/board"
PERIODS = {7: "近 7 天", 30: "近 30 天", 90: "近 90 天"}
COLOURS = {
    "accepted": "#2456b8",
    "edited": "#7ba2e8",
    "declined": "#d4665c",
    "expired": "#e2b567",
    "open": "#b9c3d1",
    "replaced": "#dfe4ec",
}
CLOSED = "闭环率 = 已执行并有回执的卡片 ÷ 需要有人决定的卡片(不含还在等的,和被新卡片取代的)。"
MOST_GAPS = 12
MOST_ROWS = 40
READING = (
    "“没打开”:确认之前,决策页、依据的原文和控制台里的这一条都没有打开过;只算开始记录以后的卡片。"
    "这些是留意的线索,不是结论:点开数字看看具体的卡片。"
)


def add(console: Console) -> None:
    @opens(PATH)
    async def board(days: int = 30, team: str = "", since: str = "", until: str = "") -> None:
        """Counting may take a moment: the page stands first and is filled then."""
        viewer, today = console.viewer(), console.parts.clock().astimezone(listing.SHANGHAI).date()
        time = Time.of(today, days, since, until)
        labels = (await console.taxonomy()).labels()
        known = await console.read(lambda session: teams(session, viewer))
        chosen = team if team in known else ""
        with framed(console, PATH, "看板"):
            _periods(time, chosen, known)
            place = ui.column().style("gap:16px;width:100%")
            with place:
                ui.spinner(size="lg").style("align-self:center;margin:48px")

        def count(session: Session) -> tuple[Board, dict[str, str], dict[str, int]]:
            cards = board_counts.proposed(session, viewer, time.since, time.until, chosen)
            return (
                board_counts.board(session, viewer, time.since, time.until, chosen),
                listing.reps(session, viewer),
                board_counts.gap_cards(session, cards, [gap.id for gap in gaps]),
            )

        async def fill() -> None:
            found, names, met = await console.read(count)
            place.clear()
            with place:
                BoardView(labels, names, found, gaps, met).draw()

        gaps = await asyncio.to_thread(console.parts.library.gaps.list, MOST_GAPS)
        ui.timer(0, fill, once=True)


@dataclass(frozen=True)
class Time:
    """Which cards count: those of the last days, or of named ones."""

    since: date
    until: date | None
    days: int
    """0 where the days are named."""

    @classmethod
    def of(cls, today: date, days: int, since: str, until: str) -> Time:
        named = filtering.parse({"since": since, "until": until})
        if named.since:
            return cls(named.since, named.until, 0)
        period = days if days in PERIODS else 30
        return cls(today - timedelta(days=period - 1), None, period)


def _periods(time: Time, team: str, known: Mapping[str, str]) -> None:
    """Which time and, where there are several, which team."""
    named = {"since": time.since.isoformat(), "until": time.until.isoformat() if time.until else ""}

    def go(of: str, **when: object) -> None:
        query = {name: str(value) for name, value in {**when, "team": of}.items() if value}
        ui.navigate.to(f"{PATH}?{urlencode(query)}")

    with ui.row().style("gap:8px"):
        for days, name in PERIODS.items():
            ui.button(name, on_click=lambda days=days: go(team, days=days)).props(
                f"{'unelevated' if days == time.days else 'outline'} dense no-caps"
            ).style("padding:2px 12px")
        if not time.days:
            tag(f"{named['since']} 至 {named['until'] or '今天'}", "open")
        if len(known) > 1:
            now = {"days": time.days} if time.days else named
            ui.select(
                {"": "全部团队", **known},
                value=team,
                label="团队",
                on_change=lambda event: go(event.value, **now),
            ).props("dense outlined options-dense").style("min-width:150px")


class BoardView:
    """Draws the numbers; each is a link to the list of exactly the decisions that it counts."""

    def __init__(
        self,
        labels: Mapping[str, str],
        names: Mapping[str, str],
        found: Board,
        gaps: Sequence[Gap],
        met: Mapping[str, int],
    ) -> None:
        self._labels = labels
        self._names = names
        self._board = found
        self._gaps = gaps
        self._met = met

    def draw(self) -> None:
        if not self._board.all.total:
            with panel():
                empty("这段时间还没有卡片。有人确认、修正或驳回之后,这里就有数字。")
            self._knowledge_gaps()
            return
        self._headline()
        self._by_day()
        with ui.element("div").classes("sides"):
            with ui.column().style("gap:16px;min-width:0"):
                self._by_intent()
                self._drift()
            with ui.column().style("gap:16px;min-width:0"):
                self._matrix()
                self._most_edited()
        self._outcomes("各意图", "意图", self._board.intents, self._intent)
        self._outcomes("模板和规则", "模板或规则", self._board.rules, self._rule)
        self._outcomes("每位销售", "销售", self._board.reps, lambda rep: self._names.get(rep, rep))
        self._habits()
        self._knowledge_gaps()

    def _headline(self) -> None:
        everything, everybody = self._board.all, self._board.everybody
        with panel():
            with ui.element("div").style(
                "display:grid;grid-template-columns:repeat(auto-fit,minmax(130px,1fr));gap:12px;width:100%"
            ):
                closed = (everything.in_state(State.CARRIED_OUT), everything.in_state(*HAD_TO_BE_DECIDED))
                self._figure("闭环率", everything.closed, *closed)
                for name in ENDED:
                    ended = (everything.of(name), everything.of(*ENDED))
                    self._figure(OUTCOMES[name], everything.share(name), *ended)
                waiting = everything.counts.get("open", 0)
                self._number("待决定", str(waiting), everything.of("open"))
                if everybody:
                    with ui.column().style("gap:0"):
                        where = {"sign": "own"}
                        self._number("决定用时中位数", span(everybody.median_s), where)
                        self._opening(f"本人决定 {everybody.decided} 张", where)
                        ui.label(f"最慢一成 {span(everybody.slowest_tenth_s)} 以上").classes("quiet")
            ui.label(CLOSED).classes("quiet")

    def _figure(self, name: str, share: Share, hits: Address, total: Address) -> None:
        with ui.column().style("gap:0"):
            self._number(name, percent(share), hits)
            self._sample(share, hits, total)

    def _number(self, name: str, value: str, where: Address) -> None:
        """A number that opens the decisions behind it."""
        with ui.link(target=self._list(where)).style("color:inherit;text-decoration:none"):
            ui.label(name).classes("quiet")
            ui.label(value).style("font-size:1.7rem;font-weight:650;line-height:1.3")

    def _sample(self, share: Share, hits: Address, total: Address) -> None:
        ui.html(number_tables.sample(share, hits, total, self._list), sanitize=False)

    def _opening(self, words: str, where: Address) -> None:
        ui.link(words, self._list(where)).classes("quiet")

    def _by_day(self) -> None:
        days = self._board.days
        with panel("每天的卡片"):
            _chart(
                {
                    "xAxis": {"type": "category", "data": [row.key[5:] for row in days]},
                    "yAxis": {"type": "value", "minInterval": 1},
                    "series": _stacked(days),
                },
                230,
                lambda event: self._open(days[event.data_index].of(_outcome(event.series_name))),
                "每天的卡片,按结果分",
            )

    def _by_intent(self) -> None:
        rows = list(reversed(self._board.intents[:12]))
        with panel("各意图的结果"):
            _chart(
                {
                    "xAxis": {"type": "value", "minInterval": 1},
                    "yAxis": {"type": "category", "data": [self._intent(row.key) for row in rows]},
                    "series": _stacked(rows),
                },
                60 + 30 * len(rows),
                lambda event: self._open(rows[event.data_index].of(_outcome(event.series_name))),
                "各意图的卡片,按结果分",
            )

    def _matrix(self) -> None:
        corrected = self._board.corrected
        with panel("改意图:原来读作 → 同事改成"):
            if not corrected:
                empty("没有人改过意图。")
                return
            was = sorted({pair[0] for pair in corrected})
            now = sorted({pair[1] for pair in corrected})
            data = [
                [now.index(pair[1]), was.index(pair[0]), count] for pair, count in sorted(corrected.items())
            ]
            _chart(
                {
                    "tooltip": {"position": "top"},
                    "legend": {"show": False},
                    "xAxis": {
                        "type": "category",
                        "data": [self._intent(one) for one in now],
                        "axisLabel": {"rotate": 40, "interval": 0},
                    },
                    "yAxis": {"type": "category", "data": [self._intent(one) for one in was]},
                    "visualMap": {
                        "show": False,
                        "min": 0,
                        "max": max(corrected.values()),
                        "inRange": {"color": ["#eef3fd", "#2456b8"]},
                    },
                    "series": [{"type": "heatmap", "data": data, "label": {"show": True}}],
                },
                120 + 30 * len(was),
                lambda event: self._open(_pair(event.value, was, now)),
                "改意图的次数:行是原来读作的意图,列是改成的意图",
            )

    def _drift(self) -> None:
        share = self._board.drift
        low, _ = share.interval
        name, look = ("正常", "good")
        if share.total and low > TOO_MUCH_DRIFT:
            name, look = "报警", "bad"
        elif share.value > TOO_MUCH_DRIFT:
            name, look = "留意", "warn"
        with panel("漂移:技术问题被读成采购信号"):
            with ui.row().classes("items-center").style("gap:10px"):
                tag(name, look)
                ui.label(f"{share.value:.1%}" if share.total else "—").style(
                    "font-size:1.3rem;font-weight:650"
                )
                self._sample(share, {"sign": "drift"}, {"sign": "buying"})
            ui.label(
                f"读作采购、询价、续约而有人决定过的卡片里,被改成技术问题的份额。上限 {TOO_MUCH_DRIFT:.0%};"
                "区间下限超过上限就报警。"
            ).classes("quiet")

    def _most_edited(self) -> None:
        with panel("改得最多的模板和字段"):
            if not self._board.edited:
                empty("没有人改过草稿或字段。")
            for one in self._board.edited:
                with ui.row().classes("items-center").style("gap:2px 10px;width:100%"):
                    ui.label(f"{self._intent(one.intent)} · {changed(one.what)}").classes("words")
                    ui.space()
                    ui.link(percent(one.share), self._list(one.where))
                    self._sample(one.share, one.where, one.all)

    def _outcomes(self, heading: str, head: str, rows: Sequence[Row], name: Callable[[str], str]) -> None:
        if rows:
            with panel(heading):
                _wide(number_tables.outcomes(head, rows[:MOST_ROWS], name, self._list))

    def _habits(self) -> None:
        if self._board.habits:
            with panel("怎样决定的"):
                _wide(number_tables.habits(self._board.habits, self._names, self._list))
                ui.label(READING).classes("quiet")

    def _knowledge_gaps(self) -> None:
        with panel("资料里没有答案的问题"):
            if not self._gaps:
                empty("目前没有。问了而没有答案的问题会归成一类出现在这里。")
            for gap in self._gaps:
                with ui.row().classes("items-center").style("gap:2px 10px;width:100%"):
                    ui.label(gap.example).classes("words")
                    ui.space()
                    ui.link(f"{self._met.get(gap.id, 0)} 张卡片", self._list({"gap": gap.id}))
                    ui.label(f"一共问过 {gap.times} 次,最近 {listing.at(gap.last_at)}").classes("quiet")

    def _rule(self, key: str) -> str:
        kind, _, rule = key.partition(":")
        if kind == listing.SAID:
            return f"回复模板 · {self._intent(rule)}"
        return origins.called(key)

    def _intent(self, name: str) -> str:
        return self._labels.get(name, name or "待定")

    def _list(self, where: Address) -> str:
        return filtering.link(self._board.address(where))

    def _open(self, where: Address) -> None:
        ui.navigate.to(self._list(where))


def _stacked(rows: Sequence[Row]) -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "type": "bar",
            "stack": "all",
            "itemStyle": {"color": COLOURS[key]},
            "barMaxWidth": 26,
            "data": [row.counts.get(key, 0) for row in rows],
        }
        for key, name in OUTCOMES.items()
    ]


def _chart(
    options: dict[str, Any],
    height: int,
    click: Callable[[events.EChartPointClickEventArguments], None],
    said: str,
) -> None:
    """`said`: what it shows, for those who cannot see it."""
    common = {
        "grid": {"left": 8, "right": 16, "top": 34, "bottom": 8, "containLabel": True},
        "legend": {"top": 0, "itemWidth": 12, "itemHeight": 10, "type": "scroll"},
        "tooltip": {"trigger": "axis", "axisPointer": {"type": "shadow"}},
        "animation": False,
    }
    ui.echart({**common, **options}, on_point_click=click, renderer="svg").style(
        f"height:{height}px;width:100%"
    ).props(f'role=img aria-label="{said}"')


def _wide(table: str) -> None:
    """A table that scrolls by itself where the screen is narrow. Its words are escaped where it is made."""
    with (
        ui.element("div")
        .style("width:100%;overflow-x:auto")
        .props('tabindex=0 role=region aria-label="数字"')
    ):
        ui.html(table, sanitize=False)


def _pair(cell: Any, was: Sequence[str], now: Sequence[str]) -> Address:
    """The list behind one cell of the matrix."""
    return of_pair(was[cell[1]], now[cell[0]])


def _outcome(name: str | None) -> str:
    return next((key for key, shown in OUTCOMES.items() if shown == name), "")
