"""Full names that no title and no label announces (找李娜确认一下, 孙志强离职了): several hints have to add up.

A surname and characters that given names are made of are the least; then count how common the surname is, whether the
dictionary cuts here, and what stands before and behind. `LEAST` was chosen on authored names and on the shipped examples, in
which nearly everything found is a false alarm.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from intents.personal.surnames import NO_PEOPLE, RARE, SURNAME, TWO

Cut = tuple[tuple[str, int, int], ...]
"""(tag, start, end) of every word."""

LEAST = 4
_COMMON = frozenset(
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董潘袁蔡蒋余于杜叶程魏苏吕丁任卢姚沈钟姜崔谭陆范汪廖石贾"
    "夏邹熊孟秦邱侯江尹薛闫雷龙段郝邵史陶毛贺顾龚覃武戴莫傅方"
)
_GIVEN = (
    "伟芳娜秀英敏静丽强磊军洋勇艳杰娟涛明超霞平刚桂兰红玉萍华文建国志海燕玲辉鹏斌宇浩凯健俊帆雷波宁鑫雪婷雨欣怡佳慧琳琴梅莉雯倩"
    "颖洁萱薇梦思琪诗涵子轩梓博泽睿昊晨阳旭东晓春秋冬菊莲香凤珍淑惠芬荣贵福庆林森树松柏峰岩川江清源泉永祥瑞祺康悦仁义智信诚德贤彬"
    "蔚若依妍媛嫣婕妮姗珊瑶瑾璐莹晶晴曦月星辰云霄飞翔龙虎彪威武振兴立达远航程启铭鸣嘉禾佩璇露茜茹蓉蕾芝芸苗青丹彤虹艺晖骏良毅坤亮"
    "生胜利民权邦钧锋钢铁栋梁楠桐槐桦榕炜炎焕灿煜熙熠培增垚墨儒翰书恒恺恩慈忠念怀惟懿敬新昕昌景朗杏柳柔桃歆洪润淳渊滨瀚灵然爱珂珏"
    "琦琨瑜璟甜益真知礼竹筱米素紫绍维绮美羽聪舒航芮荷菁菲蓓衡裕谦越跃辛逸野金锐锦长雁霏霖青韵顺颂馨骁高魁鸿麒黎齐双喜丁誉亚曼国"
    "莎卫进宏广根友勤成光全权义发富财宝仙巧月桃银花妹连珠迪奇涵尧舜禹鹤雄雅"
)
_FIRST = "一大小"
"""Only in front of another one: 一鸣, 大勇, 小曼."""
_CANDIDATE = re.compile(rf"(?=(?P<name>{SURNAME}(?:[{_GIVEN}{_FIRST}][{_GIVEN}]|[{_GIVEN}])))")
_NEAR = 2
"""Characters of the longest word that is looked for in front."""
_BEFORE = re.compile(
    r"(?:[^㐀-鿿]|找|问|一下|问下|跟|和|与|及|给|让|由|是|叫|归|向|对|请|把|的|到|换成|改成|寄|发|抄送|转告|转给|交给|联系|同事|得|等|听|有|提醒|加上|这边|那边|通知|名|去|来|因为)$"
)
_BEHIND = re.compile(
    r"$|[^㐀-鿿]|的(?!确)|和|与|跟|说|让|问|讲|问|来|在|想|先|已|也|都|不|没|还|管|收|签|接|负责|对接|确认|审|批|拍|通过|离职|休|出差|加|你|那|这|今天|明天|昨天|下午|"
    r"上午|去|吧|吗|呢|啊|了|看|要|会|能|有|联系|催|回|聊|约|跟进|态度|两|三|等|人|经理|先生|女士|怎么|把|走|到"
)


def unmarked(text: str, cut: Callable[[str], Cut]) -> Iterator[tuple[int, int]]:
    """Places of such names, by the words that `cut` finds; the longer of two that begin together wins."""
    words: _Words | None = None  # looked up once, and only where a name is suspected
    for match in _CANDIDATE.finditer(text):
        start, name = match.start(), match["name"]
        shorter = name[:-1] if len(name) > (3 if re.match(TWO, name) else 2) else name
        for one in dict.fromkeys((name, shorter)):
            hints = _around(text, start, one)
            if hints + _Words.MOST < LEAST or one[-1] in _FIRST or is_a_word(one, cut):
                continue
            words = words or _Words(cut(text))
            if hints + words.cut_here(start, start + len(one)) >= LEAST:
                yield start, start + len(one)
                break


def _around(text: str, start: int, name: str) -> int:
    """How much the name itself and the words beside it speak for a person."""
    before = start == 0 or bool(_BEFORE.search(text[max(0, start - _NEAR) : start]))
    behind = bool(_BEHIND.match(text, start + len(name)))
    common = name[0] in _COMMON or bool(re.match(TWO, name))
    return before + behind + common + (len(name) > 2) - (name[0] in RARE)


class _Words:
    """Where the dictionary cuts a text."""

    MOST = 2

    def __init__(self, words: Cut) -> None:
        self.named = {first: last for tag, first, last in words if tag[:2] == "nr"}
        self.edges = {edge for _, first, last in words for edge in (first, last)}

    def cut_here(self, start: int, end: int) -> int:
        """2 where it sees a name here, 1 where it sees one that swallowed what follows, or words that end alike."""
        if (last := self.named.get(start)) is not None:
            return self.MOST if last == end else int(last == end + 1)
        return int({start, end} <= self.edges)


def is_a_word(name: str, cut: Callable[[str], Cut]) -> bool:
    """In the dictionary, and not as a name (方便, 高温)."""
    words = cut(name)
    return name in NO_PEOPLE or (len(words) == 1 and words[0][0][:2] != "nr")
