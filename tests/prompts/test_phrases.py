"""Every phrase and template fills with exactly its variables; the hash names what they say."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from string import Formatter

import pytest

import prompts
import prompts.phrases
import prompts.templates
from prompts import (
    PromptError,
    content_hash,
    courtesy,
    greeting,
    pending,
    phrase,
    phrase_names,
    render,
    template_names,
    tones,
)
from prompts.templates import template


def variables(name: str) -> dict[str, str]:
    """Each of a phrase's variables, filled with its own name."""
    text = prompts.phrases._phrases()[name]
    return {field: f"‹{field}›" for _, field, _, _ in Formatter().parse(text) if field}


@pytest.mark.parametrize("name", phrase_names())
def test_a_phrase_shows_every_value_and_no_brace(name: str) -> None:
    values = variables(name)
    said = phrase(name, **values)
    assert said.strip()
    assert all(value in said for value in values.values())
    assert not re.search(r"[{}]", said)


@pytest.mark.parametrize("name", [name for name in phrase_names() if variables(name)])
def test_a_missing_and_an_unused_variable_are_errors_that_name_them(name: str) -> None:
    values = variables(name)
    first = next(iter(values))
    with pytest.raises(PromptError, match=rf"missing \['{first}'\]"):
        phrase(name, **{field: value for field, value in values.items() if field != first})
    with pytest.raises(PromptError, match=r"unused \['nobody_uses_it'\]"):
        phrase(name, **values, nobody_uses_it="")


def test_an_unknown_phrase_is_an_error() -> None:
    with pytest.raises(PromptError, match="there is no phrase 'no_such_phrase'"):
        phrase("no_such_phrase")


def test_a_value_with_braces_is_shown_as_it_is() -> None:
    assert "{who}" in phrase("no_such_customer", name="{who}")


def test_no_phrase_stands_twice_in_the_file() -> None:
    lines = prompts.phrases.PHRASES.read_text(encoding="utf-8").splitlines()
    names = [found[1] for line in lines if (found := re.match(r"([a-z_]+):", line))]
    assert sorted(names) == sorted(set(names))


def filled(name: str) -> dict[str, object]:
    """A value for each of a template's variables."""
    point = {"text": "X200 净重 28 kg", "source": "《手册》第2页", "quote": "净重:28 kg"}
    some: dict[str, object] = {
        "points": [point],
        "fields": [{"label": "客户等级", "shown": "VIP", "source": "CRM·客户"}],
        "records": [{"label": "订单", "id": "O-1", "title": "X350 2台", "shown": "已发货"}],
        "contacts": ["王建国 主任"],
        "unanswered": ["价格"],
        "models": ["X200", "X350"],
        "same": ["电压 220 V"],
        "places": ["《手册》第2页"],
        "evidence": [point],
        "materials": ["《X200 手册》"],
    }
    return {one: some.get(one, f"‹{one}›") for one in template(name).input_variables}


@pytest.mark.parametrize("name", template_names())
def test_a_template_renders_every_value_and_no_marks(name: str) -> None:
    values = filled(name)
    text = render(name, **values)
    assert not re.search(r"\{[{%]|[%}]\}|None|Undefined", text)
    shown = [value for value in values.values() if isinstance(value, str) and value != "‹bare›"]
    assert all(value in text for value in shown)


@pytest.mark.parametrize("name", template_names())
def test_a_template_refuses_a_missing_and_an_unused_variable(name: str) -> None:
    values = filled(name)
    first = next(iter(values))
    with pytest.raises(PromptError, match="missing"):
        render(name, **{field: value for field, value in values.items() if field != first})
    with pytest.raises(PromptError, match="unused"):
        render(name, **values, nobody_uses_it="")


def test_an_unknown_template_is_an_error_that_names_those_there_are() -> None:
    with pytest.raises(PromptError, match="drafts/reply"):
        render("drafts/no_such_template")


def test_values_are_never_read_as_templates() -> None:
    values = filled("drafts/reply") | {"opening": "{{ 7 * 7 }}{% raw %}"}
    assert "{{ 7 * 7 }}{% raw %}" in render("drafts/reply", **values)


@pytest.mark.parametrize("tone", tones())
def test_every_tone_greets_by_name(tone: str) -> None:
    assert "华东仁和" in greeting(tone, "华东仁和")
    assert "{" not in greeting(tone, "")


@pytest.mark.parametrize("tone", tones())
@pytest.mark.parametrize("tier", ["VIP", "A"])
def test_a_customer_of_a_high_tier_is_greeted_more_courteously_in_every_tone(tone: str, tier: str) -> None:
    assert greeting(tone, "华东仁和", tier).startswith("尊敬的华东仁和")
    assert greeting(tone, "华东仁和", "B") == greeting(tone, "华东仁和")
    assert courtesy(tier)
    assert courtesy("B") == courtesy("") == ""


def test_an_unknown_tone_is_an_error() -> None:
    with pytest.raises(PromptError, match="there is no tone 'rude'"):
        greeting("rude", "华东仁和")


def test_what_is_pending_is_named() -> None:
    assert "“价格”" in pending("“价格”")


@pytest.fixture
def copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The package's files in a folder that may be changed."""
    folder = shutil.copytree(Path(prompts.__file__).parent, tmp_path / "prompts")
    monkeypatch.setattr(prompts.templates, "HERE", folder)
    content_hash.cache_clear()
    yield folder
    content_hash.cache_clear()


def test_the_hash_is_of_the_content_alone(copied: Path) -> None:
    before = content_hash()
    (copied / "phrases.yaml").touch()
    content_hash.cache_clear()
    assert content_hash() == before


@pytest.mark.parametrize(
    "name", ["phrases.yaml", "drafts.yaml", "drafts/reply.jinja2", "answers/customer.jinja2"]
)
def test_the_hash_changes_with_every_file(copied: Path, name: str) -> None:
    before = content_hash()
    path = copied / name
    path.write_text(path.read_text(encoding="utf-8") + "\n# changed", encoding="utf-8")
    content_hash.cache_clear()
    assert content_hash() != before


def test_the_hash_changes_when_a_file_is_renamed(copied: Path) -> None:
    before = content_hash()
    (copied / "answers" / "customer.jinja2").rename(copied / "answers" / "account.jinja2")
    content_hash.cache_clear()
    assert content_hash() != before
