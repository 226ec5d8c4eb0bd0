"""A model trained on a handful of sentences (a blink), and a registry in a temporary folder."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlmodel import create_engine

from intents import Classifier, Example, Registry, train

SENTENCES = {
    "quote_request": [
        "50台什么价", "报个价吧", "多少钱一台", "能便宜点吗", "含税价给一个", "发份报价单", "单价多少钱", "这个价格能优惠吗",
        "打几折", "价目表发我一份",
    ],
    "technical_inquiry": [
        "转速最高多少", "带不带制冷", "支持Modbus吗", "重复精度多少", "怎么安装", "怎么校准", "噪音多大", "兼容哪些系统",
        "防护等级多少", "量程是多少",
    ],
    "contract_terms": [
        "质保几年", "违约金怎么算", "账期能做多久", "验收标准写在哪", "保密条款怎么写", "质保期从哪天算", "合同里的责任上限多少",
        "延保怎么约定", "逾期怎么赔", "SLA写多少",
    ],
    "vague_interest": [
        "先看看", "再说吧", "过阵子再说", "我考虑考虑", "领导还没定", "不着急先放放", "有需要联系你", "再比比", "回头再聊",
        "先了解一下",
    ],
}  # fmt: skip


def small_set() -> list[Example]:
    return [
        Example(f"{intent}-{number * 12:04}", text, "customer", intent)
        for intent, texts in SENTENCES.items()
        for number, text in enumerate(texts)
    ]


@pytest.fixture(scope="session")
def examples() -> list[Example]:
    return small_set()


@pytest.fixture(scope="session")
def small(examples: list[Example]) -> Classifier:
    return train(examples)


class Clock:
    """Time that a test moves by hand: aware for records, plain seconds for waiting."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 25, 2, 0, tzinfo=UTC)  # a Wednesday, 10:00 in Shanghai

    def __call__(self) -> datetime:
        return self.now

    def seconds(self) -> float:
        return self.now.timestamp()

    def tick(self, seconds: float = 1.0) -> None:
        self.now += timedelta(seconds=seconds)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    engine = create_engine(f"sqlite:///{tmp_path}/store.db")
    yield engine
    engine.dispose()


@pytest.fixture
def registry(engine: Engine, tmp_path: Path, clock: Clock) -> Registry:
    registry = Registry(engine, tmp_path, clock=clock, monotonic=clock.seconds)
    registry.create_tables()
    return registry
