"""How ready this installation is: three scores, each with its findings and the next step. Rules here, drawing elsewhere.

A score is the share of its rules that hold, in percent: no weights to argue about, every missing point names what to do.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import func, select
from sqlmodel import Session, col

from bot import people
from bot.app import Parts
from bot.people import Role
from bot.settings import channel_states, language_model_state
from bot.tables import ApiKeyRow, DecisionRow
from crm_bridge.events.tables import EventRow


@dataclass(frozen=True)
class Rule:
    """One thing that should be so: whether it is, and otherwise what to do next."""

    name: str
    holds: bool
    next_step: str


@dataclass(frozen=True)
class Score:
    name: str
    meaning: str
    rules: Sequence[Rule]

    @property
    def percent(self) -> int:
        return round(100 * sum(rule.holds for rule in self.rules) / len(self.rules))


def scan(session: Session, parts: Parts) -> list[Score]:
    """The three scores as they stand now."""
    return [
        Score("智能体就绪度", "机器人能不能好好干活", list(_agent(session, parts))),
        Score("数据成熟度", "它依据的数据是否齐全、新鲜、可追溯", list(_data(session, parts))),
        Score("可扩展性", "接入别的系统、扩大规模还差什么", list(_reach(session, parts))),
    ]


def _agent(session: Session, parts: Parts) -> Iterator[Rule]:
    everyone = [one for one in people.everyone(session) if one.active]
    reps = [one for one in everyone if one.role is Role.REP]
    on = [state.name for state in channel_states(parts.settings) if state.on]
    recent = parts.clock() - timedelta(days=30)
    turns: int = session.execute(
        select(func.count()).select_from(DecisionRow).where(col(DecisionRow.created_at) >= recent)
    ).scalar_one()
    decided: int = session.execute(
        select(func.count())
        .select_from(DecisionRow)
        .where(col(DecisionRow.created_at) >= recent, col(DecisionRow.decided_by).is_not(None))
    ).scalar_one()
    yield Rule("有销售", bool(reps), "在“人员与密钥”里加销售。")
    yield Rule(
        "每位销售都有主管",
        bool(reps) and all(one.manager for one in reps),
        "给没有主管的销售选一位主管,他不在时有人能决定。",
    )
    yield Rule(
        "有训练师", any(one.role is Role.TRAINER for one in everyone), "指定一位训练师,纠正才会变成新的标注。"
    )
    yield Rule("有聊天渠道", bool(on), "设置企业微信或钉钉,见 README。")
    yield Rule("近 30 天有人用", turns > 0, "请一位销售把客户的话发给机器人。")
    yield Rule("卡片多半有人处理", turns == 0 or decided * 2 >= turns, "看板里找出没人处理的卡片,问问原因。")
    settled, _ = parts.registry.labels.settled_mark()
    yield Rule("模型学过本公司的话", settled >= 50, f"已有 {settled} 条定稿标注,到 50 条就值得重新训练。")


def _data(session: Session, parts: Parts) -> Iterator[Rule]:
    documents = parts.library.list()
    kinds = {one.kind.value for one in documents}
    today = parts.clock().date()
    yield Rule("有产品手册", "manual" in kinds, "在“资料”里收录手册。")
    yield Rule("有价格表", "price" in kinds, "在“资料”里收录价格表。")
    yield Rule("有合同", "contract" in kinds, "收录客户合同,并选好客户。")
    yield Rule(
        "资料都在有效期内",
        all(one.is_valid(today) for one in documents),
        "过期的资料不会再被引用;请收录新版本。",
    )
    yield Rule("有产品目录", bool(parts.copilot.catalog), "在数据目录放 catalog.yaml,报价才算得出来。")
    yield Rule(
        "CRM 不是内置的",
        parts.settings.crm.adapter != "embedded",
        "设置 YIJU_CRM__ADAPTER,接上真实的客户系统。",
    )
    events: int = session.execute(select(func.count()).select_from(EventRow)).scalar_one()
    dead: int = session.execute(
        select(func.count()).select_from(EventRow).where(col(EventRow.state) == "dead")
    ).scalar_one()
    yield Rule("有业务事件进来", events > 0, "让 ERP、CRM 或设备平台把事件发到 /api/v1/events。")
    yield Rule("事件都读得懂", dead == 0, "在“未处理”里看读不懂的事件,补映射后重放。")


def _reach(session: Session, parts: Parts) -> Iterator[Rule]:
    keys: int = session.execute(
        select(func.count()).select_from(ApiKeyRow).where(col(ApiKeyRow.revoked_at).is_(None))
    ).scalar_one()
    settings = parts.settings
    yield Rule("有 API 密钥", keys > 0, "给要送数据进来的系统建一把密钥。")
    yield Rule(
        "手机打得开链接", settings.public_url.startswith("https://"), "设置 YIJU_PUBLIC_URL 为 HTTPS 地址。"
    )
    yield Rule(
        "接了语言模型(可选)", language_model_state(settings).on, "设置 YIJU_LLM__*,草稿会更顺;不接也能用。"
    )
    yield Rule("用 PostgreSQL", not parts.store.is_sqlite, "人多了以后用 yiju migrate-to 搬到 PostgreSQL。")
    yield Rule("多进程之间有总线", settings.bus_url != "local:", "多进程时设置 YIJU_BUS_URL。")
    yield Rule("会忘记过期的话", settings.retention.words_days > 0, "设置 YIJU_RETENTION__WORDS_DAYS。")
