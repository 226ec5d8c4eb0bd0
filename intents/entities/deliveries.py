"""Delivery wishes: by when the goods shall be there, and where to: 最好月底前送到苏州工厂 → `by 2026-11-30 to 苏州工厂`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import date

from intents.model import Entity

_TO = re.compile(
    r"(?:直接)?(?:配送|送货|发货|交货|运输|直发|直送|送|发|运|寄|拉|交付|交)(?:到|至|往|去)|收货地址?(?:是|为|填|写|改成|改为|[:：])|交货地点?(?:是|为|在|[:：])"
)
_WHEN = re.compile(r"交货|到货|发货|交付(?!物|件|文档)|供货|送货|送到|送达|送过来|发出来|发过来|运过来")
_CHARS = r"[㐀-鿿A-Za-z0-9（）()]"
_SITE = "工厂|厂区|厂里|厂房|总厂|分厂|厂|仓库|总仓|仓|总公司|分公司|公司|工地|现场|车间|医院|学校|园区|港口|码头|机场|门口|实验室|办公室|门店|总店|店里|总部|项目部|基地|地库|物流园"
_STOP = (
    r"$|[\s,，。;；!！?？、:：]|行不|行吗|行么|可以|可不|能|会|吗|么|吧|呢|呀|啊|哦|就|要|得|需|多久|多少|几|运费|怎么|什么|最|大概|有没|没|是|不|贵|包|"
    r"含|免|的话|即可|为止|来|去|收|签收|给|再|另|先|后|以后|之后"
)
_PLACE = re.compile(
    rf"\s*(?P<where>(?:(?!{_STOP}){_CHARS}){{0,16}}?(?:{_SITE})(?!{_SITE}|区|的(?!话)|家)|(?:(?!{_STOP}){_CHARS}){{2,12}}?(?={_STOP}))"
)
_NO_PLACE = re.compile(
    r"邮箱|邮件|微信|群|手机|[Qq]{2}|钉钉|企微|系统|网盘|云盘|朋友圈|哪|谁|位|货|期|底|年|月|期间|现在|今|明"
)
_NO_GOODS = re.compile(
    r"合同|发票|报价|资料|方案|样本册|明细|文件|截图|照片|视频|图纸|表格|邮件|消息|短信|通知"
)
_CLAUSE = re.compile(r"[,，。;；!！?？\n]")
_GONE = re.compile(r"已经|早就|上次|之前[已都就那]|(?:到|货|达|[送发运寄厂库司])了(?!解)")


def deliveries(text: str, found: Sequence[Entity], today: date) -> Iterator[Entity]:
    """From the entities already found: a time in the same clause says by when. The words run from the verb to the place,
    or are the verb alone where what stands at the place is an entity of its own; so nothing overlaps.

    Not a wish: what lies in the past, papers that are sent, a delivery without time and place. A vague time leaves the value empty.
    """
    for clause_start, clause_end in _clauses(text):
        clause = text[clause_start:clause_end]
        if _NO_GOODS.search(clause):
            continue
        inside = [one for one in found if clause_start <= one.start < clause_end]
        times = [one for one in inside if one.type == "time"]
        if any(_is_past(one, today) for one in times) or _GONE.search(clause):
            continue
        if entity := _wish(text, clause_start, clause_end, times, inside):
            yield entity


def _wish(
    text: str, start: int, end: int, times: Sequence[Entity], inside: Sequence[Entity]
) -> Entity | None:
    verb = _TO.search(text, start, end)
    place = _PLACE.match(text, verb.end(), end) if verb else None
    if place and (not place["where"] or _NO_PLACE.search(place["where"])):
        place = None
    if verb is None or place is None:
        verb = _WHEN.search(text, start, end)
    if verb is None or not (times or place):
        return None
    if any(one.start < verb.end() and verb.start() < one.end for one in inside):
        return None
    when = f"by {times[0].value}" if times and times[0].value else ""
    where = f"to {_shown(place, inside)}" if place else ""
    stop = place.end() if place else verb.end()
    if any(one.start < stop and verb.end() <= one.start for one in inside):
        stop = verb.end()
    return Entity("delivery", text[verb.start() : stop], f"{when} {where}".strip(), verb.start(), stop)


def _shown(place: re.Match[str], inside: Sequence[Entity]) -> str:
    """The words of the place, with entities in it by their values: what is personal stays masked."""
    words, at = "", place.start("where")
    for one in sorted(inside, key=lambda one: one.start):
        if at <= one.start and one.end <= place.end():
            words += place.string[at : one.start] + one.value
            at = one.end
    return words + place.string[at : place.end()]


def _is_past(time: Entity, today: date) -> bool:
    return bool(time.value) and time.value[:10] < today.isoformat()


def _clauses(text: str) -> Iterator[tuple[int, int]]:
    at = 0
    for mark in _CLAUSE.finditer(text):
        yield at, mark.start()
        at = mark.end()
    yield at, len(text)
