"""`eval run --suite intents`: which cases, which model, which baselines."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from intents import Classifier, Example, load, shipped_examples, shipped_model, train
from intents.cues import shipped_cues
from intents.features import shipped_eyes
from intents.guard import Guard

from ..case import changed, intent_cases
from . import Options
from .intents import CueRules, Majority, Reader, Report, run


def run_intents(options: Options) -> Report:
    """Production's classifier on a set of cases; the baselines are trained in the same run, on the same examples."""
    cases = intent_cases(options.cases)
    classifier = load(Path(options.model)) if options.model else shipped_model()
    warning = changed("intents/test.jsonl") if options.cases == "test" else None
    baselines = _baselines(classifier)
    return run(
        classifier, cases, name=options.cases, warnings=(warning,) if warning else (), baselines=baselines
    )


def _baselines(classifier: Classifier) -> dict[str, Reader]:
    examples = shipped_examples()
    return {
        "majority": Majority(examples),
        "cue rules alone": CueRules(shipped_cues()),
        "character n-grams alone": ablated(examples, "wqnkcl"),
        "without the drift guard": replace(classifier, guard=Guard()),
    }


def ablated(examples: list[Example], without: str) -> Classifier:
    """Trained without some kinds of features (letters of intents/features.py), and without the guard."""
    eyes = replace(shipped_eyes(), without=frozenset(without))
    return replace(train(examples, eyes=eyes, calibrate_on=examples[:200]), guard=Guard())
