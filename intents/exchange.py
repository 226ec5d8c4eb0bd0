"""Labelled utterances in the shapes that other labelling tools read and write.

JSON lines and CSV are ours (TAXONOMY's fields); Label Studio's is its JSON task list with `annotations[].result[]` of
type `choices` for the intents, another of them called `tags`, and `labels` for entities; doccano's is JSONL with `text`
and `label`, and `cats` and `entities` as its projects of intents and slots read them. Neither of the two says which of
several intents is the first one in its own form, so `intent` is said beside it. What comes in is masked before it is kept.
"""

from __future__ import annotations

import csv
import io
import json
import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from intents.errors import Fault, LabelUnknown
from intents.examples import Example
from intents.labels import Labels, Proposal, placed
from intents.masking import mask_people
from intents.model import Entity
from intents.offsets import from_browser, in_browser
from intents.splits import split_of
from intents.taxonomy import Taxonomy, load_taxonomy

COLUMNS = ("id", "text", "speaker", "intent", "secondary", "tags", "industry", "context", "entities")
FORMATS = ("jsonl", "csv", "label-studio", "doccano")
MOST = 50_000
Parts = Mapping[str, str]
"""Id → training, development or test."""


def write(examples: Sequence[Example], form: str) -> str:
    """All of them as one text, each with its part of the split. Raises `LabelUnknown` for a form there is not."""
    written: str = _known(_WRITERS, form)(examples, split_of(examples))
    return written


def read(text: str, form: str, taxonomy: Taxonomy | None = None) -> list[Proposal]:
    """What a file holds, as proposals with the label it came with. Raises `LabelUnknown` with the line that is wrong."""
    rows = list(_known(_READERS, form)(text))
    if len(rows) > MOST:
        raise LabelUnknown(
            f"{len(rows)} utterances; at most {MOST} in one file", Fault.TOO_MANY, found=len(rows)
        )
    known = taxonomy or load_taxonomy()
    return [_proposal(number, row, known) for number, row in enumerate(rows, 1)]


def bring_in(proposals: Sequence[Proposal], labels: Labels) -> int:
    """Queue them for a trainer's look. Returns how many; the same again is queued once."""
    return len({labels.propose(one) for one in proposals})


def _proposal(number: int, row: Mapping[str, Any], taxonomy: Taxonomy) -> Proposal:
    raw, intent = str(row.get("text") or ""), str(row.get("intent") or "")
    text = raw.strip()
    speaker = str(row.get("speaker") or "customer")
    if not text:
        raise LabelUnknown(
            f"line {number} has no text; expected text, intent and speaker", Fault.NO_TEXT, number
        )
    if speaker not in {"customer", "rep"}:
        raise LabelUnknown(
            f"line {number}: speaker {speaker!r}; expected customer or rep", Fault.SPEAKER, number, speaker
        )
    secondary = tuple(one for one in _strings(row.get("secondary")) if one != intent)
    known = {one.name for one in taxonomy.for_speaker(speaker)}
    if unknown := [one for one in (intent, *secondary) if one and one not in known]:
        raise LabelUnknown(
            f"line {number}: {unknown[0]!r} is no intent of a {speaker}; `yiju intents predict` names them",
            Fault.INTENT,
            number,
            unknown[0],
        )
    return Proposal(
        text=mask_people(text),
        speaker=speaker,
        source="import",
        source_id=str(row.get("id") or ""),
        proposed=intent,
        context=tuple(mask_people(str(one)) for one in row.get("context") or ()),
        industry=str(row.get("industry") or ""),
        entities=_entities(number, raw, row.get("entities") or ()),
        secondary=secondary,
        tags=_strings(row.get("tags")),
    )


def _strings(found: Any) -> tuple[str, ...]:
    """Each once, in their order; one alone may stand without a list."""
    several = [found] if isinstance(found, str) else found or ()
    return tuple(dict.fromkeys(str(one).strip() for one in several if str(one).strip()))


