"""A cue that a company accepted is read by at once, in every process, at the next training too, until it is removed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from sqlalchemy import Engine
from typer.testing import CliRunner

from bot.cli.intents import intents_app, open_registry
from intents import Classifier, CueUnknown, Example, Registry
from intents.cues import Cue, CueLexicon
from intents.sandbox.cues import mined_cues
from intents.sandbox.model import Turn

from .conftest import Clock

PHRASE, INTENT = "走老流程", "purchase"


def test_a_known_cue_is_not_counted_twice() -> None:
    lexicon = CueLexicon([Cue("多少钱", "quote_request", 3)])
    more = lexicon.extended([Cue("多少钱", "quote_request", 1), Cue("多少钱", "billing", 1)])
    assert [hit.cue.intent for hit in more.find("多少钱")] == ["quote_request", "billing"]
    assert len(lexicon) == 1


def test_an_accepted_cue_speaks_at_once_and_is_silent_when_removed(
    registry: Registry, engine: Engine, tmp_path: Path, clock: Clock
) -> None:
    there = Registry(engine, tmp_path, clock=clock, monotonic=clock.seconds)

    def sure() -> float:
        clock.tick()
        ranked = there.read(f"那{PHRASE}吧").ranked
        return next((one.confidence for one in ranked if one.intent == INTENT), 0.0)

    before = sure()
    registry.cues.accept(PHRASE, INTENT, "sunli", strength=3, hits=9, support=10)
    assert sure() > before + 0.05
    registry.cues.remove(PHRASE, "sunli")
    assert sure() == pytest.approx(before)
    with pytest.raises(CueUnknown, match="intents cues"):
        registry.cues.remove(PHRASE, "sunli")


def test_training_sees_the_company_s_cues_and_so_does_the_model_that_comes_of_it(
    registry: Registry, examples: list[Example], small: Classifier
) -> None:
    registry.promote(registry.add(small).id, by="sunli")
    registry.cues.accept(PHRASE, "quote_request", "sunli", strength=2)
    said = [Example(f"own-{n}", f"{PHRASE}{n}", "customer", "quote_request") for n in range(3)]
    info = registry.train(by="sunli", examples=[*examples, *said])
    model = registry.load(info.id)
    assert "q:quote_request:2" in {one.name for one in model.eyes.see(f"还是{PHRASE}")}
    assert "q:quote_request:2" in model.heads["customer"].vocabulary


@pytest.mark.parametrize(
    ("text", "intent", "strength"), [("走", INTENT, 1), (PHRASE, "nonsense", 1), (PHRASE, INTENT, 4)]
)
def test_what_cannot_be_a_cue_is_refused(registry: Registry, text: str, intent: str, strength: int) -> None:
    with pytest.raises(CueUnknown, match="a cue has"):
        registry.cues.accept(text, intent, "sunli", strength=strength)
    assert registry.cues.rows() == []


def test_an_accepted_cue_is_not_mined_again(registry: Registry) -> None:
    labelled = [Example(str(n), f"{PHRASE}第{n}批", "customer", INTENT) for n in range(12)]
    turns = [Turn(f"{PHRASE}了", (), f"a:{n}") for n in range(3)]
    mined = [cue.text for cue in mined_cues(turns, labelled)]
    assert mined
    for text in mined:
        registry.cues.accept(text, INTENT, "sunli")
    assert mined_cues(turns, labelled, registry.cues.lexicon()) == []


def test_a_review_accepts_relabels_and_rejects_cues_and_the_verb_lists_and_removes_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("YIJU_DATA_DIR", str(tmp_path / "var"))
    monkeypatch.delenv("YIJU_DATABASE_URL", raising=False)
    counted = {"kind": "cue", "strength": 2, "hits": 9, "support": 10}
    rows = [
        {**counted, "verdict": "accept", "cue": PHRASE, "intent": INTENT},
        {**counted, "verdict": "relabel", "cue": "卡预算", "intent": "cancellation"},
        {**counted, "verdict": "reject", "cue": "这边", "intent": INTENT},
        {**counted, "verdict": "", "cue": "那边", "intent": INTENT},
    ]
    review = tmp_path / "review.jsonl"

    def yiju(*arguments: str) -> str:
        result = CliRunner().invoke(intents_app, list(arguments))
        assert result.exit_code == 0, result.output
        return result.stdout

    review.write_text("\n".join(json.dumps({**row, "intent": "nonsense"}) for row in rows), encoding="utf-8")
    refused = CliRunner().invoke(intents_app, ["mine", str(review), "--settle", "--as", "sunli"])
    assert refused.exit_code == 1
    assert "review.jsonl:1" in refused.stderr
    assert open_registry().cues.rows() == []
    review.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    assert json.loads(yiju("mine", str(review), "--settle", "--as", "sunli"))["cues"] == 2
    listed = [json.loads(line) for line in yiju("cues", "--json").splitlines()]
    assert [(row["text"], row["intent"], row["hits"], row["support"]) for row in listed] == [
        ("卡预算", "cancellation", 0, 0),
        (PHRASE, INTENT, 9, 10),
    ]
    assert "卡预算 → cancellation" in yiju("cues")
    assert "卡预算" not in yiju("cues", "--remove", "卡预算", "--as", "sunli")


def test_what_was_judged_once_is_listed_not_read_by_and_can_come_back(registry: Registry) -> None:
    registry.cues.refuse(PHRASE, INTENT, "sunli")
    assert registry.cues.rows() == []
    assert registry.cues.judged() == {(PHRASE, INTENT)}
    assert [(row.text, row.removed_by) for row in registry.cues.removed()] == [(PHRASE, "sunli")]
    registry.cues.accept(PHRASE, INTENT, "wu", strength=2, hits=9, support=10)
    assert registry.cues.removed() == []
    assert [(row.text, row.accepted_by) for row in registry.cues.rows()] == [(PHRASE, "wu")]
    registry.cues.refuse(PHRASE, INTENT, "sunli")
    assert registry.cues.rows() == []
    with pytest.raises(CueUnknown):
        registry.cues.refuse("a", INTENT, "sunli")
