"""`eval run --suite intents`: which cases, which model, which baselines and ablations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from intents import Classifier, load, shipped_examples, shipped_model
from intents.cues import shipped_cues
from intents.features import Feature
from intents.guard import Guard
from intents.heldout import Seen
from intents.model_file import SHIPPED
from intents.training import fit

from ..baselines.recorded import recorded
from ..case import changed, intent_cases
from . import Options
from .intents import CueRules, Majority, Reader, Report, run

ABLATIONS = {"without cues": "qn", "without the graph": "k", "without words": "w", "without context": "ci"}
"""Kinds of features left out, by their letters in intents/features.py."""


def run_intents(options: Options) -> Report:
    """Production's classifier on a set of cases; what it is compared with is trained in the same run."""
    cases = intent_cases(options.cases)
    classifier = load(Path(options.model)) if options.model else shipped_model()
    warning = changed("intents/test.jsonl") if options.cases == "test" else None
    warnings = (warning,) if warning else ()
    model_file = Path(options.model) if options.model else SHIPPED
    others = recorded(options.cases, cases)
    return run(
        classifier, cases, name=options.cases, warnings=warnings, baselines=lambda: _baselines(classifier),
        model_file=model_file, recorded=others.reports, not_compared=others.missing,
    )  # fmt: skip


def _baselines(classifier: Classifier) -> dict[str, Reader]:
    examples = shipped_examples()
    seen = [Seen(one, classifier.eyes.see(one.text, one.context)) for one in examples]
    ablated = {name: without(classifier, seen, kinds) for name, kinds in ABLATIONS.items()}
    return {
        "majority": Majority(examples),
        "cue rules alone": CueRules(shipped_cues()),
        "character n-grams alone": replace(without(classifier, seen, "wqnkcli"), guard=Guard(), acts={}),
        **ablated,
        "without the drift guard": replace(classifier, guard=Guard()),
        "without acts (rule 10)": replace(classifier, acts={}),
    }


def without(classifier: Classifier, seen: Sequence[Seen], kinds: str) -> Classifier:
    """The same model fitted without some kinds of features; guard, acts and calibration stay as they are."""
    kept = [Seen(one.example, _kept(one.features, kinds)) for one in seen]
    heads = {
        speaker: fit([one for one in kept if one.example.speaker == speaker]) for speaker in classifier.heads
    }
    return replace(classifier, heads=heads, eyes=replace(classifier.eyes, without=frozenset(kinds)))


def _kept(features: Sequence[Feature], kinds: str) -> list[Feature]:
    return [one for one in features if one.name[:1] not in kinds]
