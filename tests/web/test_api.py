"""`/api/v1`: keys with scopes, and refusals that say what to do next."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import func, select

from bot.decision import Draft, Rationale, Reason, ReasonKind
from bot.security import revoke_key
from bot.tables import ApiKeyRow, DeliveryRow
from crm_bridge import AccountId
from tests.fakes.lent_library import document_called, seen_by
from tests.web.conftest import Site

SAID = {"customer": "华东仁和", "text": "X200 50台什么价"}


def deliveries(site: Site) -> int:
    with site.parts.store.look() as session:
        return int(session.execute(select(func.count()).select_from(DeliveryRow)).scalar_one())


async def test_words_of_a_customer_are_kept_and_acknowledged(site: Site) -> None:
    found = await site.http.post(
        "/api/v1/utterances", json=SAID | {"id": "call-1"}, headers=site.key("utterances")
    )
    assert (found.status_code, found.json()) == (202, {"key": "feed:call-1", "new": True})
    assert deliveries(site) == 1


async def test_the_same_id_is_worked_once(site: Site) -> None:
    key = site.key("utterances")
    await site.http.post("/api/v1/utterances", json=SAID | {"id": "call-1"}, headers=key)
    again = await site.http.post("/api/v1/utterances", json=SAID | {"id": "call-1"}, headers=key)
    assert (again.status_code, again.json()["new"]) == (200, False)
    assert deliveries(site) == 1


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Basic abc"}, {"Authorization": "Bearer "}])
async def test_without_a_key_one_is_told_how_to_get_one(site: Site, headers: dict[str, str]) -> None:
    found = await site.http.post("/api/v1/utterances", json=SAID, headers=headers)
    assert found.status_code == 401
    assert found.headers["WWW-Authenticate"] == "Bearer"
    assert "yiju keys add" in found.json()["message"]


async def test_an_invented_key_opens_nothing(site: Site) -> None:
    found = await site.http.get("/api/v1/decisions/d1", headers={"Authorization": "Bearer yk_invented"})
    assert (found.status_code, found.json()["error"]) == (401, "NotAuthenticated")


async def test_a_key_opens_only_what_its_scopes_name(site: Site) -> None:
    site.save()
    refused = await site.http.get("/api/v1/decisions/d1", headers=site.key("utterances"))
    assert refused.status_code == 403
    assert "lacks the scope read" in refused.json()["message"]
    assert (await site.http.get("/api/v1/decisions/d1", headers=site.key("read"))).status_code == 200


async def test_a_revoked_key_opens_nothing(site: Site) -> None:
    site.save()
    key = site.key("read")
    with site.parts.store.begin() as session:
        row = session.execute(select(ApiKeyRow)).scalar_one()
        revoke_key(session, row.id, site.parts.clock())
    assert (await site.http.get("/api/v1/decisions/d1", headers=key)).status_code == 401


@pytest.mark.parametrize(
    ("change", "status", "words"),
    [
        ({"customer": "没有这家公司"}, 404, "the CRM knows no customer"),
        ({"text": "😀😀"}, 422, "holds no words"),
        ({"at": "2026-11-26T09:00:00"}, 422, "needs a zone"),
        ({"text": ""}, 422, "text"),
        ({"text": "长" * 4001}, 422, "text"),
        ({"more": 1}, 422, "more"),
        ({"id": "a b"}, 422, "id"),
    ],
)
async def test_what_cannot_be_used_is_refused_with_the_reason(
    site: Site, change: dict[str, Any], status: int, words: str
) -> None:
    found = await site.http.post("/api/v1/utterances", json=SAID | change, headers=site.key("utterances"))
    assert found.status_code == status
    assert words in found.text
    assert deliveries(site) == 0


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"\xff\xfe", b'"text"'])
async def test_what_is_no_json_object_is_refused(site: Site, body: bytes) -> None:
    headers = site.key("utterances") | {"Content-Type": "application/json"}
    assert (await site.http.post("/api/v1/utterances", content=body, headers=headers)).status_code == 422


async def test_a_decision_is_read_with_its_grounds(site: Site) -> None:
    site.save()
    found = (await site.http.get("/api/v1/decisions/d1", headers=site.key("read"))).json()
    assert (found["id"], found["state"], found["intent"]) == ("d1", "proposed", "quote_request")
    assert found["rationale"]["reasons"]


async def test_reasons_of_fields_that_integrators_may_not_read_stay_here(site: Site) -> None:
    told = (("tier", "客户等级 VIP"), ("credit_limit", "信用额度 80 万"), ("remark", "备注 老板难缠"))
    reasons = [Reason(ReasonKind.CRM, text, "内置CRM", f"A-1.{name}") for name, text in told]
    words = Reason(ReasonKind.WORDS, "“什么价”像询价", "客户的话", "t1")
    site.save(rationale=Rationale((words, *reasons)), customer=AccountId("A-1"))
    found = (await site.http.get("/api/v1/decisions/d1", headers=site.key("read"))).json()
    assert [one["text"] for one in found["rationale"]["reasons"]] == ["“什么价”像询价", "客户等级 VIP"]


async def test_unknowns_and_warnings_that_tell_such_fields_stay_here_too(site: Site) -> None:
    doubt = "信用额度:用友 U9 记为 90 万,以 内置CRM 的 80 万为准"
    quotes = {doubt: ("account.credit_limit",), "备注里有怪话": ("account.tier", "account.remark")}
    quotes["客户等级:旧"] = ("account.tier",)
    rationale = Rationale(
        (), (doubt, "客户等级:旧", "交货地址"), ("备注里有怪话", "草稿里有 1 处没有依据,已去掉"), quotes
    )
    site.save(rationale=rationale, customer=AccountId("A-1"))
    answer = await site.http.get("/api/v1/decisions/d1", headers=site.key("read"))
    told = answer.json()["rationale"]
    assert (told["unknowns"], told["warnings"]) == (
        ["客户等级:旧", "交货地址"],
        ["草稿里有 1 处没有依据,已去掉"],
    )
    assert "90 万" not in answer.text
    assert "怪话" not in answer.text


async def test_a_decision_that_is_not_there_is_not_found(site: Site) -> None:
    found = await site.http.get("/api/v1/decisions/none", headers=site.key("read"))
    assert (found.status_code, found.json()["error"]) == (404, "NotFound")


async def test_the_api_describes_itself(site: Site) -> None:
    paths = (await site.http.get("/api/openapi.json")).json()["paths"]
    assert {"/api/v1/utterances", "/api/v1/decisions/{decision}"} <= set(paths)
    assert not [path for path in paths if path.startswith(("/d/", "/sim", "/wecom", "/dingtalk"))]


async def test_what_not_everyone_may_read_is_neither_quoted_nor_drafted_from(site: Site) -> None:
    known = document_called(site.parts.library, "离心机")
    passage = site.parts.library.passages_of(known.id)[3]
    reasons = (
        Reason(ReasonKind.PASSAGE, passage.text, str(passage.citation), passage.id),
        Reason(ReasonKind.WORDS, "原话", "客户"),
    )
    rationale = Rationale(reasons, compared="X200 16500 r/min")
    site.save(rationale=rationale, draft=Draft("手册里说 16500 r/min", removed=("手册里说别的",)))
    key = site.key("read")
    shown = (await site.http.get("/api/v1/decisions/d1", headers=key)).json()
    assert (len(shown["rationale"]["reasons"]), "16500" in shown["draft"]["text"]) == (2, True)
    with seen_by(site.parts.library, known, "team:chenjing"):
        hidden = (await site.http.get("/api/v1/decisions/d1", headers=key)).json()
    assert [one["kind"] for one in hidden["rationale"]["reasons"]] == ["words"]
    assert (shown["rationale"]["compared"], hidden["rationale"]["compared"]) == ("X200 16500 r/min", "")
    assert hidden["draft"]["removed"] == []
    assert "手册里说" not in hidden["draft"]["text"]
