"""A language model behind any OpenAI-compatible endpoint: it words a checked draft better, and decides nothing.

What it is given is masked here, whatever the caller did. What it says is text to be judged (bot/rewording.py).
"""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

from pydantic import BaseModel, ConfigDict, ValidationError

from bot.settings import LanguageModelSettings
from intents import mask
from prompts import phrase, render

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage
    from langchain_openai import ChatOpenAI

TRIES_AGAIN = 2
"""After a 429, a 5xx or a broken connection, within the time that the settings allow for the whole."""
_THOUGHT = re.compile(r"<think>.*?</think>", re.DOTALL)
_FENCE = re.compile(r"^```\w*\s*|\s*```$")
_CUT = frozenset({"length", "content_filter"})
_NO_JSON_MODE = frozenset({400, 404, 422})
"""What endpoints answer that do not know `response_format`."""


class ModelFailed(Exception):
    """The language model gave nothing usable. `reason` is a short counted label that holds no words of anybody."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"the language model gave no draft: {reason}")
        self.reason = reason


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
    """Words a draft better. Slow, fallible, and never trusted."""

    name: str

    async def rewrite(self, brief: Brief) -> str:
        """Raises `ModelFailed`."""

    def warm(self) -> None:
        """Import what is heavy, before somebody waits for it."""

    async def close(self) -> None: ...


class _Answer(BaseModel):
    model_config = ConfigDict(extra="ignore")
    draft: str


class OpenAICompatible:
    """Implements `LanguageModel` with LangChain's chat model; imported only where one is configured."""

    def __init__(self, settings: LanguageModelSettings) -> None:
        self.name = settings.model
        self._settings = settings
        self._http: Any = None
        self._knows_json_mode = True

    async def rewrite(self, brief: Brief) -> str:
        """All tries together take no longer than the settings allow. Raises `ModelFailed`."""
        try:
            async with asyncio.timeout(self._settings.timeout_s):
                return _draft(await self._answer(messages(brief)))
        except ModelFailed:
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
            max_retries=TRIES_AGAIN,
            temperature=0.1,  # some endpoints refuse 0
            use_responses_api=False,
            http_async_client=self._http,
        )

    async def _answer(self, asked: list[BaseMessage]) -> BaseMessage:
        """In JSON mode where the endpoint has one."""
        chat = await asyncio.to_thread(lambda: self._chat)
        if self._knows_json_mode:
            from openai import APIStatusError

            try:
                # in the extra body: as an argument it makes the client parse, and stumble over, the answer itself
                return await chat.ainvoke(asked, extra_body={"response_format": {"type": "json_object"}})
            except APIStatusError as refused:
                if refused.status_code not in _NO_JSON_MODE:
                    raise
        answer = await chat.ainvoke(asked)
        self._knows_json_mode = False
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


def _quoted(text: str) -> str:
    return mask(text).replace("<", "\uff1c").replace(">", "\uff1e")


def _draft(answer: BaseMessage) -> str:
    """The draft out of an answer: JSON as asked for, or plain words. Raises `ModelFailed`."""
    if answer.response_metadata.get("finish_reason") in _CUT:
        raise ModelFailed(str(answer.response_metadata["finish_reason"]))
    if answer.additional_kwargs.get("refusal"):
        raise ModelFailed("refusal")
    words = _FENCE.sub("", _THOUGHT.sub("", _text(answer.content)).strip())
    if not words:
        raise ModelFailed("empty")
    if words[0] not in "{[<":
        return words
    try:
        return _Answer.model_validate_json(words).draft
    except ValidationError as error:
        raise ModelFailed("garbage") from error


def _text(content: Any) -> str:
    return content if isinstance(content, str) else ""