def _entities(number: int, raw: str, marked: Any) -> tuple[Entity, ...]:
    """Objects of ours, or doccano's triples of start, end and type; positions in what is left without outer blanks."""
    found, cut = [], len(raw) - len(raw.lstrip())
    for one in marked:
        try:
            start, end, kind = (
                (one["start"], one["end"], one["type"])
                if isinstance(one, Mapping)
                else (one[0], one[1], one[2])
            )
            words = raw[int(start) : int(end)]
            value = one.get("value", words) if isinstance(one, Mapping) else words
            found.append(Entity(str(kind), words, str(value), int(start) - cut, int(end) - cut))
        except (KeyError, IndexError, TypeError, ValueError) as error:
            raise LabelUnknown(
                f"line {number}: entity {one!r} is not usable ({error!r}); expected type, start and end",
                Fault.ENTITY,
                number,
                one,
            ) from error
    try:
        return tuple(placed(raw.strip(), found))
    except LabelUnknown as wrong:
        raise LabelUnknown(f"line {number}: {wrong}", wrong.fault, number, wrong.found) from wrong


def _write_jsonl(examples: Sequence[Example], parts: Parts) -> str:
    kept = ({name: asdict(one)[name] for name in COLUMNS} | {"split": parts[one.id]} for one in examples)
    return "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in kept)


def _read_jsonl(text: str) -> Iterator[Mapping[str, Any]]:
    for number, line in enumerate(text.split("\n"), 1):  # a line's end of another kind may stand in the words
        if line.strip():
            try:
                row = json.loads(line)
            except json.JSONDecodeError as error:
                raise LabelUnknown(
                    f"line {number} is not JSON: {error.msg}", Fault.NOT_JSON, number
                ) from error
            if not isinstance(row, dict):
                raise LabelUnknown(f"line {number} is no JSON object", Fault.NO_OBJECT, number)
            yield row


def _write_csv(examples: Sequence[Example], parts: Parts) -> str:
    written = io.StringIO()
    writer = csv.writer(written)
    writer.writerow([*COLUMNS, "split"])
    for one in examples:
        row = asdict(one)
        writer.writerow([*(_cell(row[name]) for name in COLUMNS), parts[one.id]])
    return written.getvalue()


def _cell(value: Any) -> str:
    """Several as JSON; a leading sign that a spreadsheet would run gets a quote before it."""
    text = json.dumps(list(value), ensure_ascii=False) if isinstance(value, list | tuple) else str(value)
    return f"'{text}" if _quotable(text) else text


def _read_csv(text: str) -> Iterator[Mapping[str, Any]]:
    reader = csv.DictReader(io.StringIO(text.removeprefix("\ufeff")))
    if "text" not in (reader.fieldnames or ()):
        raise LabelUnknown(f"no column text; expected {', '.join(COLUMNS)}", Fault.NO_COLUMN)
    for number, row in enumerate(reader, 1):
        plain = {name: _unquoted(value) if isinstance(value, str) else value for name, value in row.items()}
        lists = {name: _list(plain.get(name), name, number) for name in ("context", "entities")}
        yield {**plain, **lists, **{name: _words(plain.get(name)) for name in ("secondary", "tags")}}


def _list(cell: Any, name: str, number: int) -> list[Any]:
    try:
        found = json.loads(cell or "[]")
    except (json.JSONDecodeError, TypeError) as error:
        raise LabelUnknown(
            f"line {number}: {name} is no JSON list: {error}", Fault.NO_LIST, number, name
        ) from error
    return found if isinstance(found, list) else [found]


def _words(cell: Any) -> list[Any]:
    """A JSON list as we write it, or names with a comma or semicolon between, as people type them."""
    try:
        found = json.loads(cell or "[]")
    except (json.JSONDecodeError, TypeError):
        return re.split(r"[,;、\uff0c\uff1b]", str(cell))
    return found if isinstance(found, list) else [found]


def _unquoted(text: str) -> str:
    return text[1:] if text[:1] == "'" and _quotable(text[1:]) else text


def _quotable(text: str) -> bool:
    """What a spreadsheet would run, and what looks as if it had been quoted for that already."""
    return _runs(text.lstrip("'"))


def _runs(text: str) -> bool:
    """Whether a spreadsheet would take it for a formula, blanks and invisible signs before it or not."""
    first = next((char for char in text if unicodedata.category(char)[0] not in "CZ"), "")
    return first != "" and first in "=+-@＝＋－＠"


