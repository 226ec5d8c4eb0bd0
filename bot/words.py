"""Whose words are in a message: a rep's own, a customer's pasted in, or a whole chat record with names and times."""

from __future__ import annotations

import re
from dataclasses import dataclass

from bot.conversation import Utterance
from intents import Speaker

LONGEST = 4000
"""Characters of one message that are looked at; the rest is kept but not read."""


@dataclass(frozen=True)
class Said:
    """A message taken apart: what was said by whom, what a name in front of it hints at, what the rep adds."""

    utterances: tuple[Utterance, ...]
    hint: str = ""
    """The name in front of the words, perhaps a customer's or a contact's: 客户华东仁和说 → 华东仁和."""
    comment: str = ""
    """The rep's own words beside the quoted ones."""
    cut: bool = False

    @property
    def customer_words(self) -> tuple[str, ...]:
        return tuple(said.text for said in self.utterances if said.speaker is Speaker.CUSTOMER)

    @property
    def speaker(self) -> Speaker:
        return Speaker.CUSTOMER if self.customer_words else Speaker.REP

    @property
    def text(self) -> str:
        """The words to be read: the customer's where there are any, else the rep's."""
        return "\n".join(self.customer_words or tuple(said.text for said in self.utterances))


_SAYS = r"(?:刚刚?|今天|昨天|上午|下午)?(?:又)?(?:说|问|回复?|发(?:来|消息)?|讲|留言|表示|反馈)(?:我|了|道|的是|说)?"
_MARKED = re.compile(
    rf"^\s*(?:客户|顾客|对方|甲方)\s*[「『\"“]?(?P<name>[^:：\n「」『』\"“”,，。]{{0,24}}?)[」』\"”]?\s*(?:{_SAYS})?\s*[:：]\s*(?P<words>.+)$",
    re.DOTALL,
)
_ORDERS_US = r"(?!\s*(?:帮|给|请|麻烦|提醒|通知|告诉|转告|记|我|你|回|跟|和|把|叫|让|问|查|怎么))"
_NAMED = re.compile(
    rf"^\s*{_ORDERS_US}(?P<name>[^:：\n,，。?？]{{2,24}}?)\s*(?:{_SAYS})\s*[:：]\s*(?P<words>.+)$", re.DOTALL
)
_QUOTE = re.compile(
    r"^\s*[「『](?P<name>[^:：\n]{1,24})[:：]\s*(?P<words>.+?)[」』]\s*\n?[-—–\s]{3,}\n?(?P<own>.*)$",
    re.DOTALL,
)
_ONLY_QUOTED = re.compile(r"^\s*[“\"「『](?P<words>[^”\"」』]+)[”\"」』]\s*$", re.DOTALL)
_TIME = r"(?:(?:\d{4}[-/年.])?\d{1,2}[-/月.]\d{1,2}日?\s*)?(?:星期.|周.)?\s*(?:上午|下午|晚上)?\s*\d{1,2}[:：]\d{2}(?:[:：]\d{2})?"
_HEADER = re.compile(rf"^\s*(?P<name>\S[^:：\n]{{0,23}}?)(?:\s*[@＠]\s*\S+)?\s+{_TIME}\s*[:：]?\s*$")
_TIME_FIRST = re.compile(
    rf"^\s*[\[(【]?{_TIME}[\])】]?\s*(?P<name>\S[^:：\n]{{0,23}}?)\s*(?:[:：]\s*(?P<words>.*))?$"
)
_INLINE = re.compile(
    rf"^\s*(?P<name>[^\s:：,，。?？!！]{{1,16}}?)\s*(?:[(（\[]?{_TIME}[)）\]]?)?\s*[:：]\s*(?P<words>.+)$"
)
_ADDRESSES_US = re.compile(
    r"你们|你家|你司|贵司|贵公司|贵方|咱们?家的?(?:产品|设备)|您那边|你那边|你这边|您这边"
)


def take_apart(text: str, rep_names: frozenset[str] = frozenset(), quoted: str = "") -> Said:
    """Tell customer words from the rep's own. `rep_names`: how our people are called in a pasted record."""
    cut = len(text) > LONGEST
    text = text[:LONGEST].strip()
    if quoted.strip():
        return Said((_customer(quoted.strip()),), comment=text, cut=cut)
    said = _record(text, rep_names) or _marked(text) or Said((_own_or_customer(text),))
    return Said(said.utterances, said.hint, said.comment, cut)


def _marked(text: str) -> Said | None:
    if found := _QUOTE.match(text):
        name, words = found["name"].strip(), found["words"].strip()
        return Said((_customer(words, name),), hint=name, comment=found["own"].strip())
    for pattern in (_MARKED, _NAMED):
        if found := pattern.match(text):
            name = found["name"].strip()
            return Said((_customer(found["words"].strip(), name),), hint=name)
    if found := _ONLY_QUOTED.match(text):
        return Said((_customer(found["words"].strip()),))
    return None


def _record(text: str, rep_names: frozenset[str]) -> Said | None:
    """A pasted record has at least two lines, and a name with a time (or two names) in front of its words."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if len(lines) < 2:
        return None
    headed = [found for line in lines if (found := _HEADER.match(line) or _TIME_FIRST.match(line))]
    parts = _under_headers(lines) if headed else _inline(lines)
    if not parts:
        return None
    utterances = tuple(
        Utterance(words, Speaker.REP if name in rep_names else Speaker.CUSTOMER, name)
        for name, words in parts
        if words
    )
    names = [said.said_by for said in utterances if said.speaker is Speaker.CUSTOMER]
    return Said(utterances, hint=names[-1] if names else "") if utterances else None


def _under_headers(lines: list[str]) -> list[tuple[str, str]]:
    parts: list[tuple[str, list[str]]] = []
    for line in lines:
        if found := _HEADER.match(line):
            parts.append((found["name"].strip(), []))
        elif found := _TIME_FIRST.match(line):
            parts.append((found["name"].strip(), [found["words"].strip()] if found["words"] else []))
        elif parts:
            parts[-1][1].append(line)
    return [(name, "\n".join(words)) for name, words in parts]


def _inline(lines: list[str]) -> list[tuple[str, str]]:
    """`名字: 话` on most lines; a line without a name goes on with the one before."""
    found = [_INLINE.match(line) for line in lines]
    if found[0] is None or sum(match is not None for match in found) < max(2, len(lines) * 0.6):
        return []
    parts: list[tuple[str, str]] = []
    for line, match in zip(lines, found, strict=True):
        if match:
            parts.append((re.sub(r"^客户", "", match["name"]) or match["name"], match["words"].strip()))
        else:
            parts[-1] = (parts[-1][0], f"{parts[-1][1]}\n{line}")
    return parts


def _own_or_customer(text: str) -> Utterance:
    """A rep does not call the company 你们: words that do were pasted without a mark."""
    return _customer(text) if _ADDRESSES_US.search(text) else Utterance(text, Speaker.REP)


def _customer(text: str, name: str = "") -> Utterance:
    return Utterance(text, Speaker.CUSTOMER, name)


_WORD = re.compile(r"[0-9A-Za-z\u3400-\u9fff]")
_HELP = re.compile(
    r"^\s*(?:帮助|使用帮助|怎么用|如何使用|help|\?|？|/help|功能)\s*[?？!！。]*\s*$", re.IGNORECASE
)


def has_words(text: str) -> bool:
    """Whether there is anything to read: not empty, not only emoji or punctuation."""
    return bool(_WORD.search(text))


def asks_for_help(text: str) -> bool:
    return bool(_HELP.match(text))
