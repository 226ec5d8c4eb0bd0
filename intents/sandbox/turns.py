"""Lines to turns: what a customer said in one go, masked, with what was said before; the same words once."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import replace
from itertools import groupby

from intents.masking import mask_people
from intents.normalise import normalise
from intents.sandbox.model import TOLD_EVERY, Line, Side, Turn

PAUSE_S = 90
"""A longer silence begins a new turn."""
LONGEST = 200
CONTEXT = 2
_NO_WORDS = re.compile(
    r"^\s*[\[【](?:图片|语音|视频|文件|表情|位置|链接|名片|动画表情|小程序|红包|转账|通话)[^\]】]*[\]】].*$|撤回了一条消息|^以上是打招呼|^你已添加了|通过了你的(?:好友|朋友)"
)


def turns(
    lines: Sequence[Line], names: Collection[str] = (), progress: Callable[[str], None] = lambda _: None
) -> list[Turn]:
    """The customers' turns of one export. Everybody who is not known to be ours counts as a customer."""
    speakers = {line.who for line in lines if re.search("[㐀-鿿A-Za-z]{2}", line.who)} | set(names)
    people = {
        one
        for one in speakers
        if not re.match("(?:客户|顾客|销售|客服|坐席|说话人|speaker)", one, re.IGNORECASE)
    }
    found: dict[tuple[str, tuple[str, ...]], Turn] = {}
    before: tuple[str, ...] = ()
    bursts = list(_bursts(lines))
    for number, (side, where, words) in enumerate(bursts):
        if number % TOLD_EVERY == 0:
            progress(f"masking what was said, from {number + 1:,} of {len(bursts):,}")
        text = mask_people(words, people)
        if side is not Side.OURS and re.search(r"[\w]", text):
            key = (normalise(text), before)
            known = found.get(key)
            found[key] = replace(known, times=known.times + 1) if known else Turn(text, before, where)
        before = (*before, text)[-CONTEXT:]
    return list(found.values())


def _bursts(lines: Sequence[Line]) -> Iterator[tuple[Side, str, str]]:
    spoken = [line for line in lines if not _NO_WORDS.search(line.text)]
    for _, run in groupby(spoken, key=lambda line: line.who if line.who else line.where):
        burst: list[Line] = []
        for line in run:
            if burst and not _goes_on(burst, line):
                yield burst[0].side, burst[0].where, _joined(burst)
                burst = []
            burst.append(line)
        yield burst[0].side, burst[0].where, _joined(burst)


def _goes_on(burst: Sequence[Line], line: Line) -> bool:
    """Only lines with a time are known to be one burst."""
    last = burst[-1].at
    near = line.at is not None and last is not None and 0 <= (line.at - last).total_seconds() <= PAUSE_S
    return near and sum(len(one.text) for one in burst) + len(line.text) <= LONGEST


def _joined(burst: Sequence[Line]) -> str:
    return " ".join(" ".join(line.text.split()) for line in burst)
