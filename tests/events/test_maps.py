"""What each source's events mean, and which are refused with what reason."""

from __future__ import annotations

from typing import Any

import pytest

from bot.store import Store
from crm_bridge.events import EventUnreadable, load_maps, replay, split, system_of, translate
from crm_bridge.events.envelope import read
from tests.events import made
from tests.fakes.clock import START, Clock

KINGDEE = {
    "FBillNo": "XSDD000019",
    "FCancelStatus": "B",
    "FCustId": {"FNumber": "CUST0001"},
    "FModifyDate": "2026-11-26T15:02:03.44",
    "FBillAllAmount": 188000,
}
SOURCES: list[tuple[str, str, dict[str, Any], tuple[str, str, str, str], str]] = [
    (
        "/erp/kingdee/acme",
        "SAL_SaleOrder.Cancel",
        KINGDEE,
        ("order.cancelled", "XSDD000019", "CUST0001", "ms"),
        "2026-11-26T07:02:03.440000+00:00",
    ),
    (
        "/erp/u9/acme",
        "UFIDA.U9.SM.SO.SO.Updated",
        {"DocNo": "SO1", "Status": "2", "OrderBy": {"Code": "C1"}, "ModifiedOn": "2026-11-26 15:02:03"},
        ("order.updated", "SO1", "C1", "s"),
        "2026-11-26T07:02:03+00:00",
    ),
    (
        "/erp/t100/acme",
        "xmda_t.update",
        {"xmdadocno": "S1", "xmdastus": "X", "xmda004": "C1", "xmdamoddt": "2026-11-26 15:02:03"},
        ("order.cancelled", "S1", "C1", "s"),
        "2026-11-26T07:02:03+00:00",
    ),
    (
        "/crm/fxiaoke/acme",
        "AccountObj.update",
        {"_id": "a1", "account_level": "VIP", "last_modified_time": 1795676523441},
        ("tier.changed", "a1", "a1", "ms"),
        "2026-11-26T07:02:03.441000+00:00",
    ),
    (
        "/crm/salesforce/acme",
        "/data/OrderChangeEvent",
        {
            "Status": "Cancelled",
            "AccountId": "001",
            "ChangeEventHeader": {
                "entityName": "Order",
                "recordIds": ["801"],
                "commitTimestamp": 1795676523441,
                "sequenceNumber": 1,
            },
        },
        ("order.cancelled", "801", "001", "ms"),
        "2026-11-26T07:02:03.441000+00:00",
    ),
    *(
        (
            "/crm/salesforce/acme",
            f"/data/{entity}ChangeEvent",
            {
                "ChangeEventHeader": {
                    "entityName": entity,
                    "changeType": change,
                    "recordIds": ["801"],
                    "commitTimestamp": 1795676523441,
                }
            },
            (means, "801", "", "ms"),
            "2026-11-26T07:02:03.441000+00:00",
        )
        for entity, change, means in (
            ("Order", "DELETE", "order.closed-or-missing"),
            ("Opportunity", "DELETE", "opportunity.closed"),
        )
    ),
    (
        "/iot/huawei",
        "deviceDataChanged",
        {
            "deviceId": "D1",
            "owner": "华东仁和",
            "service": {
                "serviceType": "Alarm",
                "eventTime": "20261126T070203Z",
                "data": {"code": "E07", "level": 2},
            },
        },
        ("device.fault", "D1", "华东仁和", "s"),
        "2026-11-26T07:02:03+00:00",
    ),
    (
        "/iot/aliyun",
        "thing.event.fault.post",
        {
            "deviceName": "D2",
            "tags": {"owner": "华东仁和"},
            "gmtCreate": 1795676523441,
            "value": {"ErrorCode": "E07"},
        },
        ("device.fault", "D2", "华东仁和", "ms"),
        "2026-11-26T07:02:03.441000+00:00",
    ),
    (
        "/web/site",
        "page.dwell",
        {"visit": "v1", "account": "华东仁和", "page": "/x200", "seconds": 95},
        ("web.page-dwell", "v1", "华东仁和", "s"),
        "2026-11-26T07:02:03+00:00",
    ),
]


def event(source: str, type_: str, data: Any, **more: Any) -> dict[str, Any]:
    return {"specversion": "1.0", "id": "1", "source": source, "type": type_, "data": data, **more}


@pytest.mark.parametrize(("source", "type_", "data", "means", "at"), SOURCES, ids=[one[0] for one in SOURCES])
def test_a_sources_event_becomes_a_change_in_our_words(
    source: str, type_: str, data: dict[str, Any], means: tuple[str, str, str, str], at: str
) -> None:
    found = translate(load_maps(), read(event(source, type_, data, time="2026-11-26T07:02:03Z")), START)
    assert (found.type, found.entity, found.account, found.precision) == means
    assert found.at.isoformat() == at
    assert found.fields


