"""A rule more in the labelling guide: a border of an intent, written into the taxonomy's text where its others stand."""

from __future__ import annotations

import json

import yaml

from intents.errors import TaxonomyError

LONGEST_RULE = 120


def with_border(text: str, intent: str, rule: str) -> str:
    """The text with the rule as the last border of that intent; everything else stays, comments too.

    Raises `TaxonomyError` where the rule is empty or too long, or the text has no such intent with a list of borders."""
    words = " ".join(rule.split())
    if not 0 < len(words) <= LONGEST_RULE:
        raise TaxonomyError(f"a rule has 1 to {LONGEST_RULE} characters, this one has {len(words)}")
    borders = _at(yaml.compose(text, yaml.SafeLoader), "intents", intent, "borders")
    if not isinstance(borders, yaml.SequenceNode):
        raise TaxonomyError(f"the taxonomy has no intent {intent!r} with a list of borders")
    written = json.dumps(words, ensure_ascii=False)
    if borders.flow_style:
        end = borders.end_mark.index - 1
        return f"{text[:end]}{', ' if borders.value else ''}{written}{text[end:]}"
    last = borders.value[-1].end_mark.index
    end = text.find("\n", last - 1 if text[last - 1] == "\n" else last)
    end = len(text) if end < 0 else end
    return f"{text[:end]}\n{' ' * borders.start_mark.column}- {written}{text[end:]}"


def _at(node: yaml.Node | None, *path: str) -> yaml.Node | None:
    for key in path:
        if not isinstance(node, yaml.MappingNode):
            return None
        node = next((value for name, value in node.value if name.value == key), None)
    return node
