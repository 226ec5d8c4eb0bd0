"""Every route of the application × everybody × somebody else's id: refused, and nothing of it in the answer.

Routes come from the application itself: a new one must be given its ids here, or be named as open with its reason.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from fastapi.routing import APIRoute

from bot import people
from bot.app import Parts
from bot.conversation import UserId
from bot.people import Person, Role
from bot.security import KEY_SCOPES
from bot.serving import app_of
from bot.web.signin import COOKIE
from tests.web.conftest import Site

MARK = "只给张三看的话"
REFUSED = {400, 401, 403, 404, 409, 422}
OPEN = {
    "/healthz": "says only that the process lives",
    "/readyz": "names parts, no people",
    "/metrics": "counts, no words and no ids",
    "/sim": "the page of the simulator, which shows nobody's messages",
    "/sim/as": "the simulator is for trying out: whoever reaches it may act as anybody",
    "/sim/say": "writes as oneself",
    "/sim/tap": "is kept as oneself; the work refuses it, see below",
    "/sim/messages": "one's own",
    "/d/{token}/code": "whoever holds a link may ask for a code, which goes to its owner's chat",
    "/d/{token}/next": "leads to another link, which asks the same question",
}
"""What may answer strangers; that none of it holds foreign words is checked all the same."""
BODIES: dict[str, dict[str, Any]] = {
    "/api/v1/utterances": {"customer": "华东仁和", "text": "你好"},
    "/api/v1/inquiries": {"product": "X200", "message": "要报价"},
    "/api/v1/customers/{customer}/offers": {"product": "X200R"},
    "/api/v1/events": {"entity": "SO-1"},
    "/sim/as": {"person": "lisi"},
    "/sim/say": {"key": "somebody-1", "text": "你好"},
    "/sim/tap": {
        "key": "somebody-2",
        "decision": "d1",
        "button": "confirm",
        "version": 0,
        "content_hash": "x",
    },
}
FORMS: dict[str, dict[str, str]] = {
    "/d/{token}": {"move": "confirm", "mark": "x"},
    "/d/{token}/code": {"user": "zhangsan", "code": "000000"},
}
SCOPES = {
    "/api/v1/utterances": "utterances",
    "/api/v1/inquiries": "inquiries",
    "/api/v1/customers/{customer}/offers": "offers",
}
"""The scope of what writes; what reads wants `read`."""


@dataclass(frozen=True)
class Knocker:
    """Somebody who is not the owner: signed in as `user`, or with a key of these scopes, or nobody at all."""

    name: str
    user: str = ""
    scopes: tuple[str, ...] = ()
    forged: dict[str, str] = field(default_factory=dict)


KNOCKERS = (
    Knocker("anonymous"),
    Knocker("another rep", user="lisi"),
    Knocker("another manager", user="othermanager"),
    Knocker("a trainer", user="sunli"),
    Knocker("a person who left", user="gone"),
    Knocker("a made-up key", forged={"Authorization": "Bearer yk_made-up"}),
    Knocker("an empty key", forged={"Authorization": "Bearer "}),
    *(Knocker(f"a key for {scope}", scopes=(scope,)) for scope in KEY_SCOPES),
)


def every_route(routes: Any) -> Iterator[APIRoute]:
    for route in routes:
        if isinstance(route, APIRoute):
            yield route
        elif inner := getattr(route, "original_router", None):
            yield from every_route(inner.routes)


@pytest.fixture
def doors(parts: Parts) -> list[tuple[str, str]]:
    found = every_route(app_of(parts).routes)
    return sorted({(method, route.path) for route in found for method in route.methods})


def ids(site: Site, page: str) -> dict[str, str]:
    passage = site.parts.library.search("X200 制冷", k=1).evidence[0].passage.id
    return {"token": page.removeprefix("/d/"), "decision": "d1", "event": "e1", "passage": str(passage)}


def is_its_own(knocker: Knocker, path: str) -> bool:
    """Whether this key is for this route: then nobody is a stranger."""
    if not path.startswith("/api/"):
        return False
    wanted = "events" if path == "/api/v1/events" else SCOPES.get(path, "read")
    return wanted in knocker.scopes


@pytest.mark.parametrize("knocker", KNOCKERS, ids=lambda one: one.name)
async def test_nobody_gets_at_somebody_elses(
    site: Site, doors: list[tuple[str, str]], knocker: Knocker, record_property: Callable[[str, object], None]
) -> None:
    with site.parts.store.begin() as session:
        people.add(session, Person(UserId("othermanager"), "别的经理", Role.MANAGER))
        people.add(session, Person(UserId("gone"), "走了的人", Role.REP, active=False))
    page = site.save(words=MARK, channel="wecom")
    simulator: Any = site.parts.channels["sim"]
    await site.parts.store.write(lambda session: simulator.heard(session, "zhangsan", MARK, "me:1"))
    known = ids(site, page) | {"customer": str((await site.parts.crm.directory())[0].id)}
    checked = 0
    for method, path in doors:
        if is_its_own(knocker, path):
            continue
        site.http.cookies.clear()
        if knocker.user:
            site.sign_in(knocker.user)
        headers = dict(knocker.forged) | (site.key(*knocker.scopes) if knocker.scopes else {})
        url = path.replace(":path}", "}").format_map(known)  # KeyError: a new kind of id; name one above
        assert method == "GET" or path in BODIES or path in FORMS, f"say what {method} {path} is sent"
        sent = {"json": BODIES[path]} if path in BODIES else {"data": FORMS.get(path)}
        answer = await site.http.request(method, url, headers=headers, **(sent if method != "GET" else {}))
        where = (knocker.name, method, url, answer.status_code, answer.text[:300])
        assert MARK not in answer.text, where
        assert answer.status_code < 500 or path == "/readyz", where
        if path not in OPEN:
            assert answer.status_code in REFUSED, where
            assert COOKIE not in answer.headers.get("set-cookie", ""), where
        checked += 1
    await site.parts.settle()
    assert site.decision().version == 0
    assert checked >= 15
    record_property("routes × people × somebody else's id", checked)


async def test_the_owner_and_their_manager_do_get_in(site: Site) -> None:
    """Else the walk above would prove nothing."""
    page = site.save(words=MARK, channel="wecom")
    for user in ("zhangsan", "chenjing"):
        site.http.cookies.clear()
        site.sign_in(user)
        answer = await site.http.get(page)
        assert (answer.status_code, MARK in answer.text) == (200, True)
    site.http.cookies.clear()
    assert MARK in (await site.http.get("/api/v1/decisions/d1", headers=site.key("read"))).text
