"""Whose words a message holds and which customer they are about, before anything is read into them (no I/O)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from bot.conversation import Utterance
from bot.customers import Directory, Meant, reported
from bot.words import Said, take_apart
from crm_bridge import AccountName
from intents import Speaker


@dataclass(frozen=True)
class Understood:
    """A message taken apart. `resumed`: it answered "which customer?", and these are the words that had to wait."""

    said: Said
    meant: Meant
    resumed: bool = False


def understand(
    text: str, quoted: str, directory: Directory, ours: frozenset[str], about_somebody: bool = False
) -> Understood:
    """`ours`: how our own people are called in pasted records. `about_somebody`: the thread has its customer already."""
    said = _told(take_apart(text, ours, quoted), directory)
    if said.speaker is Speaker.REP:
        return Understood(said, directory.meant(said.text, hint=said.hint))
    meant = directory.meant(said.comment, hint=said.hint)
    if meant.nobody and not about_somebody:
        # customers name themselves; others whom they name are no secret of ours
        inside = directory.meant(said.text)
        meant = inside if inside.account else Meant()
    return Understood(said, meant)


def resume(
    text: str, pending: Mapping[str, Any], directory: Directory, ours: frozenset[str]
) -> Understood | None:
    """An answer to "which customer?", by number or name. None where it is none."""
    account = _chosen(text, pending, directory) if pending else None
    if account is None:
        return None
    said = _told(take_apart(pending["text"], ours, pending.get("quoted", "")), directory)
    return Understood(said, Meant(account=account), resumed=True)


def names_only(text: str, meant: Meant, directory: Directory) -> bool:
    """Whether the message is a customer's name and nothing else."""
    if meant.account is None:
        return False
    rest = text
    for match in reversed(directory.find(text)):
        rest = rest[: match.start] + rest[match.end :]
    return not _AROUND.sub("", rest)


_AROUND = re.compile(r"[\s,，。.!！?？、:：是的客户这家公司就和那个吧呢]|有限公司|股份")


def _told(said: Said, directory: Directory) -> Said:
    """Words of a customer that the rep retells without a mark: 华东仁和问X200带制冷吗."""
    if said.speaker is not Speaker.REP:
        return said
    told = reported(said.text, directory.find(said.text))
    return replace(said, utterances=(Utterance(told, Speaker.CUSTOMER),), comment=said.text) if told else said


def _chosen(text: str, pending: Mapping[str, Any], directory: Directory) -> AccountName | None:
    number = re.fullmatch(r"\s*(?:第|选)?\s*([1-9])\s*(?:个|号)?[.。]?\s*", text)
    if number and int(number[1]) <= len(pending["choices"]):
        return directory.by_id.get(pending["choices"][int(number[1]) - 1])
    meant = directory.meant(text)
    return meant.account if names_only(text, meant, directory) else None
