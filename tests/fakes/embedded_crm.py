"""A small embedded CRM on a file: two customers with what actions and adapters are tried on."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Engine
from sqlmodel import Session

from bot.store import open_engine
from crm_bridge.adapters.embedded import EmbeddedCrm, load
from crm_bridge.adapters.embedded.adapter import create_tables
from tests.fakes.clock import START

RENHE: dict[str, Any] = {
    "name": "华东仁和医疗科技有限公司",
    "short": "华东仁和",
    "aliases": ["仁和医疗", "仁和"],
    "industry": "medical",
    "tier": "A",
    "region": "华东",
    "owner": "zhangsan",
    "payment_days": 60,
    "since": "-400d",
    "contacts": [
        {"name": "王建国", "title": "设备科主任", "phone": "13800000001"},
        {"name": "周敏", "title": "总经理"},
    ],
    "opportunities": [
        {
            "title": "X200 采购",
            "product": "X200",
            "quantity": 20,
            "amount": "357200",
            "stage": "方案",
            "at": "-20d",
        }
    ],
    "orders": [
        {
            "title": "X350 2台",
            "lines": [{"product": "X350", "quantity": 2, "unit_price": "68000"}],
            "status": "已发货",
            "at": "-90d",
        }
    ],
    "invoices": [{"title": "X350 货款", "amount": "136000", "paid": "36000", "due": "-10d"}],
}
JINGMO: dict[str, Any] = {
    "name": "苏州精模智造有限公司",
    "short": "苏州精模",
    "aliases": ["精模"],
    "industry": "manufacturing",
    "tier": "B",
    "owner": "lisi",
    "since": "-100d",
    "contacts": [{"name": "李伟", "title": "工程师"}],
}


def open_crm(folder: Path, clock: Callable[[], datetime]) -> tuple[EmbeddedCrm, Engine]:
    """The CRM over a fresh file in the folder. Dispose of the engine afterwards."""
    engine = open_engine(f"sqlite:///{folder / 'crm.db'}")
    create_tables(engine)
    with Session(engine) as session, session.begin():
        load(session, [RENHE, JINGMO], START.date())
    return EmbeddedCrm(engine, clock), engine
