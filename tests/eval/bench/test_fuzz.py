"""The fuzzer itself: repeatable, bounded, and it does find what is wrong."""

from __future__ import annotations

import random

import pytest
from typer.testing import CliRunner

from eval.bench import fuzz
from eval.bench.fuzz import fuzz_parser
from eval.bench.fuzz_targets import Target, parsers
from eval.bench.mutation import json_input, mutated

EVERY = {target.name: target for target in parsers()}


class Refused(Exception):
    """A border's own word."""


def fragile(body: bytes) -> None:
    if b"\0" in body:
        raise ValueError("a NUL")
    if len(body) > 20:
        raise Refused


def test_the_same_seed_makes_the_same_inputs() -> None:
    for make in (lambda one: mutated(b"x" * 40, one), lambda one: json_input([{"a": [1, "b"]}], one)):
        assert [make(random.Random(5)) for _ in range(3)] == [make(random.Random(5)) for _ in range(3)]
        assert make(random.Random(5)) != make(random.Random(6))


def test_a_crash_is_told_with_its_input_and_a_refusal_is_none() -> None:
    target = Target("fragile", lambda chance: mutated(b"some words", chance), fragile, (Refused,))
    found = fuzz_parser(target, seconds=5, seed=1)
    assert found.refused > 0
    assert len(found.crashes) == fuzz.MOST_CRASHES
    assert all(crash.startswith("ValueError: a NUL ← b") for crash in found.crashes)


@pytest.mark.parametrize("name", EVERY)
def test_no_border_crashes_and_each_takes_some_inputs_and_refuses_others(name: str) -> None:
    found = fuzz_parser(EVERY[name], seconds=1.0, seed=3)
    assert found.crashes == []
    assert found.inputs > 0


def test_an_input_that_costs_too_much_is_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fuzz, "SLOW_CPU_S", 0.001)
    target = Target("slow", lambda chance: b"x", lambda body: sum(range(400_000)), ())
    found = fuzz_parser(target, seconds=5, seed=1)
    assert "of the processor" in found.crashes[0]


def test_inputs_reach_behind_the_seal() -> None:
    """A fuzzer whose every input is refused at the door tests the door only."""
    for name in (
        "WeCom: words inside a right seal",
        "WeCom AI bot: words inside a right seal",
        "DingTalk: a card's tap",
    ):
        found = fuzz_parser(EVERY[name], seconds=1.0, seed=4)
        assert found.refused < found.inputs, name


def test_the_command_ends_with_one_where_something_crashed(monkeypatch: pytest.MonkeyPatch) -> None:
    broken = Target("broken", lambda chance: b"x", lambda body: 1 / 0, ())
    monkeypatch.setattr(fuzz, "parsers", lambda: [broken])
    app = fuzz.typer.Typer()
    app.command()(fuzz.fuzz)
    result = CliRunner().invoke(app, ["--seconds", "0.2", "--only", "broken"])
    assert result.exit_code == 1
    assert "crashes 20" in result.output
