"""Who an external contact is: what the company's members noted of them ("获取客户详情", path/92114)."""

from __future__ import annotations

from dataclasses import dataclass

from bot.channels import ChannelRefused
from bot.channels.wecom.client import Client

MAY_NOT_ASK = frozenset({"48002", "60020", "84061", "84074", "701008"})
"""The app lacks the right of 客户联系, or WeCom knows no such contact of ours: then nothing is known, and a person says who it is."""


@dataclass(frozen=True)
class ExternalContact:
    """A person outside the company whom members of it have as a contact."""

    name: str
    companies: tuple[str, ...] = ()
    """Names of their company, as they or our members wrote them."""
    followers: frozenset[str] = frozenset()
    """Members whose contact this is, in lower case."""


async def contact(client: Client, external: str) -> ExternalContact | None:
    """None where WeCom may not or cannot say. Raises `ChannelBusy`, `ChannelRefused`."""
    try:
        answer = await client.get("externalcontact/get", {"external_userid": external})
    except ChannelRefused as refused:
        if refused.code in MAY_NOT_ASK:
            return None
        raise
    person, followers = answer.get("external_contact", {}), answer.get("follow_user", [])
    named = [person.get("corp_full_name"), person.get("corp_name")]
    named += [one.get("remark_corp_name") for one in followers]
    return ExternalContact(
        name=str(person.get("name", "")),
        companies=tuple(dict.fromkeys(str(name) for name in named if name)),
        followers=frozenset(str(one.get("userid", "")).lower() for one in followers),
    )
