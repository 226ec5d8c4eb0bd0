"""Are intents read right, and for whom not: accuracy, drift, put-offs, abstention, calibration, latency."""

from __future__ import annotations

import resource
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from intents import DRIFTS, HIGH_INTENT, Example, Intent, Ranked, Reading, load_taxonomy

from ..metrics import Bin, Interval, bootstrap, calibration_error, macro_f1, percentile, reliability, wilson


class Reader(Protocol):
    """What is measured: production's classifier, or a baseline."""

    def read(self, text: str, *, speaker: str, context: Sequence[str], industry: str | None) -> Reading: ...


@dataclass(frozen=True)
class Score:
    """One case and what was read."""

    case: Example
    reading: Reading
    seconds: float
    processor_s: float = 0.0
    """Of the reading thread, which means the same on a busy machine; 0 where another system read."""

    @property
    def read(self) -> str:
        return self.reading.best.intent

    @property
    def right(self) -> bool:
        return self.read == self.case.intent

    @property
    def answered(self) -> bool:
        return self.reading.abstained is None


@dataclass(frozen=True)
class Report:
    """Counts, intervals and the sentences that failed."""

    name: str
    scores: Sequence[Score]
    warnings: tuple[str, ...] = ()
    baselines: dict[str, Interval] = field(default_factory=dict)
    drifts: dict[str, Interval] = field(default_factory=dict)
    """`promised_interest` of each baseline."""
    not_compared: tuple[str, ...] = ()
    """A line for each system that was to be compared with and could not be."""
    memory_mb: float = 0.0
    """Most memory that the process has held, right after the classifier read the cases and before any baseline did."""
    model_mb: float = 0.0
    """Size of the model's file; 0 where what is measured has none."""

    @property
    def accuracy(self) -> Interval | None:
        return self._share(lambda one: True)

    @property
    def macro_f1(self) -> Interval:
        return bootstrap([(one.case.intent, one.read) for one in self.scores], macro_f1)

    @property
    def promised_interest(self) -> Interval | None:
        """Drift: questions (technical, contract, service, competitor) read as a buying signal; lower is better."""
        asked = [one for one in self.scores if one.case.intent in DRIFTS]
        return wilson(sum(one.read in _high() for one in asked), len(asked))

    @property
    def promised_interest_tagged(self) -> Interval | None:
        """The same over cases with the tag `drift` only."""
        asked = [one for one in self.scores if one.case.intent in DRIFTS and "drift" in one.case.tags]
        return wilson(sum(one.read in _high() for one in asked), len(asked))

    @property
    def acted_on_drift(self) -> Interval | None:
        """Drift that the abstention lets through to a card."""
        asked = [one for one in self.scores if one.case.intent in DRIFTS]
        return wilson(sum(one.read in _high() and one.answered for one in asked), len(asked))

    @property
    def vague_recall(self) -> Interval | None:
        return self._share(lambda one: one.case.intent == "vague_interest")

    @property
    def coverage(self) -> Interval | None:
        return wilson(sum(one.answered for one in self.scores), len(self.scores))

    @property
    def answered_right(self) -> Interval | None:
        return self._share(lambda one: one.answered)

    @property
    def two_best(self) -> Interval | None:
        """The right intent is one of the two that a card would ask about."""
        hits = sum(one.case.intent in [r.intent for r in one.reading.ranked[:2]] for one in self.scores)
        return wilson(hits, len(self.scores))

    @property
    def calibration(self) -> float:
        return calibration_error(
            [one.reading.confidence for one in self.scores], [one.right for one in self.scores]
        )

    def reliability(self) -> list[Bin]:
        return reliability(
            [one.reading.confidence for one in self.scores], [one.right for one in self.scores]
        )

    @property
    def secondary(self) -> tuple[Interval | None, Interval | None]:
        """Precision and recall of further acts."""
        found = [(one, r.intent) for one in self.scores for r in one.reading.secondary]
        wanted = [(one, intent) for one in self.scores for intent in one.case.secondary]
        hits = sum(intent in one.case.secondary or intent == one.case.intent for one, intent in found)
        met = sum(intent in {r.intent for r in one.reading.secondary} | {one.read} for one, intent in wanted)
        return wilson(hits, len(found)), wilson(met, len(wanted))

    def milliseconds(self, share: float) -> float:
        return 1000 * percentile([one.seconds for one in self.scores], share)

    def processor_ms(self, share: float) -> float:
        return 1000 * percentile([one.processor_s for one in self.scores], share)

    def by(self, key: Callable[[Score], Sequence[str]]) -> dict[str, Interval | None]:
        groups = sorted({name for one in self.scores for name in key(one)})
        return {name: self._share(partial(_belongs, key, name)) for name in groups}

    def per_intent(self) -> dict[str, tuple[Interval | None, Interval | None]]:
        """Precision and recall."""
        precision = self.by(lambda one: (one.read,))
        recall = self.by(lambda one: (one.case.intent,))
        return {
            name: (precision.get(name), recall.get(name)) for name in sorted(precision.keys() | recall.keys())
        }

    def confusion(self) -> list[tuple[tuple[str, str], int]]:
        """(wanted, read) of the mistakes, most frequent first."""
        return Counter((one.case.intent, one.read) for one in self.scores if not one.right).most_common()

    def failures(self) -> list[Score]:
        return [one for one in self.scores if not one.right]

    def _share(self, which: Callable[[Score], bool]) -> Interval | None:
        chosen = [one for one in self.scores if which(one)]
        return wilson(sum(one.right for one in chosen), len(chosen))

    def as_json(self) -> dict[str, Any]:
        numbers = {name: getattr(self, name) for name in _HEADLINES}
        return {
            "suite": "intents",
            "cases": self.name,
            "count": len(self.scores),
            **{name: value._asdict() if value else None for name, value in numbers.items()},
            "secondary_precision": _dict(self.secondary[0]),
            "secondary_recall": _dict(self.secondary[1]),
            "ece": self.calibration,
            "p50_ms": self.milliseconds(0.5),
            "p99_ms": self.milliseconds(0.99),
            "p50_processor_ms": self.processor_ms(0.5),
            "p99_processor_ms": self.processor_ms(0.99),
            "memory_mb": round(self.memory_mb, 1),
            "model_mb": round(self.model_mb, 2),
            "by_industry": _plain(self.by(lambda one: (one.case.industry,))),
            "by_tag": _plain(self.by(lambda one: one.case.tags)),
            "per_intent": {name: [_dict(p), _dict(r)] for name, (p, r) in self.per_intent().items()},
            "confusion": [[*pair, count] for pair, count in self.confusion()],
            "baselines": _plain(self.baselines),
            "baselines_promised_interest": _plain(self.drifts),
            "reliability": [list(one) for one in self.reliability()],
            "failures": [[one.case.id, one.case.text, one.case.intent, one.read] for one in self.failures()],
            "not_compared": list(self.not_compared),
            "warnings": list(self.warnings),
        }

    def as_text(self) -> str:
        lines = [*self.warnings, f"intents on {self.name}: {len(self.scores)} cases", ""]
        lines += [f"  {name:26} {getattr(self, name)}" for name in _HEADLINES]
        lines += [
            f"  {'secondary precision':26} {self.secondary[0]}",
            f"  {'secondary recall':26} {self.secondary[1]}",
        ]
        lines += [f"  {'ece':26} {self.calibration:.3f}"]
        lines += [
            f"  {'latency':26} p50 {self.milliseconds(0.5):.2f} ms, p99 {self.milliseconds(0.99):.2f} ms by the clock",
            f"  {'processor':26} p50 {self.processor_ms(0.5):.2f} ms, p99 {self.processor_ms(0.99):.2f} ms",
        ]
        lines += [
            f"  {'memory':26} process {self.memory_mb:.0f} MB at most, model file {self.model_mb:.1f} MB"
        ]
        lines += ["", "confidence: readings, mean confidence, share right"]
        lines += [f"  {size:4} {sure:.3f} {right:.3f}" for size, sure, right in self.reliability()]
        lines += ["", "in comparison: accuracy, promised_interest"]
        lines += [f"  {name:26} {value}   {self.drifts.get(name)}" for name, value in self.baselines.items()]
        lines += [f"  {line}" for line in self.not_compared]
        lines += _section("by industry", self.by(lambda one: (one.case.industry,)))
        lines += _section("by tag", self.by(lambda one: one.case.tags))
        lines += ["", "intent: precision, recall"]
        lines += [f"  {name:26} {p}   {r}" for name, (p, r) in self.per_intent().items()]
        lines += ["", "mistakes: wanted → read"]
        lines += [f"  {count:3} {wanted} → {read}" for (wanted, read), count in self.confusion()]
        lines += ["", "sentences that failed: wanted → read"]
        lines += [
            f"  {one.case.id} {one.case.text} ({one.case.intent} → {one.read})" for one in self.failures()
        ]
        return "\n".join(lines)