def _write_label_studio(examples: Sequence[Example], parts: Parts) -> str:
    tasks = [
        {
            "data": {
                "text": one.text,
                "speaker": one.speaker,
                "industry": one.industry,
                "context": list(one.context),
            },
            "meta": {"id": one.id, "split": parts[one.id], "intent": one.intent},
            "annotations": [
                {
                    "result": [
                        _label_studio_choices("intent", [one.intent, *one.secondary]),
                        *([_label_studio_choices("tags", one.tags)] if one.tags else ()),
                        *(_label_studio_entity(one.text, entity) for entity in one.entities),
                    ]
                }
            ],
        }
        for one in examples
    ]
    return json.dumps(tasks, ensure_ascii=False, indent=1)


def _label_studio_choices(name: str, chosen: Sequence[str]) -> dict[str, Any]:
    return {"from_name": name, "to_name": "text", "type": "choices", "value": {"choices": list(chosen)}}


def _label_studio_entity(text: str, entity: Entity) -> dict[str, Any]:
    """Label Studio counts as a browser does: an emoji is two."""
    start, end = in_browser(text, entity.start), in_browser(text, entity.end)
    value = {"start": start, "end": end, "text": entity.text, "labels": [entity.type]}
    return {"from_name": "entity", "to_name": "text", "type": "labels", "value": value}


def _read_label_studio(text: str) -> Iterator[Mapping[str, Any]]:
    try:
        tasks = json.loads(text)
        for task in tasks:
            annotations = task.get("annotations") or [{}]
            results = annotations[0].get("result") or []
            chosen = [
                (one.get("from_name") == "tags", one["value"]["choices"])
                for one in results
                if one.get("type") == "choices"
            ]
            words = str(task["data"].get("text") or "")
            marked = [
                {
                    "type": value["labels"][0],
                    "start": from_browser(words, value["start"]),
                    "end": from_browser(words, value["end"]),
                }
                for value in (one["value"] for one in results if one.get("type") == "labels")
            ]
            meta = task.get("meta") or {}
            intents: list[str] = next((names for is_tags, names in chosen if not is_tags), [])
            tags: list[str] = next((names for is_tags, names in chosen if is_tags), [])
            ordered = _first_and_others(intents, meta.get("intent"))
            yield {**task["data"], **ordered, "id": meta.get("id", ""), "tags": tags, "entities": marked}
    except (json.JSONDecodeError, KeyError, TypeError, AttributeError, IndexError) as error:
        raise LabelUnknown(
            f"this is no Label Studio export ({error!r}); export as JSON", Fault.OTHER_FORM
        ) from error


def _write_doccano(examples: Sequence[Example], parts: Parts) -> str:
    rows = (
        {
            "id": one.id,
            "text": one.text,
            "label": [one.intent, *one.secondary],
            "cats": [one.intent, *one.secondary],
            "entities": [[entity.start, entity.end, entity.type] for entity in one.entities],
            "intent": one.intent,
            "tags": list(one.tags),
            "speaker": one.speaker,
            "industry": one.industry,
            "context": list(one.context),
            "split": parts[one.id],
        }
        for one in examples
    )
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def _read_doccano(text: str) -> Iterator[Mapping[str, Any]]:
    for row in _read_jsonl(text):
        labels = row.get("label") or row.get("labels") or row.get("cats") or []
        yield {**row, **_first_and_others(labels, row.get("intent"))}


def _first_and_others(labels: Any, first: Any) -> dict[str, Any]:
    """The intent and the secondary ones. `first` is what the export said, if a labeller left it there."""
    names = _strings(labels)
    intent = str(first) if first in names else next(iter(names), "")
    return {"intent": intent, "secondary": [one for one in names if one != intent]}


_WRITERS: Mapping[str, Callable[[Sequence[Example], Parts], str]] = {
    "jsonl": _write_jsonl, "csv": _write_csv, "label-studio": _write_label_studio, "doccano": _write_doccano,
}  # fmt: skip
_READERS: Mapping[str, Callable[[str], Iterator[Mapping[str, Any]]]] = {
    "jsonl": _read_jsonl, "csv": _read_csv, "label-studio": _read_label_studio, "doccano": _read_doccano,
}  # fmt: skip


def _known(table: Mapping[str, Any], form: str) -> Any:
    if form not in table:
        raise LabelUnknown(f"form {form!r}; expected one of {', '.join(FORMATS)}", Fault.OTHER_FORM)
    return table[form]
