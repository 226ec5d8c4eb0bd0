"""Where personal data stands in a text: names, phones, ids, addresses, e-mails, bank cards, plates, chat accounts.

Measured by `yiju eval run --suite masking`. A surname with a title (王总, 李工) and a company's name say who speaks in business
and are kept; a full name is not.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from intents.personal.addresses import addresses
from intents.personal.model import Kind, Personal
from intents.personal.numbers import numbers
from intents.personal.people import known_people, people

__all__ = ["Kind", "Personal", "find_numbers", "find_personal"]

_WIDE = str.maketrans("０１２３４５６７８９＠＋－．（）：", "0123456789@+-.():")
"""One character for one, so that places hold."""


def find_numbers(text: str) -> list[Personal]:
    """What has a form of its own: everything but names and addresses. Fast enough for every log line."""
    return _apart(numbers(text.translate(_WIDE)))


def find_personal(text: str, names: Collection[str] = ()) -> list[Personal]:
    """Everything, in order and apart; `names` are people known to be in the conversation."""
    plain = text.translate(_WIDE)
    found = _apart(numbers(plain))
    phones = [one for one in found if one.kind is Kind.PHONE]
    return _apart([*found, *known_people(plain, names), *addresses(plain), *people(plain, phones)])


def _apart(found: list[Personal] | Iterator[Personal]) -> list[Personal]:
    """The earlier in the list wins where two overlap."""
    kept: list[Personal] = []
    for one in found:
        if all(one.end <= other.start or other.end <= one.start for other in kept):
            kept.append(one)
    return sorted(kept, key=lambda one: one.start)