_HEADLINES = (
    "accuracy", "macro_f1", "two_best", "promised_interest", "promised_interest_tagged", "acted_on_drift",
    "vague_recall", "coverage", "answered_right",
)  # fmt: skip


def run(
    classifier: Reader, cases: Sequence[Example], *, name: str = "cases", warnings: Sequence[str] = (),
    baselines: Callable[[], dict[str, Reader]] = dict, model_file: Path | None = None,
    recorded: Mapping[str, Report] | None = None, not_compared: Sequence[str] = (),
) -> Report:  # fmt: skip
    """Read every case with the classifier, and with each baseline (made afterwards: fitting them takes memory);
    `recorded` ones were read elsewhere."""
    for one in cases[:20]:
        _score(classifier, one)  # the first readings load parsers; they are no latency of a running server
    scores = [_score(classifier, one) for one in cases]
    memory_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    model_mb = model_file.stat().st_size / 1e6 if model_file else 0.0
    others = {
        label: Report(label, [_score(other, one) for one in cases]) for label, other in baselines().items()
    } | dict(recorded or {})
    accuracies = {label: report.accuracy for label, report in others.items()}
    drifts = {label: report.promised_interest for label, report in others.items()}
    return Report(
        name, scores, tuple(warnings), _known(accuracies), _known(drifts), tuple(not_compared), memory_mb, model_mb
    )  # fmt: skip


