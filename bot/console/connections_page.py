"""Channels, customer system and language model: what is set, how it fared lately, whether it answers now, what to do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from nicegui import ui
from sqlalchemy import select
from sqlmodel import Session

from bot.channels import ChannelRefused
from bot.connections import record
from bot.console import listing
from bot.console.frame import Console, as_said, framed, opens, panel, tag
from bot.console.health_page import NAMES, findings
from bot.doctor import Finding
from bot.settings import ChannelState, channel_states, language_model_state
from bot.tables import ConnectionRow

PATH = "/connections"
OUTSIDE = ("wecom", "wecom_bot", "dingtalk", "crm", "language model")
ASKED = {"channel_on", "no_token", "crm", "crm_lacks", "crm_empty", "crm_silent", "llm", "llm_silent"}
"""Findings of checks that spoke to the other system."""
ADVICE = {
    "wecom": {
        "40001": "应用的 Secret 不对或应用已停用:核对 YIJU_WECOM__SECRET。",
        "40013": "企业 ID 不对:核对 YIJU_WECOM__CORP_ID。",
        "301002": "AgentId 和 Secret 不是同一个应用的:核对两项设置。",
        "60020": "服务器的出口 IP 不在应用的“企业可信IP”里:到管理后台加上。",
        "48002": "应用没有这个接口的权限:到管理后台开通。",
        "48006": "应用被停用或长期没用被收回权限:到管理后台启用。",
        "50003": "应用被停用:到管理后台启用。",
        "43012": "应用没有设回调地址:到管理后台“接收消息”里设好。",
        "90472": "应用没有日程权限:到管理后台“日程”里加上这个应用。",
        "45009": "调用太频繁,平台让我们等一等;会自动再发。",
        "429": "调用太频繁,平台让我们等一等;会自动再发。",
    },
    "dingtalk": {
        "invalidClientIdOrSecret": "Client ID 或 Client Secret 不对:核对两项设置。",
        "authFailed": "Client ID 或 Client Secret 不对:核对两项设置。",
        "Forbidden": "应用缺权限:到开放平台“权限管理”里申请,再发布一个版本。",
        "60011": "应用缺权限:到开放平台“权限管理”里申请,再发布一个版本。",
        "60020": "服务器的出口 IP 不在应用的白名单里:到开放平台加上。",
        "param.template": "卡片模板不存在或没有发布:核对 YIJU_DINGTALK__CARD_TEMPLATE_ID。",
        "robotCode": "机器人编码不对:核对 YIJU_DINGTALK__ROBOT_CODE。",
        "bot.": "机器人被停用:到开放平台启用。",
        "ApiCountLimit": "本月的接口次数用完了:到钉钉管理后台扩容。",
        "flood": "调用太频繁,平台让我们等几分钟;会自动再发。",
        "network": "网络不通:看看服务器能不能访问钉钉,防火墙有没有放行。",
    },
}
"""Beginnings or parts of a platform's code → what an operator does."""
OTHERWISE = {
    "wecom": "多半是网络或平台一时繁忙,会自动再试;一直不好,请点“现在检查”,并核对企业微信的设置。",
    "wecom_bot": "多半是网络或平台一时繁忙;一直不好,请核对智能机器人的设置。",
    "dingtalk": "多半是平台一时繁忙,会自动再试;一直不好,请点“现在检查”,并核对钉钉的设置。",
    "crm": "客户系统没有及时回应:看看它开着没有、地址和账号对不对(YIJU_CRM__*)。等着写入的操作会自动再试。",
    "language model": "语言模型没有给出回答:核对 YIJU_LLM__*。草稿先按模板写,不影响使用。",
}


def add(console: Console) -> None:
    @opens(PATH)
    async def connections() -> None:
        rows = await console.read(_rows)
        settings = console.parts.settings
        with framed(console, PATH, "连接"):
            with panel("现在怎样"):
                for state in (*channel_states(settings), language_model_state(settings)):
                    name = "language model" if state.name == "llm" else state.name
                    with _line(name):
                        _set_up(state)
                        if state.on:
                            _fared(rows.get(name))
                with _line("crm"):
                    tag(settings.crm.adapter, "open")
                    ui.label(settings.crm.base_url or "在本机").classes("quiet words")
                    if settings.crm.base_url or "crm" in rows:  # nothing is called over a wire otherwise
                        _fared(rows.get("crm"))
            with panel("试着连一次"):
                ui.label("会向每个平台要一次令牌,向客户系统读一次名单。").classes("quiet")
                await findings(console, PATH, OUTSIDE, lambda found: _keep(console, found))


def _rows(session: Session) -> dict[str, ConnectionRow]:
    return {row.name: row for row in session.execute(select(ConnectionRow)).scalars()}


def _line(name: str) -> ui.row:
    row = (
        ui.row()
        .classes("connection")
        .style("gap:10px;width:100%;border-top:1px solid var(--line);padding:6px 0")
    )
    with row:
        ui.label(NAMES.get(name, name)).style("min-width:140px")
    return row


def _set_up(state: ChannelState) -> None:
    if state.on:
        tag("已开通", "good")
    elif state.half_set:
        tag("没设完", "bad")
        ui.label("还缺 " + "、".join(state.missing)).classes("quiet words")
    else:
        tag("未设置")


def _fared(row: ConnectionRow | None) -> None:
    """When it last worked; where the last call failed, why and what to do."""
    if row is None:
        ui.label("还没有用过").classes("quiet")
        return
    if row.worked_at:
        ui.label(f"最近一次正常 {listing.at(row.worked_at)}").classes("quiet")
    if row.failed_at is None:
        return
    broken = row.worked_at is None or row.worked_at < row.failed_at
    with ui.column().style("gap:2px;width:100%;min-width:0"):
        with ui.row().style("gap:8px"):
            tag("现在不通" if broken else "后来好了", "bad" if broken else "good")
            ui.label(f"最近一次出错 {listing.at(row.failed_at)}").classes("quiet")
        if broken:
            ui.label(advice(row.name, row.kind)).classes("words")
        as_said(row.error)


def advice(name: str, kind: str) -> str:
    """What to do about a failure of this kind."""
    known: Mapping[str, str] = ADVICE.get(name, {})
    exact = known.get(kind)
    part = next((words for code, words in known.items() if not code.isdigit() and code in kind), None)
    return exact or part or OTHERWISE.get(name, OTHERWISE["crm"])


async def _keep(console: Console, found: Sequence[Finding]) -> None:
    """What a check by hand showed counts like any other call."""
    now = console.parts.clock()

    def keep(session: Session) -> None:
        for one in found:
            if one.name in OUTSIDE and one.what in ASKED:
                failed = one.what in {"no_token", "crm_silent", "llm_silent"}
                record(session, one.name, now, ChannelRefused(one.detail, one.code) if failed else None)

    await console.write(keep)
