"""`make audit`: licences of what is installed, and known flaws of what is pinned.

A licence of the GPL or AGPL, or one nobody can tell, is refused in the runtime set (what pyproject's dependencies pull in)
unless `audit.yaml` says why it may stay; the LGPL is for libraries that are used as they are, and stands. Known flaws
are asked from pip-audit's vulnerability service where pip-audit is installed and the service answers; else that is said.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
EXCEPTIONS = Path(__file__).with_name("audit.yaml")
_STRONG = re.compile(r"(?<!L)(?<!Lesser )\bA?GPL|(?<!Lesser )General Public License|Affero", re.IGNORECASE)
_LESSER = re.compile(r"LGPL|Lesser General Public", re.IGNORECASE)


@dataclass(frozen=True)
class Package:
    """One installed distribution. `runtime`: the product needs it; otherwise tests and development do."""

    name: str
    version: str
    licence: str
    runtime: bool


@dataclass(frozen=True)
class Flaws:
    """What the vulnerability service knows; `unasked`: why nothing, or not all, could be asked."""

    found: tuple[str, ...] = ()
    unasked: str = ""


def licence_of(about: metadata.PackageMetadata) -> str:
    """The SPDX expression, else the classifiers, else the first line of the free text; empty where there is nothing."""
    if said := about.get_all("License-Expression"):
        return str(said[0])
    classes = [
        str(one).split("::")[-1].strip()
        for one in about.get_all("Classifier") or ()
        if "License ::" in str(one)
    ]
    return "; ".join(classes) or str((about.get_all("License") or [""])[0]).strip().split("\n")[0][:80]


def is_refused(licence: str) -> bool:
    """Whether it may not be in the runtime set. Of alternatives (OR), one that may be is enough; AND means all hold."""
    if not licence.strip():
        return True
    alternatives = re.split(r"\s+OR\s+", licence.replace("(", " ").replace(")", " "))
    return all(_STRONG.search(_LESSER.sub("", one)) is not None for one in alternatives)


def needed(project: str = "yiju") -> set[str]:
    """Names of everything that the project's dependencies pull in on this machine, the project itself left out."""
    found: set[str] = set()
    waiting = [Requirement(one) for one in metadata.requires(project) or ()]
    seen: set[tuple[str, frozenset[str]]] = set()
    while waiting:
        one = waiting.pop()
        name, extras = canonicalize_name(one.name), frozenset(one.extras)
        if (name, extras) in seen:
            continue
        seen.add((name, extras))
        try:
            requires = metadata.requires(name) or ()
        except metadata.PackageNotFoundError:
            continue  # for another platform
        found.add(name)
        for line in requires:
            further = Requirement(line)
            if further.marker is None or any(
                further.marker.evaluate({"extra": extra}) for extra in (*extras, "")
            ):
                waiting.append(further)
    return found


def installed(project: str = "yiju") -> list[Package]:
    """Every distribution beside the project itself, by name."""
    runtime = needed(project)
    found = {
        canonicalize_name(one.metadata["Name"]): Package(
            canonicalize_name(one.metadata["Name"]), one.version, licence_of(one.metadata),
            canonicalize_name(one.metadata["Name"]) in runtime,
        )
        for one in metadata.distributions()
    }  # fmt: skip
    return sorted((one for one in found.values() if one.name != project), key=lambda one: one.name)


def exceptions() -> Mapping[str, str]:
    read: Mapping[str, str] = yaml.safe_load(EXCEPTIONS.read_text(encoding="utf-8")) or {}
    return read


def problems(packages: Iterable[Package], allowed: Mapping[str, str]) -> list[str]:
    """What has to be done, in sentences; empty where all is well."""
    refused = {one.name: one for one in packages if one.runtime and is_refused(one.licence)}
    return [
        *(
            f"{one.name} {one.version}: licence {one.licence or 'not said'}; take another package, or say in {EXCEPTIONS.name} why it may stay"
            for name, one in refused.items()
            if name not in allowed
        ),
        *(f"{name} needs no exception any more; take it out of {EXCEPTIONS.name}" for name in allowed if name not in refused),
        *(f"{name}: the exception gives no reason" for name, why in allowed.items() if not str(why or "").strip()),
    ]  # fmt: skip


Run = Callable[[list[str]], "subprocess.CompletedProcess[str]"]


def known_flaws(run: Run | None = None) -> Flaws:
    """Of the packages in requirements.lock, by pip-audit."""
    command = [sys.executable, "-m", "pip_audit", "--requirement", str(ROOT / "requirements.lock")]
    options = [
        "--no-deps",
        "--disable-pip",
        "--format",
        "json",
        "--progress-spinner",
        "off",
        "--timeout",
        "10",
    ]
    done = (run or _run)([*command, *options])
    try:
        told = json.loads(done.stdout)["dependencies"]
    except (ValueError, KeyError, TypeError):
        if "No module named" in done.stderr:
            return Flaws(
                unasked="pip-audit is not installed; `.venv/bin/pip install pip-audit` and run it again"
            )
        last = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        return Flaws(unasked=f"pip-audit could not ask its vulnerability service: {last[:200]}")
    found = tuple(
        f"{one['name']} {one['version']}: {flaw['id']}, mended in {', '.join(flaw['fix_versions']) or 'no version yet'}"
        for one in told
        for flaw in one.get("vulns", ())
    )
    skipped = [one for one in told if "skip_reason" in one]  # no flaw is listed for them, which says nothing
    unasked = f"{len(skipped)} of {len(told)} packages: {skipped[0]['skip_reason']}" if skipped else ""
    return Flaws(found, unasked)


def _run(command: list[str]) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    except subprocess.TimeoutExpired:
        return subprocess.CompletedProcess(command, 1, "", "it took longer than five minutes")


def main() -> int:
    """0: nothing to do; 1: a licence or a flaw."""
    packages, allowed = installed(), exceptions()
    for one in packages:
        print(
            f"{'runtime' if one.runtime else 'dev':8}{one.name:42}{one.version:16}{one.licence or 'not said'}"
        )
    counted = Counter(one.runtime for one in packages)
    print(f"\n{counted[True]} packages at runtime, {counted[False]} for development")
    for name, why in allowed.items():
        print(f"exception {name}: {why}")
    wrong = problems(packages, allowed)
    flaws = known_flaws()
    if flaws.unasked:
        print(f"known flaws: NOT CHECKED, {flaws.unasked}", file=sys.stderr)
    print(f"known flaws: {len(flaws.found)} found")
    for line in (*wrong, *flaws.found):
        print(f"PROBLEM {line}", file=sys.stderr)
    return 1 if wrong or flaws.found else 0


if __name__ == "__main__":
    sys.exit(main())
