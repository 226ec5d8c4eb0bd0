"""Evidence in words that can be sent: what it says as one would write it in a chat, where it stands, what is around it."""

from __future__ import annotations

import re

from knowledge import Evidence, current, tells_only_the_past
from prompts import phrase

LONGEST_QUOTE = 160
_CLAUSE_MARK = re.compile(
    r"^(?:[(（][一二三四五六七八九十]+[)）]|[1-9]\d*(?:\.\d+)+[、.]?\s(?=\s*[\u4e00-\u9fff])|[1-9]\d*[、.](?!\d))\s*"
)
_NAMED_ROW = re.compile(r"^(?:型号|产品|代码|名称|项目)[:：](?P<name>[^;；]+)[;；](?P<rest>.+)$", re.DOTALL)
_VALUE_ROW = re.compile(
    r"^(?:参数|指标|规格|项目|内容)[:：](?P<name>[^;；]+)[;；](?:数值|参数值|值|要求|说明|标准)[:：](?P<value>[^;；]+)$"
)


def spoken(found: Evidence) -> str:
    """Without the clause's number and what held before; a table's row led by what it is about, with the product its
    table is for."""
    plain = _CLAUSE_MARK.sub("", _told(found)).rstrip("。;；")
    if row := _VALUE_ROW.match(plain):
        return f"{_product(found)}{row['name'].strip()}:{row['value'].strip()}"
    if row := _NAMED_ROW.match(plain):
        return f"{row['name'].strip()}:{row['rest'].strip()}"
    return plain


def _told(found: Evidence) -> str:
    """The excerpt without the values of before, where it also tells others."""
    return found.excerpt if tells_only_the_past(found.excerpt) else current(found.excerpt)


def place(found: Evidence) -> str:
    """As short as it can be and still be found: title, then page or clause, and since when it holds no more."""
    cited = found.passage.citation
    where = cited.clause or (f"第{cited.page}页" if cited.page else "")
    ended = phrase("expired_on", day=found.passage.valid_until) if found.expired else ""
    if found.replaced:
        ended = phrase("replaced_version", version=cited.version)
    return f"《{cited.title}》{where}{ended}"


def around(found: Evidence) -> str:
    """What stands around the quoted words: their row of the table, or the clause. Empty where that is no more, and they
    were quoted whole."""
    passage = found.passage
    if passage.table:
        first = re.split("[;；]", found.excerpt)[0]
        rows = (row for row in passage.text.splitlines() if first in row and found.excerpt[-8:] in row)
        whole = next(rows, "")
    else:
        whole = passage.text
    plain = " ".join(whole.split())
    if plain.rstrip("。") == _told(found).rstrip("。"):
        return ""
    return plain if len(plain) <= LONGEST_QUOTE else plain[:LONGEST_QUOTE].rstrip(",;、，；") + "…"


def _product(found: Evidence) -> str:
    """The one product that a table of parameters is about, as its heading or the passage says."""
    named = found.passage.products
    return f"{named[0]} " if len(named) == 1 and named[0] not in found.excerpt else ""
