"""How far two trainers agree, and where they do not: side by side, to settle with a rule for the guide, or to drop."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable

from nicegui import ui

from bot import actions
from bot.console.frame import Console, panel, tag, tell
from bot.errors import InvalidInput
from intents import FileKind, FileOutdated, Taxonomy, TaxonomyError
from intents.guide import LONGEST_RULE, with_border
from intents.labels import Agreement
from intents.second_look import Dispute, by_intent, decide, disputes

LITTLE = 0.6
"""Below it agreement is no more than moderate (Landis and Koch, 1977)."""


class DisputesPanel:
    def __init__(
        self, console: Console, taxonomy: Taxonomy, path: str, opened: Callable[[ui.dialog], None]
    ) -> None:
        """`opened`: told of a dialog, whose keys are nobody else's."""
        self._opened = opened
        self._console = console
        self._taxonomy = taxonomy
        self._path = path
        self._labels = console.parts.registry.labels
        self._files = console.parts.registry.files

    async def draw(self) -> None:
        overall, names, open_ones = await asyncio.gather(
            asyncio.to_thread(self._labels.agreement),
            asyncio.to_thread(by_intent, self._labels),
            asyncio.to_thread(disputes, self._labels),
        )
        self._names = await self._console.names(who for one in open_ones for who, _ in one.marks)
        with panel("两人一致程度"):
            if not overall.pairs:
                ui.label("还没有两个人标过同一条。定稿的五分之一会请第二位训练师独立再标。").classes("quiet")
            else:
                self._agreement(overall, names)
            for dispute in open_ones:
                self._dispute(dispute)

    def _agreement(self, overall: Agreement, names: dict[str, Agreement]) -> None:
        ui.label(f"{overall.pairs} 对里一致 {overall.agreed} 对,Cohen κ = {overall.kappa:.2f}").classes(
            "heading"
        )
        with ui.row().style("gap:6px"):
            for name, one in names.items():
                kappa = "—" if one.kappa is None else f"{one.kappa:.2f}"
                words = f"{self._taxonomy.label(name)} {kappa}({one.pairs})"
                tag(words, "warn" if (one.kappa or 0) < LITTLE else "")

    def _dispute(self, dispute: Dispute) -> None:
        with (
            ui.column()
            .classes("dispute")
            .style("gap:4px;width:100%;border-top:1px solid var(--line);padding-top:8px")
        ):
            for earlier in dispute.row.context:
                ui.label(earlier).classes("quiet words")
            ui.label(dispute.row.text).classes("words")
            with ui.row().style("gap:8px"):
                for intent in Counter(intent for _, intent in dispute.marks):
                    who = "、".join(self._names[one] for one, said in dispute.marks if said == intent)
                    ui.button(
                        f"{self._taxonomy.label(intent)}({who})",
                        on_click=lambda chosen=intent: self._ask(dispute, chosen),
                    ).props("outline no-caps")
                ui.button("两个都不对,不能用", on_click=lambda: tell(self._withdraw(dispute))).props(
                    "flat no-caps"
                )

    def _ask(self, dispute: Dispute, intent: str) -> None:
        """What it is, and the rule by which the next one is told at once."""
        with ui.dialog(value=True) as dialog, ui.card().style("min-width:min(460px,92vw);border-radius:12px"):
            ui.label(f"定为“{self._taxonomy.label(intent)}”").classes("heading")
            ui.label(dispute.row.text).classes("words quoted")
            rule = ui.textarea("以后怎么区分(可不填),会加进标注指南").props(
                f"outlined autogrow maxlength={LONGEST_RULE} counter"
            )
            rule.style("width:100%")
            with ui.row().classes("justify-end").style("width:100%"):
                ui.button("取消", on_click=dialog.close).props("flat no-caps")
                ui.button(
                    "定稿", on_click=lambda: tell(self._decide(dispute, intent, (rule.value or "").strip()))
                ).props("unelevated no-caps")
        self._opened(dialog)

    async def _decide(self, dispute: Dispute, intent: str, rule: str) -> None:
        person = await self._console.acting(self._path)
        if rule:
            number = await asyncio.to_thread(self._add_rule, dispute, intent, rule, person.id)
            await self._console.noted(
                person,
                "CompanyFileSaved",
                f"intents:{FileKind.TAXONOMY}",
                number=number,
                intent=intent,
                rule=rule,
            )
        await asyncio.to_thread(decide, self._labels, dispute.row.id, intent, person.id)
        await self._console.noted(person, "DisputeSettled", dispute.row.id, intent=intent)
        ui.navigate.reload()

    def _add_rule(self, dispute: Dispute, intent: str, rule: str, by: str) -> int:
        """A new version of the taxonomy with this border. Raises `InvalidInput`, `FileRefused`."""
        follows = self._files.latest(FileKind.TAXONOMY)
        try:
            text = with_border(self._files.text(FileKind.TAXONOMY), intent, rule)
            why = f"标注有分歧:{dispute.row.text[:60]}"
            saved = self._files.save(
                FileKind.TAXONOMY, text, by, why=why, follows=follows, actions=actions.names()
            )
        except TaxonomyError as wrong:
            raise InvalidInput(
                "标注指南里没有这个意图,请先在“图谱与意图”里补上;或者不写规则直接定稿。"
            ) from wrong
        except FileOutdated as outdated:
            raise InvalidInput("别人刚改过标注指南,请再点一次“定稿”。") from outdated
        return saved.number

    async def _withdraw(self, dispute: Dispute) -> None:
        person = await self._console.acting(self._path)

        def withdraw() -> None:
            self._labels.reopen(dispute.row.id, dispute.row.settled_by)
            self._labels.drop(dispute.row.id, person.id, "两位训练师意见不同")

        await asyncio.to_thread(withdraw)
        await self._console.noted(person, "LabelDropped", dispute.row.id, disputed=True)
        ui.navigate.reload()
