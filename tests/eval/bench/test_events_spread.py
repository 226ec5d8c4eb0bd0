"""Reports published to a real NATS stream: none of an earlier run reaches a new installation, and none is left behind."""

from __future__ import annotations

import uuid

import pytest

from eval.bench import company, events_spread
from eval.bench.events_spread import Reported
from eval.bench.percentiles import Percentiles
from eval.bench.platform_client import PlatformClient
from eval.bench.spread import Spread
from eval.bench.wecom_platform import Arrival
from tests.eval.bench.conftest import message

DATABASE = "postgresql://postgres@127.0.0.1:5432/nowhere"


@pytest.mark.service
async def test_what_an_earlier_run_left_is_gone_before_and_ours_after(
    nats_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    import nats

    mine = uuid.uuid4().hex[:8]
    monkeypatch.setattr(events_spread, "STREAM", f"TEST_{mine}")
    monkeypatch.setattr(events_spread, "SUBJECT", f"test-{mine}.bench")
    client = await nats.connect(nats_url)
    stream = client.jetstream()

    async def waiting() -> int:
        return int((await stream.stream_info(f"TEST_{mine}")).state.messages)

    await stream.add_stream(name=f"TEST_{mine}", subjects=[f"test-{mine}.>"])
    try:
        await stream.publish(f"test-{mine}.bench", b"of an earlier run")
        await stream.publish(f"test-{mine}.other", b"somebody else's")
        async with events_spread._stream(Spread(DATABASE, nats_url, 2)) as publish:
            assert await waiting() == 1
            times = await events_spread._sent(publish, company.senders(3), rate=1000)
            assert await waiting() == 4
        assert await waiting() == 1
        assert set(times) == {one.wecom for one in company.senders(3)}
        assert all(took > 0 for _, took in times.values())
    finally:
        await stream.delete_stream(f"TEST_{mine}")
        await client.close()


async def test_a_reps_first_card_counts_and_what_nobody_saw_does_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    first, second = company.senders(2)

    def arrived(number: int, at: float, user: str, **changes: object) -> Arrival:
        values = {"errcode": 0, "collapsed": False} | changes
        return Arrival(
            number, at, "message/send", user, "template_card", f"t{number}", body=message("x"), **values
        )  # type: ignore[arg-type]

    found = [
        arrived(1, 5.0, first.wecom, errcode=45009),
        arrived(2, 6.0, first.wecom.upper()),
        arrived(3, 7.0, first.wecom),
        arrived(4, 8.0, second.wecom, collapsed=True),
        arrived(5, 9.0, "somebody"),
    ]

    async def wait(self: object, enough: object, patience: float) -> list[Arrival]:
        return found

    monkeypatch.setattr(PlatformClient, "wait", wait)
    cards = await events_spread._first_cards(PlatformClient(None), [first, second])  # type: ignore[arg-type]
    assert cards == {first.wecom: 6.0}


def test_what_was_lost_stands_first() -> None:
    report = Reported(2, 5, 10, 1, Percentiles.of([0.001]), Percentiles.of([0.5] * 9))
    assert "10 reports at 5/s over NATS to 2 workers, 1 lost" in report.as_text()
    assert report.as_json()["shown"]["p99"] == 500
