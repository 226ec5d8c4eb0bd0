"""The `rest` adapter on a small order system with habits of its own: five ways of paging, errors inside HTTP 200."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from crm_bridge import CrmUnavailable, WriteKey, WriteRefused
from crm_bridge.adapters import Access
from crm_bridge.adapters.rest import RestSystem
from crm_bridge.mapping import Mapping, MappingUnusable, load_mapping

PAGINGS: dict[str, dict[str, Any]] = {
    "page": {"query": {"page": "{page}", "size": "{size}"}, "paging": {"style": "page", "size": 2}},
    "offset": {"query": {"offset": "{offset}", "size": "{size}"}, "paging": {"style": "offset", "size": 2}},
    "cursor": {"query": {"after": "{cursor}"}, "paging": {"style": "cursor", "next": "next"}},
    "link": {"query": {"size": 2}, "paging": {"style": "link"}},
    "range": {"paging": {"style": "range", "size": 2}},
}


class OrderSystem:
    """Five buyers, two a page. Every answer is HTTP 200 with a code; tokens end, versions are checked."""

    def __init__(self) -> None:
        self.buyers = [
            {"no": str(n), "title": f"客户{n}", "sales": "zhangsan", "v": 1, "tier": "A"} for n in range(1, 6)
        ]
        self.tasks: list[dict[str, Any]] = []
        self.token = "t1"
        self.signed_in = 0
        self.code = 0
        self.seen: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.seen.append(request)
        body = json.loads(request.content) if request.content else {}
        if request.url.raw_path == b"/api/login":
            self.signed_in += 1
            return httpx.Response(200, json={"data": {"token": self.token if body["pw"] == "pw" else None}})
        if request.headers.get("X-Token") != self.token:
            return httpx.Response(200, json={"code": 20016, "msg": "token 失效"})
        if self.code:
            return httpx.Response(200, json={"code": self.code, "msg": "字段不存在"})
        path = request.url.path.removeprefix("/api/")
        if path == "buyers":
            return self._page(request)
        if path.startswith("buyers/"):
            return self._buyer(request, path.removeprefix("buyers/"), body)
        if path == "rows":
            rows = [[task["id"], task["name"], task["ref"], task["buyer"]] for task in self.tasks]
            return _ok({"head": ["id", "name", "ref", "buyer"], "rows": rows})
        self.tasks.append({"id": len(self.tasks) + 1, **body["task"]})
        return _ok({"task": {"id": len(self.tasks)}})

    def _page(self, request: httpx.Request) -> httpx.Response:
        asked, at = request.url.params, 0
        if "page" in asked:
            at = (int(asked["page"]) - 1) * 2
        elif "offset" in asked:
            at = int(asked["offset"])
        elif "after" in asked:
            at = int(asked["after"])
        elif "Range" in request.headers:
            at = int(request.headers["Range"].removeprefix("records=").split("-")[0])
        more = at + 2 < len(self.buyers)
        answer = {"code": 0, "data": self.buyers[at : at + 2], "next": str(at + 2) if more else None}
        link = {"Link": f'<{request.url.copy_with(query=None)}?after={at + 2}>; rel="next"'} if more else {}
        return httpx.Response(200, json=answer, headers=link)

    def _buyer(self, request: httpx.Request, number: str, body: dict[str, Any]) -> httpx.Response:
        buyer: dict[str, Any] | None = next((one for one in self.buyers if one["no"] == number), None)
        if buyer is None:
            return httpx.Response(404)
        if request.method == "PATCH":
            if request.headers["If-Match"] != str(buyer["v"]):
                return httpx.Response(412)
            buyer |= body | {"v": buyer["v"] + 1}
        return _ok({"data": buyer})


def _ok(data: dict[str, Any]) -> httpx.Response:
    return httpx.Response(200, json={"code": 0, **data})


def described(paging: str = "cursor") -> dict[str, Any]:
    return {
        "system": "rest",
        "name": "老OMS",
        "options": {
            "auth": {
                "type": "login", "token_path": "login", "token": "data.token", "body": {"pw": "{password}"},
                "header": "X-Token", "scheme": "",
            },
            "errors": {"code": "code", "message": "msg", "auth_expired": [20016], "throttled": [30004]},
        },
        "account": {
            "object": "buyers",
            "id": "no",
            "fields": {"name": "title", "owner": "sales", "tier": {"source": "tier", "write": True}},
            "options": {
                "list": {"path": "buyers", "items": "data", **PAGINGS[paging]},
                "get": {"path": "buyers/{id}", "items": "data"},
                "update": {"method": "PATCH", "path": "buyers/{id}", "if_match": "v"},
            },
        },
        "records": {
            "task": {
                "object": "tasks",
                "account": "buyer",
                "key": "ref",
                "fields": {"title": {"source": "name", "write": True}},
                "options": {
                    "of": {"path": "rows", "items": "rows", "columns": "head"},
                    "create": {"method": "POST", "path": "tasks", "body": {"task": "{values}"}, "id": "task.id"},
                },
            }
        },
    }  # fmt: skip


@pytest.fixture
def there() -> OrderSystem:
    return OrderSystem()


def system(there: OrderSystem, mapping: dict[str, Any] | None = None, password: str = "pw") -> RestSystem:
    access = Access(base_url="http://oms.test/api", user="yiju", password=password)
    return RestSystem(Mapping.model_validate(mapping or described()), access, httpx.MockTransport(there))


@pytest.mark.parametrize("paging", PAGINGS)
async def test_every_page_is_read_once(there: OrderSystem, paging: str) -> None:
    found = await system(there, described(paging)).accounts()
    assert [row["no"] for row in found] == ["1", "2", "3", "4", "5"]


async def test_pages_without_end_are_noticed(there: OrderSystem) -> None:
    mapping = described()
    mapping["account"]["options"]["list"] |= {
        "query": {},
        "paging": {"style": "cursor", "next": "next", "most": 4},
    }
    with pytest.raises(CrmUnavailable, match="more than 4 pages"):
        await system(there, mapping).accounts()


async def test_an_ended_token_inside_http_200_is_renewed_once(there: OrderSystem) -> None:
    rest = system(there)
    await rest.accounts()
    there.token = "t2"
    assert len(await rest.accounts()) == 5
    assert there.signed_in == 2


async def test_a_password_that_is_wrong_is_told(there: OrderSystem) -> None:
    with pytest.raises(CrmUnavailable, match="without a token at data.token"):
        await system(there, password="old").accounts()


async def test_a_no_inside_http_200_is_a_no(there: OrderSystem) -> None:
    there.code = 32000
    with pytest.raises(WriteRefused, match="字段不存在"):
        await system(there).create("task", "1", {"title": "回电"}, WriteKey("d-1"))
    assert there.tasks == []


async def test_a_record_is_made_with_its_key_and_found_by_it_in_rows_without_names(
    there: OrderSystem,
) -> None:
    rest = system(there)
    made = await rest.create("task", "1", {"title": "回电"}, WriteKey("d-1"))
    assert made == {"id": 1, "name": "回电", "ref": "d-1", "buyer": "1"}
    assert await rest.find("task", WriteKey("d-1"), "1") == made
    assert await rest.find("task", WriteKey("d-12"), "1") is None


async def test_a_change_names_the_version_it_was_read_at(there: OrderSystem) -> None:
    rest = system(there)
    row = await rest.record("account", "3")
    assert row is not None
    changed = await rest.change("account", row, {"tier": "VIP"})
    assert (changed["tier"], changed["v"]) == ("VIP", 2)
    with pytest.raises(WriteRefused, match="被别人改过"):
        await rest.change("account", row, {"tier": "B"})


async def test_what_is_to_hold_nothing_again_is_written_as_nothing(there: OrderSystem) -> None:
    described_ = described()
    described_["account"]["fields"]["remark"] = {"source": "more.remark", "write": True}
    rest = system(there, described_)
    row = await rest.record("account", "3")
    assert row is not None
    row = await rest.change("account", row, {"tier": None, "remark": ""})
    assert (row["tier"], row["more"]) == (None, {"remark": None})
    assert json.loads(there.seen[-2].content) == {"tier": None, "more": {"remark": None}}


async def test_what_is_not_open_for_writing_is_refused_in_words(there: OrderSystem) -> None:
    with pytest.raises(WriteRefused, match="没有开放任务的写入接口"):
        await system(there).cancel("task", {"id": 1})


async def test_a_customer_that_is_not_there_is_none(there: OrderSystem) -> None:
    assert await system(there).record("account", "99") is None
    assert await system(there).record("account", "../login") is None
    assert "..%2Flogin" in str(there.seen[-1].url)


async def test_fields_that_no_row_has_are_listed(there: OrderSystem) -> None:
    mapping = described()
    mapping["account"]["fields"]["region"] = "area.name"
    assert [(one.kind, one.field) for one in await system(there, mapping).check()] == [
        ("account", "area.name")
    ]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"options": {"auth": {"type": "magic"}}}, "options.auth.type"),
        ({"account": described()["account"] | {"options": {}}}, "account.options.list"),
        ({"account": described()["account"] | {"options": {"list": {"pth": "x"}}}}, "account.options.list"),
    ],
)
def test_options_that_do_not_fit_say_where(there: OrderSystem, change: dict[str, Any], words: str) -> None:
    with pytest.raises(MappingUnusable, match=words):
        system(there, described() | change)


@pytest.mark.parametrize("name", ["yonyou_u9", "digiwin_t100", "tryton_rest"])
def test_shipped_descriptions_can_be_opened(name: str) -> None:
    access = Access(base_url="http://erp.test", token="t", mapping=name)
    assert RestSystem(load_mapping("rest", name), access).options.per_second