def test_people_read_the_name_of_the_system() -> None:
    assert system_of(load_maps(), "/erp/kingdee/acme") == "金蝶云星空"
    assert system_of(load_maps(), "/somewhere") == "/somewhere"


BROKEN = [
    (event("/a", "nobody.knows", {}), "no map knows"),
    (event("/a", "cn.yiju.order.exploded.v1", {"entity": "1"}), "is unknown"),
    (made.ours("order.updated", "", id_="1", fields={}), "data.entity"),
    (made.ours("order.updated", "1", id_="1", time="2026-11-26T07:02:03", fields={}), "no zone"),
    (made.ours("order.updated", "1", id_="1", time=12345678901, fields={}), "10 digits are seconds"),
    (made.ours("order.updated", "1", id_="1", fields=[1]), "object of fields"),
    ({"specversion": "1.0", "id": "1", "type": "x"}, "source"),
    ({"specversion": "0.3", "id": "1", "source": "/a", "type": "x"}, "expected 1.0"),
    (event("/a", "x", {}, Bad_Name="1"), "Bad_Name"),
    (
        event("/erp/kingdee/x", "BD_Customer.Update", {"FNumber": "1", "FCustTypeId": {"FNumber": "Z"}}),
        "the mapping knows",
    ),
    (
        event(
            "/crm/salesforce/x", "c", {"ChangeEventHeader": {"entityName": "Order", "recordIds": ["1", "2"]}}
        ),
        "one event for each",
    ),
]


@pytest.mark.parametrize(("broken", "reason"), BROKEN, ids=[one[1] for one in BROKEN])
def test_what_cannot_be_understood_is_kept_with_its_reason(
    store: Store, clock: Clock, broken: dict[str, Any], reason: str
) -> None:
    (dead,) = made.given(store, clock(), [broken])
    assert dead.status == "dead"
    assert reason in dead.reason
    with store.look() as session:
        assert made.state(session) == {}


def test_a_dead_letter_is_read_again_by_the_maps_as_they_are_now(
    store: Store, clock: Clock, tmp_path: Any
) -> None:
    (dead,) = made.given(
        store, clock(), [event("/oms", "order.gone", {"no": "SO-1"}, time="2026-11-26T07:02:03Z")]
    )
    with store.begin() as session:
        assert replay(session, load_maps(), dead.uid, clock()).status == "dead"
    (tmp_path / "oms.yaml").write_text(
        "system: oms\ntitle: 旧订单系统\nsources: [/oms]\nevents:\n"
        "  - {type: order.gone, becomes: order.cancelled, kind: order, entity: data.no, fields: {status: {is: 已取消}}}\n",
        encoding="utf-8",
    )
    with store.begin() as session:
        taken = replay(session, load_maps(tmp_path), dead.uid, clock())
        assert (taken.status, dict(taken.current)) == ("accepted", {"status": "已取消"})
        with pytest.raises(KeyError):
            replay(session, load_maps(tmp_path), dead.uid, clock())


def test_structured_batch_and_binary_bring_the_same_event() -> None:
    import orjson

    whole = made.ours("order.updated", "SO-1", id_="1", time="2026-11-26T07:02:03Z", fields={"status": "x"})
    structured = split("application/cloudevents+json; charset=utf-8", {}, orjson.dumps(whole))
    batch = split("application/cloudevents-batch+json", {}, orjson.dumps([whole]))
    headers = {f"CE-{name}": str(value) for name, value in whole.items() if name != "data"}
    binary = split("application/json", headers, orjson.dumps(whole["data"]))
    assert read(structured[0]) == read(batch[0]) == read(binary[0])


@pytest.mark.parametrize(
    ("media", "body"),
    [
        ("application/cloudevents+json", b"{"),
        ("application/cloudevents+json", b"[]"),
        ("application/cloudevents-batch+json", b"{}"),
        ("text/plain", b"hello"),
    ],
)
def test_a_request_that_is_no_event_is_refused_whole(media: str, body: bytes) -> None:
    with pytest.raises(EventUnreadable):
        split(media, {}, body)


def test_a_gap_of_salesforce_names_the_record_and_sets_nothing() -> None:
    header = {"entityName": "Opportunity", "changeType": "GAP_UPDATE", "recordIds": ["006"]}
    attributes = {"source": "/crm/salesforce/x", "type": "/data/OpportunityChangeEvent"}
    gap = read({**attributes, "specversion": "1.0", "id": "1", "data": {"ChangeEventHeader": header}})
    found = translate(load_maps(), gap, START)
    assert (found.type, found.entity, found.fields) == ("opportunity.updated", "006", {})
