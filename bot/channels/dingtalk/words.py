"""Words to one person: through the message's own webhook while it lasts, else as the robot (page "chatbots-send-one-on-one-chat-messages-in-batches")."""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import orjson

from bot.card import Notice
from bot.channels import ChannelBusy, ChannelRefused, ReplyAddress
from bot.channels.dingtalk.cards import robot_code
from bot.channels.dingtalk.client import Client
from bot.channels.dingtalk.text import fit, one_line, parts, plain
from bot.markdown_table import in_lines
from bot.settings import DingTalkSettings

LARGEST = 12_000
"""Bytes of one message. No limit is documented for words to a person; for groups it is 15,000 with the envelope."""
LEFT_S = 60
"""A webhook is used while it lasts at least this long."""
_REMEMBERED = 500


class Words:
    """Says words. There is no idempotency key for messages, so a repetition goes on where the last try stopped."""

    def __init__(self, settings: DingTalkSettings, client: Client, clock: Callable[[], datetime]) -> None:
        self._settings = settings
        self._client = client
        self._clock = clock
        self._said: OrderedDict[str, int] = OrderedDict()
        """Pieces already handed over of messages that are not through, by key."""

    async def say(self, words: str, to: str, key: str, reply_to: ReplyAddress | None = None) -> None:
        pieces = parts(markdown(words), LARGEST)
        title = title_of(words)
        for number in range(self._said.get(key, 0), len(pieces)):
            await self._say_piece(pieces[number], title, to, reply_to)
            self._remember(key, number + 1)
        self._said.pop(key, None)

    async def notify(self, notice: Notice, to: str) -> None:
        """A card of the robot's own kind, which needs no template: markdown with one button that opens a page."""
        text = "\n\n".join((f"### {one_line(notice.title)}", *map(plain, notice.lines)))
        param = {
            "title": fit(one_line(notice.title), 90),
            "text": fit(text, LARGEST),
            "singleTitle": fit(one_line(notice.button), 60),
            "singleURL": notice.url,
        }
        await self._robot("sampleActionCard", param, to)

    async def _say_piece(self, text: str, title: str, to: str, reply_to: ReplyAddress | None) -> None:
        webhook = self._webhook(reply_to)
        if webhook:
            try:
                body = {"msgtype": "markdown", "markdown": {"title": title, "text": text}}
                await self._client.post(webhook, body)
                return
            except ChannelRefused:
                pass  # expired after all (300001) or not willing: the robot can say it too
        await self._send(text, title, to)

    async def _send(self, text: str, title: str, to: str) -> None:
        await self._robot("sampleMarkdown", {"title": title, "text": text}, to)

    async def _robot(self, kind: str, param: Mapping[str, str], to: str) -> None:
        body = {
            "robotCode": robot_code(self._settings),
            "userIds": [to],
            "msgKey": kind,
            "msgParam": orjson.dumps(dict(param)).decode(),
        }
        answer = await self._client.call("POST", "/v1.0/robot/oToMessages/batchSend", body)
        _check(answer, to)

    def _webhook(self, reply_to: ReplyAddress | None) -> str | None:
        """The address came with a message, so it is used only where it points to DingTalk itself."""
        data = reply_to.data if reply_to else {}
        webhook, until = data.get("webhook"), data.get("until", 0)
        if not isinstance(webhook, str) or until / 1000 - self._clock().timestamp() <= LEFT_S:
            return None
        ours, given = urlsplit(self._settings.oapi_base), urlsplit(webhook)
        return webhook if (given.scheme, given.netloc) == (ours.scheme, ours.netloc) else None

    def _remember(self, key: str, number: int) -> None:
        self._said[key] = number
        if len(self._said) > _REMEMBERED:
            self._said.popitem(last=False)


def markdown(words: str) -> str:
    """DingTalk breaks a line only after two spaces, and promises no tables."""
    return re.sub(r"(?<=\S)[ \t]*\n(?=\S)", "  \n", in_lines(words).strip())


def title_of(words: str) -> str:
    """What the list of chats shows: the first line without its marks."""
    first = next((line for line in words.splitlines() if line.strip()), "")
    return fit(one_line(re.sub(r"[#>*`]|\[([^\]]*)\]\([^)]*\)", r"\1", first)), 90) or "依据"


def _check(answer: dict[str, Any], to: str) -> None:
    """HTTP 200 is not delivery: the answer names whom it did not reach."""
    if answer.get("invalidStaffIdList"):
        raise ChannelRefused(
            f"DingTalk does not know user {to} or may not write to them", "staffId.notExisted"
        )
    if answer.get("flowControlledStaffIdList"):
        raise ChannelBusy(f"DingTalk holds back messages to {to}", "flowControlled", 30.0)
