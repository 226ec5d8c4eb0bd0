"""Decisions, newest first, up to date by itself."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

from nicegui import ui
from sqlmodel import Session

from bot.console import filtering, listing, origins
from bot.console.filtering import UNDECIDED, Filter
from bot.console.frame import Console, empty, framed, on_enter, opens, panel, tag, tell
from bot.console.listing import PAGE, STATES, Listed
from bot.console.outcomes import OUTCOMES, SIGNS, changed
from bot.console.teams import members, teams
from bot.decision import Decision
from bot.errors import InvalidInput
from crm_bridge import CrmUnavailable, accounts_named

PATH = "/"
LOOK_EVERY_S = 3.0
COLUMNS = [
    {"name": "at", "label": "时间", "field": "at", "align": "left", "style": "white-space:nowrap"},
    {"name": "customer", "label": "客户", "field": "customer", "align": "left"},
    {
        "name": "words",
        "label": "说的话",
        "field": "words",
        "align": "left",
        "style": "max-width:360px;overflow:hidden;text-overflow:ellipsis;white-space:nowrap",
    },
    {"name": "intent", "label": "意图", "field": "intent", "align": "left"},
    {"name": "confidence", "label": "把握", "field": "confidence", "align": "right"},
    {"name": "rep", "label": "销售", "field": "rep", "align": "left"},
    {"name": "state", "label": "状态", "field": "state", "align": "left"},
]
_STATE_CELL = """
<q-td :props="props"><span :class="'tag ' + props.row.look">{{ props.row.state }}</span></q-td>
"""
_CARD = """
<div class="q-pa-xs col-12"><q-card flat bordered class="cursor-pointer" style="border-radius:12px"
  @click="$parent.$emit('open', props.row.id)">
  <q-card-section style="padding:12px 14px">
    <div class="row items-center no-wrap"><b>{{ props.row.customer || '未指明客户' }}</b><q-space/>
      <span :class="'tag ' + props.row.look">{{ props.row.state }}</span></div>
    <div class="words" style="margin:4px 0">{{ props.row.words }}</div>
    <div class="quiet">{{ props.row.intent }} · {{ props.row.confidence }} · {{ props.row.rep }} · {{ props.row.at }}</div>
  </q-card-section></q-card></div>
