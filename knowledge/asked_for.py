"""What kind of thing a question asks for (a time, money, a share, a size), and whether a text holds one."""

from __future__ import annotations

import re
from functools import lru_cache

from knowledge.tokens import normalise

_ASKS = {
    "time": r"多久|多长时间|多少?(?:天|日|年|月|小时|分钟|个月)|几(?:天|日|年|个?月|个?小时|分钟|点|号|周|个?工作日)|哪(?:天|年|一天)|什么时候|啥时候|何时|时限|期限|有效期|周期|到期|时长",
    "money": r"多少钱|几钱|几块|价|费|多少元|贵(?!公?司|方)|便宜|花多少|收钱|要钱|报一下|赔多少|罚多少|总共多少",
    "share": r"几折|打折|几个点|多少个?点|百分|比例|折扣|税率|罚息|违约金|赔",
    "place": r"哪里|哪儿|什么地方|去哪|在哪|何处|地址|地点",
    "count": r"多少|几(?!乎)|多[大重沉高宽长厚远快深]|上限|下限|最[多少大小高低快慢]",
}
_HOLDS = {
    "time": r"\d+(?:\.\d+)?(?:个)?(?:工作日|自然日|天|日|年|月|周|h|min|s|ms)(?![a-z])|每(?:天|日|周|月|年|季)|当天|次日|凌晨",
    "money": r"\d(?:\.\d+)?万?元|\d万|免费|价|费|(?:¥|￥)\d",
    "share": r"\d(?:\.\d+)?[%‰折]|百分之|万分之|千分之",
    "place": r"法院|仲裁|所在地|厂区|厂房|现场|地址|地点|机房|境内|工厂|厂家|机构|中心",
    "count": r"\d",
}

BARE = 8
"""Characters of a question that is a mere name."""
_OTHERWISE = re.compile(r"怎|咋|如何|为什么|为啥|能|可|吗|么|谁|哪|有没有|是不是|什么|啥")


@lru_cache(maxsize=512)
def kinds(question: str) -> frozenset[str]:
    """What is asked for; a time or money is not also a mere number."""
    spelled = normalise(question)
    found = {kind for kind, pattern in _ASKS.items() if re.search(pattern, spelled)}
    if not found and len(spelled) <= BARE and not _OTHERWISE.search(spelled):
        return frozenset({"count"})  # “质保期” alone wants its value
    return frozenset(found - {"count"} if found & {"time", "money", "share"} else found)


@lru_cache(maxsize=8192)
def held(text: str) -> frozenset[str]:
    """The kinds of things that stand in a text."""
    spelled = normalise(text)
    return frozenset(kind for kind, pattern in _HOLDS.items() if re.search(pattern, spelled))


def asks(text: str) -> bool:
    """Whether the words want to know something, rather than tell."""
    return bool(kinds(text)) or "?" in normalise(text) or _OTHERWISE.search(normalise(text)) is not None
