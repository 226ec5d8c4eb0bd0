"""Cards to send in tests: an ordinary one, and any at all."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import strategies as st

from bot.card import Button, Card, CardAction, CardReason, Choice, Tone

PAGE = "https://yiju.example.com/d/abc.def"
CONFIRM, CORRECT, DECLINE = (
    Button("confirm", "确认", Tone.GOOD),
    Button("correct", "修正"),
    Button("decline", "驳回", Tone.WARNING),
)
PROPOSED = Card(
    decision="d41d8cd98f00b204",
    version=3,
    content_hash="0123456789abcdef",
    title="要报价",
    subtitle="华东仁和 客户说：X200 二十台什么价",
    confidence="86%",
    reasons=(
        CardReason("words", "问了二十台 X200 的价格", "客户原话"),
        CardReason("passage", "X200 单价 12,800 元，二十台起九五折", "价目表 2026 第 3 页", f"{PAGE}?p=7"),
    ),
    draft="您好，X200 二十台的含税单价是 12,160 元，报价单稍后发您。",
    actions=(CardAction("建报价单", (("产品", "X200"), ("数量", "20"))),),
    choices_title="改为",
    choices=(Choice("quote_request", "要报价"), Choice("product_inquiry", "问产品")),
    chosen="quote_request",
    buttons=(CONFIRM, CORRECT, DECLINE),
    url=PAGE,
)
DECIDED = replace(
    PROPOSED,
    version=4,
    buttons=(),
    choices=(),
    choices_title="",
    status="张三 2026-11-27 10:00 确认",
    tone=Tone.QUIET,
)

_words = st.text(st.characters(codec="utf-8"), max_size=400)
_short = st.text(st.characters(codec="utf-8"), max_size=40)
_ids = st.from_regex(r"[0-9a-z_]{1,40}", fullmatch=True)
_urls = st.sampled_from(
    ["", PAGE, f"{PAGE}?p=1", "https://h.example/" + "x" * 3000, "javascript:alert(1)", "/d/abc"]
)
_tones = st.sampled_from(Tone)
_buttons = st.builds(
    Button, st.sampled_from(["confirm", "decline", "pick:quote_request"]) | _ids, _short, _tones, _urls
)
_reasons = st.builds(CardReason, _short, _words, _words, _urls)
_actions = st.builds(CardAction, _words, st.lists(st.tuples(_short, _words), max_size=8).map(tuple))
any_card = st.builds(
    Card,
    decision=_ids | st.text(min_size=1, max_size=200),
    version=st.integers(0, 10_000),
    content_hash=st.from_regex(r"[0-9a-f]{16}", fullmatch=True),
    title=_words,
    subtitle=_words,
    reasons=st.lists(_reasons, max_size=8).map(tuple),
    unknowns=st.lists(_words, max_size=4).map(tuple),
    warnings=st.lists(_words, max_size=4).map(tuple),
    draft=_words,
    actions=st.lists(_actions, max_size=4).map(tuple),
    choices_title=_short,
    choices=st.lists(st.builds(Choice, _short, _short), max_size=14).map(tuple),
    chosen=_short,
    buttons=st.lists(_buttons, max_size=9).map(tuple),
    url=_urls,
    status=_words,
    receipts=st.lists(_words, max_size=4).map(tuple),
    tone=_tones,
    confidence=_short,
)
