"""One spelling for the same words before they are read: width, script, spacing, case, repetition."""

from __future__ import annotations

import re
import unicodedata
from functools import cache

_REPEATED = re.compile(r"(.)\1{2,}")
_SPACES_IN_CHINESE = re.compile(r"(?<=[\u3400-\u9fff，,。!?、;:])\s+|\s+(?=[\u3400-\u9fff，,。!?、;:])")
_IDLE_MARKS = str.maketrans("", "", "~…·")
_EMOJI = {"👍": "好的", "🙏": "谢谢", "😡": "生气", "👌": "好的", "❤": "谢谢", "🤝": "合作", "😠": "生气"}


@cache
def _to_simplified() -> object:
    from opencc import OpenCC  # 10 ms on first use

    return OpenCC("tw2sp")


_MAYBE_TRADITIONAL = re.compile(r"[\u4e00-\u9fff]")


def normalise(text: str) -> str:
    """NFKC, simplified script, lower case, no spaces inside Chinese, `!!!!` and 哈哈哈哈 cut to two."""
    text = unicodedata.normalize("NFKC", text).lower().translate(_IDLE_MARKS)
    for emoji, words in _EMOJI.items():
        text = text.replace(emoji, words)
    if _MAYBE_TRADITIONAL.search(text) and any(character in _TRADITIONAL for character in text):
        text = _to_simplified().convert(text)  # type: ignore[attr-defined]
    text = _SPACES_IN_CHINESE.sub("", text.strip())
    return _REPEATED.sub(r"\1\1", text)


# Frequent characters that only traditional text has; one of them is reason enough to convert.
_TRADITIONAL = frozenset(
    "們個這價報質機轉電話單購買貨訂級說過時還沒來對嗎麼點開關與術認證測試備請問題標準裡後發現實際應該樣讓給為產經驗"
    "險長門間閱讀書會議簽約續費賬號軟體設計數據網絡線頻譜溫壓縮離難題錢帳單據條款違約責任幾歲歡迎謝謝貴處見聽講誰"
)
