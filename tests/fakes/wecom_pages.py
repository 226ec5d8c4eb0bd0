"""What WeCom gives to pages: tickets whose signatures its client checks, codes that name a member once, external contacts."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

Json = dict[str, Any]
KINDS = {"": "company", "agent_config": "app"}
CODE_LASTS = timedelta(minutes=5)


@dataclass
class Pages:
    """Part of a platform (tests/fakes/wecom_platform.py); `now` is the platform's clock."""

    now: Callable[[], datetime]
    tickets: dict[str, tuple[str, datetime]] = field(default_factory=dict)
    """Ticket → its kind (company or app) and its end."""
    codes: dict[str, tuple[Json, datetime]] = field(default_factory=dict)
    contacts: dict[str, Json] = field(default_factory=dict)
    """External contacts by id, as externalcontact/get answers them."""
    numbers: Any = field(default_factory=lambda: itertools.count(1))

    def code(self, **who: str) -> str:
        """A fresh code of the sign-in: `userid=` for a member, `openid=` for somebody outside."""
        code = f"code-{next(self.numbers)}"
        self.codes[code] = dict(who), self.now()
        return code

    def add_contact(self, external: str, name: str, company: str = "", **remarks: str) -> None:
        """Somebody whom these members (their ids) have as a contact, with the company they noted for them."""
        followers = [{"userid": user, "remark_corp_name": noted} for user, noted in remarks.items()]
        person = {"external_userid": external, "name": name, "corp_name": company, "type": 1}
        self.contacts[external] = {"external_contact": person, "follow_user": followers}

    def is_signed(self, kind: str, url: str, given: Mapping[str, Any]) -> bool:
        """What WeCom's client checks before a page may call: a live ticket of the right kind, over the page's very address."""
        for ticket, (its_kind, until) in self.tickets.items():
            text = (
                f"jsapi_ticket={ticket}&noncestr={given['nonceStr']}&timestamp={given['timestamp']}&url={url}"
            )
            right = hashlib.sha1(text.encode()).hexdigest() == given["signature"]
            if right and its_kind == kind and until > self.now():
                return True
        return False

    def ticket(self, query: Mapping[str, str]) -> Json:
        """`get_jsapi_ticket`, or `ticket/get` with its type."""
        kind = KINDS.get(query.get("type", ""))
        if kind is None:
            return {"errcode": 40004, "errmsg": "invalid ticket type"}
        ticket = f"ticket-{kind}-{next(self.numbers)}"
        self.tickets[ticket] = kind, self.now() + timedelta(seconds=7200)
        return {"ticket": ticket, "expires_in": 7200}

    def user(self, query: Mapping[str, str]) -> Json:
        """`auth/getuserinfo`."""
        found = self.codes.pop(query.get("code", ""), None)
        if found is None or self.now() - found[1] > CODE_LASTS:
            return {"errcode": 40029, "errmsg": "invalid code"}
        return found[0]

    def contact(self, query: Mapping[str, str]) -> Json:
        """`externalcontact/get`."""
        return self.contacts.get(
            query.get("external_userid", ""), {"errcode": 84061, "errmsg": "no such contact"}
        )
