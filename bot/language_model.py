"""A language model behind any OpenAI-compatible endpoint: it words a checked draft better, says what a passage answers,
and decides nothing.

What it is given is masked here, whatever the caller did. What it says is text to be judged (bot/rewording.py,
bot/posing.py).
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, cast

from pydantic import BaseModel, ConfigDict, ValidationError

from bot.outward import numberless
from bot.settings import LanguageModelSettings
from prompts import phrase, render

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage
    from langchain_openai import ChatOpenAI

Read = TypeVar("Read")
TRIES_AGAIN = 2
"""After a 429, a 5xx or a broken connection, within the time that the settings allow for the whole."""
_THOUGHT = re.compile(r"<think>.*?</think>", re.DOTALL)
_FENCE = re.compile(r"^```\w*\s*|\s*```$")
_SENTENCE = re.compile(r"[。！？!?；;\n]|\\n")
"""Where something whole may have ended, also within JSON."""
_CUT = frozenset({"length", "content_filter"})
_NO_JSON_MODE = frozenset({400, 404, 422})
"""What endpoints answer that do not know `response_format`."""


class ModelFailed(Exception):
    """The language model gave nothing usable. `reason` is a short counted label that holds no words of anybody."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"the language model gave nothing usable: {reason}")
        self.reason = reason


class Unwanted(Exception):
    """Raised by who watches an answer: the rest of it is not wanted."""


Watch = Callable[[str], None]
"""Told of a draft as far as it is written, whenever a sentence may have ended; `Unwanted` ends the answer there."""


def nobody_watches(_so_far: str) -> None:
    """All of it is wanted."""


@dataclass(frozen=True)
class Quoted:
    """A passage that the draft rests on, and where it stands."""

    text: str
    source: str


@dataclass(frozen=True)
class Brief:
    """All that a language model is told: the customer's words, the evidence, the draft that was checked."""

    tone: str
    words: str
    evidence: tuple[Quoted, ...]
    draft: str


class LanguageModel(Protocol):
    """Words a draft better, and says what a passage answers. Slow, fallible, and never trusted."""

    name: str

    async def rewrite(self, brief: Brief, watch: Watch = nobody_watches) -> str:
        """Raises `ModelFailed`, and what `watch` raises."""

    async def questions(self, passage: Quoted, most: int) -> tuple[str, ...]:
        """What the passage answers, in a customer's words, none where it answers nothing. Raises `ModelFailed`."""

    def warm(self) -> None:
        """Import what is heavy, before somebody waits for it."""

    async def close(self) -> None: ...


class _Answer(BaseModel):
    model_config = ConfigDict(extra="ignore")
    draft: str


class _Questions(BaseModel):
    model_config = ConfigDict(extra="ignore")
    questions: tuple[str, ...]


class OpenAICompatible:
    """Implements `LanguageModel` with LangChain's chat model; imported only where one is configured."""

    def __init__(self, settings: LanguageModelSettings) -> None:
        self.name = settings.model
        self._settings = settings
        self._http: Any = None
        self._knows_json_mode = True
        self._streams = True

    async def rewrite(self, brief: Brief, watch: Watch = nobody_watches) -> str:
        return await self._ask(messages(brief), _draft, watch)

    async def questions(self, passage: Quoted, most: int) -> tuple[str, ...]:
        return await self._ask(posing(passage, most), _listed)

    async def _ask(
        self, asked: list[BaseMessage], read: Callable[[BaseMessage], Read], watch: Watch = nobody_watches
    ) -> Read:
        """All tries together take no longer than the settings allow. Raises `ModelFailed`, and what `watch` raises."""
        try:
            async with asyncio.timeout(self._settings.timeout_s):
                return read(await self._answer(asked, watch))
        except (ModelFailed, Unwanted):
            raise
        except TimeoutError as late:
            raise ModelFailed("timeout") from late
        except Exception as error:  # whatever a foreign server makes a client library stumble over
            status = getattr(error, "status_code", None)
            raise ModelFailed(f"HTTP {status}" if status else type(error).__name__) from error

    def warm(self) -> None:
        _ = self._chat

    async def close(self) -> None:
        if self._http is not None:
            await self._http.aclose()

    @cached_property
    def _chat(self) -> ChatOpenAI:
        from langchain_openai import ChatOpenAI  # seconds: only where a model is configured
        from openai import DefaultAsyncHttpxClient

        self._http = DefaultAsyncHttpxClient()
        return ChatOpenAI(
            base_url=self._settings.base_url,
            model=self._settings.model,
            api_key=self._settings.api_key if self._settings.api_key.get_secret_value() else "none",
            timeout=self._settings.timeout_s,
            stream_chunk_timeout=None,  # its wait_for swallows a cancellation on Python 3.11
            max_retries=TRIES_AGAIN,
            temperature=0.1,  # some endpoints refuse 0
            use_responses_api=False,
            http_async_client=self._http,
        )

    async def _answer(self, asked: list[BaseMessage], watch: Watch) -> BaseMessage:
        """In JSON mode where the endpoint has one."""
        chat = await asyncio.to_thread(lambda: self._chat)
        if self._knows_json_mode:
            from openai import APIStatusError

            try:
                # in the extra body: as an argument it makes the client parse, and stumble over, the answer itself
                json_mode = {"response_format": {"type": "json_object"}}
                return await self._said(chat, asked, watch, extra_body=json_mode)
            except APIStatusError as refused:
                if refused.status_code not in _NO_JSON_MODE:
                    raise
        answer = await self._said(chat, asked, watch)
        self._knows_json_mode = False
        return answer

    async def _said(
        self, chat: ChatOpenAI, asked: list[BaseMessage], watch: Watch, **more: Any
    ) -> BaseMessage:
        """The whole answer, streamed where the endpoint can; what `watch` raises closes the connection."""
        whole: Any = None  # pieces add up to more of their own kind
        if self._streams:
            try:
                async with aclosing(chat.astream(asked, **more)) as pieces:  # type: ignore[type-var]
                    async for piece in pieces:
                        whole = piece if whole is None else whole + piece
                        if _SENTENCE.search(_text(piece.content)):
                            watch(_so_far(whole))
            except ValueError:
                if whole is not None:
                    raise
            if whole is not None:
                return cast("BaseMessage", whole)
        answer = await chat.ainvoke(asked, **more)  # nothing came: the endpoint answers whole or not at all
        self._streams = False
        return answer


