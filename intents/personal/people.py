"""People's full names: a surname and a given name where the words around, or the dictionary, say that this is a person."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from functools import lru_cache

from intents.personal.model import Kind, Personal
from intents.personal.surnames import RARE, SURNAME, TWO
from intents.personal.unmarked import is_a_word, unmarked

_HAN = r"[㐀-鿿]"
_NAME = rf"(?P<name>{SURNAME}{_HAN}{{1,2}}?)"
_TITLE = "先生|女士|小姐|经理|总监|主任|老师|博士|院长|科长|厂长|医生|部长|处长|所长|师傅|教授|会计|老板|同学|总(?![共部体是算数价监之额成])|工(?![程作厂艺业具序])"
_STRONG = "我叫|名叫|鄙人|本人|姓名|联系人|收件人|收货人|收款人|签收人|经办人|负责人|对接人|接口人|户名|开户名|申请人|安装人|提货人|司机|抄送|师傅叫|叫做|全名"
"""A name follows almost always."""
_WEAK = "我是|叫|转给|通知|联系下?|联系一下|找|请|让|问下|问问|跟|老板|厂长|财务|采购|归|借给|交给|发给|是|写我名字|名字"
_AFTER = rf"(?=$|[\s,，.。;；、!！?？()（）:：0-9/]|的|和|与|及|把|说|管|收|在(?!哪)|来|想|先|已|三位|两位|等人|也|都|明天|今天|昨天|下周|周[一二三四五]|这|那|要|会|拍|试|催|负责|联系|电话|手机|确认|{_TITLE})"
_TOLD = re.compile(rf"(?:{_STRONG})[是为叫:：\s]{{0,3}}{_NAME}{_AFTER}")
_LIKELY = re.compile(rf"(?:{_WEAK})[:：\s]?{_NAME}{_AFTER}")
_TITLED = re.compile(rf"{_NAME}(?={_TITLE})")
_SAYS = re.compile(
    rf"(?:^|[,，。;；!！\s]){_NAME}(?=说|让我|要求|负责|已经|来电|回复|确认|签收|收(?![到货款费据购藏])|[、和与]{SURNAME}{_HAN}{{1,2}}?(?:$|[、,，。都和与]))"
)
_NEXT = re.compile(rf"(?:[、,，]|和|与|及)\s?{_NAME}{_AFTER}")
_BEFORE_PHONE = re.compile(
    rf"(?:^|[^㐀-鿿]|{_STRONG}|{_WEAK}){_NAME}[\s:：,，(]{{0,3}}(?:电话|手机|联系方式|收|管|负责)?[\s:：,，]{{0,2}}$"
)
_AFTER_PHONE = re.compile(rf"^[\s,，)(]{{0,3}}{_NAME}(?=$|[^㐀-鿿]|收|{_TITLE})")
_LATIN = re.compile(
    rf"(?:我是|{_STRONG})[是为叫:：\s]{{0,3}}(?P<name>[A-Z][a-z]{{1,11}}(?: [A-Z][a-z]{{1,11}})?)(?![A-Za-z0-9])"
)
_NO_GIVEN = re.compile(
    r"[的们都还那这你我他她它您了吗呢吧是不没和说总处院姐哥老几谢就也又在去来过要会能怎么什哪里个款把给跟让对从到上下发货价改加走拉哈]"
)
"""Characters that are hardly ever in a given name."""
_TITLES = re.compile(rf"^(?:{_TITLE})")


def known_people(text: str, names: Collection[str]) -> Iterator[Personal]:
    """Every place where one of these names stands; one that is masked already names nobody."""
    # looked for as they are first: an export of a whole team knows thousands, and a pattern for each takes minutes
    standing = {one for one in names if len(one) > 1 and "*" not in one and one in text}
    for name in sorted(standing, key=len, reverse=True):
        latin = r"(?<![A-Za-z]){}(?![A-Za-z])" if name.isascii() else "{}"
        pattern = re.compile(latin.format(re.escape(name)))
        yield from (Personal(Kind.NAME, *match.span()) for match in pattern.finditer(text))


def people(text: str, phones: Sequence[Personal] = ()) -> Iterator[Personal]:
    """By the words around: 联系人:…, … 女士, beside a phone; by the dictionary; and who stands in a list with one of them."""
    words = _Words(text)
    found = [match.span("name") for match in _TOLD.finditer(text) if words.may_name(match, sure=True)]
    found += [match.span("name") for match in _LATIN.finditer(text)]
    for pattern in (_LIKELY, _TITLED, _SAYS):
        found += [match.span("name") for match in _all(pattern, text) if words.may_name(match)]
    found += [span for phone in phones for span in _beside(text, phone)]
    found += unmarked(text, _cut)
    for span in [*found, *_listed(text, found, words)]:
        yield Personal(Kind.NAME, *span)


def _all(pattern: re.Pattern[str], text: str) -> Iterator[re.Match[str]]:
    """Also matches that overlap: a first candidate that is none must not hide the second."""
    start = 0
    while match := pattern.search(text, start):
        yield match
        start = match.start() + 1


def _beside(text: str, phone: Personal) -> Iterator[tuple[int, int]]:
    if match := _BEFORE_PHONE.search(text[: phone.start]):
        yield match.span("name")
    if match := _AFTER_PHONE.search(text[phone.end :]):
        yield match.start("name") + phone.end, match.end("name") + phone.end


def _listed(text: str, found: Sequence[tuple[int, int]], words: _Words) -> Iterator[tuple[int, int]]:
    for _, end in found:
        while (match := _NEXT.match(text, end)) and words.may_name(match, sure=True):
            yield match.span("name")
            end = match.end("name")


class _Words:
    """How the dictionary cuts a text, looked up only where a name is suspected."""

    def __init__(self, text: str) -> None:
        self.text = text

    def may_name(self, match: re.Match[str], sure: bool = False) -> bool:
        """Not a word of its own (方便, 高温), not a surname with a title, and cut where the dictionary cuts."""
        name, start = match["name"], match.start("name")
        given = name[2:] if re.match(TWO, name) else name[1:]
        if not given or _TITLES.match(given) or _TITLES.match(self.text[start + len(name) - len(given) :]):
            return False
        if _NO_GIVEN.search(given) or is_a_word(name, _cut):
            return False
        return sure or self._looks_like_one(name, start)

    def _looks_like_one(self, name: str, start: int) -> bool:
        if name[0] in RARE and len(name) == 2:
            return False
        if re.match(TWO, name):
            return True
        tag = next((tag for tag, first, _ in _cut(self.text) if first == start), "")
        if tag[:2] == "nr":
            return True
        tag, _, end = _cut(self.text[start : start + len(name)])[
            0
        ]  # as if the sentence began here: 找|钱丽华
        return name[0] not in RARE and tag[:2] == "nr" and end == len(name)


@lru_cache(maxsize=4096)
def _cut(text: str) -> tuple[tuple[str, int, int], ...]:
    """(tag, start, end) of every word."""
    import rjieba  # 60 ms on first use

    cut, at = [], 0
    for word, tag in rjieba.tag(text):
        cut.append((tag, at, at + len(word)))
        at += len(word)
    return tuple(cut)
