"""What has a name or a number of its own: products, contracts, orders, alarms, organisations, competitors, people."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from intents.model import Entity

_MODEL = re.compile(
    r"(?<![A-Za-z0-9-])(?!(?:IP|ISO|RS|GB|IEC|EN|DN|PN|HL|TLS|SHA|AES|COVID|USB|UL|UN|SOC|IATF|HRC|RAL|Q|v|V|Err?|E|e|err?)-?\d)"
    r"[A-Za-z]{1,4}-?\d{2,5}[A-Za-z]{0,3}(?![A-Za-z0-9])"
)
_ALARM = re.compile(r"(?<![A-Za-z0-9])(?:[Ee](?:rr)?-?(?P<n>\d{2,3})|E(?P<one>\d))(?![0-9])")
_FAULT = re.compile(
    r"(?:报错|报警|故障码|错误码|错误代码|报警代码|故障代码|代码|提示)\s*[:：]?\s*(?P<code>[A-Z]{0,2}-?\d{2,4})(?![\dA-Za-z.%年月号天次个台分点小])"
)
_CONTRACT = re.compile(
    r"(?<![A-Za-z0-9])(?:HT|XS|C|CT|XY)-[A-Za-z0-9-]{2,}|合同(?:编?号)?\s*[:：是]?\s*(?P<no>(?=[A-Z-]*\d)[A-Z0-9][A-Z0-9-]{5,})",
    re.IGNORECASE,
)
_ORDER = re.compile(
    r"(?<![A-Za-z0-9])(?:DD|SO|PO|OPP|WO|QT)-?[A-Za-z0-9-]*\d[A-Za-z0-9-]*"
    r"|(?:订单号?|单号|运单号?|快递单?号?|工单号?|报价单号|柜号|发票号码?)\s*[:：是]?\s*(?P<no>(?=[A-Z-]*\d)[A-Z0-9][A-Z0-9-]{4,})"
    r"|(?<![A-Za-z0-9])(?:SF|YT|JD|ZTO|EMS|DHL)\d{8,}",
    re.IGNORECASE,
)
_SUFFIX = "股份有限公司|有限公司|集团|科技|医疗器械|医疗|中心医院|人民医院|医院|大学|学院|研究院|研究所|银行|供应链|实业|商贸|贸易|电子厂|机械厂|模具厂|智造|精密|精工|电气|生物|制药|药业|重工|泵业|物流|跨境|网络"
_LETTER = r"(?:[㐀-鿿A-Za-z]|[（(][㐀-鿿]{2,4}[）)])"
_ORG = re.compile(rf"{_LETTER}{{4,20}}?(?:股份)?有限公司|{_LETTER}{{2,14}}?(?:{_SUFFIX})+")
_MAY_BE = re.compile(_SUFFIX)
_LEAD = re.compile(
    r"(?:帮我|帮|请|查一?下|查|看一?下|给|跟|和|与|在|是|把|到|找|去|从|对|了|叫|为|向|问|联系|我们?|你们?|客户|卖给|今天|明天|昨天|下午|上午|约|"
    r"拜访|关于|有|抬头|改成|换成|新建|录入|一下|这家|那家|这个|那个|比|见|想|开给|发给|寄给|交给|转给|的)+"
)
"""Words before a name that are none of it."""
_SENT = re.compile(r".*(?:[送发运寄拉](?:到|至|往|去|给))")
_NO_ORG = re.compile(
    r"^(?:三甲|二甲|一家|几家|高|新|黑|大|生物|电子|信息|互联网|人工智能|医疗|科技|物流|网络|精密|跨境|国际|海外|头程|尾程|银行|大学|医院|现代|智能|冷链|哪家|本|贵|全|全院)?(?:科技|网络|物流|医疗|生物|精密|跨境|银行|大学|医院|集团|贸易|电气|供应链)$"
)
_SURNAMES = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦许何吕张孔曹严华魏陶姜戚谢邹喻柏苏潘葛范彭鲁韦马方俞任袁柳史唐费廉岑薛雷贺倪汤罗毕郝邬安常乐于傅齐康伍余顾孟黄穆萧尹姚邵汪毛狄贝臧戴宋庞熊纪舒屈项祝董梁杜阮蓝季贾江童郭梅林钟徐邱骆高夏蔡田樊胡霍万卢莫房丁邓洪包左石崔龚程邢裴陆翁曾关段侯武刘龙叶司黎白向温庄阎尤欧阳"
_PERSON = re.compile(
    rf"(?<![㐀-鿿])(?:[㐀-鿿]{{0,4}}?)(?P<who>[{_SURNAMES}](?:总|工(?![程作厂艺业具])|经理|主任|老师|院长|科长|厂长|博士|医生|部长|处长|所长|老板|姐|哥|小姐|先生|女士))|(?P<any>[{_SURNAMES}](?:总(?![共部体是算数价监经之额成的])|经理|主任|院长|科长|厂长|博士|医生|部长|处长|所长|先生|女士))"
)
_TRADES = frozenset({"施工", "车工", "金工", "高工", "高总", "方总", "任总"})


def contracts(text: str) -> Iterator[Entity]:
    yield from _numbers("contract_no", _CONTRACT, text)


def orders(text: str) -> Iterator[Entity]:
    yield from _numbers("order_no", _ORDER, text)


def _numbers(kind: str, pattern: re.Pattern[str], text: str) -> Iterator[Entity]:
    for match in pattern.finditer(text):
        group = "no" if match["no"] else 0
        yield Entity(kind, match[group], match[group].upper(), *match.span(group))


def alarms(text: str) -> Iterator[Entity]:
    for match in _ALARM.finditer(text):
        yield Entity("alarm", match.group(), "E" + (match["n"] or match["one"]).zfill(2), *match.span())
    for match in _FAULT.finditer(text):
        yield Entity("alarm", match["code"], match["code"].upper(), *match.span("code"))


def products(text: str, known: tuple[str, ...]) -> Iterator[Entity]:
    """Names of the catalogue (longest first: X200R is not X200), then anything that looks like a model number."""
    if known:
        pattern, named = _catalogue(known)
        for match in pattern.finditer(text):
            yield Entity("product", match.group(), named[_plain(match.group())], *match.span())
    for match in _MODEL.finditer(text):
        yield Entity("product", match.group(), match.group().upper().replace("-", ""), *match.span())


@lru_cache(maxsize=16)
def _catalogue(known: tuple[str, ...]) -> tuple[re.Pattern[str], dict[str, str]]:
    """x-200 and X 200 are X200."""
    names = sorted({name for name in known if _plain(name)}, key=lambda name: len(_plain(name)), reverse=True)
    either = "|".join(r"[\s-]?".join(map(re.escape, _runs(name))) for name in names)
    pattern = re.compile(rf"(?<![A-Za-z0-9])(?:{either})(?![A-Za-z0-9])" if names else r"(?!)", re.IGNORECASE)
    return pattern, {_plain(name): name for name in names}


def _runs(name: str) -> list[str]:
    """Latin letters, digits and Chinese by turns."""
    return re.findall(r"[a-z]+|\d+|[^a-z\d]+", _plain(name))


def _plain(name: str) -> str:
    return re.sub(r"[\s-]", "", name).lower()


def organisations(text: str) -> Iterator[Entity]:
    if not _MAY_BE.search(text):  # the search below is slow
        return
    for match in _ORG.finditer(text):
        start = match.start()
        for before in (_SENT, _LEAD):
            if lead := before.match(text, start, match.end()):
                start = lead.end()
        words = text[start : match.end()]
        if len(words) >= 4 and not _NO_ORG.match(words):
            yield Entity("organisation", words, words, start, match.end())


def competitors(text: str, names: tuple[str, ...]) -> Iterator[Entity]:
    """Rivals, in the spelling of the knowledge graph."""
    if not names:
        return
    for match in _rivals(names).finditer(text):
        yield Entity("competitor", match.group(), _spelling(names)[match.group().lower()], *match.span())


@lru_cache(maxsize=4)
def _spelling(names: tuple[str, ...]) -> dict[str, str]:
    return {name.lower(): name for name in names}


@lru_cache(maxsize=4)
def _rivals(names: tuple[str, ...]) -> re.Pattern[str]:
    either = [
        rf"(?<![A-Za-z0-9]){re.escape(name)}(?![A-Za-z0-9])" if name.isascii() else re.escape(name)
        for name in sorted(names, key=len, reverse=True)
    ]
    return re.compile("|".join(either), re.IGNORECASE)


def people(text: str) -> Iterator[Entity]:
    """People as one calls them: 王总, 李工."""
    for match in _PERSON.finditer(text):
        group = "who" if match["who"] else "any"
        if match[group] not in _TRADES:
            yield Entity("person", match[group], match[group], *match.span(group))