def messages(brief: Brief) -> list[BaseMessage]:
    """Instructions in the one, quoted data in the other; masked, and without marks that could end a quotation."""
    from langchain_core.messages import HumanMessage, SystemMessage

    told = render(
        "llm/rewrite",
        words=_quoted(brief.words),
        evidence=[Quoted(_quoted(one.text), _quoted(one.source)) for one in brief.evidence],
        draft=_quoted(brief.draft),
    )
    return [SystemMessage(render("llm/system", tone=phrase(f"tone_{brief.tone}"))), HumanMessage(told)]


def posing(passage: Quoted, most: int) -> list[BaseMessage]:
    """The same for a passage and the questions that it answers."""
    from langchain_core.messages import HumanMessage, SystemMessage

    told = render("llm/passage", text=_quoted(passage.text), source=_quoted(passage.source))
    return [SystemMessage(render("llm/questions", most=most)), HumanMessage(told)]


def _quoted(text: str) -> str:
    return numberless(text).replace("<", "\uff1c").replace(">", "\uff1e")


def _words(answer: BaseMessage) -> str:
    """What an answer says, without thoughts and fences. Raises `ModelFailed` where it is not whole."""
    if answer.response_metadata.get("finish_reason") in _CUT:
        raise ModelFailed(str(answer.response_metadata["finish_reason"]))
    if answer.additional_kwargs.get("refusal"):
        raise ModelFailed("refusal")
    words = _FENCE.sub("", _THOUGHT.sub("", _text(answer.content)).strip())
    if not words:
        raise ModelFailed("empty")
    return words


def _so_far(answer: BaseMessage) -> str:
    """The draft out of an answer that has not ended; empty while there is none."""
    from langchain_core.utils.json import parse_partial_json

    words = _FENCE.sub("", _THOUGHT.sub("", _text(answer.content)).strip())
    if words[:1] not in {"{", "[", "<"}:
        return words
    try:
        found = parse_partial_json(words)
    except ValueError:
        return ""
    draft = found.get("draft") if isinstance(found, dict) else None
    return draft if isinstance(draft, str) else ""


def _draft(answer: BaseMessage) -> str:
    """The draft out of an answer: JSON as asked for, or plain words. Raises `ModelFailed`."""
    words = _words(answer)
    if words[0] not in "{[<":
        return words
    try:
        return _Answer.model_validate_json(words).draft
    except ValidationError as error:
        raise ModelFailed("garbage") from error


def _listed(answer: BaseMessage) -> tuple[str, ...]:
    """The questions out of an answer. Raises `ModelFailed` for anything but the JSON that was asked for."""
    try:
        return _Questions.model_validate_json(_words(answer)).questions
    except ValidationError as error:
        raise ModelFailed("garbage") from error


def _text(content: Any) -> str:
    return content if isinstance(content, str) else ""
