"""Values in the words: what is found, in canonical form, where it stands, and what is no value at all."""

from __future__ import annotations

import itertools
import re
from datetime import datetime
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from intents import find_entities, read_number
from intents.entities import SHANGHAI

NOW = datetime(2026, 11, 25, 10, 0, tzinfo=SHANGHAI)  # a Wednesday
KNOWN = ("X200", "X200R", "P60", "禾云专业版")


def found(text: str) -> list[tuple[str, str, str]]:
    return [(one.type, one.text, one.value) for one in find_entities(text, products=KNOWN, now=NOW)]


def values(text: str, kind: str) -> list[str]:
    return [value for type_, _, value in found(text) if type_ == kind]


@pytest.mark.parametrize(
    ("words", "number"),
    [
        ("12,000", "12000"), ("三千五", "3500"), ("一万二", "12000"), ("两百三十万", "2300000"), ("3.5", "3.5"),
        ("一百零五", "105"), ("十二", "12"), ("三点五", "3.5"),
        ("一亿二", "120000000"),  # cn2an: KeyError
    ],
)  # fmt: skip
def test_numbers_are_read_as_people_write_them(words: str, number: str) -> None:
    assert read_number(words) == Decimal(number)


@pytest.mark.parametrize("words", ["几十", "几", "abc", ""])
def test_a_number_that_is_not_said_is_none(words: str) -> None:
    assert read_number(words) is None


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("先来20台", "20"), ("一百来套", "100"), ("3万台的产能", "30000"), ("X200要十台", "10"), ("加30个账号", "30"),
        ("要几台样机", ""),
    ],
)  # fmt: skip
def test_counts(text: str, value: str) -> None:
    assert values(text, "quantity") == [value]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("二三十台", "20..30"),
        ("三五台", "3..5"),
        ("十几台", "11..19"),
        ("20到30台", "20..30"),
        ("30几台", "31..39"),
    ],
)
def test_a_range_of_counts_is_a_type_of_its_own(text: str, value: str) -> None:
    assert values(text, "quantity_range") == [value]
    assert values(text, "quantity") == []


@pytest.mark.parametrize("text", ["发我一份", "第二批", "三方合同", "个别", "第3个问题", "一只680,¥680一只"])
def test_what_only_looks_like_a_count_is_none(text: str) -> None:
    assert "2" not in values(text, "quantity")
    assert values(text, "quantity") in ([], ["1"])


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("预算三点五万", "35000"), ("一点二亿", "120000000"),  # cn2an refuses a point before a scale
        ("30W左右", "300000"), ("二三十万", "200000..300000"), ("20-30万", "200000..300000"), ("3.5k一台", "3500"),
        ("¥12,800", "12800"), ("一万二能拿下吗", "12000"), ("报3万5", "35000"), ("两三千块", "2000..3000"), ("9块9", "9.9"),
        ("1.2亿", "120000000"), ("$500", "500"), ("单价18800太贵", "18800"), ("几万块", ""),
    ],
)  # fmt: skip
def test_money(text: str, value: str) -> None:
    assert values(text, "money") == [value]


