"""Longer texts with loops and conditions: one Jinja2 file each, read as LangChain prompt templates.

LangChain finds the variables and can take the same object into a language model's chain; rendering is sandboxed.
"""

from __future__ import annotations

import hashlib
from functools import cache
from typing import TYPE_CHECKING, Any

from prompts.text import HERE, PromptError, check_variables

if TYPE_CHECKING:
    from jinja2 import Template
    from langchain_core.prompts import PromptTemplate

SUFFIX = ".jinja2"


def render(name: str, /, **values: Any) -> str:
    """The template of that name (`drafts/quote_request`), filled in, blank lines tidied.

    Raises `PromptError` for an unknown name or wrong variables.
    """
    check_variables(name, set(template(name).input_variables), set(values))
    lines = [line.rstrip() for line in _compiled(name).render(**values).splitlines()]
    kept = [line for at, line in enumerate(lines) if line or (at and lines[at - 1])]
    return "\n".join(kept).strip()


@cache
def template_names() -> tuple[str, ...]:
    return tuple(
        sorted(str(path.relative_to(HERE)).removesuffix(SUFFIX) for path in HERE.rglob(f"*{SUFFIX}"))
    )


@cache
def content_hash() -> str:
    """Of every prompt and phrase: a decision records it, so that its words can be traced."""
    digest = hashlib.sha256()
    for path in sorted([*HERE.rglob(f"*{SUFFIX}"), *HERE.rglob("*.yaml")]):
        digest.update(f"{path.relative_to(HERE)}\0".encode() + path.read_bytes())
    return digest.hexdigest()[:16]


@cache
def template(name: str) -> PromptTemplate:
    """The template as LangChain's, to be put into a language model's chain. Raises `PromptError`."""
    # LangChain takes most of a second to import: only who drafts pays for it
    from langchain_core.prompts import PromptTemplate

    if name not in template_names():
        raise PromptError(f"there is no template {name!r}; there are {', '.join(template_names())}")
    return PromptTemplate.from_template(_text(name), template_format="jinja2")


@cache
def _compiled(name: str) -> Template:
    """`PromptTemplate.format` compiles its text anew on every call (3 ms); the same sandbox, compiled once."""
    from jinja2.sandbox import SandboxedEnvironment

    return SandboxedEnvironment().from_string(_text(name))


def _text(name: str) -> str:
    return (HERE / f"{name}{SUFFIX}").read_text(encoding="utf-8")
