"""What a draft may say: everything its sources carry, and nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.figures import figures, plain
from bot.grounding import Sources, check, unsupported
from eval.suites.drafts import GROUNDING, judge, read

MANUAL = """X200 技术参数
最高转速：16500 r/min
噪声：≤56 dB(A)
净重：28 kg
容量：4×100 mL"""
SIBLING = """X200R 技术参数
最高转速：16500 r/min
噪声：≤58 dB(A)
净重：43 kg
制冷：-20℃~40℃"""
PRICES = """型号：X200；单价（元）：18800；10台起：17860；50台起：16544；质保（月）：12
型号：X200R；单价（元）：32600；10台起：30970；质保（月）：12"""
CONTRACT = """（一）质保期为 36 个月，自验收合格之日起计算。
（二）质保期内免费维修，到场响应时间为 8 小时。
（三）付款：验收合格后 60 日内付清，逾期按每日 0.5‰ 计违约金。"""
CHANGE = "自 2026-01-01 起 X200 目录价由 19800 元调整为 18800 元。"
ORDER = "X350 2台 状态 已发货 发货日期 2026-11-18 运单 SF1390021"
INVOICE = "X350 货款 金额 ¥136,000 已付 ¥36,000"
CLOUD = """禾云标准版：每账号每年 1200 元，可用性 99.9 %
禾云专业版：每账号每年 2600 元，可用性 99.95 %"""
DISCOUNT = "整机一次采购 10 台起优惠 5%，50 台起优惠 12%。"
ALL = (MANUAL, SIBLING, PRICES, CONTRACT, CHANGE, ORDER, INVOICE, CLOUD, DISCOUNT)
SAID = "我们要30台X200，还想看看X700，明天能到货吗？质保能给5年吗"
SOURCES = Sources.of(ALL, SAID)

CARRIED = [
    "X200 的噪声不超过 56 dB(A)。",
    "X200 噪声是 56 分贝。",
    "最高转速 16,500 rpm。",
    "X200 最高转速每分钟 16500 转。",
    "X200 净重 28 公斤。",
    "X200R 净重 43 千克。",
    "容量是 4×100 毫升。",
    "X200R 制冷范围 -20℃~40℃。",
    "X200R 可以冷到零下 20 度。",
    "X200 目录单价 18800 元。",
    "X200 目录单价 ￥18,800。",
    "X200 目录单价 1.88万。",
    "X200 买 50 台的单价是 16544 元。",
    "X200R 10台起 30,970 元一台。",
    "质保 3 年，自验收合格之日起计算。",
    "质保三十六个月。",
    "质保期内免费维修。",
    "到场响应时间为八小时。",
    "验收合格后六十天内付清。",
    "逾期按每日 0.5‰ 计违约金。",
    "X200 从 2026年1月1日 起 18800 元。",
    "2026/1/1 起执行新价。",
    "货已于 11月18日 发出。",
    "运单 SF1390021。",
    "货款 13.6万，已付 36000 元。",
    "标准版可用性 99.9%。",
    "禾云专业版每账号每年 2600 元。",
    "10台起优惠 5%。",
    "10 台起可以打 95 折。",
    "10台起九五折，50 台起八八折。",
    "您要的 30 台我整理正式报价单。",
    "X700 我这边没有资料，核实后回复您。",
    "这一点我不敢保证，请同事核实。",
    "能不能免费我没法承诺。",
    "有进展第一时间告诉您。",
    "1. 型号 X200，噪声 56 dB(A)。",
    "收到，我核实后尽快回复您。",
]  # fmt: skip
NOT_CARRIED = {
    "X200 的噪声不超过 50 dB(A)。": "50db",
    "X200 的噪声是 58 dB(A)。": "58db",
    "X200 净重 43 kg。": "43kg",
    "X200 也能冷到 -20℃。": "-20°c",
    "X200R 可以冷到 -40℃。": "-40°c",
    "X200R 单价 18800 元。": "18800元",
    "X200 目录价 19800 元。": "19800元",
    "50 台总价 827200 元。": "827200元",
    "10台起 16544 元一台。": "16544元",
    "单价 1.8万。": "1.8万",
    "X250 也是这个价。": "x250",
    "X20 的噪声更低。": "x20",
    "质保 5 年。": "5年",
    "质保 36 天。": "36天",
    "质保期 60 天。": "60天",
    "验收合格后 36 个月内付清。": "36个月",
    "24 小时内到场。": "24小时",
    "每日 5‰ 违约金。": "5‰",
    "货在 11月28日 发出。": "11月28日",
    "2026年12月18日 之前送到。": "2026年12月18日",
    "明天就能到货。": "明天",
    "月底前交付。": "月底",
    "还欠 10 万元。": "10万元",
    "标准版可用性 99.95%。": "99.95%",
    "专业版每账号每年 1200 元。": "1200元",
    "10 台起优惠 12%。": "12%",
    "10台起八折。": "八折",
    "可以给您九折。": "九折",
    "我保证设备不会出问题。": "保证",
    "终身质保。": "终身",
    "以后的培训全部免费。": "免费",
    "维修一律不要钱。": "不要钱",
    "这是全网最低价。": "最低价",
    "再送您一套转子。": "再送",
    "您放心，肯定没事。": "放心",
    "X200 是行业领先的离心机。": "领先",
    "不满意无条件退货。": "无条件",
    "逾期我们双倍赔偿。": "赔",
    "X200 已取得 CE 认证。": "认证",
    "别的客户也是这个条件。": "别的客户",
    "7×24 为您服务。": "7×24",
}


@pytest.mark.parametrize("sentence", CARRIED)
def test_what_a_source_carries_stays(sentence: str) -> None:
    assert unsupported(sentence, SOURCES) == []
    assert check(sentence, SOURCES).text.endswith(sentence.removeprefix("1. "))


@pytest.mark.parametrize(("sentence", "wrong"), NOT_CARRIED.items())
def test_what_no_source_carries_goes_and_is_named(sentence: str, wrong: str) -> None:
    assert wrong in unsupported(sentence, SOURCES)
    checked = check(f"{sentence}收到。", SOURCES)
    assert (checked.text, checked.removed) == ("收到。", (sentence,))


def test_without_a_source_there_is_no_figure_and_no_promise() -> None:
    left = check("您好！X200 只要 18800 元，质保 3 年。我核实后回复您。", Sources.of([]))
    assert left.text == "您好！我核实后回复您。"


def test_the_customers_own_words_carry_counts_and_models_but_no_terms() -> None:
    said = Sources.of([], "我们要 30 台 X700，质保 5 年，每台 9000 元，可以吧")
    assert unsupported("您要 30 台 X700。", said) == []
    assert unsupported("X700 质保 5 年。", said) == ["5年"]
    assert unsupported("每台 9000 元。", said) == ["9000元"]


def test_a_full_width_comma_joins_no_numbers() -> None:
    assert {one.number for one in figures(plain("单价18800，200台起"))} == {"18800", "200"}


def test_points_that_are_left_are_numbered_anew() -> None:
    draft = "您好:\n1. X200 净重 28 kg\n2. X200 净重 30 kg\n3. 质保 3 年\n谢谢"
    assert check(draft, SOURCES).text == "您好:\n1. X200 净重 28 kg\n2. 质保 3 年\n谢谢"


def test_a_single_point_that_is_left_needs_no_number() -> None:
    assert check("您好:\n1. X200 净重 30 kg\n2. 质保 3 年", SOURCES).text == "您好:\n质保 3 年"


LINES = [
    line
    for source in (MANUAL, SIBLING, PRICES, CONTRACT, ORDER, INVOICE, CLOUD, DISCOUNT)
    for line in source.splitlines()
]


@given(st.lists(st.sampled_from(LINES), min_size=1, max_size=6))
def test_a_line_of_a_source_is_always_carried_by_it(lines: list[str]) -> None:
    assert check("\n".join(lines), SOURCES).removed == ()


@given(st.text(alphabet="X200质保免费元台个月年折%.,，。\n 18", max_size=60))
def test_a_check_only_ever_takes_away(draft: str) -> None:
    checked = check(draft, SOURCES)
    assert len(checked.text) <= len(draft.strip())
    assert check(checked.text, SOURCES).removed == ()


def test_the_authored_drafts_are_many_and_split_in_halves() -> None:
    cases = read(GROUNDING)
    assert len(cases) >= 200
    assert len({case.id for case in cases}) == len(cases)
    on_dev = sum(case.split == "dev" for case in cases)
    assert abs(2 * on_dev - len(cases)) <= 0.1 * len(cases)


@pytest.mark.parametrize("split", ["dev", "test"])
def test_authored_drafts_lose_what_must_go_and_keep_what_may_stay(split: str) -> None:
    judged = [one for case in read(GROUNDING) if case.split == split for one in judge(case)]
    gone = [one.removed for one in judged if one.sentence.wrong]
    kept = [not one.removed for one in judged if not one.sentence.wrong]
    assert sum(gone) / len(gone) >= 0.95
    assert sum(kept) / len(kept) >= 0.95
