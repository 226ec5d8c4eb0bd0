"""A stub platform with a clock that tests set, and bodies that WeCom would take."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from eval.bench.wecom_platform import WeComPlatform

AGENT = 1000002


class Clock:
    """Seconds, set by hand."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture(autouse=True)
def _logs_as_before() -> Iterator[None]:
    """A bench's command quiets the log of its process; the tests after it want to hear."""
    before = structlog.get_config()
    yield
    structlog.configure(**before)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def platform(clock: Clock) -> WeComPlatform:
    return WeComPlatform("ww1", "s3cret", AGENT, clock)


def card(task_id: str = "dec-1", **changes: Any) -> dict[str, Any]:
    """A decision card within all limits."""
    plain = {
        "card_type": "button_interaction",
        "task_id": task_id,
        "main_title": {"title": "询价报价"},
        "horizontal_content_list": [{"keyname": "客户", "value": "华东仁和"}],
        "button_list": [
            {"text": "确认", "key": "confirm", "style": 1},
            {"text": "驳回", "key": "decline", "style": 3},
        ],
    }
    return {name: value for name, value in (plain | changes).items() if value is not None}


def message(content: dict[str, Any] | str, user: str = "zhangsan", **changes: Any) -> dict[str, Any]:
    """A `message/send` body with that card, or with that text."""
    kind = "text" if isinstance(content, str) else "template_card"
    body = {"touser": user, "msgtype": kind, "agentid": AGENT, "enable_duplicate_check": 1}
    return body | {kind: {"content": content} if isinstance(content, str) else content} | changes
