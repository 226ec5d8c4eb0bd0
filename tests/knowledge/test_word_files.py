"""What Word shows and python-docx passes over: read where a reader sees it, or named among what was left out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from docx import Document
from docx.opc.constants import RELATIONSHIP_TYPE
from docx.opc.packuri import PackURI
from docx.opc.part import Part
from docx.oxml import parse_xml
from docx.oxml.ns import nsmap

from knowledge.readers import Block, contents, read

SPACES = " ".join(
    f'xmlns:{name}="{uri}"'
    for name, uri in (
        nsmap
        | {
            "mc": "http://schemas.openxmlformats.org/markup-compatibility/2006",
            "v": "urn:schemas-microsoft-com:vml",
            "wps": "http://schemas.microsoft.com/office/word/2010/wordprocessingShape",
        }
    ).items()
    if name != "xml"
)


def saved(folder: Path, *bodies: str, notes: str = "") -> Path:
    document = Document()
    for body in bodies:
        for element in list(parse_xml(f"<w:body {SPACES}>{body}</w:body>")):
            document.element.body.insert(len(document.element.body) - 1, element)
    if notes:
        _with_notes(document, notes)
    path = folder / "文件.docx"
    document.save(str(path))
    return path


def _with_notes(document: Any, notes: str) -> None:
    blob = f"<w:footnotes {SPACES}>{notes}</w:footnotes>".encode()
    kind = "application/vnd.openxmlformats-officedocument.wordprocessingml.footnotes+xml"
    part = Part(PackURI("/word/footnotes.xml"), kind, blob, document.part.package)
    document.part.relate_to(part, RELATIONSHIP_TYPE.FOOTNOTES)


def r(words: str) -> str:
    return f'<w:r><w:t xml:space="preserve">{words}</w:t></w:r>'


def p(inner: str) -> str:
    return f"<w:p>{inner}</w:p>"


def tc(inner: str) -> str:
    return f"<w:tc>{inner}</w:tc>"


def tr(*cells: str) -> str:
    return f"<w:tr>{''.join(tc(p(r(cell))) for cell in cells)}</w:tr>"


def tbl(*lines: str, columns: int = 2) -> str:
    grid = '<w:gridCol w:w="1000"/>' * columns
    return f"<w:tbl><w:tblPr/><w:tblGrid>{grid}</w:tblGrid>{''.join(lines)}</w:tbl>"


def sdt(inner: str) -> str:
    return f'<w:sdt><w:sdtPr><w:alias w:val="标签"/></w:sdtPr><w:sdtContent>{inner}</w:sdtContent></w:sdt>'


def box(inner: str) -> str:
    """A text box as Word writes it: for itself, and again for programs before 2010."""
    held = f"<w:txbxContent>{inner}</w:txbxContent>"
    new = f"<mc:Choice Requires='wps'><w:drawing><wps:txbx>{held}</wps:txbx></w:drawing></mc:Choice>"
    old = f"<mc:Fallback><w:pict><v:textbox>{held}</v:textbox></w:pict></mc:Fallback>"
    return f"<w:r><mc:AlternateContent>{new}{old}</mc:AlternateContent></w:r>"


WHO = 'w:id="1" w:author="王" w:date="2026-01-01T00:00:00Z"'
DELETED = f"<w:del {WHO}><w:r><w:delText>12个月</w:delText></w:r></w:del>"
INSERTED = f"<w:ins {WHO}>{r('24个月')}</w:ins>"
MOVED = f"<w:moveFrom {WHO}>{r('旧处')}</w:moveFrom>"
FIELD = (
    '<w:r><w:fldChar w:fldCharType="begin"/></w:r><w:r><w:instrText>REF x</w:instrText></w:r>'
    '<w:r><w:fldChar w:fldCharType="separate"/></w:r>' + r("第七条") + '<w:r><w:fldChar w:fldCharType="end"/></w:r>'
)  # fmt: skip
SUPER = '<w:r><w:rPr><w:vertAlign w:val="superscript"/></w:rPr><w:t>4</w:t></w:r>'
RUBY = "<w:r><w:ruby><w:rt><w:r><w:t>zhuan</w:t></w:r></w:rt><w:rubyBase><w:r><w:t>转</w:t></w:r></w:rubyBase></w:ruby></w:r>"
GONE = f"<w:tr><w:trPr><w:del {WHO}/></w:trPr>{tc(p(r('删了的行')))}{tc(p(r('删')))}</w:tr>"
MERGED = f'<w:tr><w:tc><w:tcPr><w:gridSpan w:val="2"/></w:tcPr>{p(r("参数表"))}</w:tc></w:tr>'
GALLERY = '<w:docPartObj><w:docPartGallery w:val="Table of Contents"/></w:docPartObj>'
CONTENTS = f"<w:sdt><w:sdtPr>{GALLERY}</w:sdtPr><w:sdtContent>{p(r('一、总则……3'))}</w:sdtContent></w:sdt>"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (p(r("质保期") + DELETED + INSERTED + r("。")), ["质保期24个月。"]),
        (p(MOVED + r("新处:") + f"<w:moveTo {WHO}>{r('新处')}</w:moveTo>"), ["新处:新处"]),
        (p(r("甲方:") + sdt(r("华东仁和")) + r("。")), ["甲方:华东仁和。"]),
        (sdt(p(r("整段的控件"))), ["整段的控件"]),
        (sdt(p(r("外层")) + sdt(p(r("内层")))), ["外层", "内层"]),
        (p(sdt(f"<w:ins {WHO}>{r('控件里的修订')}</w:ins>")), ["控件里的修订"]),
        (p(r("见") + f'<w:hyperlink w:anchor="x">{r("附件一")}</w:hyperlink>'), ["见附件一"]),
        (p(r("见") + f'<w:hyperlink w:anchor="x">{INSERTED}</w:hyperlink>'), ["见24个月"]),
        (p(r("共") + f'<w:fldSimple w:instr="NUMPAGES">{r("12")}</w:fldSimple>' + r("页")), ["共12页"]),
        (p(r("依") + FIELD), ["依第七条"]),
        (p(f'<w:smartTag w:element="date">{r("3月1日")}</w:smartTag>'), ["3月1日"]),
        (f'<w:customXml w:element="x">{p(r("标记里的段落"))}</w:customXml>', ["标记里的段落"]),
        (p(r("正文") + box(p(r("框里的字")) + p(r("框里第二段")))), ["正文", "框里的字", "框里第二段"]),
        (p(box(p(r("外框") + box(p(r("内框")))))), ["外框", "内框"]),
        (p(r("10") + SUPER + r(" Ω")), ["10⁴ Ω"]),
        (p(r("精度") + '<w:r><w:sym w:font="Symbol" w:char="F0B1"/></w:r>' + r("1%")), ["精度±1%"]),
        (p(RUBY + r("速")), ["转速"]),
        (p(r("压力") + f"<m:oMath><m:r><m:t>≤5</m:t></m:r></m:oMath>{r('bar')}"), ["压力≤5bar"]),
        (tbl(tr("参数", "数值"), sdt(tr("噪声", "56 dB"))), ["参数：噪声；数值：56 dB"]),
        (
            tbl(tr("参数", "数值"), f"<w:tr>{tc(p(r('净重')))}{sdt(tc(p(r('28 kg'))))}</w:tr>"),
            ["参数：净重；数值：28 kg"],
        ),
        (tbl(tr("参数", "数值"), GONE, tr("净重", "28 kg")), ["参数：净重；数值：28 kg"]),
        (
            tbl(
                tr("项目", "内容"),
                f"<w:tr>{tc(p(r('价格')))}{tc(p(r('见表')) + tbl(tr('型号', '单价'), tr('X200', '18800')) + p(''))}</w:tr>",
                tr("质保", "24个月"),
            ),
            ["项目：价格；内容：见表", "型号：X200；单价：18800", "项目：质保；内容：24个月"],
        ),
        (tbl(MERGED, tr("参数", "数值"), tr("净重", "28 kg")), ["参数表", "参数：净重；数值：28 kg"]),
        (tbl(tr("名称", "离心机"), tr("数量", "")), ["离心机", "名称：数量"]),
        (CONTENTS + p(r("正文")), ["正文"]),
    ],
)
def test_what_word_shows_is_read(tmp_path: Path, body: str, expected: list[str]) -> None:
    assert [block.text for block in read(saved(tmp_path, body))] == expected


def test_notes_stand_behind_the_paragraph_that_points_to_them(tmp_path: Path) -> None:
    pointer = '<w:r><w:footnoteReference w:id="{}"/></w:r>'
    own = "<w:r><w:footnoteRef/></w:r>"
    notes = "".join(
        f'<w:footnote w:id="{at}">{p(own + r(words))}</w:footnote>'
        for at, words in ((2, "不含安装费"), (3, "以验收日为准"))
    )
    body = p(r("单价18800元") + pointer.format(2) + r(",质保24个月") + pointer.format(3)) + p(r("下一段"))
    assert [block.text for block in read(saved(tmp_path, body, notes=notes))] == [
        "单价18800元[注1],质保24个月[注2]",
        "[注1] 不含安装费",
        "[注2] 以验收日为准",
        "下一段",
    ]


@pytest.mark.parametrize(
    ("inner", "words"),
    [
        ("<w:r><w:drawing><c:chart/></w:drawing></w:r>", "1 处图表"),
        ("<w:r><w:object/></w:r>", "1 处嵌入的对象"),
        ('<w:r><w:commentReference w:id="0"/></w:r>', "1 处批注"),
        (
            '<w:r><w:drawing><wp:inline><wp:extent cx="5400000" cy="7200000"/><pic:pic/></wp:inline></w:drawing></w:r>',
            "1 处大图里的文字",
        ),
        (
            "<m:oMath><m:f><m:num><m:r><m:t>1</m:t></m:r></m:num><m:den><m:r><m:t>2</m:t></m:r></m:den></m:f></m:oMath>",
            "1 处公式",
        ),
    ],
)
def test_what_cannot_be_read_is_named(tmp_path: Path, inner: str, words: str) -> None:
    found = contents(saved(tmp_path, p(r("正文") + inner)))
    assert [one.words for one in found.left_out] == [words]
    assert found.blocks[0].text in {"正文", "正文[公式]"}


def test_a_plain_file_leaves_nothing_out(tmp_path: Path) -> None:
    found = contents(saved(tmp_path, p(r("正文"))))
    assert found == ([Block("text", "正文")], ())
