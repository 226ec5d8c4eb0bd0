"""Words as they are indexed and asked for: one spelling for units, codes and numbers; grams and words of Chinese.

Everything that is compared (passages, questions, sayings) goes through `normalise` first.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from functools import cache, lru_cache
from pathlib import Path
from sys import intern

import yaml

_HAN = "\u4e00-\u9fff"
CODE = re.compile(r"(?<![a-z0-9])[a-z]{1,6}[ -]?\d{1,6}(?:[-.]?[a-z0-9]+)*(?![a-z0-9])")
"""Model names, alarm codes, contract numbers, after `normalise`: x200r, e05, ht20260117."""
_TOKEN = re.compile(rf"[a-z]+[a-z0-9]*|\d+(?:\.\d+)?(?:[a-z℃%‰µ°]+(?:/[a-z]+)?)?|[{_HAN}]+")
_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
_CODE_JOINT = re.compile(r"(?<![a-z0-9])([a-z]{1,6})[ -](?=\d)")
_TAIL_JOINT = re.compile(r"(?<=[a-z]\d)-(?=\d)|(?<=\d)-(?=[a-z]{1,3}(?![a-z]))|(?<=\d{4})-(?=\d{4}(?!\d))")
_NUMERAL = re.compile(
    r"[零一二两三四五六七八九十百千万]+(?=(?:个)?(?:月|年|天|日|小时|分钟|台|套|件|次|工作日|%|倍|页))"
)
_AFTER_NUMBER = re.compile(r"(?<=\d) +(?=[a-z℃%‰µ°])")
_NUMBER_UNIT = re.compile(r"(\d+(?:\.\d+)?)([a-z℃%‰µ°/]+)")
STOP = frozenset(
    "的了吗呢吧啊呀么是我你您们他它她就都也还这那啥嘛哦嗯请问一下个把被给跟和与及或在有会要能到得着过"
)
"""Characters too common to be asked for alone."""


@lru_cache(maxsize=8192)
def normalise(text: str) -> str:
    """NFKC, lower case, simplified, units and codes in one spelling: `X-200 R/min 16,500转/分` → `x200 … 16500rpm`."""
    text = unicodedata.normalize("NFKC", text).lower().replace("°c", "℃").replace("μ", "µ")
    text = _simplified(text)
    text = _THOUSANDS.sub("", text)
    text = _CODE_JOINT.sub(r"\1", text)
    text = _TAIL_JOINT.sub("", text)
    text = _NUMERAL.sub(lambda found: _digits(found[0]), text)
    text = _unit_pattern().sub(lambda found: _units()[found[0].strip()], text)
    return _AFTER_NUMBER.sub("", text)


def _simplified(text: str) -> str:
    """Traditional characters are rare; most text skips the converter."""
    return _converter().convert(text) if any("\u4e00" <= char <= "\u9fff" for char in text) else text


@cache
def _converter():  # type: ignore[no-untyped-def]
    from opencc import OpenCC

    return OpenCC("tw2sp")


@lru_cache(maxsize=4096)
def _digits(numeral: str) -> str:
    import cn2an

    try:
        return str(cn2an.cn2an(numeral, "smart"))
    except ValueError:  # 千万, 一一: words rather than numbers
        return numeral


@cache
def _units() -> dict[str, str]:
    """Written form → the one spelling."""
    groups = yaml.load((Path(__file__).parent / "units.yaml").read_text(encoding="utf-8"), yaml.CSafeLoader)
    return {form: unit for group in groups.values() for unit, forms in group.items() for form in forms}


@cache
def _unit_pattern() -> re.Pattern[str]:
    groups = yaml.load((Path(__file__).parent / "units.yaml").read_text(encoding="utf-8"), yaml.CSafeLoader)
    anywhere, numbered = _any_of(groups["anywhere"]), _any_of(groups["anywhere"] | groups["after_number"])
    return re.compile(rf"(?<=\d)\s*(?:{numbered})(?![a-z])|(?<![a-z])(?:{anywhere})(?![a-z])")


def _any_of(units: Mapping[str, Sequence[str]]) -> str:
    forms = sorted((form for many in units.values() for form in many), key=len, reverse=True)
    return "|".join(map(re.escape, forms))


def codes(text: str) -> list[str]:
    """Model names, alarm codes and numbers of contracts in the text, normalised, each once."""
    return list(
        dict.fromkeys(
            _TAIL_JOINT.sub("", found[0]).replace("-", "").replace(" ", "")
            for found in CODE.finditer(normalise(text))
        )
    )


@lru_cache(maxsize=65536)
def grams(text: str) -> tuple[str, ...]:
    """Index terms: Chinese characters and bigrams; codes, numbers and Latin words whole; `e05` also as `e5`."""
    found: list[str] = []
    for token in _TOKEN.findall(normalise(text)):
        if "\u4e00" <= token[0] <= "\u9fff":
            found += token
            found += [token[at : at + 2] for at in range(len(token) - 1)]
        else:
            found += _whole(token)
    return tuple(map(intern, found))  # texts share most of theirs: kept once, an eighth of the memory


@lru_cache(maxsize=65536)
def pairs(text: str) -> tuple[str, ...]:
    """The grams that say most: what is longer than one character; of a text that has none of these, all."""
    return tuple(gram for gram in grams(text) if len(gram) > 1) or grams(text)


def _whole(token: str) -> list[str]:
    if split := _NUMBER_UNIT.fullmatch(token):
        return [token, split[1], split[2]]
    if padded := re.fullmatch(r"([a-z])0+(\d+)", token):
        return [token, padded[1] + padded[2]]
    return [token]


@lru_cache(maxsize=16384)
def words(text: str) -> tuple[str, ...]:
    """Words of two characters and more, by rjieba."""
    import rjieba

    return tuple(
        word for word in rjieba.cut(normalise(text)) if len(word) > 1 and "\u4e00" <= word[0] <= "\u9fff"
    )