"""


def add(console: Console) -> None:
    @opens("/")
    async def decisions(page: int = 0) -> None:
        labels = (await console.taxonomy()).labels()
        wanted = filtering.parse(ui.context.client.request.query_params)
        await DecisionsPage(console, labels, wanted, max(0, page)).draw()


class DecisionsPage:
    def __init__(self, console: Console, labels: dict[str, str], wanted: Filter, page: int) -> None:
        self._console = console
        self._labels = labels
        self._wanted = wanted
        self._page = page
        self._names: dict[str, str] = {}
        self._seen = 0

    async def draw(self) -> None:
        self._viewer = self._console.viewer()
        self._names = await self._console.read(lambda session: listing.reps(session, self._viewer))
        self._teams = await self._console.read(lambda session: teams(session, self._viewer))
        self._members = await self._console.read(self._of_team)
        self._wanted = await self._with_customers(self._wanted)
        self._customer = await self._customer_named()
        found = await self._find()
        with framed(self._console, "/", "决策"):
            self._filters()
            with panel():
                self._table(found)
        ui.timer(LOOK_EVERY_S, self._look)

    def _of_team(self, session: Session) -> dict[str, str]:
        """Whom the list may be narrowed to further: with a team chosen, its people."""
        chosen = self._wanted.team
        inside = members(session, chosen) if chosen else set(self._names)
        return {one: name for one, name in self._names.items() if one in inside | {self._wanted.rep}}

    def _filters(self) -> None:
        wanted = self._wanted
        with panel(), ui.row().classes("items-center filters").style("gap:10px;width:100%"):
            words = ui.input("搜索原话或客户", value=wanted.words).props("dense outlined clearable")
            words.classes("whole")
            words.style("min-width:220px;flex:1")
            on_enter(words, lambda: self._go(words=words.value or ""))
            words.on("clear", lambda: self._go(words=""))
            customer = ui.input("客户", placeholder="名称,回车").props("dense outlined")
            customer.style("width:160px")
            on_enter(customer, lambda: tell(self._choose_customer(customer.value or "")))
            states = {"": "全部状态"} | {state.value: name for state, (name, _) in STATES.items()}
            self._choice("状态", states, ",".join(wanted.states), "state")
            intents = {"": "全部意图", **self._labels, UNDECIDED: "待定"}
            self._choice("意图", intents, wanted.intent, "intent")
            if len(self._teams) > 1:
                team = wanted.team if wanted.team in self._teams else ""
                self._choice("团队", {"": "全部团队", **self._teams}, team, "team")
            if len(self._names) > 1:
                self._choice("销售", {"": "全部销售", **self._members}, wanted.rep, "rep")
            self._date("从", wanted.since, "since")
            self._date("到", wanted.until, "until")
            below = {"": "不限把握", "0.9": "低于 90%", "0.7": "低于 70%", "0.5": "低于 50%"}
            self._choice("把握", below, f"{wanted.below:g}" if wanted.below else "", "below")
            ui.switch("需要处理", value=wanted.needs_me, on_change=lambda event: self._go(mine=event.value))
            with ui.dropdown_button("导出", icon="download").props("outline dense no-caps"):
                ui.item("CSV", on_click=lambda: tell(self._export("csv")))
                ui.item("Excel", on_click=lambda: tell(self._export("xlsx")))
            for narrowed in self._narrowed():
                tag(narrowed, "open")
            if wanted != Filter():
                ui.button("清除筛选", on_click=lambda: ui.navigate.to("/")).props("flat dense no-caps")

    def _narrowed(self) -> list[str]:
        """What the list is narrowed to by no choice of the row, in words."""
        wanted = self._wanted
        outcomes = "、".join(OUTCOMES[one] for one in wanted.outcomes)
        states = "、".join(STATES[one][0] for one in wanted.states) if len(wanted.states) > 1 else ""
        moments = [listing.at(one) for one in (wanted.decided_from, wanted.decided_to) if one]
        said = {
            "客户": self._customer if wanted.customer else "",
            "状态": states,
            "结果": outcomes,
            "被改成": self._labels.get(wanted.became, wanted.became),
            "来源": "有人说的话" if wanted.origin == listing.SAID else origins.called(wanted.origin),
            "改过": changed(wanted.changed) if wanted.changed else "",
            "看": SIGNS[wanted.sign][0] if wanted.sign else "",
            "资料没有答案": "这个问题" if wanted.gap else "",
            "决定时间": " 至 ".join(moments),
        }
        return [f"{name}:{value}" for name, value in said.items() if value]

    def _choice(self, label: str, options: dict[str, str], value: str, name: str) -> None:
        """A value that is no option stands in the address of somebody who left, or was typed: it is shown as it is."""
        ui.select(
            options if value in options else {**options, value: value},
            label=label,
            value=value,
            on_change=lambda event: self._go(**{name: event.value or ""}),
        ).props("dense outlined options-dense").style("min-width:118px")

    def _date(self, label: str, value: date | None, name: str) -> None:
        shown = value.isoformat() if value else ""
        ui.input(label, value=shown, on_change=lambda event: self._go(**{name: event.value or ""})).props(
            "dense outlined type=date stack-label"
        ).style("width:148px")

    def _table(self, found: Listed) -> None:
        self._total = ui.label().classes("quiet").props("aria-live=polite")
        self._rows = ui.table(columns=COLUMNS, rows=[], row_key="id").props(
            'flat :grid="window.innerWidth < 900" hide-pagination :rows-per-page-options="[0]" :pagination="{rowsPerPage: 0}"'
        )
        self._rows.style("width:100%")
        self._rows.add_slot("body-cell-state", _STATE_CELL)
        self._rows.add_slot("item", _CARD)
        self._rows.on("rowClick", lambda event: self._open(event.args[1]["id"]))
        self._rows.on("open", lambda event: self._open(event.args))
        with self._rows.add_slot("no-data"):
            empty(
                "还没有决策。销售把客户的话发给机器人,这里就会出现第一张卡片。"
                if self._wanted == Filter()
                else "没有符合条件的决策。换个条件,或清除筛选。"
            )
        with ui.row().classes("items-center justify-end").style("width:100%"):
            self._pages = ui.pagination(
                1, 1, direction_links=True, on_change=lambda event: self._turn_to(event.value)
            )
            self._pages.props(':max-pages="window.innerWidth < 700 ? 3 : 7" boundary-numbers').style(
                "align-self:flex-end"
            )
        self._fill(found)

    def _fill(self, found: Listed) -> None:
        self._total.text = f"共 {found.total} 条"
        self._rows.rows = [self._row(one) for one in found.decisions]
        self._rows.update()
        last = max(1, -(-found.total // PAGE))
        self._pages.max = last
        self._pages.value = self._page + 1
        self._pages.set_visibility(last > 1)

    def _row(self, one: Decision) -> dict[str, str]:
        state, look = STATES[one.state]
        return {
            "id": one.id,
            "at": listing.at(one.created_at),
            "customer": one.customer_name,
            "words": " ".join(one.words.split())[:160],
            "intent": self._labels.get(one.intent or "", "待定"),
            "confidence": f"{one.reading.confidence:.0%}",
            "rep": self._names.get(one.rep, one.rep),
            "state": state,
            "look": look,
        }

    async def _find(self) -> Listed:
        now = self._console.parts.clock()
        self._seen = await self._console.read(listing.latest)
        return await self._console.read(
            lambda session: listing.find(session, self._viewer, self._wanted, now, self._page)
        )

    async def _look(self) -> None:
        """Only where something changed is the list read again."""
        if not await self._console.still_here():
            return
        if await self._console.read(listing.latest) != self._seen:
            self._fill(await self._find())

    async def _turn_to(self, page: int) -> None:
        if page - 1 != self._page:
            self._page = page - 1
            self._fill(await self._find())

    async def _with_customers(self, wanted: Filter) -> Filter:
        try:
            called = {word: sorted(await self._called(word)) for word in wanted.sought}
        except CrmUnavailable:
            return wanted
        return replace(wanted, customers=called)

    async def _called(self, words: str) -> dict[str, str]:
        """Customers that words may mean: id → name. Raises `CrmUnavailable`."""
        directory = await self._console.parts.crm.directory()
        meant = {str(one.id) for one in accounts_named(directory, words)}
        return {str(one.id): one.name for one in directory if one.id in meant or words in one.name}

    async def _customer_named(self) -> str:
        """As a name where the viewer has met them and the CRM is awake, otherwise as the address has it."""
        wanted = self._wanted.customer
        if not wanted or not await self._console.read(
            lambda session: listing.met(session, self._viewer, [wanted])
        ):
            return wanted
        try:
            return (await self._called(wanted)).get(wanted, wanted)
        except CrmUnavailable:
            return wanted

    async def _choose_customer(self, typed: str) -> None:
        """To the one customer that was typed; several are named, so that the right one can be typed."""
        words = typed.strip()[:100]
        if not words:
            return self._go(customer="")
        try:
            called = await self._called(words)
        except CrmUnavailable as away:
            raise InvalidInput("现在查不到客户名单,请稍后再试。") from away
        met = await self._console.read(lambda session: listing.met(session, self._viewer, list(called)))
        names = {one: called[one] for one in sorted(met)}
        exact = [one for one, name in names.items() if words in {one, name}]
        if len(exact) == 1 or len(names) == 1:
            return self._go(customer=(exact or list(names))[0])
        if not names:
            raise InvalidInput(f"没有“{words}”的决策。")
        raise InvalidInput(f"“{words}”可能是:{'、'.join(list(names.values())[:8])}。请写全名。")

    def _go(self, **changes: Any) -> None:
        """The address holds the filter, so that it can be kept, sent on and gone back to."""
        changed = {name: ("1" if value is True else str(value or "")) for name, value in changes.items()}
        ui.navigate.to(filtering.link(filtering.address_of(self._wanted) | changed))

    def _open(self, decision: str) -> None:
        ui.navigate.to(f"/decisions/{decision}")

    async def _export(self, form: str) -> None:
        """What the viewer may see, masked; written down in the journal."""
        person, now = await self._console.acting("/"), self._console.parts.clock()
        wanted = replace(self._wanted)

        def collect(session: Session) -> tuple[bytes, int]:
            found = listing.every(session, person, wanted, now)
            policy = self._console.parts.copilot.policy
            rows = listing.table(found, self._labels, self._names, policy, person.role)
            total = listing.count(session, person, wanted, now)
            return listing.as_csv(rows) if form == "csv" else listing.as_xlsx(rows), total

        content, total = await self._console.read(collect)
        await self._console.write(
            lambda session: self._console.note(session, person, "DecisionsExported", "console", form=form)
        )
        ui.download.content(content, f"decisions-{now:%Y%m%d-%H%M}.{form}")
        if total > listing.MOST_EXPORTED:
            most = f"{listing.MOST_EXPORTED:,}"
            ui.notify(
                f"共 {total:,} 条,文件里是最新的 {most} 条;其余的请缩小范围再导出。",
                type="warning",
                timeout=8000,
            )
