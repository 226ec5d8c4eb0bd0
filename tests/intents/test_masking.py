"""Personal data is masked, and numbers that are none are left alone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intents import mask
from intents.masking import mask_people


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("打我电话13812345678", "打我电话138****5678"),
        ("+86 138-1234-5678", "138****5678"),
        ("座机021-61234567", "座机021-****4567"),
        ("身份证110105199003074512", "身份证110105********4512"),
        ("发到 jenny.wu@example.com.cn", "发到 j***@example.com.cn"),
        ("卡号6222 0212 3456 7890 128", "卡号6222 **** 0128"),
        ("卡号4111 1111 1111 1111", "卡号4111 **** 1111"),
        ("运单4111 1111 1111 1112", "运单4111 1111 1111 1112"),  # no card: its check digit is wrong
        ("订单号202611250001", "订单号202611250001"),
        ("我手机幺三九零零零一零六零七", "我手机幺三九****零六零七"),
        ("１３９０００１０７０８加微信", "１３９****０７０８加微信"),
        ("车牌沪A12345", "车牌沪A***45"),
        ("微信号lily_zhou88", "微信号li***"),
        ("护照E12345678", "护照E****78"),
        ("对公账户3205 0161 1234 0000 5678", "对公账户3205 **** 5678"),
        ("运单SF13800138021", "运单SF13800138021"),
        ("最新X20012型", "最新X20012型"),
        ("50台X200,报价30万", "50台X200,报价30万"),
    ],
)
def test_personal_data_is_masked_and_the_rest_is_kept(said: str, kept: str) -> None:
    assert mask(said) == kept


def test_masking_twice_changes_nothing() -> None:
    once = mask("13812345678 110105199003074512 a.b@c.cn 021-61234567 4111111111111111")
    assert mask(once) == once


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("联系人周海峰,电话13900010203", "联系人周**,电话139****0203"),
        ("寄到江苏省苏州市工业园区星湖街328号5栋1203室", "寄到江苏省苏州市工业园区***"),
        ("王总说找李工", "王总说找李工"),
        ("抄送林子轩和何佳怡", "抄送林**和何**"),
        ("找李娜确认一下,孙志强离职了", "找李**确认一下,孙**离职了"),
        ("李宁是客户吗,石英窗口能换吗", "李宁是客户吗,石英窗口能换吗"),
        ("方便发一份资料吗", "方便发一份资料吗"),
        ("我是客户", "我是客户"),
    ],
)
def test_full_names_and_streets_go_where_words_leave_their_conversation(said: str, kept: str) -> None:
    assert mask_people(said) == kept


def test_people_known_to_be_there_are_masked_wherever_they_stand() -> None:
    assert (
        mask_people("大海你看下,大海说行 Sam也来 Samsung", names=["大海", "Sam"])
        == "大**你看下,大**说行 S**也来 Samsung"
    )


def test_a_name_that_is_known_masked_only_stays_as_it_is() -> None:
    assert mask_people("周*说行", names=["周*"]) == "周*说行"


@given(st.text("周海峰我是叫联系人电话12345678901@.a沪A路号栋省市***: ,幺三八", max_size=40))
def test_masking_what_is_masked_changes_nothing(text: str) -> None:
    once = mask_people(text, names=["海峰"])
    assert mask_people(once, names=["海峰"]) == once
    numbers = mask(text)
    assert mask(numbers) == numbers
