"""Who may read which field for what: the rules as they are, and a question to them. Changed in the file, not here."""

from __future__ import annotations

import csv

from nicegui import ui

from bot.console.frame import Console, as_said, framed, opens, panel, tag, tell
from bot.customer_system import CONTRACTS
from bot.errors import InvalidInput
from crm_bridge.contracts import PURPOSES, ROLES
from crm_bridge.contracts.policy import policy_file

PATH = "/policy"
NAMES = {
    "core": "内部处理", "card": "卡片", "draft": "草稿", "prompt": "给语言模型", "log": "日志", "export": "导出", "api": "接口", "send": "发送",
    "rep": "销售", "manager": "主管", "trainer": "训练师", "admin": "管理员", "integrator": "外部系统", "model": "语言模型", "system": "系统",
}  # fmt: skip

OUTSIDE = {
    ": not in the contract": "数据契约里没有这个字段:",
    ": purposes": "数据契约不许用于这个用途:",
    ": allowedReaders": "数据契约不许这个角色读:",
}
"""How a verdict of the data contract ends → what it means."""


def add(console: Console) -> None:
    @opens(PATH)
    async def policy() -> None:
        rules = console.parts.copilot.policy
        path = policy_file(console.parts.settings.data_dir / CONTRACTS)
        with framed(console, PATH, "字段策略"):
            with panel("问一问"):
                with ui.row().style("gap:10px"):
                    role = ui.select(
                        {one: NAMES.get(one, one) for one in ROLES}, value="rep", label="角色"
                    ).props("dense outlined")
                    purpose = ui.select(
                        {one: NAMES.get(one, one) for one in PURPOSES}, value="card", label="用途"
                    ).props("dense outlined")
                    field = ui.input("字段", value="contact.phone").props("dense outlined")
                    ask = ui.button("能读吗?").props("unelevated no-caps")
                answer = ui.row().style("gap:10px").props("aria-live=polite")

                async def decide() -> None:
                    await console.acting(PATH)
                    asked = (field.value or "").strip()
                    if not asked:
                        raise InvalidInput("请写字段,例如 contact.phone 或 account.tier。")
                    verdict = rules.decide(role.value, purpose.value, asked)
                    answer.clear()
                    with answer:
                        tag("可以" if verdict.allowed else "不可以", "good" if verdict.allowed else "bad")
                        outside = next(
                            (told for end, told in OUTSIDE.items() if verdict.rule.endswith(end)), ""
                        )
                        ui.label(outside or ("依据规则:" if verdict.rule else "没有规则允许它")).classes(
                            "words"
                        )
                        as_said(verdict.rule)

                ask.on_click(lambda: tell(decide()))
            with panel("规则"):
                ui.label("拒绝优先。要改,编辑数据目录里的策略文件,然后重启。").classes("quiet")
                for line in csv.reader(path.read_text(encoding="utf-8").splitlines()):
                    if line and not line[0].startswith("#"):
                        with ui.row().style(
                            "gap:10px;border-top:1px solid var(--line);padding:4px 0;width:100%"
                        ):
                            *_, effect = cells = [cell.strip() for cell in line]
                            tag(
                                "允许" if effect == "allow" else "拒绝" if effect == "deny" else effect,
                                "good" if effect == "allow" else "bad",
                            )
                            ui.label(" · ".join(NAMES.get(cell, cell) for cell in cells[1:-1])).classes(
                                "words"
                            )
