"""Personal data out of text that is logged, labelled, embedded or sent to a language model."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence

from intents.personal import Kind, Personal, find_numbers, find_personal


def mask(text: str) -> str:
    """138****8000, ids and bank cards to their last four, e-mail to its first letter, plates, accounts. Idempotent.

    What has a form of its own; names and addresses stay (`mask_people`).
    """
    return _masked(text, find_numbers(text))


def mask_people(text: str, names: Collection[str] = ()) -> str:
    """Also full names (周**) and addresses from the street on, as far as they are recognised. Idempotent.

    For words that leave the conversation they were said in. `names` are people known to be in it.
    """
    while (masked := _masked(text, find_personal(text, names))) != text:
        text = masked  # a name gone, the dictionary may cut its neighbours otherwise
    return masked


def _masked(text: str, found: Sequence[Personal]) -> str:
    for one in reversed(found):
        text = text[: one.start] + _SHOWN[one.kind](text[one.start : one.end]) + text[one.end :]
    return text


def _phone(said: str) -> str:
    digits = re.sub(r"[^\d一幺二三四五六七八九零〇两+]", "", said)
    if landline := re.match(r"\D*(010|02\d|0\d{3})(?=[^\d]*\d{7,8}$)", said.strip()):
        return f"{landline[1]}-****{digits[-4:]}"
    home = re.sub(r"^(?:\+86|0086|86(?=1\d{10}$))", "", digits)
    return f"{home[:4] if home[0] == '+' else home[:3]}****{digits[-4:]}"


def _id(said: str) -> str:
    digits = said.replace(" ", "")
    return f"{digits[:6]}********{digits[-4:]}" if len(digits) > 12 else f"{digits[0]}****{digits[-2:]}"


def _card(said: str) -> str:
    digits = re.sub(r"\D", "", said)
    return f"{digits[:4]} **** {digits[-4:]}"


_SHOWN: dict[Kind, Callable[[str], str]] = {
    Kind.NAME: lambda said: f"{said[0]}**",
    Kind.PHONE: _phone,
    Kind.ID: _id,
    Kind.ADDRESS: lambda said: "***",
    Kind.EMAIL: lambda said: re.sub(r"^(.)[^@＠]*[@＠]", r"\1***@", said),
    Kind.CARD: _card,
    Kind.PLATE: lambda said: f"{said[:2]}***{said[-2:]}",
    Kind.ACCOUNT: lambda said: f"{said[:2]}***",
}
