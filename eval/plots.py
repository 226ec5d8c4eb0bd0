"""The pictures of the results pages as SVG: the same bytes from the same numbers. matplotlib is imported here only."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from intents import Classifier, Example, shipped_examples
from intents.abstain import Risk, risk_coverage

from .metrics import Bin, calibration_error, reliability
from .plots_learning import SEEDS, Point, learning_curve

if TYPE_CHECKING:
    from .bench.growth import Grown
    from .suites.rhythm import RhythmReport

BLUE, ORANGE, GREY, GREEN = "#2563eb", "#d97706", "#6b7280", "#059669"


class Sure(NamedTuple):
    """Readings of a set: how sure, and whether right."""

    confidence: list[float]
    right: list[bool]

    @property
    def bins(self) -> list[Bin]:
        return reliability(self.confidence, self.right)

    @property
    def error(self) -> float:
        return calibration_error(self.confidence, self.right)

    @property
    def risk(self) -> list[Risk]:
        return risk_coverage(np.array(self.confidence), np.array(self.right))


def draw_all(
    model: Classifier, dev: Sequence[Example], cases: Sequence[Example], name: str, folder: Path, *,
    seeds: int = SEEDS, rhythm: Callable[[], RhythmReport] | None = None, progress: Callable[[str], None] = lambda _: None,
) -> list[str]:  # fmt: skip
    """Writes the pictures and returns their numbers as lines. The curve is drawn on `dev`, calibration on `cases`."""
    folder.mkdir(parents=True, exist_ok=True)
    points = learning_curve(model, shipped_examples(), dev, seeds=seeds, progress=progress)
    draw_learning(points, folder / "learning.svg")
    before, after = sure(uncalibrated(model), cases), sure(model, cases)
    draw_reliability(before, after, name, folder / "reliability.svg")
    draw_risk(after, answered(model, cases), name, folder / "risk-coverage.svg")
    if rhythm is not None:
        progress("rhythm: eight quarters")
        draw_rhythm(rhythm(), folder / "rhythm.svg")
    lines = ["examples  " + "  ".join(f"{one:22}" for one in points[0].numbers)]
    lines += [
        f"{one.size:8}  " + "  ".join(f"{value!s:22}" for value in one.numbers.values()) for one in points
    ]
    return [*lines, f"ECE on {name}: {before.error:.3f} before calibration, {after.error:.3f} after"]


def uncalibrated(model: Classifier) -> Classifier:
    """The softmax of the linear scores as they are."""
    return replace(model, temperature=1.0, sharpness=1.0, acts={})


def sure(model: Classifier, cases: Sequence[Example]) -> Sure:
    best = [
        model.read(
            one.text, speaker=one.speaker, context=one.context, industry=one.industry or None
        ).best
        for one in cases
    ]  # fmt: skip
    return Sure(
        [one.confidence for one in best],
        [one.intent == case.intent for one, case in zip(best, cases, strict=True)],
    )


def answered(model: Classifier, cases: Sequence[Example]) -> tuple[float, float]:
    """Coverage and accuracy where the shipped thresholds stand."""
    readings = [
        model.read(one.text, speaker=one.speaker, context=one.context, industry=one.industry or None)
        for one in cases
    ]
    kept = [(one, case) for one, case in zip(readings, cases, strict=True) if one.abstained is None]
    right = sum(one.best.intent == case.intent for one, case in kept)
    return len(kept) / len(cases), right / max(1, len(kept))


def draw_learning(points: Sequence[Point], path: Path) -> None:
    figure, axes = _figure(2, "examples trained on")
    for name, colour, axis in (
        ("accuracy", BLUE, axes[0]),
        ("macro-F1", GREEN, axes[0]),
        ("drift", ORANGE, axes[1]),
    ):
        sizes = [one.size for one in points]
        values = [one.numbers[name] for one in points]
        axis.fill_between(
            sizes, [one.low for one in values], [one.high for one in values], color=colour, alpha=0.15
        )
        axis.plot(sizes, [one.value for one in values], color=colour, marker="o", markersize=3, label=name)
        for point in points:
            dots = point.by_seed[name]
            axis.plot([point.size] * len(dots), dots, ".", color=colour, markersize=3, alpha=0.5)
        axis.set_xscale("log")
        axis.set_xticks(sizes, [str(one) for one in sizes])
        axis.minorticks_off()
        axis.legend(frameon=False)
    axes[0].set_title("read right on the development set")
    axes[1].set_title("questions read as a buying signal")
    _save(figure, path)


def draw_reliability(before: Sure, after: Sure, name: str, path: Path) -> None:
    figure, (axis,) = _figure(1, "confidence")
    axis.plot([0, 1], [0, 1], color=GREY, linewidth=0.8, linestyle="--")
    for which, colour, words in ((before, ORANGE, "before"), (after, BLUE, "after")):
        label = f"{words} calibration, ECE {which.error:.3f}"
        bins = which.bins
        axis.plot([one.confidence for one in bins], [one.accuracy for one in bins], color=colour, label=label)
        axis.scatter(
            [one.confidence for one in bins],
            [one.accuracy for one in bins],
            [4 + one.size / 2 for one in bins],
            color=colour,
        )
    axis.set_ylabel("share right")
    axis.set_title(f"reliability on {name}; a dot's size is its number of readings")
    axis.legend(frameon=False, loc="lower right")
    _save(figure, path)


def draw_risk(readings: Sure, stands: tuple[float, float], name: str, path: Path) -> None:
    figure, (axis,) = _figure(1, "coverage: share of utterances that are answered")
    risk = readings.risk
    axis.step([one.coverage for one in risk], [1 - one.accuracy for one in risk], color=BLUE, where="post")
    axis.plot([stands[0]], [1 - stands[1]], "o", color=ORANGE, label="the thresholds that ship")
    axis.set_ylabel("risk: share of answers that are wrong")
    axis.set_title(f"risk and coverage on {name}")
    axis.legend(frameon=False, loc="upper left")
    _save(figure, path)


def draw_rhythm(report: RhythmReport, path: Path) -> None:
    figure, (axis,) = _figure(1, "quarter")
    quarters = [row.quarter for row in report.rows]
    axis.axhline(0, color=GREY, linewidth=0.8)
    for way, colour in zip(report.rows[0].gain, (GREY, BLUE, GREEN), strict=True):
        gains = [row.gain[way] for row in report.rows]
        axis.fill_between(
            quarters, [one.low for one in gains], [one.high for one in gains], color=colour, alpha=0.12
        )
        axis.plot(
            quarters, [one.value for one in gains], color=colour, marker="o", markersize=3, label=way
        )  # fmt: skip
    axis.set_ylabel("accuracy above the start")
    axis.set_title(f"50 interactions a quarter, {report.cases} development cases")
    axis.legend(frameon=False, loc="upper left")
    _save(figure, path)


def draw_growth(points: Sequence[Grown], path: Path) -> None:
    """A panel an axis, sizes on a logarithmic scale, all with the same milliseconds."""
    axes_of = dict.fromkeys(one.axis for one in points)
    figure, panels = _figure(len(axes_of), "")
    figure.set_size_inches(3.0 * len(axes_of), 3.0)
    highest = 1.25 * max(one.cpu_ms for one in points)
    for name, panel in zip(axes_of, panels, strict=True):
        steps = [one for one in points if one.axis == name]
        sizes, costs = [one.size for one in steps], [one.cpu_ms for one in steps]
        panel.plot(sizes, costs, color=BLUE, marker="o", markersize=3)
        for size, cost in zip(sizes, costs, strict=True):
            panel.annotate(
                f"{cost:.0f}",
                (size, cost),
                textcoords="offset points",
                xytext=(0, 5),
                ha="center",
                fontsize=8,
            )
        panel.set_xscale("log")
        panel.set_xticks(sizes, [f"{one:,}" for one in sizes])
        panel.minorticks_off()
        panel.set_ylim(0, highest)
        panel.set_title(name)
    panels[0].set_ylabel("processor ms a turn")
    path.parent.mkdir(parents=True, exist_ok=True)
    _save(figure, path)


def _figure(panels: int, x: str) -> tuple[Any, Sequence[Any]]:
    import matplotlib as mpl

    mpl.use("svg")
    # text stays text and ids come from the content: small files that are the same each time
    mpl.rcParams |= {"svg.fonttype": "none", "svg.hashsalt": "yiju", "font.size": 9, "axes.titlesize": 10}
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5.4 * panels, 3.6), layout="constrained")
    axes = figure.subplots(1, panels, squeeze=False)[0]
    for axis in axes:
        axis.set_xlabel(x)
        axis.spines[["top", "right"]].set_visible(False)
        axis.grid(color="#e5e7eb", linewidth=0.6)
    return figure, axes


def _save(figure: Any, path: Path) -> None:
    figure.savefig(path, format="svg", metadata={"Date": None, "Creator": None})
