"""Who may open what in the console. Pages ask here; so do the functions behind them, with the same answer."""

from __future__ import annotations

from dataclasses import dataclass

from bot.people import Role

REP, MANAGER, TRAINER, ADMIN = Role.REP, Role.MANAGER, Role.TRAINER, Role.ADMIN
LOOKS = frozenset({REP, MANAGER, ADMIN})
TEACHES = frozenset({TRAINER, ADMIN})
RUNS = frozenset({ADMIN})


@dataclass(frozen=True)
class Place:
    """One page in the menu: its path below `/console`, its name, its icon, and who may open it."""

    path: str
    name: str
    icon: str
    roles: frozenset[Role]
    group: str


PLACES = (
    Place("/", "决策", "fact_check", LOOKS, "决策"),
    Place("/board", "看板", "insights", frozenset({MANAGER, ADMIN}), "决策"),
    Place("/labels", "标注", "label", TEACHES, "训练"),
    Place("/datasets", "数据集", "dataset", TEACHES, "训练"),
    Place("/models", "模型", "model_training", TEACHES, "训练"),
    Place("/graph", "图谱与意图", "hub", TEACHES, "训练"),
    Place("/documents", "资料", "menu_book", frozenset({MANAGER, TRAINER, ADMIN}), "运行"),
    Place("/connections", "连接", "cable", RUNS, "运行"),
    Place("/quality", "数据质量", "query_stats", RUNS, "运行"),
    Place("/dead-letters", "未处理", "report", RUNS, "运行"),
    Place("/users", "人员与密钥", "group", RUNS, "运行"),
    Place("/policy", "字段策略", "policy", RUNS, "运行"),
    Place("/jobs", "作业", "schedule", RUNS, "运行"),
    Place("/health", "体检", "health_and_safety", RUNS, "运行"),
    Place("/journal", "日志", "history", RUNS, "运行"),
    Place("/settings", "设置", "settings", RUNS, "运行"),
)


def place_of(path: str) -> Place | None:
    """What a path below `/console` belongs to; None: nothing."""
    return next((one for one in reversed(PLACES) if path == one.path or _below(path, one.path)), None)


def may_open(role: Role, path: str) -> bool:
    """Whether a role may open the page at this path below `/console`; of pages nobody listed, nobody may."""
    place = place_of(path)
    return place is not None and role in place.roles


def home(role: Role) -> str:
    """The first page somebody with this role may open."""
    return next(one.path for one in PLACES if role in one.roles)


def _below(path: str, place: str) -> bool:
    return (
        path.startswith(f"{place.rstrip('/')}/")
        and place != "/"
        or (place == "/" and path.startswith("/decisions/"))
    )
