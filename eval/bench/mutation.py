"""Inputs that are nearly right: bytes turned, cut, doubled; values of JSON exchanged for what nobody expects. Seeded."""

from __future__ import annotations

import io
import random
import re
import zipfile
from collections.abc import Sequence
from typing import Any

import orjson

NASTY: tuple[Any, ...] = (
    None, True, False, 0, -1, 2**31, 2**63 - 1, -(2**63), 1e308, -0.0, "", " ", "\0", "\x1b[31m", "\u202e倒", "𠮷😀",
    "a" * 5000, "{{7*7}}", "${7*7}", "%s%n", "../../etc/passwd", "' OR 1=1 --", "<script>", "=1+1", "]]>", "NaN", "-",
    "9" * 400, "2026-02-30T99:99:99Z", "0000-00-00", [], {}, [[[[[]]]]], {"": {"": ""}}, "２０２６", "\ufeff", "\u2028",
)  # fmt: skip
TOKENS = (b"\0", b"\xff\xfe", b"<![CDATA[", b"]]>", b"<!DOCTYPE x [<!ENTITY e SYSTEM 'file:///etc/passwd'>]>", b"&e;",
          b"{", b"}", b"[", b'"', b"\\u0000", b"<xml>", b"</xml>", b"%PDF-9.9", b"PK\x03\x04", b"1e999", b"\r\n\r\n", b"A" * 3000)  # fmt: skip
MOST_BYTES = 200_000
_LEAF = re.compile(r"<([\w:]+)(?: [^<>]*)?>([^<>]*|<!\[CDATA\[[^<>]*\]\]>)</\1>")
"""An element without elements: its name and its content."""


def mutated(sample: bytes, chance: random.Random) -> bytes:
    """The sample with one to eight things done to it."""
    body = bytearray(sample)
    for _ in range(chance.randint(1, 8)):
        at = chance.randrange(len(body) + 1)
        match chance.randrange(6):
            case 0 if body:
                body[at - 1] = chance.randrange(256)
            case 1:
                body[at:at] = chance.choice(TOKENS)
            case 2:
                del body[at : at + chance.randint(1, 40)]
            case 3 if chance.random() < 0.3:
                del body[at:]
            case 4:
                body[at:at] = body[at : at + chance.randint(1, 200)] * chance.randint(1, 4)
            case _ if body:
                body[at - 1] ^= 1 << chance.randrange(8)
    return bytes(body[:MOST_BYTES])


def changed(value: Any, chance: random.Random) -> Any:
    """A JSON value with something in it exchanged, taken out, doubled or renamed."""
    if isinstance(value, dict) and value and chance.random() < 0.9:
        name = chance.choice(list(value))
        rest = {key: one for key, one in value.items() if key != name}
        match chance.randrange(5):
            case 0:
                return rest
            case 1:
                return rest | {
                    f"{name}{chance.choice(('', '_', 'S', '中'))}": value[name],
                    "more": chance.choice(NASTY),
                }
            case _:
                return value | {name: changed(value[name], chance)}
    if isinstance(value, list) and value and chance.random() < 0.8:
        at = chance.randrange(len(value))
        return [*value[:at], changed(value[at], chance), *value[at:]][: chance.randint(0, 60)]
    if isinstance(value, str) and chance.random() < 0.4:
        at = chance.randrange(len(value) + 1)
        return value[:at] + str(chance.choice(NASTY)) + value[at:]
    return chance.choice(NASTY)


def xml_input(sample: bytes, chance: random.Random) -> bytes:
    """Still well-formed most of the time: the content of some elements is exchanged."""
    text = sample.decode()
    for _ in range(chance.randint(1, 3)):
        leaves = list(_LEAF.finditer(text))
        leaf, odd = chance.choice(leaves), str(chance.choice(NASTY)).replace("<", "").replace("&", "")
        text = text[: leaf.start(2)] + odd.replace("]]>", "") + text[leaf.end(2) :]
    body = text.encode(errors="replace")
    return mutated(body, chance) if chance.random() < 0.2 else body


def zipped_input(sample: bytes, chance: random.Random) -> bytes:
    """An office file whose container is whole: one of its parts is damaged."""
    with zipfile.ZipFile(io.BytesIO(sample)) as whole:
        parts = {name: whole.read(name) for name in whole.namelist()}
    name = chance.choice(sorted(parts))
    parts[name] = (
        xml_input(parts[name], chance) if _LEAF.search(_text(parts[name])) else mutated(parts[name], chance)
    )
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as damaged:
        for one, content in parts.items():
            damaged.writestr(one, content)
    return written.getvalue()


def _text(body: bytes) -> str:
    """Nothing where it is no text."""
    try:
        return body.decode()
    except UnicodeDecodeError:
        return ""


def json_input(samples: Sequence[Any], chance: random.Random) -> bytes:
    """Mostly still JSON, sometimes not."""
    value = chance.choice(samples)
    for _ in range(chance.randint(1, 4)):
        value = changed(value, chance)
    body = orjson.dumps(value, default=str)
    return mutated(body, chance) if chance.random() < 0.15 else body
