"""Files made to hurt: each is refused with words, quickly, before it is unpacked."""

from __future__ import annotations

import time
import zipfile
from pathlib import Path

import pytest
from openpyxl import Workbook

from knowledge.readers import Unreadable, read


@pytest.mark.parametrize("suffix", [".docx", ".xlsx", ".pptx"])
def test_a_zip_bomb_is_refused_before_it_is_unpacked(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"炸弹{suffix}"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", b" " * (64 * 1024 * 1024))
    began = time.perf_counter()
    with pytest.raises(Unreadable, match="异常地大") as refused:
        read(path)
    assert "67108864 bytes" in refused.value.detail
    assert time.perf_counter() - began < 2


def test_an_archive_of_very_many_parts_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "多.docx"
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(10_001):
            archive.writestr(f"word/{number}.xml", b"")
    with pytest.raises(Unreadable, match="异常地大"):
        read(path)


def test_one_cell_in_the_last_corner_of_a_sheet_is_refused(tmp_path: Path) -> None:
    book = Workbook()
    book.active["XFD1048576"] = "远"
    book.save(tmp_path / "角.xlsx")
    with pytest.raises(Unreadable, match="跨度太大"):
        read(tmp_path / "角.xlsx")


def test_one_merge_over_a_whole_sheet_is_refused(tmp_path: Path) -> None:
    book = Workbook()
    book.active["A1"] = "并"
    book.active.merged_cells.add("A1:XFD100000")
    book.save(tmp_path / "并.xlsx")
    with pytest.raises(Unreadable, match="跨度太大"):
        read(tmp_path / "并.xlsx")


BOMB = """<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "哈哈哈哈哈哈哈哈">
<!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;">
<!ENTITY d "&c;&c;&c;&c;&c;&c;&c;&c;&c;&c;"><!ENTITY e "&d;&d;&d;&d;&d;&d;&d;&d;&d;&d;">
<!ENTITY f "&e;&e;&e;&e;&e;&e;&e;&e;&e;&e;"><!ENTITY g SYSTEM "file:///etc/hostname">]><x>&f;&g;</x>"""


@pytest.mark.parametrize("suffix", [".docx", ".xlsx", ".pptx"])
def test_entities_inside_a_part_are_no_way_in(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"实体{suffix}"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("[Content_Types].xml", BOMB)
    began = time.perf_counter()
    with pytest.raises(Unreadable):
        read(path)
    assert time.perf_counter() - began < 5


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("手册.txt", b"%PDF-1.7\n..."),
        ("手册.md", b"PK\x03\x04...."),
        ("手册.pdf", b"PK\x03\x04...."),
        ("手册.docx", b"%PDF-1.7\n..."),
        ("报价.csv", b"MZ\x90\x00\x03"),
        ("报价.html", b"\x7fELF\x02\x01\x01"),
    ],
)
def test_a_file_that_is_not_what_its_name_says_is_refused(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(Unreadable, match="扩展名却是"):
        read(tmp_path / name)
