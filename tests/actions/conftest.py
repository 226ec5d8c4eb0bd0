"""Cases and sites for actions: the demo catalogue, a real embedded CRM on a file, a calendar that remembers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import pytest

from bot.actions import Case, CatalogItem, load_catalog
from bot.channels import Channel, ChannelRefused
from bot.conversation import ConversationId, Turn, TurnId, UserId
from bot.executor import Site
from bot.people import Person
from crm_bridge import Account, WriteKey
from crm_bridge.adapters.embedded import EmbeddedCrm
from intents import Intent, Ranked, Reading, Speaker, find_entities
from tests.fakes.clock import START, Clock
from tests.fakes.decisions import a_decision
from tests.fakes.embedded_crm import open_crm

WORLD = Path(__file__).parents[2] / "bot" / "demo" / "world.yaml"
CATALOG = load_catalog(WORLD)


@dataclass
class Calendar:
    """A channel as far as booking goes: once per key, or a refusal."""

    refuses: bool = False
    booked: dict[str, Mapping[str, Any]] = field(default_factory=dict)

    async def book(self, meeting: Mapping[str, Any], organizer: str, key: str) -> str:
        if self.refuses:
            raise ChannelRefused("no permission for calendars", "60011")
        self.booked.setdefault(key, {**meeting, "organizer": organizer})
        return f"event-{key}"


@dataclass
class Office:
    """A CRM with two customers, the people, and all that was told to whom."""

    crm: EmbeddedCrm
    team: Mapping[str, Person]
    calendar: Calendar | None = None
    told: list[tuple[str, str]] = field(default_factory=list)

    async def account(self, short: str = "华东仁和") -> Account:
        found = next(name for name in await self.crm.directory() if short in name.also)
        return await self.crm.account(found.id)

    async def site(self, key: str = "d1-1", by: str = "zhangsan", short: str = "华东仁和") -> Site:
        decision = a_decision(customer=(await self.account(short)).id)
        channel = cast(Channel, self.calendar) if self.calendar else None
        return Site(
            self.crm, WriteKey(key), self.team[by], decision, channel, lambda *words: self.told.append(words)
        )


@pytest.fixture
def office(tmp_path: Path, clock: Clock, team: dict[str, Person]) -> Iterator[Office]:
    crm, engine = open_crm(tmp_path, clock)
    yield Office(crm, team)
    engine.dispose()


CaseMaker = Callable[..., Case]


def a_case(
    text: str,
    intent: str,
    account: Account | None,
    speaker: Speaker = Speaker.CUSTOMER,
    catalog: Mapping[str, CatalogItem] = CATALOG,
) -> Case:
    entities = find_entities(text, products=tuple(catalog), now=START)
    turn = Turn(
        TurnId("t1"),
        ConversationId("sim:zhangsan"),
        "sim",
        UserId("zhangsan"),
        speaker,
        text,
        START,
        account and account.id,
    )
    reading = Reading((Ranked(Intent(intent), 0.9),), entities)
    return Case(turn, reading, Intent(intent), account, START, UserId("zhangsan"), catalog)
