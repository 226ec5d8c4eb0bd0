"""yiju eval: measure, and compare two measurements."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from intents import IntentsError

from .hygiene import inspect
from .metrics import mcnemar
from .suites import NEEDS_DATA, SUITES, Options, SuiteReport

app = typer.Typer(
    no_args_is_help=True, help="Measure: intents, retrieval, whole turns; compare two measurements."
)


@app.command()
def run(
    suite: Annotated[str, typer.Option(help=f"one of: {', '.join(SUITES)}; empty for all")] = "",
    cases: Annotated[
        str, typer.Option(help="dev, test, another set of eval/cases, or a file of cases")
    ] = "test",
    model: Annotated[str, typer.Option(help="a model file instead of the one that ships")] = "",
    data: Annotated[str, typer.Option(help="folder of a public set (suites public, retrieval, scope)")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="one JSON object a suite on stdout")] = False,
    folder: Annotated[
        Path | None, typer.Option("--report", help="also write text and JSON into this folder")
    ] = None,
) -> None:
    """Run suites and print counts, intervals, baselines and the sentences that failed."""
    if suite and suite not in SUITES:
        typer.echo(f"no suite {suite!r}; there are: {', '.join(SUITES)}", err=True)
        raise typer.Exit(2)
    if suite in NEEDS_DATA and not data:
        typer.echo(f"suite {suite} needs --data FOLDER", err=True)
        raise typer.Exit(2)
    for name in [suite] if suite else [one for one in SUITES if data or one not in NEEDS_DATA]:
        try:
            report = SUITES[name](Options(cases, model, data))
        except IntentsError as refused:
            typer.echo(str(refused), err=True)
            raise typer.Exit(1) from refused
        if folder:
            write(report, folder, f"{name}-{Path(data if name in NEEDS_DATA else cases).stem}")
        if as_json:
            sys.stdout.write(json.dumps(report.as_json(), ensure_ascii=False) + "\n")
        else:
            typer.echo(report.as_text())


def write(report: SuiteReport, folder: Path, name: str) -> None:
    """`<name>.txt` to read and `<name>.json` for `eval compare`."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.txt").write_text(report.as_text() + "\n", encoding="utf-8")
    line = json.dumps(report.as_json(), ensure_ascii=False)
    (folder / f"{name}.json").write_text(line + "\n", encoding="utf-8")


@app.command()
def plots(
    folder: Annotated[Path, typer.Option("--folder", help="where the SVG files go")] = Path("eval/results"),
    cases: Annotated[str, typer.Option(help="what calibration is drawn on: a set, or a file")] = "dev-more",
    model: Annotated[str, typer.Option(help="a model file instead of the one that ships")] = "",
    seeds: Annotated[int, typer.Option(help="draws of each size of the learning curve")] = 5,
    rhythm: Annotated[bool, typer.Option(help="also simulate two years of corrections (a minute)")] = True,
) -> None:
    """Draw the pictures of the results pages: learning curve, reliability, risk and coverage, rhythm."""
    from intents import load, shipped_model

    from .case import intent_cases
    from .plots import draw_all
    from .suites.rhythm import run_rhythm

    reader = load(Path(model)) if model else shipped_model()
    lines = draw_all(
        reader, intent_cases("dev"), intent_cases(cases), cases, folder, seeds=seeds,
        rhythm=(lambda: run_rhythm(Options("dev"))) if rhythm else None, progress=lambda said: typer.echo(said, err=True),
    )  # fmt: skip
    typer.echo("\n".join(lines))


@app.command()
def hygiene() -> None:
    """Is the training set kept apart from dev and test, and broad? Exit code 1 where it is not."""
    found = inspect()
    typer.echo(found.as_text())
    raise typer.Exit(1 if found.complaints else 0)


@app.command()
def compare(
    before: Annotated[Path, typer.Argument(help="JSON of an earlier `eval run --json`")],
    after: Annotated[Path, typer.Argument(help="JSON of a later one")],
) -> None:
    """What changed between two measurements of the same cases, with a paired test."""
    old, new = (_reports(path) for path in (before, after))
    for name in sorted(old.keys() & new.keys()):
        typer.echo("\n".join(differences(old[name], new[name])))
    if not old.keys() & new.keys():
        typer.echo(f"nothing in common: {sorted(old)} and {sorted(new)}", err=True)
        raise typer.Exit(2)


def differences(old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    """Headlines side by side, which cases were mended and which were broken, and whether that may be chance."""
    lines = [f"{new['suite']} on {new['cases']}"]
    for key, value in new.items():
        if isinstance(value, dict) and "value" in value and isinstance(old.get(key), dict):
            lines.append(f"  {key:26} {old[key]['value']:.3f} → {value['value']:.3f}")
    failed_before, failed_now = ({row[0] for row in report.get("failures", [])} for report in (old, new))
    mended, broken = failed_before - failed_now, failed_now - failed_before
    lines.append(
        f"  mended {len(mended)}, broken {len(broken)}, McNemar p = {mcnemar(len(mended), len(broken)):.3f}"
    )
    return lines + [
        f"  broken: {row[0]} {row[1]} ({row[2]} → {row[3]})"
        for row in new.get("failures", [])
        if row[0] in broken
    ]


def _reports(path: Path) -> dict[tuple[str, str], dict[str, Any]]:
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    return {(row["suite"], row["cases"]): row for row in rows}
