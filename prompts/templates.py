"""Longer texts with loops and conditions: one Jinja2 file each, filled through LangChain's prompt templates.

LangChain renders Jinja2 in a sandbox, and the same object can be given to a language model's chain.
"""

from __future__ import annotations

import hashlib
from functools import cache
from typing import TYPE_CHECKING, Any

from prompts.text import HERE, PromptError, check_variables

if TYPE_CHECKING:
    from langchain_core.prompts import PromptTemplate

SUFFIX = ".jinja2"


def render(name: str, /, **values: Any) -> str:
    """The template of that name (`drafts/quote_request`), filled in, blank lines tidied.

    Raises `PromptError` for an unknown name or wrong variables.
    """
    template = _template(name)
    check_variables(name, set(template.input_variables), set(values))
    lines = [line.rstrip() for line in template.format(**values).splitlines()]
    kept = [line for at, line in enumerate(lines) if line or (at and lines[at - 1])]
    return "\n".join(kept).strip()


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
def _template(name: str) -> PromptTemplate:
    # LangChain takes most of a second to import: only who drafts pays for it
    from langchain_core.prompts import PromptTemplate

    path = HERE / f"{name}{SUFFIX}"
    if name not in template_names():
        raise PromptError(f"there is no template {name!r}; there are {', '.join(template_names())}")
    return PromptTemplate.from_template(path.read_text(encoding="utf-8"), template_format="jinja2")