def _known(values: dict[str, Interval | None]) -> dict[str, Interval]:
    return {label: value for label, value in values.items() if value}


def _score(reader: Reader, case: Example) -> Score:
    began, used = time.perf_counter(), time.thread_time()
    reading = reader.read(
        case.text, speaker=case.speaker, context=case.context, industry=case.industry or None
    )
    return Score(case, reading, time.perf_counter() - began, time.thread_time() - used)


@dataclass(frozen=True)
class Majority:
    """Always the most frequent intent of that speaker: what no reading at all would reach."""

    examples: Sequence[Example]

    def read(self, text: str, *, speaker: str, context: Sequence[str], industry: str | None) -> Reading:
        counts = Counter(one.intent for one in self.examples if one.speaker == speaker)
        return Reading((Ranked(Intent(counts.most_common(1)[0][0]), 1.0),))


@dataclass(frozen=True)
class CueRules:
    """The cue lexicon alone: the intent with the strongest cues, small talk without any."""

    lexicon: Any

    def read(self, text: str, *, speaker: str, context: Sequence[str], industry: str | None) -> Reading:
        from intents.normalise import normalise

        allowed = {info.name for info in load_taxonomy().for_speaker(speaker)}
        weight: Counter[str] = Counter()
        for cue, start, end in self.lexicon.find(normalise(text)):
            if cue.intent in allowed:
                weight[cue.intent] += cue.strength * (end - start)
        best = weight.most_common(1)[0][0] if weight else "smalltalk"
        return Reading((Ranked(Intent(best), 1.0),))


def _belongs(key: Callable[[Score], Sequence[str]], name: str, one: Score) -> bool:
    return name in key(one)


def _high() -> frozenset[Intent]:
    return load_taxonomy().in_group(HIGH_INTENT)


def _dict(value: Interval | None) -> dict[str, float] | None:
    return value._asdict() if value else None


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    return {name: _dict(value) for name, value in values.items()}


def _section(title: str, values: dict[str, Interval | None]) -> list[str]:
    return ["", title] + [f"  {name or '-':26} {value}" for name, value in values.items()]
