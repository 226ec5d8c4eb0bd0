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


_SAYS = r"(?:刚刚?|今天|昨天|上午|下午)?(?:又)?(?:说|问|回复?|发(?:来)?(?:消息)?|讲|留言|表示|反馈)(?:我|了|道|的是|说)?"
_MARKED = re.compile(
    rf"^\s*(?:客户|顾客|对方|甲方)\s*[「『\"“]?(?P<name>[^:：\n「」『』\"“”,，。]{{0,24}}?)[」』\"”]?\s*(?:{_SAYS})?\s*[:：]\s*(?P<words>.+)$",
    re.DOTALL,
)
_ORDERS_US = r"(?!\s*(?:帮|给|请|麻烦|提醒|通知|告诉|转告|记|我|你|回|跟|和|把|叫|让|问|查|怎么))"
_NAMED = re.compile(
    rf"^\s*{_ORDERS_US}(?P<name>[^:：\n,，。?？]{{2,24}}?)\s*(?:{_SAYS})\s*[:：]\s*(?P<words>.+)$", re.DOTALL
)
_SPOKEN = re.compile(r"的?(?:原话|话|要求|需求|问题|疑问|意见|诉求|消息|留言|微信|邮件)(?:是|如下)?$")
"""客户的要求:… says whose words follow, not what the customer is called."""
_FIELD = re.compile(
    r"^的?(?:名称|全称|简称|姓名|电话|手机|地址|邮箱|等级|级别|类型|行业|来源|情况|信息|资料|背景|预算|编号|联系人|负责人|状态)$"
)
"""客户等级:VIP is a note of the rep's, not a customer who speaks."""
_QUOTE = re.compile(
    r"^\s*[「『](?P<name>[^:：\n]{1,24})[:：]\s*(?P<words>.+?)[」』]\s*\n?[-—–\s]{3,}\n?(?P<own>.*)$",
    re.DOTALL,
)
_ONLY_QUOTED = re.compile(r"^\s*[“\"「『](?P<words>[^”\"」』]+)[”\"」』]\s*$", re.DOTALL)
_TIME = r"(?:(?:\d{4}[-/年.])?\d{1,2}[-/月.]\d{1,2}日?\s*)?(?:星期.|周.|今天|昨天|前天)?\s*(?:凌晨|上午|中午|下午|晚上)?\s*\d{1,2}[:：]\d{2}(?:[:：]\d{2})?"
_OPEN, _SHUT = r"[(（\[【]?", r"[)）\]】]?"
_HEADER = re.compile(
    rf"^\s*(?P<name>\S[^:：\n]{{0,23}}?)(?:\s*[@＠]\s*\S+)?(?:\s+|\s*(?=[(（\[【])){_OPEN}{_TIME}{_SHUT}\s*[:：]?\s*$"
)
_TIME_FIRST = re.compile(
    rf"^\s*{_OPEN}{_TIME}{_SHUT}\s*(?P<name>\S[^:：\n]{{0,23}}?)\s*(?:[:：]\s*(?P<words>.*))?$"
)
_INLINE = re.compile(
    rf"^\s*(?P<name>[^\s:：,，。?？!！]{{1,16}}?)\s*(?:{_OPEN}{_TIME}{_SHUT})?\s*[:：]\s*(?P<words>.+)$"
)
_NO_NAME = re.compile(
    r"^(?:第?[一二三四五六七八九十\d]+(?:[、.)）]|点|条|步|项)?|首先|其次|再次|然后|最后|另外|补充|备注|注意?|附|时间|日期|地点|地址|产品|型号|数量"
    r"|单价|价格|金额|预算|总价|合计|付款|交期|交货期?|客户名称?|联系人|电话|手机|邮箱|公司|需求|问题|原因|结论|背景|下一步|负责人|内容|主题|标题)$"
)
_ADDRESSES_US = re.compile(
    r"你们|你家|你司|贵司|贵公司|贵方|咱们?家的?(?:产品|设备)|您那边|你那边|你这边|您这边"
)


def take_apart(text: str, rep_names: frozenset[str] = frozenset(), quoted: str = "") -> Said:
    """Tell customer words from the rep's own. `rep_names`: how our people are called in a pasted record."""
    cut = len(text) > LONGEST
    text, quoted = _storable(text[:LONGEST]), _storable(quoted)
    if quoted:
        return Said((_customer(quoted),), comment=text, cut=cut)
    said = _record(text, rep_names) or _marked(text) or Said((_own_or_customer(text),))
    return Said(said.utterances, said.hint, said.comment, cut)


def _storable(text: str) -> str:
    """Without what databases refuse in a text: NUL, and half an emoji."""
    return text.replace("\0", "").encode("utf-8", "ignore").decode("utf-8").strip()


def _marked(text: str) -> Said | None:
    if found := _QUOTE.match(text):
        name, words = found["name"].strip(), found["words"].strip()
        return Said((_customer(words, name),), hint=name, comment=found["own"].strip())
    for pattern in (_MARKED, _NAMED):
        if found := pattern.match(text):
            name = _SPOKEN.sub("", found["name"].strip())
            if _FIELD.match(name):
                return None
            return Said((_customer(_unquoted(found["words"].strip()), name),), hint=name)
    if found := _ONLY_QUOTED.match(text):
        return Said((_customer(found["words"].strip()),))
    return None


def _unquoted(words: str) -> str:
    found = _ONLY_QUOTED.match(words)
    return found["words"].strip() if found else words


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


def _speaks(line: str) -> re.Match[str] | None:
    """A line that a name starts; the points of a list and the fields of a note look alike and are not."""
    found = _INLINE.match(line)
    return None if found and _NO_NAME.match(found["name"]) else found


def _inline(lines: list[str]) -> list[tuple[str, str]]:
    """`名字: 话` on most lines; a line without a name goes on with the one before."""
    found = [_speaks(line) for line in lines]
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