@pytest.mark.parametrize(
    "text", ["2万转", "3万台", "万一坏了", "千万别", "两块主板", "万能的客服", "第三方", "十万火急"]
)
def test_what_only_looks_like_money_is_none(text: str) -> None:
    assert values(text, "money") == []


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("便宜5个点", "percent", "5"), ("百分之五", "percent", "5"), ("千分之三", "percent", "0.3"), ("5‰", "percent", "0.5"),
        ("预付三成", "percent", "30"), ("打九五折", "discount", "5"), ("8.8折", "discount", "12"), ("85折", "discount", "15"),
    ],
)  # fmt: skip
def test_shares_and_discounts(text: str, kind: str, value: str) -> None:
    assert values(text, kind) == [value]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("月底前", "2026-11-30"), ("下周三下午", "2026-12-02"), ("周三下午", "2026-11-25"), ("周一", "2026-11-30"),
        ("这周一", "2026-11-23"), ("上周三", "2026-11-18"), ("下下周一", "2026-12-07"), ("15号前", "2026-12-15"),
        ("28号", "2026-11-28"), ("下个月15号", "2026-12-15"), ("12月3号", "2026-12-03"), ("2027年1月15日", "2027-01-15"),
        ("十二月八号", "2026-12-08"), ("元旦前", "2027-01-01"), ("国庆后", "2027-10-01"), ("三天内", "2026-11-28"),
        ("5个工作日内", "2026-12-02"), ("半年内", "2027-05-25"), ("半个月后", "2026-12-10"), ("第三季度", "2026-07-01"),
        ("季度末", "2026-12-31"), ("年底", "2026-12-31"), ("明天上午十点半", "2026-11-26T10:30+08:00"),
        ("周四3点", "2026-11-26T15:00+08:00"), ("周四早上3点", "2026-11-26T03:00+08:00"), ("今晚八点", "2026-11-25T20:00+08:00"),
        ("明早九点", "2026-11-26T09:00+08:00"), ("48小时内", "2026-11-27T10:00+08:00"), ("下午三点", "2026-11-25T15:00+08:00"),
        ("9:30", "2026-11-26T09:30+08:00"), ("中午12点", "2026-11-25T12:00+08:00"),
    ],
)  # fmt: skip
def test_times_are_resolved_against_the_clock(text: str, value: str) -> None:
    assert values(text, "time") == [value]


@pytest.mark.parametrize(
    "text", ["尽快", "改天", "过阵子", "下周", "下个月", "年后", "节前", "周末", "12月中旬", "这两天"]
)
def test_a_vague_time_stays_vague(text: str) -> None:
    assert values(text, "time") == [""]


@pytest.mark.parametrize(
    "text", ["3号机又停了", "两点疑问", "5号楼", "2月30号", "25点", "这个点子", "有空吗"]
)
def test_what_only_looks_like_a_time_is_no_moment(text: str) -> None:
    assert [value for value in values(text, "time") if value] == []


@pytest.mark.parametrize(
    ("text", "value"),
    [("春节前", "2027-02-06"), ("端午节前", "2027-06-09"), ("中秋后", "2027-09-15"), ("清明假期", "2027-04-05")],
)  # fmt: skip
def test_a_holiday_of_the_lunar_calendar_has_its_next_day(text: str, value: str) -> None:
    assert values(text, "time") == [value]


def test_a_holiday_beyond_the_table_stays_open() -> None:
    (time,) = find_entities("春节前", now=datetime(2032, 3, 1, tzinfo=SHANGHAI))
    assert time.value == ""


def test_the_last_day_of_a_month_is_kept_in_the_next() -> None:
    end = datetime(2026, 1, 31, 9, 0, tzinfo=SHANGHAI)
    (time,) = find_entities("一个月后", now=end)
    assert time.value == "2026-02-28"


def test_the_clock_is_read_in_shanghai() -> None:
    night = datetime.fromisoformat("2026-11-25T20:00:00+00:00")  # already the 26th in Shanghai
    (time,) = find_entities("明天", now=night)
    assert time.value == "2026-11-27"


@pytest.mark.parametrize(
    ("text", "value"),
    [("质保两年", "P2Y"), ("一年半", "P18M"), ("账期60天", "P60D"), ("停机4小时", "PT4H"), ("三五天", "P3D..P5D"),
     ("3-5个工作日", "P3D..P5D"), ("半年", "P6M")],
)  # fmt: skip
def test_lengths_of_time(text: str, value: str) -> None:
    assert values(text, "duration") == [value]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("重复精度±0.01mm", "重复精度 ±0.01 mm"), ("转速≥16500r/min", "转速 >=16500 r/min"), ("耐温-20℃到80℃", "耐温 -20..80 ℃"),
        ("直径50mm±0.02", "直径 50 mm ±0.02"), ("噪音不超过56分贝", "噪音 <=56 dB"), ("功率1.5kW", "功率 1.5 kW"),
        ("转速2万转", "转速 20000 r/min"), ("0.25%FS", "0.25 %FS"), ("厚度3mm以上", "厚度 >=3 mm"),
    ],
)  # fmt: skip
def test_a_specification_has_name_bound_value_unit_and_tolerance(text: str, value: str) -> None:
    assert values(text, "spec") == [value]


