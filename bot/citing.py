"""Money, dates, delivery and warranty never go to a customer without their source.

Where a sentence says such a thing and names no source, it gets the name of the only one that carries it. It is taken out
where several could be meant, and where it names one that says no such thing.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from bot.figures import Figure, plain
from bot.grounding import Checked, Clause, Sources, check, clauses_of, numbered, promises, sentences

_SAID = re.compile(r"[“「][^”」\n]*[”」]")
"""The customer's own words, quoted: a question promises nothing."""
_PLACE = re.compile(
    r"《(?P<title>[^《》\n]+)》(?P<where>\s*(?:第[\d一二三四五六七八九十百]+[页条款章][^,、;。)\n]{0,8}|\d[\d.]*)?)"
)
_NAMED_SYSTEM = re.compile(r"\([^()《》\n]+·[^()\n]+\)")
_ENDING = re.compile(r"[。！？!?,，;；\s]*$")
_MONEY = frozenset({"元", "美元"})
_SHARES = frozenset({"%", "‰", "倍"})
_PRICED = re.compile(r"价|金额|货款|合计|费")
_PAID = re.compile(r"折|优惠|让利|返|违约|预付|首付|尾款|定金|税|罚|赔|付")
_OWED = frozenset(
    {"warranty", "consumables", "payment", "lead", "response", "returns", "repair", "penalty", "discount"}
)
"""Matters of which a duration or a promise binds us: so long, so soon, for so much."""
_BINDS = re.compile(r"到货|送到|送达|交货|交付|发货|发出|上门|到场|安装|换货|退货|日达|有效期|到期|应付")
_FREE = re.compile(
    r"免费|不收费|不要钱|不收钱|赠|送|赔|退|优惠|折|特价|便宜|包换|终身|永久|无限期|准时|按时|7[×x*]24|全天候"
)
_FREIGHT = re.compile(r"运费|包邮|送货上门|邮费")
YEARS = 1000
"""From it on, 年 names a year."""


@dataclass(frozen=True)
class _Claim:
    """A figure or a word that needs a source, and the clause that it stands in."""

    what: Figure | str
    clause: Clause

    def stands_in(self, clause: Clause) -> bool:
        if isinstance(self.what, str):
            return self.what in clause.text
        return any(self.what.is_same(one) for one in clause.figures)


def cite(text: str, sources: Sources) -> Checked:
    """The draft with a source at every such sentence; what nothing carries (grounding.py) is taken out as well."""
    supported = check(text, sources)
    kept: list[str] = []
    removed: list[str] = []
    for sentence, rest in _with_rest_of_line(supported.text):
        missing = _missing(sentence, rest, sources)
        if missing is None:
            removed.append(sentence.strip())
        else:
            kept.append(_with(sentence, missing))
    left = "".join(kept).strip()
    return Checked(numbered(left) if removed else left, (*supported.removed, *removed))


def uncited(text: str, sources: Sources) -> list[tuple[str, str]]:
    """What a person wrote that no source carries or names: the sentence, and the source that it could name, if any."""
    found = [(sentence, "") for sentence in check(text, sources).removed]
    for sentence, rest in _with_rest_of_line(check(text, sources).text):
        missing = _missing(sentence, rest, sources)
        if missing is None or missing:
            found.append((sentence.strip(), ";".join(missing or ())))
    return found


def _with_rest_of_line(text: str) -> Iterator[tuple[str, str]]:
    """Each sentence, with the line from there on: a source at its end speaks for all of it."""
    every = sentences(text)
    for at, sentence in enumerate(every):
        rest = "".join(every[at:]).partition("\n")[0]
        yield sentence, rest


def _missing(sentence: str, rest: str, sources: Sources) -> tuple[str, ...] | None:
    """The sources that are to be named still; None where it cannot be said which, or where a wrong one is named."""
    claims = list(_claims(sentence))
    if not claims:
        return ()
    named, strange = _named(rest, {clause.source for clause in sources.clauses} - {""})
    if strange:
        return None
    holders = [_holders(claim, sources) for claim in claims]
    open_claims = [names for names in holders if not names & named]
    if named and len(open_claims) == len(claims):
        return None
    missing: dict[str, None] = {}
    for names in sorted(open_claims, key=len):
        if not names & missing.keys():
            if len(names) != 1:
                return None
            missing |= dict.fromkeys(names)
    return tuple(missing)


def _claims(sentence: str) -> Iterator[_Claim]:
    """What of a sentence needs a source."""
    words = plain(_NAMED_SYSTEM.sub("", _PLACE.sub("", _SAID.sub("", sentence))))
    for clause in clauses_of(words, implied=False):
        yield from (_Claim(one, clause) for one in clause.figures if _binds(one, clause))
        yield from (_Claim(word, clause) for word in _bound(clause))


def _bound(clause: Clause) -> Iterable[str]:
    promised = [word for word in promises(clause.text) if _FREE.search(word) or clause.topics & _OWED]
    return dict.fromkeys([*promised, *_FREIGHT.findall(clause.text)])


def _binds(figure: Figure, clause: Clause) -> bool:
    """Money, a share of money, a date, a time within which something is due, done or guaranteed."""
    if figure.unit in _MONEY or figure.unit == "date":
        return True
    if figure.unit in _SHARES:
        return bool(clause.topics & _OWED or _PAID.search(clause.text))
    if figure.unit == "年":
        return figure.raw.isdigit() and int(figure.raw) >= YEARS
    if figure.unit in {"个月", "minutes", "工作日", "soon"}:
        return bool(clause.topics & _OWED or _BINDS.search(clause.text))
    return not figure.unit and figure.is_large and bool(_PRICED.search(clause.text))


def _holders(claim: _Claim, sources: Sources) -> frozenset[str]:
    """Names of the sources that say it: of several those that speak of the same matter, of these the same model."""
    said = claim.clause
    found = [one for one in sources.clauses if one.source and claim.stands_in(one)]
    found = [one for one in found if one.topics & said.topics] or found
    found = [one for one in found if one.models & said.models] or found
    return frozenset(one.source for one in found)


def _named(rest: str, known: Collection[str]) -> tuple[frozenset[str], bool]:
    """The known sources that a line names, by their place or their title alone; and whether it names an unknown one."""
    line = plain(rest)
    named = {name for name in known if plain(name) in line}
    for name in sorted(named, key=len, reverse=True):
        line = line.replace(plain(name), " ")
    strange = bool(_NAMED_SYSTEM.search(line))
    for place in _PLACE.finditer(line):
        of_title = {name for name in known if plain(name).startswith(f"《{place['title']}》")}
        strange = strange or not of_title or bool(place["where"].strip())
        named |= of_title
    return frozenset(named), strange


def _with(sentence: str, names: Iterable[str]) -> str:
    """The sentence with these sources in brackets before its full stop."""
    if not (told := ";".join(names)):
        return sentence
    ending = _ENDING.search(sentence)
    assert ending is not None
    return f"{sentence[: ending.start()]}({told}){ending.group()}"
