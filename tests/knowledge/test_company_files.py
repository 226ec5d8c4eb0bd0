"""A company's own industry graph and weights: every version kept, in force in each process, brought back, brought in."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Engine
from structlog.testing import capture_logs

from knowledge import Library
from knowledge.company_files import EDITED, ONCE, CompanyFiles, FileKind, FileOutdated
from knowledge.fusion import QuestionsWrong, WeightsWrong, written
from knowledge.industry import Fact, IndustryWrong
from knowledge.rerank import Weights

Write = Callable[[str, str], Path]
BOILERS = "applications: {锅炉补水: [P60H]}\n"
PUMPS = "# 计量泵\n\n## P60\n\nP60 压力 20 bar。\n\n## P60H\n\nP60H 压力 100 bar。\n"
OWN = replace(Weights(), dense=0.0)


@pytest.fixture
def files(engine: Engine) -> CompanyFiles:
    return CompanyFiles(engine)


def test_nothing_saved_is_what_ships(files: CompanyFiles) -> None:
    assert (files.industry(), files.weights()) == ((), Weights())
    assert files.questions() == []
    assert [files.latest(kind) for kind in FileKind] == [0, 0, 0]
    assert files.text(FileKind.INDUSTRY) == ""


def test_each_version_says_who_and_why_and_can_be_had_back(files: CompanyFiles) -> None:
    files.save(FileKind.INDUSTRY, BOILERS, "sunli", why="首版", follows=0)
    files.save(FileKind.INDUSTRY, "lines: {泵: [P60]}", "sunli", why="改用产品线", follows=1)
    assert files.industry() == (Fact("泵", "product", "P60"),)
    back = files.restore(FileKind.INDUSTRY, 1, "admin", why="还是第一版对", follows=2)
    assert (back.number, back.restores) == (3, 1)
    assert files.industry() == (Fact("锅炉补水", "application", "P60H"),)
    files.restore(FileKind.INDUSTRY, 0, "admin", why="不用了", follows=3)
    assert files.industry() == ()
    told = [(one.number, one.by, one.why) for one in files.versions(FileKind.INDUSTRY)]
    assert told == [(4, "admin", "不用了"), (3, "admin", "还是第一版对"), (2, "sunli", "改用产品线"), (1, "sunli", "首版")]  # fmt: skip
    assert files.latest(FileKind.WEIGHTS) == 0


def test_of_two_who_save_at_once_one_is_told(files: CompanyFiles) -> None:
    files.save(FileKind.INDUSTRY, BOILERS, "sunli", why="", follows=0)
    with pytest.raises(FileOutdated, match="version 1"):
        files.save(FileKind.INDUSTRY, "lines: {}", "wangwu", why="", follows=0)
    with pytest.raises(FileOutdated, match="no version 7"):
        files.restore(FileKind.INDUSTRY, 7, "wangwu", why="", follows=1)
    assert files.text(FileKind.INDUSTRY) == BOILERS


def test_what_cannot_be_read_is_not_saved(files: CompanyFiles) -> None:
    with pytest.raises(IndustryWrong):
        files.save(FileKind.INDUSTRY, "brands: {}", "sunli", why="", follows=0)
    with pytest.raises(WeightsWrong):
        files.save(FileKind.WEIGHTS, '{"dense": -1}', "sunli", why="", follows=0)
    with pytest.raises(QuestionsWrong, match="questions:1"):
        files.save(FileKind.QUESTIONS, '{"question": "净重"}', "sunli", why="", follows=0)
    assert [files.latest(kind) for kind in FileKind] == [0, 0, 0]


def test_a_process_that_runs_uses_what_another_saved_at_its_next_search(
    engine: Engine, tmp_path: Path, library: Library, write: Write
) -> None:
    library.add(write("计量泵.md", PUMPS))
    other = Library(engine, tmp_path / "data")
    assert other.weights == Weights()
    before = other.index_hash
    library.files.save(FileKind.INDUSTRY, BOILERS, "sunli", why="", follows=0)
    assert other.search("锅炉补水压力多少").evidence[0].passage.products == ("P60H",)
    library.files.save(FileKind.WEIGHTS, written(OWN), "sunli", why="", follows=0)
    assert (other.weights, library.weights) == (OWN, OWN)
    assert other.index_hash == library.index_hash != before
    for kind in EDITED:
        library.files.restore(kind, 0, "sunli", why="", follows=1)
    assert (other.weights, other.index_hash) == (Weights(), before)


def test_files_of_a_data_directory_are_taken_over_once(engine: Engine, tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    texts = {FileKind.INDUSTRY: BOILERS, FileKind.WEIGHTS: json.dumps({"dense": 0.0})}
    for kind, name in ONCE.items():
        (folder / name).write_text(texts[kind], encoding="utf-8")
    library = Library(engine, folder)
    assert library.weights == OWN
    assert library.files.industry() == (Fact("锅炉补水", "application", "P60H"),)
    assert sorted(path.name for path in folder.glob("*.*")) == sorted(
        f"{name}.taken-over" for name in ONCE.values()
    )
    library.files.restore(FileKind.INDUSTRY, 0, "sunli", why="", follows=1)
    (folder / ONCE[FileKind.INDUSTRY]).write_text("lines: {泵: [P60]}", encoding="utf-8")
    assert Library(engine, folder).files.industry() == ()
    assert [one.why for one in library.files.versions(FileKind.WEIGHTS)] == [
        "taken over from retrieval-weights.json"
    ]


def test_a_file_that_cannot_be_used_stays_and_is_named_while_the_shipped_one_serves(
    engine: Engine, tmp_path: Path
) -> None:
    (tmp_path / "data").mkdir()
    spoiled = tmp_path / "data" / ONCE[FileKind.WEIGHTS]
    spoiled.write_text("{", encoding="utf-8")
    with capture_logs() as logs:
        assert Library(engine, tmp_path / "data").weights == Weights()
    (said,) = [one for one in logs if one["event"] == "company_file_not_taken_over"]
    assert said["file"] == str(spoiled)
    assert spoiled.exists()
    CompanyFiles(engine).restore(FileKind.WEIGHTS, 0, "admin", why="reset", follows=0)
    with capture_logs() as logs:
        Library(engine, tmp_path / "data")
    assert logs == []


def test_a_stored_text_that_the_product_no_longer_reads_leaves_what_ships(
    files: CompanyFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    files.save(FileKind.WEIGHTS, written(OWN), "sunli", why="", follows=0)
    assert files.weights() == OWN

    def refuses(text: str) -> Weights:
        raise WeightsWrong("a weight of an older product")

    monkeypatch.setattr("knowledge.company_files.parse_weights", refuses)
    with capture_logs() as logs:
        assert files.weights() == Weights()
    assert [one["event"] for one in logs] == ["company_file_unreadable"]
