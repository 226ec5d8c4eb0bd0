"""What a text tells of the past: values that hold no more (“原为 60 dB”), and questions that ask for them (“去年的价格”)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

_FIGURE = r"[\d零一二两三四五六七八九十百千半]"
_WORD = (
    r"(?:原(?:来|先|本|定|有)?(?:的)?(?:为|是|价|值)|原先|此前|旧版|旧值|旧价|老版|曾为|曾经(?:为|是)|过去(?:为|是)|以前(?:为|是)|之前(?:为|是)"
    r"|上一版|历史(?:值|价)|调整前|修订前|变更前)"
)
_IN_BRACKETS = re.compile(rf"\s*[(（]\s*{_WORD}(?:[^()（）]|[(（][^()（）]*[)）]){{0,40}}[)）]")
_CLAUSE = re.compile(
    rf"(?:^|(?<=[,，、;；。:：\n]))\s*(?P<subject>[^,，;；。:：\n]{{0,12}}?){_WORD}[^,，;；。\n()（）]{{0,40}}[,，;；、]?"
)
_FROM = re.compile(
    r"由\s*[^,，;；。\n]{0,20}?(?=(?:下调|上调|调整|调|降|涨|升|改|变更|延长|缩短|提高|增加|减少)(?:为|到|至))"
)
_CODE = re.compile(r"[A-Za-z]+-?\d+[A-Za-z]*")
_ASKED = re.compile(
    r"(?P<when>去年|大?前年|上一?年度?|20\d\d(?=年|版)|(?<!\d)[12]\d(?=年)|旧版|老版|过期|失效|作废|历史|上一?版|(?:以前|之前|原来|原先)的)"
    r"(?:年度?|版本?|了?的|那份|那版|那个|度)*"
    r"[^,，。?？!！买购订发装修过签]{0,6}?(?:价|合同|协议|政策|手册|说明书|折扣|规定|资料|条款|账期|质保|标准|办法|目录|版)"
    r"|(?P<labelled>20\d\d)版"
)
"""A time together with what papers say: equipment that was bought last year is under today's terms."""
_BACK = {"去年": 1, "上年": 1, "上一年": 1, "上年度": 1, "上一年度": 1, "前年": 2, "大前年": 3}


def current(text: str) -> str:
    """The text without the values that it says hold no more; empty where it says nothing else."""
    left = text
    for pattern in (_IN_BRACKETS, _FROM, _CLAUSE):
        left = pattern.sub(_without, left)
    left = re.sub(r"[,，、;；]+(?=[。!！\n]|$)", "", left).strip(" ,，;；、")
    return left if re.search(r"\w", left) else ""


def tells_only_the_past(text: str) -> bool:
    """Whether every figure of the text is one that holds no more."""
    return bool(re.search(r"\d", _CODE.sub("", text))) and not re.search(r"\d", _CODE.sub("", current(text)))


def _without(found: re.Match[str]) -> str:
    """Words of before that name no value are no old value."""
    subject = found.groupdict().get("subject") or ""
    return subject if re.search(_FIGURE, found.group().removeprefix(subject)) else found.group()


@dataclass(frozen=True)
class Past:
    """A time that is asked about: a year, or (None) whenever what is asked for was still valid."""

    year: int | None = None

    def has(self, since: date | None, until: date | None, today: date) -> bool:
        """Whether a paper of that validity is meant: valid within the year, or out of date today."""
        if self.year is None:
            return until is not None and until < today
        return (since is None or since.year <= self.year) and (until is None or until.year >= self.year)


def asks_for_past(question: str, today: date) -> Past | None:
    """The past that a question asks for by name; None for one about what holds today."""
    for found in _ASKED.finditer(question):
        when = found["when"] or found["labelled"]
        if when.isdigit():
            year = int(when) + (2000 if len(when) == 2 else 0)
            if year < today.year:
                return Past(year)
        else:
            back = _BACK.get(when)
            return Past(today.year - back if back else None)
    return None
