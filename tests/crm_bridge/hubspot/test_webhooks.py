"""Signed batches of hints: what proves nothing is refused, what comes twice is one, what is hinted at is looked up."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from crm_bridge import AccountId
from crm_bridge.adapters.hubspot.webhooks import MOST, NoHints, NotFromHubSpot, check, read, sign
from crm_bridge.adapters.remote import RemoteCrm
from crm_bridge.mapping import load_mapping
from tests.fakes.clock import Clock
from tests.fakes.systems.hubspot import FakeHubSpot

URL = "https://hook.example.com/hubspot?a=1"
AT = datetime.fromtimestamp(1_760_000_000, UTC)
VECTOR = {
    "x-hubspot-request-timestamp": "1760000000000",
    "x-hubspot-signature-v3": "Yhau+iJDSoNEsNY4ubSspexkPF7AgZiNJO/AOk0dXbs=",
}
"""Of a request that was signed elsewhere."""
BODY = b'[{"eventId":1}]'
EVENT = {
    "eventId": 3181526892, "subscriptionId": 25, "portalId": 62515, "appId": 54321, "occurredAt": 1771053723441,
    "subscriptionType": "deal.propertyChange", "attemptNumber": 0, "objectId": 512, "propertyName": "amount",
    "propertyValue": "2400000", "changeSource": "CRM_UI", "sourceId": "userId:42",
}  # fmt: skip


def told(*events: Any) -> list[Any]:
    found = read(json.dumps(events).encode(), load_mapping("hubspot", ""))
    assert found.broken == ()
    return list(found.hints)


@pytest.mark.parametrize("age_s", [0, 299, -299])
def test_a_request_signed_with_the_secret_is_taken(age_s: int) -> None:
    refused = ""
    try:
        check("secret", URL, VECTOR, BODY, AT + timedelta(seconds=age_s))
    except NotFromHubSpot as error:
        refused = str(error)
    assert refused == ""


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"secret": "other"}, "does not fit"),
        ({"body": b'[{"eventId":2}]'}, "does not fit"),
        ({"url": "https://hook.example.com/hubspot?a=2"}, "does not fit"),
        ({"now": AT + timedelta(seconds=301)}, "five minutes"),
        ({"now": AT - timedelta(seconds=301)}, "five minutes"),
        ({"headers": VECTOR | {"x-hubspot-request-timestamp": "soon"}}, "milliseconds"),
        ({"headers": VECTOR | {"x-hubspot-request-timestamp": "１７６"}}, "milliseconds"),
        ({"headers": VECTOR | {"x-hubspot-signature-v3": "签名"}}, "does not fit"),
        ({"headers": {}}, "are needed"),
    ],
)
def test_what_proves_nothing_is_refused_with_the_reason(change: dict[str, Any], words: str) -> None:
    given: dict[str, Any] = {
        "secret": "secret",
        "url": URL,
        "headers": VECTOR,
        "body": BODY,
        "now": AT,
    } | change
    with pytest.raises(NotFromHubSpot, match=words):
        check(**given)


def test_signs_that_hubspot_decodes_in_the_query_are_decoded_before_signing() -> None:
    plain, encoded = (
        "https://h.cn/x?back=a:/?@!$'()*,;",
        "https://h.cn/x?back=a%3a%2F%3F%40%21%24%27%28%29%2A%2C%3B",
    )
    assert sign("s", plain, b"", "1") == sign("s", encoded, b"", "1")
    assert sign("s", "https://h.cn/x?a=%20", b"", "1") != sign("s", "https://h.cn/x?a= ", b"", "1")


def test_a_hint_names_the_record_by_our_kind_and_the_same_again_has_the_same_key() -> None:
    (one,) = told(EVENT)
    assert (one.kind, one.record, one.deleted) == ("opportunity", "512", False)
    assert one.at == datetime(2026, 2, 14, 7, 22, 3, 441_000, tzinfo=UTC)
    (again,) = told(EVENT | {"attemptNumber": 3, "eventId": 99})
    assert again.key == one.key
    (other,) = told(EVENT | {"propertyValue": "2500000"})
    assert other.key != one.key


def test_a_batch_in_any_order_is_one_hint_for_each_record_and_its_end() -> None:
    later = EVENT | {"occurredAt": EVENT["occurredAt"] + 5}  # type: ignore[operator]
    gone = later | {"subscriptionType": "object.deletion", "objectTypeId": "0-3"}
    newer = {**EVENT, "subscriptionType": "object.creation", "objectTypeId": "0-5", "objectId": "7"}
    unknown = (
        {**EVENT, "subscriptionType": "line_item.creation"},
        {**EVENT, "subscriptionType": "contact.creation"},
    )
    found = told(later, gone, EVENT, newer, *unknown)
    assert [(one.kind, one.record, one.deleted) for one in found] == [
        ("opportunity", "512", False),
        ("opportunity", "512", True),
        ("ticket", "7", False),
    ]
    assert found[0].at == found[1].at


@pytest.mark.parametrize("body", [b"", b"{", b"{}", json.dumps([EVENT] * (MOST + 1)).encode()])
def test_a_request_that_is_no_list_of_events_is_refused(body: bytes) -> None:
    with pytest.raises(NoHints):
        read(body, load_mapping("hubspot", ""))


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        (1, "TypeError"),
        (None, "TypeError"),
        ({"subscriptionType": "deal.creation"}, "'objectId'"),
        (EVENT | {"objectId": "x"}, "invalid literal"),
        (EVENT | {"occurredAt": "soon"}, "invalid literal"),
        (EVENT | {"occurredAt": 10**30}, "Error"),
    ],
)
def test_an_event_that_cannot_be_read_keeps_no_other_back(broken: Any, reason: str) -> None:
    later = EVENT | {"objectId": 513}
    found = read(json.dumps([EVENT, broken, later]).encode(), load_mapping("hubspot", ""))
    assert [one.record for one in found.hints] == ["512", "513"]
    ((event, why),) = found.broken
    assert event == broken
    assert reason in why
    assert "are needed" in why


async def test_what_is_looked_up_is_the_change_that_a_poll_tells(
    crm: RemoteCrm, portal: FakeHubSpot, known: AccountId, clock: Clock
) -> None:
    start = (await crm.changes("")).cursor
    clock.advance(seconds=10)
    number = portal.add("deals", company=known.removeprefix("HS-"), dealname="X350", dealstage="9002")
    found = await crm.changed("opportunity", number)
    (polled,) = (one for one in (await crm.changes(start)).changes if one.record_id.endswith(number))
    assert found == polled
    assert found.account == known


async def test_a_search_that_lags_does_not_keep_a_hint_waiting(
    crm: RemoteCrm, portal: FakeHubSpot, known: AccountId
) -> None:
    portal.lags = True
    number = portal.add("deals", company=known.removeprefix("HS-"), dealname="X350", dealstage="9002")
    found = await crm.changed("opportunity", number)
    assert found is not None
    assert found.fields["title"] == "X350"
    assert await crm.changed("opportunity", "999999") is None
