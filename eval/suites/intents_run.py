"""`eval run --suite intents`: which cases, which model, which baselines and ablations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from intents import Classifier, load, shipped_examples, shipped_model
from intents.cues import shipped_cues
from intents.features import Eyes, Feature
from intents.guard import Guard
from intents.heldout import Seen
from intents.training import fit

from ..case import changed, intent_cases
from . import Options
from .intents import CueRules, Majority, Reader, Report, run

ABLATIONS = {"without cues": "qn", "without the graph": "k", "without words": "w", "without context": "c"}
"""Kinds of features left out, by their letters in intents/features.py."""


def run_intents(options: Options) -> Report:
    """Production's classifier on a set of cases; what it is compared with is trained in the same run."""
    cases = intent_cases(options.cases)
    classifier = load(Path(options.model)) if options.model else shipped_model()
    warning = changed("intents/test.jsonl") if options.cases == "test" else None
    warnings = (warning,) if warning else ()
    return run(classifier, cases, name=options.cases, warnings=warnings, baselines=_baselines(classifier))


def _baselines(classifier: Classifier) -> dict[str, Reader]:
    examples = shipped_examples()
    seen = [Seen(one, classifier.eyes.see(one.text, one.context)) for one in examples]
    ablated = {name: without(classifier, seen, kinds) for name, kinds in ABLATIONS.items()}
    return {
        "majority": Majority(examples),
        "cue rules alone": CueRules(shipped_cues()),
        "character n-grams alone": replace(without(classifier, seen, "wqnkcl"), guard=Guard(), acts={}),
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
    eyes = Eyes(classifier.eyes.cues, classifier.eyes.graph, frozenset(kinds))
    return replace(classifier, heads=heads, eyes=eyes)


def _kept(features: Sequence[Feature], kinds: str) -> list[Feature]:
    return [one for one in features if one.name[:1] not in kinds]
