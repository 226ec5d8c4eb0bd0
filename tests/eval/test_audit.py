"""Which licences may be at runtime, what is installed, and what is said where nobody can be asked about flaws."""

from __future__ import annotations

import json
import subprocess

import pytest

from eval.audit import Package, exceptions, installed, is_refused, known_flaws, needed, problems


@pytest.mark.parametrize(
    ("licence", "refused"),
    [
        ("MIT", False),
        ("Apache-2.0 AND BSD-3-Clause", False),
        ("LGPL-3.0-only", False),
        ("GNU Lesser General Public License v3 (LGPLv3)", False),
        ("MIT OR GPL-2.0-only", False),
        ("(Apache-2.0 OR GPL-3.0) AND MIT", False),
        ("GPL-3.0-or-later", True),
        ("MIT AND GPL-2.0-only", True),
        ("AGPL-3.0", True),
        ("GPL-2.0 OR AGPL-3.0", True),
        ("GNU Affero General Public License v3", True),
        ("GNU General Public License v2 or later (GPLv2+)", True),
        ("BSD License; GNU General Public License (GPL)", True),
        ("LGPL-2.1 AND GPL-2.0", True),
        ("", True),
        ("  ", True),
    ],
)
def test_what_may_be_at_runtime(licence: str, refused: bool) -> None:
    assert is_refused(licence) is refused


def test_nothing_that_is_installed_is_refused() -> None:
    assert problems(installed(), exceptions()) == []


def test_the_runtime_set_follows_extras_and_leaves_the_tests_out() -> None:
    found = needed()
    assert {"fastapi", "starlette", "psycopg-binary", "uvloop", "torch"} <= found
    assert found.isdisjoint({"pytest", "ruff", "mypy", "fpdf2", "yiju"})


def test_a_refused_licence_is_named_unless_a_reason_stands_for_it() -> None:
    bad, dev = Package("bad", "1.0", "GPL-3.0", True), Package("dev-only", "1.0", "GPL-3.0", False)
    (line,) = problems([bad, dev], {})
    assert line.startswith("bad 1.0: licence GPL-3.0")
    assert problems([bad], {"bad": "a program of its own, started and never linked"}) == []
    assert "gives no reason" in problems([bad], {"bad": " "})[0]


def test_an_exception_that_nobody_needs_is_named() -> None:
    (line,) = problems([Package("fine", "1.0", "MIT", True)], {"fine": "once upon a time"})
    assert "needs no exception" in line


def answering(stdout: str = "", stderr: str = "") -> object:
    return lambda command: subprocess.CompletedProcess(command, 1, stdout, stderr)


def test_flaws_are_told_with_the_version_that_mends_them() -> None:
    told = {"dependencies": [
        {"name": "a", "version": "1.0", "vulns": [{"id": "PYSEC-1", "fix_versions": ["1.1"]}, {"id": "X-2", "fix_versions": []}]},
        {"name": "b", "version": "2.0", "vulns": []},
    ]}  # fmt: skip
    found = known_flaws(answering(json.dumps(told))).found  # type: ignore[arg-type]
    assert found == ("a 1.0: PYSEC-1, mended in 1.1", "a 1.0: X-2, mended in no version yet")


def test_packages_that_the_service_does_not_know_are_no_clean_bill() -> None:
    told = {"dependencies": [
        {"name": "a", "version": "1.0", "vulns": [{"id": "PYSEC-1", "fix_versions": ["1.1"]}]},
        {"name": "b", "skip_reason": "Dependency not found on PyPI and could not be audited: b (2.0)"},
    ]}  # fmt: skip
    flaws = known_flaws(answering(json.dumps(told)))  # type: ignore[arg-type]
    assert flaws.found == ("a 1.0: PYSEC-1, mended in 1.1",)
    assert flaws.unasked.startswith("1 of 2 packages: Dependency not found")


@pytest.mark.parametrize(
    ("stderr", "said"),
    [
        ("/usr/bin/python: No module named pip_audit", "not installed"),
        ("WARNING x\nConnectionError: no route", "could not ask its vulnerability service: ConnectionError"),
        ("", "it said nothing"),
    ],
)
def test_where_nobody_can_be_asked_that_is_said_and_is_no_clean_bill(stderr: str, said: str) -> None:
    flaws = known_flaws(answering(stderr=stderr))  # type: ignore[arg-type]
    assert said in flaws.unasked
    assert flaws.found == ()
