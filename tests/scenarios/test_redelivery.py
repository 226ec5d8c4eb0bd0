"""WeCom repeats what it thinks we missed, and processes die: still one turn, one card, one action."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.decision import State
from bot.store import Store
from bot.tables import ActionRow, DeliveryRow, OutboxRow, TurnRow
from crm_bridge.adapters.embedded.tables import OpportunityRow
from tests.fakes.clock import Clock
from tests.fakes.product import ASKED, DemoCompany, Product, start
from tests.fakes.wecom_platform import WeComPlatform

SEND = "message/send"


class Died(BaseException):
    """What a killed process looks like from within: nothing catches it."""


def restarted(product: Product, demo: DemoCompany, data_dir: Path) -> Product:
    """Another process over the same data, on the same platform."""
    return start(demo, data_dir, product.clock, product.wecom)


async def test_a_callback_that_comes_three_times_is_one_card(product: Product) -> None:
    callback = product.wecom.say("zhangsan", ASKED, msgid="7000000000000000001")
    for _ in range(2):
        assert (await product.deliver(callback)).status_code == 200
    await product.settle()
    assert (await product.deliver(callback)).status_code == 200
    await product.settle()
    assert len(product.cards("zhangsan")) == 1
    assert [product.count(table) for table in (DeliveryRow, TurnRow)] == [1, 1]


async def test_a_message_sealed_anew_is_recognised_by_its_id(product: Product) -> None:
    """A redelivery has another nonce and signature; the message inside is the same."""
    for _ in range(2):
        await product.deliver(product.wecom.say("zhangsan", ASKED, msgid="7000000000000000002"))
    await product.settle()
    assert len(product.cards("zhangsan")) == 1


async def test_a_tap_that_comes_twice_is_one_action(product: Product) -> None:
    before = product.count(OpportunityRow)
    await product.hears("zhangsan", ASKED)
    tap = product.wecom.tap(product.cards("zhangsan")[0], "确认")
    for _ in range(2):
        await product.deliver(tap)
        await product.settle()
    assert product.count(OpportunityRow) == before + 1
    assert product.words("zhangsan") == []


async def test_a_process_that_dies_after_the_acknowledgement_loses_nothing(
    product: Product, demo: DemoCompany, data_dir: Path
) -> None:
    assert (await product.deliver(product.wecom.say("zhangsan", ASKED))).status_code == 200
    await product.close()
    after = restarted(product, demo, data_dir)
    await after.settle()
    assert len(after.cards("zhangsan")) == 1
    await after.close()


async def test_a_process_that_dies_when_the_card_was_sent_sends_no_second_one(
    product: Product, demo: DemoCompany, data_dir: Path
) -> None:
    def die(path: str) -> None:
        if path == SEND:
            raise Died

    product.wecom.before_answer = die
    await product.deliver(product.wecom.say("zhangsan", ASKED))
    with pytest.raises(Died):
        await product.settle()
    product.wecom.before_answer = None
    await product.close()
    after = restarted(product, demo, data_dir)
    await after.settle()
    assert len(after.cards("zhangsan")) == 1
    assert after.decision(after.cards("zhangsan")[0]).state is State.PROPOSED
    await after.close()


@pytest.mark.parametrize("fatal", range(1, 6))
async def test_a_process_that_dies_at_any_commit_of_a_tap_does_every_action_once(
    product: Product, demo: DemoCompany, data_dir: Path, monkeypatch: pytest.MonkeyPatch, fatal: int
) -> None:
    before = product.count(OpportunityRow)
    await product.hears("zhangsan", ASKED)
    await product.deliver(product.wecom.tap(product.cards("zhangsan")[0], "确认"))
    with monkeypatch.context() as dying:
        dying.setattr(Store, "write", _dies_after(fatal))
        with pytest.raises(Died):
            await product.settle()
    await product.close()
    after = restarted(product, demo, data_dir)
    await after.settle()
    assert after.count(OpportunityRow) == before + 1
    assert [row.state for row in after.rows(ActionRow)] == ["done", "done"]
    assert [row.state for row in after.rows(OutboxRow) if row.state != "done"] == []
    assert after.decision(after.cards("zhangsan")[0]).state is State.CARRIED_OUT
    await after.close()


def _dies_after(commits: int) -> object:
    """`Store.write` whose process dies right after that many commits."""
    write, made = Store.write, 0

    async def writes(self: Store, work: object) -> object:
        nonlocal made
        result: object = await write(self, work)  # type: ignore[arg-type]
        made += 1
        if made == commits:
            raise Died
        return result

    return writes


async def test_a_customer_is_answered_when_the_database_was_away_for_a_moment(
    product: Product, clock: Clock, wecom: WeComPlatform, monkeypatch: pytest.MonkeyPatch
) -> None:
    await product.deliver(wecom.say("zhangsan", ASKED))
    with monkeypatch.context() as away:
        away.setattr(product.parts.copilot.crm, "directory", _locked)
        await product.settle()
    assert product.cards("zhangsan") == []
    product.pass_by(seconds=5)
    await product.settle()
    assert len(product.cards("zhangsan")) == 1


async def _locked() -> None:
    raise RuntimeError("database is locked")
