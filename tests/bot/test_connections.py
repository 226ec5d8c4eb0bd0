"""How a connection fares is kept: a change at once, the same again once a minute, and the newest failure with its words."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlmodel import Session

from bot.channels import ChannelBusy, ChannelError, ChannelRefused
from bot.connections import AGAIN_AFTER, Connections, record
from bot.console.connections_page import ADVICE, OTHERWISE, OUTSIDE, advice
from bot.jobs import Jobs
from bot.people import Person
from bot.sender import OWN_PACE, Sender
from bot.store import Store
from bot.tables import ConnectionRow
from bot.worker import Worker
from crm_bridge import AccountId, CrmUnavailable, UnknownAccount
from crm_bridge.contracts import ContractedCrm, load_contract
from tests.console.english import sentences
from tests.fakes.channel import FakeChannel
from tests.fakes.clock import START, Clock
from tests.fakes.office import Office
from tests.fakes.queues import leases_for


@pytest.fixture
def connections(store: Store, clock: Clock) -> Connections:
    return Connections(store, clock)


async def row(connections: Connections, store: Store, name: str) -> ConnectionRow:
    await connections.written_down()
    found = await store.read(lambda session: session.get(ConnectionRow, name))
    assert found is not None
    return found


async def test_the_last_failure_is_kept_with_when_and_why_until_it_works_again(
    connections: Connections, store: Store, clock: Clock
) -> None:
    connections.heard("wecom", None)
    clock.advance(seconds=5)
    connections.heard("wecom", ChannelRefused("WeCom answered 60020", "60020", alert=True))
    failed = await row(connections, store, "wecom")
    assert (failed.worked_at, failed.failed_at) == (START, START + timedelta(seconds=5))
    assert (failed.kind, failed.error) == ("60020", "WeCom answered 60020")
    clock.advance(seconds=5)
    connections.heard("wecom", None)
    again = await row(connections, store, "wecom")
    assert again.worked_at == START + timedelta(seconds=10)
    assert (again.failed_at, again.kind) == (failed.failed_at, "60020")


async def test_the_same_again_is_written_once_a_minute(
    connections: Connections, store: Store, clock: Clock
) -> None:
    connections.heard("crm", None)
    clock.advance(seconds=59)
    connections.heard("crm", None)
    assert (await row(connections, store, "crm")).worked_at == START
    clock.advance(seconds=1)
    connections.heard("crm", None)
    assert (await row(connections, store, "crm")).worked_at == START + AGAIN_AFTER


async def test_another_kind_of_failure_is_news_at_once(
    connections: Connections, store: Store, clock: Clock
) -> None:
    connections.heard("crm", CrmUnavailable("asleep"))
    assert (await row(connections, store, "crm")).kind == "CrmUnavailable"
    connections.heard("crm", ChannelBusy("flood", "flood"))
    assert (await row(connections, store, "crm")).kind == "flood"


def test_a_long_answer_is_cut(store: Store) -> None:
    def keep(session: Session) -> int:
        record(session, "crm", START, CrmUnavailable("x" * 5000))
        session.flush()
        return len(session.get_one(ConnectionRow, "crm").error)

    with store.begin() as session:
        assert keep(session) == 500


class Ear:
    """Keeps what it is told, in order: who, and the kind of error."""

    def __init__(self) -> None:
        self.told: list[tuple[str, str]] = []

    def __call__(self, name: str, error: Exception | None) -> None:
        self.told.append((name, str(error or "")))


@pytest.mark.parametrize(
    ("answers", "told"),
    [
        ([], [("sim", "")]),
        ([ChannelBusy("time-out")], [("sim", "time-out")]),
        ([ChannelBusy("our own limit", OWN_PACE)], []),
        ([ChannelRefused("no permission", "48002", alert=True)], [("sim", "no permission")]),
        ([ChannelRefused("this person left", "60111")], [("sim", "")]),
    ],
    ids=["sent", "busy", "own pace", "operator", "person"],
)
async def test_sending_tells_how_the_channel_fares(
    store: Store,
    clock: Clock,
    team: dict[str, Person],
    answers: list[ChannelError],
    told: list[tuple[str, str]],
) -> None:
    office, channel, ear = Office(store, clock), FakeChannel(), Ear()
    channel.script = list(answers)
    sender = Sender(store, office.messages, office.outbox, {"sim": channel}, None, clock, ear)  # type: ignore[arg-type]
    with store.begin() as session:
        office.outbox.say(session, team["zhangsan"], "sim", "您好", "k", clock())
    await Worker(office.messages, sender.work, clock).drain()
    assert ear.told == told


async def test_renewing_a_token_tells_how_the_channel_fares(store: Store, clock: Clock) -> None:
    class Tokens:
        def __init__(self, error: ChannelError | None) -> None:
            self.error = error

        async def warm(self) -> None:
            if self.error:
                raise self.error

    office, ear = Office(store, clock), Ear()
    channels = {"wecom": Tokens(None), "dingtalk": Tokens(ChannelRefused("wrong secret", "40001"))}
    jobs = Jobs(store, office.confirmations, (), channels, leases_for(store), clock, heard=ear)  # type: ignore[arg-type]
    await jobs.warm()
    assert ear.told == [("wecom", ""), ("dingtalk", "wrong secret")]


async def test_a_customer_system_that_refuses_has_answered_and_one_that_sleeps_has_not(
    store: Store, clock: Clock
) -> None:
    class System:
        name = "crm"

        def __init__(self) -> None:
            self.error: Exception | None = None

        async def account(self, account: AccountId) -> None:
            raise self.error or UnknownAccount("no such customer")

        async def directory(self) -> tuple[()]:
            return ()

    system, told = System(), []
    crm = ContractedCrm(
        system,
        load_contract("embedded"),
        store.engine,
        store.begin,
        clock,
        told.append,  # type: ignore[arg-type]
    )
    assert await crm.directory() == ()
    with pytest.raises(UnknownAccount):
        await crm.account(AccountId("A"))
    system.error = CrmUnavailable("asleep")
    with pytest.raises(CrmUnavailable):
        await crm.account(AccountId("A"))
    assert [str(one or "") for one in told] == ["", "", "asleep"]


def test_for_every_failure_there_is_something_to_do_in_chinese() -> None:
    assert "企业可信IP" in advice("wecom", "60020")
    assert "权限" in advice("dingtalk", "Forbidden.AccessDenied.AccessTokenPermissionDenied")
    assert advice("wecom", "-1") == OTHERWISE["wecom"]
    assert set(OTHERWISE) == set(OUTSIDE)
    told = [*OTHERWISE.values(), *(words for known in ADVICE.values() for words in known.values())]
    assert [one for one in told if sentences(one) or not one.endswith("。")] == []
