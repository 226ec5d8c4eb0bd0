"""Personal data as entities, with masked values: what `intents.personal` finds."""

from __future__ import annotations

import re
from collections.abc import Iterator

from intents.model import Entity
from intents.personal import Kind, find_numbers
from intents.personal.addresses import addresses
from intents.personal.people import people

_TYPES = {
    Kind.PHONE: "phone", Kind.EMAIL: "email", Kind.ID: "id_number", Kind.CARD: "bank_card", Kind.PLATE: "plate",
    Kind.ACCOUNT: "chat_account", Kind.ADDRESS: "address",
}  # fmt: skip
_SPOKEN = str.maketrans("零〇一幺二两三四五六七八九", "0011223456789")


def private(text: str) -> Iterator[Entity]:
    """Phones, e-mails, ids, bank cards, plates, chat accounts, street addresses."""
    for one in [*find_numbers(text), *addresses(text)]:
        words = text[one.start : one.end]
        yield Entity(_TYPES[one.kind], words, _masked(one.kind, words), one.start, one.end)


def full_names(text: str) -> Iterator[Entity]:
    """People by surname and given name (收货人刘洋); by title (王总) they are `names.people`, and not masked."""
    phones = [one for one in find_numbers(text) if one.kind is Kind.PHONE]
    for one in people(text, phones):
        words = text[one.start : one.end]
        yield Entity("person", words, f"{words[0]}**", one.start, one.end)


def _masked(kind: Kind, words: str) -> str:
    if kind is Kind.PHONE:
        digits = re.sub(r"\D", "", words.translate(_SPOKEN))
        return f"{digits[:3]}****{digits[-4:]}"
    if kind is Kind.EMAIL:
        name, _, host = words.partition("@")
        return f"{name[0]}***@{host}"
    if kind is Kind.ADDRESS:
        return re.sub(r"[\dA-Za-z]+", "*", words)
    plain = re.sub(r"[\s-]", "", words)
    return f"{plain[0]}****{plain[-1]}" if kind is not Kind.CARD else f"****{plain[-4:]}"
