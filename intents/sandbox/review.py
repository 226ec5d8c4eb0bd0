"""The review file: JSON lines in which a trainer sets `verdict` to accept, reject or relabel (with another `intent`)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from intents.company_cues import CompanyCues
from intents.errors import IntentsError, TranscriptUnusable
from intents.labels import Labels, Proposal
from intents.sandbox.model import Mined, MinedCue, Suggestion

VERDICTS = ("", "accept", "relabel", "reject")


def records(mined: Mined, chosen: Sequence[tuple[Suggestion, str]]) -> list[dict[str, Any]]:
    """Clusters to read first, then utterances and cues to judge."""
    groups = [
        {
            "kind": "cluster",
            "name": one.name,
            "turns": len(one.members),
            "intent": one.intent,
            "share": round(one.share, 3),
        }
        for one in mined.clusters
    ]
    return [*groups, *(_utterance(*one) for one in chosen), *(_cue(cue) for cue in mined.cues)]


def _utterance(one: Suggestion, cluster: str) -> dict[str, Any]:
    turn = one.turn
    return {
        "kind": "utterance", "verdict": "", "intent": one.intent, "text": turn.text, "speaker": turn.speaker,
        "context": list(turn.context), "confidence": round(one.confidence, 4), "abstained": one.abstained or None,
        "cluster": cluster, "times": turn.times, "where": turn.where,
    }  # fmt: skip


def _cue(cue: MinedCue) -> dict[str, Any]:
    return {
        "kind": "cue", "verdict": "", "cue": cue.text, "intent": cue.intent, "strength": cue.strength, "hits": cue.hits,
        "support": cue.support, "precision": round(cue.precision, 3), "low": round(cue.low, 3), "heard": cue.heard,
    }  # fmt: skip


def check_place(path: Path) -> None:
    """Before the work rather than after it. Raises `TranscriptUnusable` where no file can be written or verdicts would be lost."""
    if not path.absolute().parent.is_dir():
        raise TranscriptUnusable(f"{path}: there is no folder {path.absolute().parent}; make it first")
    if path.is_dir():
        raise TranscriptUnusable(f"{path} is a folder; name a file in it")
    if path.exists() and (judged := sum(map(_holds_verdict, path.read_bytes().splitlines()))):
        raise TranscriptUnusable(
            f"{path} holds {judged} verdicts, which would be lost; take them over with `yiju intents mine --settle {path} "
            "--as NAME`, or name another file"
        )


def _holds_verdict(line: bytes) -> bool:
    try:
        return bool(json.loads(line).get("verdict"))
    except (ValueError, AttributeError):
        return False


def write_review(path: Path, rows: Sequence[dict[str, Any]]) -> None:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")


def settle_review(path: Path, labels: Labels, cues: CompanyCues, by: str) -> dict[str, int]:
    """Accepted and relabelled utterances teach and cues are read by; rejected ones never are, the others stay as they are.

    Everything is checked before anything is settled; raises `TranscriptUnusable`, naming the line.
    """
    judged = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if line.strip():
            row = _judged(line, f"{path.name}:{number}", labels, cues)
            if row["kind"] in {"utterance", "cue"} and row["verdict"]:
                judged.append(row)
    counts = dict.fromkeys((*VERDICTS[1:], "cues"), 0)
    for row in judged:
        if row["kind"] == "cue":
            counts["cues"] += _settle_cue(row, cues, by)
            continue
        label = labels.propose(Proposal(row["text"], row["speaker"], "mined", context=tuple(row["context"])))
        if row["verdict"] == "reject":
            labels.drop(label, by, "rejected in review")
        else:
            labels.settle(label, row["intent"], by)
        counts[row["verdict"]] += 1
    return counts


def _settle_cue(row: dict[str, Any], cues: CompanyCues, by: str) -> int:
    """How many cues more are read by. A relabelled one loses its numbers: they were counted for another intent."""
    if row["verdict"] == "reject":
        return 0
    counted = {name: row[name] for name in ("hits", "support") if row["verdict"] == "accept"}
    cues.accept(row["cue"], row["intent"], by, strength=row["strength"], **counted)
    return 1


def _judged(line: str, where: str, labels: Labels, cues: CompanyCues) -> dict[str, Any]:
    try:
        row = json.loads(line)
        row = {"verdict": "", "speaker": "customer", "context": [], **row}
        if row["kind"] == "utterance":
            allowed = {info.name for info in labels.taxonomy.for_speaker(row["speaker"])}
            if row["verdict"] not in VERDICTS or row["intent"] not in allowed or not row["text"].strip():
                raise IntentsError(
                    f"verdict {row['verdict']!r} and intent {row['intent']!r} for {row['text']!r}"
                )
        if row["kind"] == "cue":
            row = {"hits": 0, "support": 0, "strength": 1, **row}
            cues.checked(row["cue"], row["intent"], row["strength"])
            if row["verdict"] not in VERDICTS:
                raise IntentsError(f"verdict {row['verdict']!r} for {row['cue']!r}")
    except (ValueError, KeyError, TypeError, AttributeError, IntentsError) as error:
        raise TranscriptUnusable(
            f"{where}: {error}; a line has kind, text (or cue), an intent of its speaker, and a verdict of {', '.join(VERDICTS[1:])} or none"
        ) from error
    return row