@pytest.mark.parametrize("text", ["三维度", "5度电", "一升一降", "2转5", "30W左右"])
def test_words_that_are_units_too_need_a_name(text: str) -> None:
    assert values(text, "spec") == []


@pytest.mark.parametrize(
    ("text", "value"),
    [("x-200还有吗", "X200"), ("X 200R的转子", "X200R"), ("禾云专业版多少钱", "禾云专业版"), ("p60", "P60")],
)
def test_a_product_is_found_however_it_is_typed(text: str, value: str) -> None:
    assert values(text, "product") == [value]


@pytest.mark.parametrize(
    ("text", "value"), [("X2O0多少钱", "X200"), ("x20O有货吗", "X200"), ("X2OO多少钱", "X200"), ("禾云专业板多少钱", "禾云专业版")]
)  # fmt: skip
def test_a_product_is_found_with_one_slip_in_the_catalogue_s_spelling(text: str, value: str) -> None:
    assert values(text, "product") == [value]


def test_another_model_or_edition_is_no_slip() -> None:
    assert values("X200R多少钱", "product") == ["X200R"]
    (near,) = [
        one for one in find_entities("X200R多少钱", products=("X200",), now=NOW) if one.type == "product"
    ]
    assert near.value != "X200"
    assert values("禾云商业版多少钱", "product") == []


@pytest.mark.parametrize("text", ["IP67", "ISO9001", "RS485", "Q3", "HT-2026-0117"])
def test_standards_and_numbers_are_no_products(text: str) -> None:
    assert values(text, "product") == []


@pytest.mark.parametrize(
    ("text", "kind", "words", "value"),
    [
        ("开机报E07", "alarm", "E07", "E07"), ("显示Err12", "alarm", "Err12", "E12"), ("报错502", "alarm", "502", "502"),
        ("合同号HT-2026-0117", "contract_no", "HT-2026-0117", "HT-2026-0117"), ("单号sf1234567890", "order_no", "sf1234567890", "SF1234567890"),
        ("订单20261105001", "order_no", "20261105001", "20261105001"), ("打13812345678", "phone", "13812345678", "138****5678"),
        ("跟迈瑞比", "competitor", "迈瑞", "迈瑞"), ("hubspot也行", "competitor", "hubspot", "HubSpot"), ("李工说的", "person", "李工", "李工"),
        ("给苏州精模智造有限公司报价", "organisation", "苏州精模智造有限公司", "苏州精模智造有限公司"),
        ("我们是深圳市蓝海跨境电商有限公司", "organisation", "深圳市蓝海跨境电商有限公司", "深圳市蓝海跨境电商有限公司"),
    ],
)  # fmt: skip
def test_what_has_a_name_or_number_of_its_own(text: str, kind: str, words: str, value: str) -> None:
    assert (kind, words, value) in found(text)


@pytest.mark.parametrize("text", ["施工进度", "有限公司", "跨境物流怎么走", "你们银行"])
def test_trades_and_bare_suffixes_are_no_names(text: str) -> None:
    assert not {"person", "organisation"} & {kind for kind, _, _ in found(text)}


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("订单号：20261105001", "order_no", "20261105001"), ("明天9：30", "time", "2026-11-26T09:30+08:00"),
        ("首付30％", "percent", "30"), ("20～30台", "quantity_range", "20..30"), ("５０台", "quantity", "50"),
        ("￥12800", "money", "12800"), ("3～5天", "duration", "P3D..P5D"),
    ],
)  # fmt: skip
def test_wide_marks_and_digits_are_read_too(text: str, kind: str, value: str) -> None:
    assert values(text, kind) == [value]


