"""An OpenAI-compatible endpoint on a loopback port: real HTTP, answers from a script, some of them as broken as in life.

An answer is a function from the request's JSON to a `Reply`. The last one of the script stays in force.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
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
    whole: bool = False
    """Answered in one piece although it was asked to stream."""
    pace: float = 0.0
    """Seconds between two pieces of a stream."""


Answer = Callable[[Request], Reply]
SLICE = 61
"""Bytes of a stream that go out together."""


@dataclass
class OpenAIServer:
    script: list[Answer]
    requests: list[Request] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    asked: asyncio.Event = field(default_factory=asyncio.Event)
    given_up: asyncio.Event = field(default_factory=asyncio.Event)
    """A client closed the connection in the middle of a stream."""
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
        if request.get("stream") and not reply.whole and (events := _events(reply)):
            await self._stream(writer, events, reply)
            return False
        more = "".join(f"{name}: {value}\r\n" for name, value in reply.headers)
        status = f"HTTP/1.1 {reply.status} Said\r\ncontent-type: application/json\r\n{more}"
        writer.write(f"{status}content-length: {len(reply.body)}\r\n\r\n".encode() + reply.body[: reply.sent])
        await writer.drain()
        return reply.sent is None

    async def _stream(self, writer: asyncio.StreamWriter, events: list[bytes], reply: Reply) -> None:
        """In slices that end anywhere, also within a character."""
        head = b"HTTP/1.1 200 Said\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n"
        writer.write(head)
        body = b"".join(events)
        pieces = events if reply.pace else [body[at : at + SLICE] for at in range(0, len(body), SLICE)]
        if reply.sent is not None:
            pieces = pieces[: len(pieces) // 2]
        try:
            for piece in pieces:
                writer.write(piece)
                await writer.drain()
                await asyncio.sleep(reply.pace)
        except ConnectionError:
            self.given_up.set()
            raise


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


def _events(reply: Reply) -> list[bytes]:
    """The same answer as server-sent events of a few characters each; none where it is no completion."""
    try:
        body = json.loads(reply.body)
        choice = body["choices"][0]
    except (ValueError, TypeError, LookupError):
        return []
    message = dict(choice["message"])
    content = message.pop("content") or ""
    deltas = [{"role": "assistant", "content": "", **message}]
    deltas += [{"content": content[at : at + 3]} for at in range(0, len(content), 3)]
    told = [(delta, None) for delta in deltas] + [({}, choice["finish_reason"])]
    chunks = [
        body
        | {
            "object": "chat.completion.chunk",
            "choices": [{"index": 0, "delta": delta, "finish_reason": finish}],
            "usage": None,
        }
        for delta, finish in told
    ]
    lines = [json.dumps(chunk, ensure_ascii=False) for chunk in chunks]
    return [f"data: {line}\n\n".encode() for line in [*lines, "[DONE]"]]


def says(content: str | None, finish: str = "stop", **message: Any) -> Answer:
    return lambda request: completion(content, finish, **message)


def drafts(text: str) -> Answer:
    return says(json.dumps({"draft": text}, ensure_ascii=False))


def poses(*questions: str) -> Answer:
    return says(json.dumps({"questions": questions}, ensure_ascii=False))


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
        return replace(then(request), after=until)

    return answer


def drips(pace: float, then: Answer) -> Answer:
    """A stream with so many seconds between its pieces."""
    return lambda request: replace(then(request), pace=pace)


def answers_whole(then: Answer) -> Answer:
    """An endpoint that knows nothing of streams."""
    return lambda request: replace(then(request), whole=True)


def raw(body: bytes) -> Answer:
    """An answer that is not the protocol's at all."""
    return lambda request: Reply(body)


def _lines(head: str) -> list[tuple[str, str, str]]:
    return [line.partition(":") for line in head.splitlines()[1:] if line]
