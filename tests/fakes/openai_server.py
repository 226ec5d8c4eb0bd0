"""An OpenAI-compatible endpoint on a loopback port: real HTTP, answers from a script, some of them as broken as in life.

An answer is a function from the request's JSON to a `Reply`. The last one of the script stays in force.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

Request = dict[str, Any]


@dataclass(frozen=True)
class Reply:
    """`sent`: how many bytes of the body go out before the connection is dropped (None: all)."""

    body: bytes
    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    sent: int | None = None
    after: asyncio.Event | None = None


Answer = Callable[[Request], Reply]


@dataclass
class OpenAIServer:
    script: list[Answer]
    requests: list[Request] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    asked: asyncio.Event = field(default_factory=asyncio.Event)
    url: str = ""

    def told(self) -> str:
        """All words of the last request."""
        return "\n".join(message["content"] for message in self.requests[-1]["messages"])

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Every request of one connection."""
        try:
            while await self._answer(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the client gave up
        finally:
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        headers = {name.lower(): value.strip() for name, _, value in _lines(head)}
        request = json.loads(await reader.readexactly(int(headers["content-length"])))
        assert head.startswith("POST /v1/chat/completions ")
        self.requests.append(request)
        self.keys.append(headers.get("authorization", ""))
        self.asked.set()
        answer = self.script.pop(0) if len(self.script) > 1 else self.script[0]
        reply = answer(request)
        if reply.after:
            await reply.after.wait()
        more = "".join(f"{name}: {value}\r\n" for name, value in reply.headers)
        status = f"HTTP/1.1 {reply.status} Said\r\ncontent-type: application/json\r\n{more}"
        writer.write(f"{status}content-length: {len(reply.body)}\r\n\r\n".encode() + reply.body[: reply.sent])
        await writer.drain()
        return reply.sent is None


@asynccontextmanager
async def serving(*script: Answer) -> AsyncIterator[OpenAIServer]:
    """The endpoint until the block ends; its `url` is what the settings call base_url."""
    endpoint = OpenAIServer(list(script))
    connections: set[asyncio.Task[None]] = set()

    def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections.add(asyncio.create_task(endpoint.serve(reader, writer)))

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    endpoint.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
    try:
        yield endpoint
    finally:
        server.close()
        for task in connections:
            task.cancel()
        await asyncio.gather(*connections, return_exceptions=True)


def completion(content: str | None, finish: str = "stop", **message: Any) -> Reply:
    """An answer in the protocol's form."""
    said = {"role": "assistant", "content": content, **message}
    body = {
        "id": "c1",
        "object": "chat.completion",
        "created": 1795676640,
        "model": "test",
        "choices": [{"index": 0, "message": said, "finish_reason": finish}],
        "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
    }
    return Reply(json.dumps(body, ensure_ascii=False).encode())


def says(content: str | None, finish: str = "stop", **message: Any) -> Answer:
    return lambda request: completion(content, finish, **message)


def drafts(text: str) -> Answer:
    return says(json.dumps({"draft": text}, ensure_ascii=False))


def rewords(change: Callable[[str], str]) -> Answer:
    """A model that does what it is asked: the draft it was given, changed."""
    return lambda request: drafts(change(draft_of(request)))(request)


def draft_of(request: Request) -> str:
    found = re.search(r"<已核对的草稿>\n(.*)\n</已核对的草稿>", request["messages"][-1]["content"], re.DOTALL)
    assert found is not None
    return found[1]


def fails(status: int, retry_after_ms: int | None = 1) -> Answer:
    """An error as endpoints word it."""
    body = json.dumps({"error": {"message": "no", "type": "server_error", "code": str(status)}}).encode()
    headers = (("retry-after-ms", str(retry_after_ms)),) if retry_after_ms is not None else ()
    return lambda request: Reply(body, status, headers)


def cuts_off(text: str) -> Answer:
    """The connection breaks in the middle of the answer."""

    def answer(request: Request) -> Reply:
        whole = drafts(text)(request).body
        return Reply(whole, sent=len(whole) // 2)

    return answer


def hangs(until: asyncio.Event, then: Answer) -> Answer:
    def answer(request: Request) -> Reply:
        reply = then(request)
        return Reply(reply.body, reply.status, reply.headers, reply.sent, until)

    return answer


def raw(body: bytes) -> Answer:
    """An answer that is not the protocol's at all."""
    return lambda request: Reply(body)


def _lines(head: str) -> list[tuple[str, str, str]]:
    return [line.partition(":") for line in head.splitlines()[1:] if line]
