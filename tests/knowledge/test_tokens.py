"""One spelling for what people and documents write differently."""

from __future__ import annotations

import pytest

from knowledge.tokens import codes, grams, normalise, words


@pytest.mark.parametrize(
    ("written", "also"),
    [
        ("16,500 r/min", "16500转/分"),
        ("16500 RPM", "16500rpm"),
        ("40°C", "40度"),
        ("40 ℃", "40摄氏度"),
        ("56 dB(A)", "56分贝"),
        ("10 kg", "10公斤"),
        ("三十六个月", "36个月"),
        ("X-200R", "x200r"),
        ("X 200", "X200"),
        ("60升/小时", "60 L/h"),
        ("軟體", "软件"),
        ("HT-2026-0117", "HT20260117"),
    ],
)
def test_two_spellings_become_one(written: str, also: str) -> None:
    assert normalise(written).strip() == normalise(also).strip()


@pytest.mark.parametrize(
    ("one", "other"), [("X200", "X200R"), ("E03", "E30"), ("5 mSv", "5 µSv"), ("P60", "P60H")]
)
def test_what_differs_stays_different(one: str, other: str) -> None:
    assert set(codes(one) or grams(one)) != set(codes(other) or grams(other))


def test_a_model_is_one_term_and_never_a_part_of_another() -> None:
    assert "x200r" in grams("X200R的转速")
    assert "x200" not in grams("X200R的转速")


def test_an_alarm_code_is_found_with_and_without_its_zero() -> None:
    assert set(grams("E5报警")) & set(grams("E05"))


def test_a_number_is_a_term_with_and_without_its_unit() -> None:
    assert {"16500rpm", "16500", "rpm"} <= set(grams("16500 r/min"))


def test_words_are_dictionary_words_of_two_characters_and_more() -> None:
    assert "质保期" in words("整机质保期为两年") or "质保" in words("整机质保期为两年")


@pytest.mark.parametrize("text", ["", " ", "。。。", "😀", "\ufffe", "一" * 5000])
def test_odd_text_is_no_error(text: str) -> None:
    assert isinstance(grams(text), tuple)
    assert isinstance(codes(text), list)
