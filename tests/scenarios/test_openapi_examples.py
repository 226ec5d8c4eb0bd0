"""Every route of the interface, as its description lists them: examples of what goes in and out, which hold."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import jsonschema

from bot import security
from bot.security import KEY_SCOPES
from tests.events import made
from tests.fakes.product import ASKED, Product

JSON = "application/json"


class Route(NamedTuple):
    method: str
    path: str
    told: dict[str, Any]

    @property
    def name(self) -> str:
        return f"{self.method.upper()} {self.path}"

    def body(self) -> dict[str, Any]:
        """Media type → what the description says of it."""
        found: dict[str, Any] = self.told.get("requestBody", {}).get("content", {})
        return found

    def headers(self) -> dict[str, str]:
        """Those that it shows, which go with a plain body."""
        told = self.told.get("parameters", ())
        return {one["name"]: one["example"] for one in told if one["in"] == "header" and "example" in one}

    def answer(self) -> dict[str, Any]:
        """Of the first success that it describes."""
        code = min(code for code in self.told["responses"] if code.startswith("2"))
        found: dict[str, Any] = self.told["responses"][code]["content"][JSON]
        return found


def routes(described: dict[str, Any]) -> Iterator[Route]:
    for path, methods in described["paths"].items():
        if path.startswith("/api/"):
            yield from (Route(method, path, told) for method, told in methods.items())


def schema(described: dict[str, Any], content: dict[str, Any]) -> dict[str, Any]:
    return {**content["schema"], "components": described["components"]}


def examples(described: dict[str, Any], content: dict[str, Any]) -> list[Any]:
    """Beside the schema, or within it."""
    if "example" in content:
        return [content["example"]]
    if "examples" in content:
        return [one["value"] for one in content["examples"].values()]
    of = content["schema"]
    of = described["components"]["schemas"][of["$ref"].rpartition("/")[2]] if "$ref" in of else of
    return [*of.get("examples", ()), *([of["example"]] if "example" in of else ())]


async def description(product: Product) -> dict[str, Any]:
    found: dict[str, Any] = (await product.web.get("/api/openapi.json")).json()
    return found


async def test_each_route_shows_what_goes_in_and_out_and_its_schema_agrees(product: Product) -> None:
    described = await description(product)
    looked = list(routes(described))
    assert len(looked) >= 9
    for route in looked:
        for content in (*route.body().values(), route.answer()):
            shown = examples(described, content)
            assert shown, route.name
            for one in shown:
                jsonschema.validate(one, schema(described, content))


async def test_each_example_request_works_on_the_demo_company(product: Product) -> None:
    described = await description(product)
    await product.hears("zhangsan", ASKED)
    event = made.ours("order.updated", "SO-1", id_="e1", account="华东仁和", fields={"status": "执行中"})
    (taken,) = await product.parts.intake.accept([event])
    customer = (await product.parts.crm.directory())[0].id
    there = {"decision": product.decisions()[-1].id, "event": taken.uid, "customer": customer}
    with product.parts.store.begin() as session:
        key = security.new_key(session, "all", KEY_SCOPES, product.clock())[1]
    for route in routes(described):
        path = route.path.format(**there)
        for media, content in (route.body() or {"": {}}).items():
            for body in examples(described, content) if content else [None]:
                headers = {"Authorization": f"Bearer {key}"} | (route.headers() if media == JSON else {})
                if media:
                    headers["Content-Type"] = media
                answer = await product.web.request(
                    route.method, path, headers=headers, json=body if media else None
                )
                assert answer.is_success, (route.name, body, answer.text)
                jsonschema.validate(answer.json(), schema(described, route.answer()))