@pytest.mark.parametrize(
    ("text", "words", "value"),
    [
        ("最好月底前送到苏州工厂", "送到苏州工厂", "by 2026-11-30 to 苏州工厂"), ("12月10日前必须交货", "交货", "by 2026-12-10"),
        ("发到武汉要多久", "发到武汉", "to 武汉"), ("尽快发货", "发货", ""),
        ("下周三之前送到苏州精模智造有限公司", "送到", "by 2026-12-02 to 苏州精模智造有限公司"),
    ],
)  # fmt: skip
def test_a_delivery_wish_says_by_when_and_where_to(text: str, words: str, value: str) -> None:
    assert ("delivery", words, value) in found(text)


def test_the_time_of_a_delivery_is_still_a_time_of_its_own() -> None:
    assert values("最好月底前送到苏州工厂", "time") == ["2026-11-30"]


@pytest.mark.parametrize(
    "text", ["什么时候到货", "报价发到我邮箱", "合同明天寄到公司", "昨天到货的那批有问题", "货已经送到工厂了", "发货前付六成"]
)  # fmt: skip
def test_papers_the_past_and_a_bare_delivery_are_no_wish(text: str) -> None:
    assert values(text, "delivery") == []


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("发我邮箱zhang.wei@abc.com", "email", "z***@abc.com"), ("身份证320501198803121234", "id_number", "3****4"),
        ("电话0512-68881234", "phone", "051****1234"), ("一三八幺二三四五六七八找我", "phone", "138****5678"),
        ("卡号6222020200112233445", "bank_card", "****3445"), ("司机车牌苏E12345", "plate", "苏****5"),
        ("加我微信wang_li88", "chat_account", "w****8"), ("送到苏州市工业园区星湖街328号", "address", "星湖街*号"),
    ],
)  # fmt: skip
def test_personal_data_is_found_with_a_masked_value(text: str, kind: str, value: str) -> None:
    assert values(text, kind) == [value]


@pytest.mark.parametrize(
    ("text", "name", "value"),
    [
        ("张伟的电话发我", "张伟", "张**"), ("我是王强", "王强", "王**"), ("收货人刘洋", "刘洋", "刘**"), ("联系上官明月吧", "上官明月", "上**"),
        ("这事得林婷婷拍板", "林婷婷", "林**"), ("王小明经理在吗", "王小明", "王**"), ("现在归吴磊管", "吴磊", "吴**"),
    ],
)  # fmt: skip
def test_a_full_name_without_a_title_is_a_person_with_a_masked_value(
    text: str, name: str, value: str
) -> None:
    assert ("person", name, value) in found(text)
    (start,) = [one.start for one in find_entities(text, now=NOW) if one.type == "person"]
    assert text[start:].startswith(name)


@pytest.mark.parametrize(
    "text",
    [
        "高速运转噪音大吗", "金额对不上", "方案什么时候给", "常温保存", "周五能到吗", "安装费另算", "温度到多少", "谢谢啊", "康复科问的", "管道工来了",
        "我是采购", "江苏有服务点吗", "西门子的人说", "许可证要不要", "毛利多少", "张力怎么调", "石英的窗口", "跟华东仁和比",
    ],
)  # fmt: skip
def test_words_that_begin_like_a_name_are_nobody(text: str) -> None:
    assert values(text, "person") == []


@pytest.mark.parametrize("text", ["月底前送到苏州市工业园区星湖街328号", "月底前送到北京市朝阳区建国路88号"])
def test_the_place_of_a_delivery_gives_no_house_number_away(text: str) -> None:
    (value,) = values(text, "delivery")
    assert value.startswith("by 2026-11-30 to ")
    assert not re.search(r"328|88", value)


ALPHABET = "一二两三十百千万亿几半点号月周年底前后内台个套折成元块¥%.-~:0123456789EXeWk合同单号公司王总 ,"


@settings(max_examples=400, deadline=None)
@given(st.text(alphabet=ALPHABET, max_size=24))
def test_any_text_gives_entities_that_stand_in_it_and_do_not_overlap(text: str) -> None:
    entities = find_entities(text, products=KNOWN, now=NOW)
    assert all(text[one.start : one.end] == one.text for one in entities)
    assert all(one.end <= other.start for one, other in itertools.pairwise(entities))
    assert all(one.value.isdigit() for one in entities if one.type == "quantity" and one.value)
