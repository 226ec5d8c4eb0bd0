"""Rows by the endpoints of a mapping file. Run against a real Tryton's REST interface, and a fake with other habits.

What the mapping gives no endpoint for is refused in words (writes) or named as missing (reads). Of Tryton's REST interface
it reads and writes what tests/crm_bridge/tryton/promises.py asks of both adapters; what needs ids that only a look-up
tells (a customer's categories, the projects that make a task a ticket or a meeting) no mapping file can write.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Sequence
from collections.abc import Mapping as Dict
from datetime import datetime
from typing import Any
from urllib.parse import urljoin

import httpx
from pydantic import ValidationError

from crm_bridge.adapters import Access, Host
from crm_bridge.adapters.remote import Lack, Receipts, RemoteCrm, Steps, cleared, refused, same
from crm_bridge.adapters.rest.answers import content, has, items
from crm_bridge.adapters.rest.auth import auth_for
from crm_bridge.adapters.rest.changes import rows_since
from crm_bridge.adapters.rest.endpoints import Endpoint, RestOptions, endpoints, filled, moves, path_filled
from crm_bridge.adapters.rest.moving import calls, choices, reached, writing
from crm_bridge.adapters.rest.spelling import spelled
from crm_bridge.calling import Caller, CallRefused, Kind, Limit, Manner, Problem, by_status
from crm_bridge.errors import CrmUnavailable, NotShownYet, OutcomeUnknown, WriteRefused
from crm_bridge.mapping import (
    Mapping,
    MappingUnusable,
    ObjectMap,
    Row,
    Sheet,
    instant,
    key_in,
    load_mapping,
    pick,
    source_values,
)
from crm_bridge.mapping.labels import KIND_LABELS
from crm_bridge.mapping.values import put
from crm_bridge.model import WriteKey


def connect(access: Access, host: Host) -> RemoteCrm:
    """Credentials as `options.auth` of the mapping wants them."""
    mapping = load_mapping("rest", access.mapping)
    system = RestSystem(mapping, access)
    receipts = Receipts(f"rest:{mapping.name}", host.transaction)
    return RemoteCrm(system, receipts, host.clock)


class RestSystem:
    """Implements `RemoteSystem` and `Stepwise`, and `Polled` for what has a `since` endpoint. Raises `MappingUnusable` for options that do not fit."""

    def __init__(
        self, mapping: Mapping, access: Access, transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        try:
            self.options = RestOptions.model_validate(mapping.options)
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(str(part) for part in first["loc"])
            raise MappingUnusable(f"options.{place}: {first['msg']}") from error
        self.mapping = mapping
        self._given = {"tenant": access.tenant, "database": access.database, "user": access.user}
        self._endpoints = {kind: endpoints(kind, mapped) for kind, mapped in mapping.objects()}
        self._moves = {kind: moves(kind, mapped) for kind, mapped in mapping.objects()}
        self.polled = [kind for kind, known in self._endpoints.items() if "since" in known]
        for name in ("list", "get"):
            if name not in self._endpoints["account"]:
                raise MappingUnusable(f"account.options.{name}: customers need this endpoint")
        limits = [Limit(self.options.per_second, 1)]
        limits += [Limit(self.options.per_minute, 60)] if self.options.per_minute else []
        manner = Manner(
            access.timeout_s,
            attempts=self.options.attempts,
            limits=tuple(limits),
            side_by_side=self.options.side_by_side,
        )
        auth = auth_for(self.options.auth, access)
        self.caller = Caller(
            mapping.name,
            access.base_url,
            auth,
            self._judge,
            manner,
            filled(self.options.headers, {}),
            transport,
        )

    async def accounts(self) -> Sequence[Row]:
        return await self._rows("account", "list", {})

    async def contacts(self) -> Dict[str, Sequence[Row]]:
        mapped = self.mapping.contact
        found: dict[str, list[Row]] = {}
        if mapped is not None and "list" in self._endpoints["contact"]:
            for row in await self._rows("contact", "list", {}):
                found.setdefault(str(pick(row, mapped.account)), []).append(row)
        return found

    async def sheet(self, account: str) -> Sheet | None:
        row = await self.record("account", account)
        if row is None:
            return None
        kinds = [kind for kind in self._endpoints if kind != "account" and "of" in self._endpoints[kind]]
        blanks = {"account": account}
        read = await asyncio.gather(
            *(self._rows(kind, "of", blanks) for kind in kinds), return_exceptions=True
        )
        rows: dict[str, Sequence[Row]] = {}
        failed = {
            kind: "no endpoint"
            for kind, known in self._endpoints.items()
            if "of" not in known and kind in KIND_LABELS
        }
        for kind, found in zip(kinds, read, strict=True):
            if isinstance(found, CallRefused):
                failed[kind] = found.words
            elif isinstance(found, BaseException):
                raise found
            else:
                rows[kind] = found
        contacts = rows.pop("contact", ())
        failed.pop("contact", None)
        return Sheet(row, contacts, rows, failed)

    async def record(self, kind: str, record: str) -> Row | None:
        if "get" not in self._endpoints[kind]:
            return None
        try:
            found = await self._rows(kind, "get", {"id": record})
        except CallRefused as error:
            if error.kind is Kind.NOT_FOUND:
                return None
            raise CrmUnavailable(f"{self.mapping.name} did not answer a question: {error.words}") from error
        mapped = self._object(kind)
        return next((row for row in found if str(pick(row, mapped.id)) == record), None)

    async def find(self, kind: str, key: WriteKey, account: str) -> Row | None:
        """By the `find` endpoint; without one among the customer's rows."""
        mapped = self._object(kind)
        how = "find" if "find" in self._endpoints[kind] else "of"
        if not mapped.key or how not in self._endpoints[kind]:
            return None
        try:
            rows = await self._rows(kind, how, {"key": key, "account": account})
        except CallRefused as error:
            raise CrmUnavailable(f"{self.mapping.name} did not answer a question: {error.words}") from error

        def carries(row: Row) -> bool:
            value = pick(row, mapped.key_field)
            return key_in(value, key) if mapped.key_within else str(value) == key

        return next((row for row in reversed(rows) if carries(row)), None)

    def afterwards(self, kind: str, values: Dict[str, Any]) -> Dict[str, Any]:
        """What calls lead to."""
        return {name: values[name] for name in self._reached(kind, values)}

    async def create(self, kind: str, account: str, values: Dict[str, Any], key: WriteKey) -> Row:
        endpoint = self._write_endpoint(kind, "create")
        mapped = self._object(kind)
        form = str(mapped.options.get("account_form", "{account}"))
        owner = filled(form, {"account": account})
        later = self.afterwards(kind, values)
        plain = {name: value for name, value in values.items() if name not in later}
        written = writing(self.mapping, kind, self._moves[kind])
        made = source_values(written, kind, plain, account=owner, key=key)
        if mapped.lines is not None and "lines_form" in mapped.options:
            form = mapped.options["lines_form"]
            made[mapped.lines.source] = filled(form, {"lines": made.get(mapped.lines.source, [])})
        answer = await self._write(endpoint, made, {"account": account, "key": key})
        number = pick(content(answer), endpoint.id or mapped.id)
        row = await self.record(kind, str(number)) if number not in (None, "") else None
        row = row or await self.find(kind, key, account)
        if row is None:
            told = "" if number is None else str(number)
            raise NotShownYet(f"{self.mapping.name} took a {kind} and does not show it yet", told)
        return row

    async def change(self, kind: str, row: Row, values: Dict[str, Any]) -> Row:
        if self._moves[kind].keys() & values.keys():
            return await self._change_by_moving(kind, row, values)
        endpoint, mapped = self._write_endpoint(kind, "update"), self._object(kind)
        made = source_values(self.mapping, kind, values)
        for place in cleared(mapped, values):
            put(made, place, None)
        number = str(pick(row, mapped.id))
        if not endpoint.if_match:
            await self._unchanged(kind, row)
        version = pick(row, endpoint.if_match) if endpoint.if_match else None
        await self._write(
            endpoint, made, {"id": number}, {"If-Match": str(version)} if version is not None else {}
        )
        found = await self.record(kind, number)
        if found is None:
            raise OutcomeUnknown(f"{self.mapping.name} does not show {kind} {number} after a change")
        return found

    async def _change_by_moving(self, kind: str, row: Row, values: Dict[str, Any]) -> Row:
        mapped = self._object(kind)
        for name in values.keys() - self._reached(kind, values).keys():
            way, label = self._moves[kind][name], self.mapping.label(kind, name)
            known = choices(way, mapped.fields[name])
            raise WriteRefused(f"{self.mapping.name} 里不能从这里把{label}改到“{values[name]}”;可选:{known}")
        await self._unchanged(kind, row)
        return await self._move(kind, row, values)

    async def _unchanged(self, kind: str, row: Row) -> None:
        """Raises `WriteRefused` where somebody was faster."""
        if not same(row, await self.record(kind, str(pick(row, self._object(kind).id)))):
            raise WriteRefused(f"{self.mapping.name} 里这条记录刚被别人改过,请刷新后再试")

    async def _move(self, kind: str, row: Row, values: Dict[str, Any]) -> Row:
        """One call after the other; what is not allowed from where the record stands the system itself refuses."""
        mapped, steps = self._object(kind), Steps()
        number = str(pick(row, mapped.id))
        for name, theirs in self._reached(kind, values).items():
            way = self._moves[kind][name]
            for call in calls(way, str(pick(row, mapped.fields[name].source)), theirs):
                await steps.take(self._write(way, None, {"id": number, "to": call}))
        found = await steps.take(self.record(kind, number)) if steps.taken else row
        if found is None:
            raise OutcomeUnknown(f"{self.mapping.name} does not show {kind} {number} after a change")
        return found

    def _reached(self, kind: str, values: Dict[str, Any]) -> dict[str, str]:
        """Field → their value, of those that calls lead to."""
        fields, ways = self._object(kind).fields, self._moves[kind]
        found = {
            name: reached(ways[name], fields[name], values[name]) for name in ways.keys() & values.keys()
        }
        return {name: theirs for name, theirs in found.items() if theirs is not None}

    async def cancel(self, kind: str, row: Row) -> None:
        endpoint, mapped = self._write_endpoint(kind, "cancel"), self._object(kind)
        await self._write(endpoint, None, {"id": str(pick(row, mapped.id))})

    async def check(self) -> Sequence[Lack]:
        """One row of each kind is read: fields that no row has are named."""
        lacks: list[Lack] = []
        for kind, mapped in self.mapping.objects():
            known = self._endpoints[kind]
            if "list" not in known:
                continue
            try:
                sample = [row async for row in self._pages(kind, known["list"], {}, pages=1)][:20]
            except CallRefused as error:
                lacks.append(Lack(kind, mapped.object, "", f"the list is refused ({error.words})"))
                continue
            places = [re.sub(r"\[[^\]]*\]", "", place) for place in mapped.sources()] if sample else []
            lacks += [
                Lack(kind, mapped.object, place, "none of the first rows has it")
                for place in places
                if not any(has(row, place) for row in sample)
            ]
        return lacks

    async def since(self, kind: str, at: datetime) -> Sequence[Row]:
        """What is deleted there is found missing by the sweep."""
        endpoint, mapped = self._endpoints[kind]["since"], self._object(kind)
        if endpoint.paging.style not in {"page", "offset"}:
            return await self._rows(kind, "since", {"since": self._spelled(at)})

        async def page(begin: datetime, turn: int) -> list[Row]:
            blanks = {"since": self._spelled(begin)}
            return [row async for row in self._pages(kind, endpoint, blanks, pages=1, first=turn)]

        def when(row: Row) -> datetime:
            return instant(pick(row, mapped.modified) or pick(row, mapped.created), self.mapping.time)

        return await rows_since(page, when, at, endpoint.paging.size, endpoint.paging.most)

    def is_deleted(self, row: Row) -> bool:
        return False

    async def close(self) -> None:
        await self.caller.close()

    def _write_endpoint(self, kind: str, name: str) -> Endpoint:
        endpoint = self._endpoints[kind].get(name)
        if endpoint is None:
            label = KIND_LABELS.get(kind, "客户资料")
            raise WriteRefused(f"{self.mapping.name} 没有开放{label}的写入接口,请在系统里手工处理")
        return endpoint

    async def _write(
        self, endpoint: Endpoint, made: Any, blanks: Dict[str, Any], headers: Dict[str, str] | None = None
    ) -> httpx.Response:
        sent, blanks = self._spelled(made), {**self._given, **blanks}
        body = sent if endpoint.body is None else filled(endpoint.body, {**blanks, "values": sent})
        try:
            return await self.caller.call(
                endpoint.method if endpoint.method != "GET" else "POST",
                path_filled(endpoint.path, blanks),
                params=filled(endpoint.query, blanks),
                headers={**filled(endpoint.headers, blanks), **(headers or {})},
                **({} if body is None else {"json": body}),
            )
        except CallRefused as error:
            raise refused(self.mapping.name, error) from error

    async def _rows(self, kind: str, name: str, blanks: Dict[str, Any]) -> list[Row]:
        return [row async for row in self._pages(kind, self._endpoints[kind][name], blanks)]

    async def _pages(
        self, kind: str, endpoint: Endpoint, blanks: Dict[str, Any], pages: int | None = None, first: int = 0
    ) -> AsyncIterator[Row]:
        paging = endpoint.paging
        path, cursor = path_filled(endpoint.path, blanks), ""
        for turn in range(first, first + (pages or paging.most)):
            known = {
                **self._given,
                **blanks, "page": paging.first + turn, "offset": turn * paging.size, "size": paging.size, "cursor": cursor,
            }  # fmt: skip
            query = {} if turn and paging.style == "link" else filled(endpoint.query, known)
            headers = filled(endpoint.headers, known)
            if paging.style == "range":
                headers["Range"] = f"records={turn * paging.size}-{(turn + 1) * paging.size}"
            body = {} if endpoint.body is None else {"json": filled(endpoint.body, known)}
            answer = await self.caller.call(
                endpoint.method, path, params={k: v for k, v in query.items() if v not in (None, "")} or None,
                headers=headers, repeatable=True, **body,
            )  # fmt: skip
            rows = items(answer, endpoint)
            for row in rows:
                yield row
            if paging.style == "none" or not rows:
                return
            if paging.style == "link":
                following = answer.links.get("next", {}).get("url") or pick(content(answer), paging.next)
                if not following:
                    return
                path = urljoin(str(answer.url), str(following))
            elif paging.style == "cursor":
                cursor = str(pick(content(answer), paging.next) or "")
                if not cursor:
                    return
            elif len(rows) < paging.size:
                return
        if pages is None:
            raise CrmUnavailable(
                f"{self.mapping.name} {kind}: more than {paging.most} pages; check options.*.paging"
            )

    def _judge(self, response: httpx.Response) -> Problem | None:
        problem, how = by_status(response), self.options.errors
        if problem and how.busy and re.search(how.busy, problem.words):
            return Problem(Kind.BUSY, problem.words, problem.wait)
        if problem or not how.code:
            return problem
        body = content(response)
        code = pick(body, how.code)
        if code is None or code in how.ok:
            return None
        words = str(pick(body, how.message) or code)
        if code in how.auth_expired:
            return Problem(Kind.AUTH_EXPIRED, words)
        return Problem(Kind.THROTTLED if code in how.throttled else Kind.INVALID, words)

    def _spelled(self, value: Any) -> Any:
        return spelled(value, self.options, self.mapping.time.tz)

    def _object(self, kind: str) -> ObjectMap:
        mapped = self.mapping.of(kind)
        assert mapped is not None
        return mapped
