"""Personal data is masked, and numbers that are none are left alone."""

from __future__ import annotations

import pytest

from intents import mask


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
        ("50台X200,报价30万", "50台X200,报价30万"),
    ],
)
def test_personal_data_is_masked_and_the_rest_is_kept(said: str, kept: str) -> None:
    assert mask(said) == kept


def test_masking_twice_changes_nothing() -> None:
    once = mask("13812345678 110105199003074512 a.b@c.cn 021-61234567 4111111111111111")
    assert mask(once) == once
