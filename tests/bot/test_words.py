"""Whose words are in a message: every form in which reps paste what a customer said, as a table."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.words import LONGEST, Said, asks_for_help, has_words, take_apart
from intents import Speaker

OURS = frozenset({"张三", "李四", "王五", "青禾张三"})

# What was pasted → the customer's words (None: the words are the rep's own), and the name in front of them.
MARKED = [
    ("客户华东仁和说:X200 多少钱", "X200 多少钱", "华东仁和"),
    ("客户华东仁和说:X200 多少钱", "X200 多少钱", "华东仁和"),
    ("客户 华东仁和 问:X200 多少钱", "X200 多少钱", "华东仁和"),
    ("客户「华东仁和」说:X200 多少钱", "X200 多少钱", "华东仁和"),
    ("客户“华东仁和”回复:可以,先发合同", "可以,先发合同", "华东仁和"),
    ("客户说:太贵了", "太贵了", ""),
    ("客户:太贵了", "太贵了", ""),
    ("客户问:交期多久?", "交期多久?", ""),
    ("客户刚刚说:交期多久?", "交期多久?", ""),
    ("客户今天又问:交期多久?", "交期多久?", ""),
    ("客户发来消息:机器报警 E07", "机器报警 E07", ""),
    ("客户留言:明天能来吗", "明天能来吗", ""),
    ("客户反馈:离心机噪音大", "离心机噪音大", ""),
    ("顾客说:还能再便宜点吗", "还能再便宜点吗", ""),
    ("对方说:考虑一下", "考虑一下", ""),
    ("甲方表示:预算不够", "预算不够", ""),
    ("客户苏州精模:P60 有现货吗", "P60 有现货吗", "苏州精模"),
    ("  客户说 : 太贵了  ", "太贵了", ""),
    ("客户说:\n第一,太贵\n第二,太慢", "第一,太贵\n第二,太慢", ""),
    ("客户说:“太贵了”", "太贵了", ""),
    ("客户华东仁和说:「能不能 5 折?」", "能不能 5 折?", "华东仁和"),
    ("客户说:地址是 https://example.com:8080/a", "地址是 https://example.com:8080/a", ""),
    ("客户说:下午 3:30 过来", "下午 3:30 过来", ""),
    ("客户要求:周五前到货", "周五前到货", ""),
    ("客户的原话:太贵了", "太贵了", ""),
    ("客户华东仁和的要求:周五前到货", "周五前到货", "华东仁和"),
    ("客户说: 😀 报价呢", "😀 报价呢", ""),
]
NAMED = [
    ("华东仁和王主任说:X200 能便宜点吗", "X200 能便宜点吗", "华东仁和王主任"),
    ("王主任问:什么时候发货", "什么时候发货", "王主任"),
    ("精模的刘工回复:可以", "可以", "精模的刘工"),
    ("仁和刚发来:合同第七条怎么理解", "合同第七条怎么理解", "仁和"),
    ("刘总昨天说:先付三成", "先付三成", "刘总"),
    ("王主任说我:你们来得太晚了", "你们来得太晚了", "王主任"),
]
QUOTED = [
    ("“X200 多少钱”", "X200 多少钱", ""),
    ('"X200 多少钱"', "X200 多少钱", ""),
    ("「X200 多少钱」", "X200 多少钱", ""),
    ("『X200 多少钱』", "X200 多少钱", ""),
    ("「王主任:X200 多少钱」\n- - - - - - - - - - - - - - -\n怎么回?", "X200 多少钱", "王主任"),
    ("「王主任:X200 多少钱」\n———————————\n", "X200 多少钱", "王主任"),
    ("「华东仁和-王主任:第一行\n第二行」\n- - - - - - - -\n帮我报个价", "第一行\n第二行", "华东仁和-王主任"),
]
RECORDS = [
    # WeChat on a computer: name and time in a line of their own.
    ("王主任 2026/11/26 10:21\nX200 多少钱\n\n张三 2026/11/26 10:22\n我查一下", "X200 多少钱", "王主任"),
    (
        "王主任 11-26 10:21:05\nX200 多少钱\n王主任 11-26 10:21:40\n要 50 台",
        "X200 多少钱\n要 50 台",
        "王主任",
    ),
    ("王主任 10:21\nX200 多少钱\n张三 10:22\n马上", "X200 多少钱", "王主任"),
    ("王主任 上午 10:21\nX200 多少钱", "X200 多少钱", "王主任"),
    ("王主任  2026年11月26日 上午10:21\nX200 多少钱", "X200 多少钱", "王主任"),
    ("王主任 星期四 10:21\nX200 多少钱", "X200 多少钱", "王主任"),
    ("王主任 昨天 10:21\nX200 多少钱", "X200 多少钱", "王主任"),
    ("王主任 昨天 下午 3:21\nX200 多少钱", "X200 多少钱", "王主任"),
    # WeCom: an outside contact carries its company or @微信.
    ("王主任@华东仁和 11/26 10:21:33\nX200 多少钱\n张三 11/26 10:22:01\n好的", "X200 多少钱", "王主任"),
    ("王主任@微信 11/26 10:21:33\n多行的话\n还有一行", "多行的话\n还有一行", "王主任"),
    ("王主任 @微信 2026-11-26 10:21\nX200 多少钱", "X200 多少钱", "王主任"),
    # DingTalk: name (time) or time first.
    ("王主任 2026-11-26 10:21:33:\nX200 多少钱", "X200 多少钱", "王主任"),
    ("王主任(2026-11-26 10:21:33)\nX200 多少钱\n张三(2026-11-26 10:22:33)\n好", "X200 多少钱", "王主任"),
    ("2026-11-26 10:21 王主任\nX200 多少钱\n2026-11-26 10:22 张三\n好的", "X200 多少钱", "王主任"),
    ("[2026-11-26 10:21] 王主任: X200 多少钱\n[2026-11-26 10:22] 张三: 好的", "X200 多少钱", "王主任"),
    ("10:21 王主任:X200 多少钱\n10:22 张三:好的", "X200 多少钱", "王主任"),
    # A record that a merged forward starts.
    ("华东仁和和张三的聊天记录\n王主任 10:21\nX200 多少钱\n张三 10:22\n好的", "X200 多少钱", "王主任"),
    ("—————  2026-11-26  —————\n\n王主任  10:21\nX200 多少钱\n\n张三  10:22\n好的", "X200 多少钱", "王主任"),
    # Names in front of the words.
    ("王主任:X200 多少钱\n张三:我查一下\n王主任:要 50 台", "X200 多少钱\n要 50 台", "王主任"),
    ("王主任: X200 多少钱\n张三: 我查一下", "X200 多少钱", "王主任"),
    ("王主任(10:21):X200 多少钱\n张三(10:22):好的", "X200 多少钱", "王主任"),
    ("客户:X200 多少钱\n张三:我查一下", "X200 多少钱", "客户"),
    ("王主任:X200 多少钱\n还要带转子的\n张三:好", "X200 多少钱\n还要带转子的", "王主任"),
    ("王主任:在吗\n刘工:P60 有货吗", "在吗\nP60 有货吗", "刘工"),
    ("王主任 10:21\n\n😀😀\n\n张三 10:22\n?", "😀😀", "王主任"),
]
ADDRESSED = [
    ("你们 X200 多少钱", "你们 X200 多少钱", ""),
    ("你家的泵漏液了", "你家的泵漏液了", ""),
    ("贵司的合同第七条我不同意", "贵司的合同第七条我不同意", ""),
    ("请问贵公司能开专票吗", "请问贵公司能开专票吗", ""),
    ("您那边什么时候能发货", "您那边什么时候能发货", ""),
]
OWN = [
    "仁和的合同质保几年",
    "帮我记一下:华东仁和下周三要来看样机",
    "提醒我明天上午 9:30 给王主任回电话",
    "查一下华东仁和的等级",
    "给王主任回复:报价明天发",
    "告诉李四:合同已经寄出",
    "麻烦记录:客户预算 50 万",
    "明天 10:00 约王主任开会",
    "X200 和 X200R 有什么区别?",
    "今天要做的事:\n1. 报价\n2. 回访",
    "第一:报价\n第二:合同\n第三:发票",
    "帮我写个跟进:\n时间:明天\n地点:苏州",
    "客户等级怎么看",
    "客户等级:VIP",
    "客户名称:华东仁和\n产品:X200\n数量:50",
    "发给客户:报价见附件",
    "回复客户:可以",
    "跟客户说:报价明天发",
    "",
    "😀",
    "好",
    "我说:明天给他报价",
    "E07 是什么意思",
    "报价单发给客户了吗",
]
TOLD = [*MARKED, *NAMED, *QUOTED, *RECORDS, *ADDRESSED]


@pytest.mark.parametrize(("text", "words", "hint"), TOLD, ids=[text[:24] for text, *_ in TOLD])
def test_a_customers_pasted_words_are_told_from_the_reps(text: str, words: str, hint: str) -> None:
    said = take_apart(text, OURS)
    assert (said.text, said.speaker, said.hint) == (words, Speaker.CUSTOMER, hint)


@pytest.mark.parametrize("text", OWN, ids=[text[:24] or "nothing" for text in OWN])
def test_a_reps_own_words_are_the_reps(text: str) -> None:
    said = take_apart(text, OURS)
    assert (said.text, said.speaker, said.hint) == (text, Speaker.REP, "")


def test_a_record_keeps_who_said_what_in_order() -> None:
    record = "王主任 10:21\n多少钱\n张三 10:22\n18800\n刘工 10:23\n太贵"
    heard = [(said.said_by, said.text, said.speaker) for said in take_apart(record, OURS).utterances]
    assert heard == [
        ("王主任", "多少钱", Speaker.CUSTOMER),
        ("张三", "18800", Speaker.REP),
        ("刘工", "太贵", Speaker.CUSTOMER),
    ]


def test_a_record_in_which_only_we_speak_holds_no_customer_words() -> None:
    said = take_apart("张三 10:21\n报价发了吗\n李四 10:22\n发了", OURS)
    assert (said.speaker, said.customer_words, said.hint) == (Speaker.REP, (), "")


def test_what_a_reply_quotes_is_the_customers_and_what_is_written_under_it_the_reps() -> None:
    said = take_apart("帮我回一下", OURS, quoted="X200 多少钱")
    assert (said.customer_words, said.comment) == (("X200 多少钱",), "帮我回一下")
    said = take_apart("「王主任:X200 多少钱」\n- - - - - - -\n怎么回?", OURS)
    assert (said.customer_words, said.comment) == (("X200 多少钱",), "怎么回?")


@pytest.mark.parametrize(("text", "words"), [("客户说:太\0贵了", "太贵了"), ("客户说:好的\ud83d", "好的")])
def test_what_no_database_takes_is_left_out(text: str, words: str) -> None:
    assert take_apart(text).text == words
    assert take_apart("", quoted=text).text == text.replace("\0", "").replace("\ud83d", "")


@pytest.mark.parametrize("over", [0, 1, 5000])
def test_a_long_message_is_read_up_to_a_limit_and_says_so(over: int) -> None:
    said = take_apart("客户说:" + "长" * (LONGEST - 4 + over))
    assert (len(said.text), said.cut) == (LONGEST - 4, over > 0)


@pytest.mark.parametrize("mark", ["客户", "王主任 ", "「", "- ", "10:2", "客户说", "王主任:a\n"])
def test_a_hostile_message_is_taken_apart_in_no_time(mark: str) -> None:
    """A pattern that backtracks would run into the timeout of the test."""
    said = take_apart((mark * LONGEST)[:LONGEST] + "\n" + mark * LONGEST, OURS)
    assert said.utterances


@given(st.text(alphabet=st.sampled_from("客户说问:: \n「」“”王主任张三10:21-/@[]()😀X,。?"), max_size=80))
def test_any_message_is_taken_apart_and_none_is_lost(text: str) -> None:
    said = take_apart(text, OURS)
    assert isinstance(said, Said)
    assert said.utterances
    assert all(one.text in text or one.text.replace("\n", "") in text.replace("\n", "").replace(" ", "") or "\n" in one.text
               for one in said.utterances)  # fmt: skip


@pytest.mark.parametrize(("text", "words"), [("", False), ("😀👍", False), ("???", False), ("…", False), ("好", True), ("OK", True), ("5", True)])  # fmt: skip
def test_emoji_and_punctuation_alone_are_no_words(text: str, words: bool) -> None:
    assert has_words(text) is words


@pytest.mark.parametrize(("text", "asks"), [("帮助", True), ("怎么用?", True), ("help", True), ("HELP!", True), ("?", True), ("？", True), ("帮助我报价", False), ("help me quote", False), ("", False)])  # fmt: skip
def test_a_call_for_help_is_known(text: str, asks: bool) -> None:
    assert asks_for_help(text) is asks
