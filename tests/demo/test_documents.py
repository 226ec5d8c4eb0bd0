"""The committed documents say what their sources and the facts say, and they answer what people ask."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from sqlmodel import SQLModel, create_engine

from bot.demo import company
from bot.demo.company import DEMO, DemoDocument
from bot.demo.documents import facts, text_of, write
from bot.demo.printing.pieces import Grid, parse
from knowledge import AddOutcome, Library
from knowledge.readers import Block, read

DOCUMENTS = company.documents()
BY_NAME = {one.path.name: one for one in DOCUMENTS}
WORLD = company.world()
PRODUCTS = {product["model"]: product for product in WORLD["products"]}
RENHE, JINGMO = "华东仁和医疗科技有限公司", "苏州精模智造有限公司"
LARGEST = 1_500_000
TODAY = date(2026, 11, 28)
"""A day on which every one of them is in force."""


def squeezed(words: str) -> str:
    return "".join(words.split())


def rows(name: str) -> list[Block]:
    return [block for block in read(BY_NAME[name].path) if block.kind == "row"]


def test_every_document_is_listed_and_all_are_small() -> None:
    files = {path for path in (DEMO / "documents").iterdir() if path.is_file()}
    assert {one.path for one in DOCUMENTS} == files
    assert sum(path.stat().st_size for path in files) < LARGEST


@pytest.mark.parametrize("name", [name for name in BY_NAME if not name.endswith(".xlsx")])
def test_a_committed_document_says_all_that_its_source_says(name: str) -> None:
    printed = squeezed("\n".join(block.text for block in read(BY_NAME[name].path)))
    for piece in parse(text_of(BY_NAME[name])):
        texts = [cell for row in piece.rows for cell in row] if isinstance(piece, Grid) else [piece.text]
        for text in texts:
            assert squeezed(text) in printed, f"{name} lacks {text!r}: print it again"


@pytest.mark.parametrize("name", [name for name in BY_NAME if not name.endswith(".pdf")])
def test_printing_a_document_again_gives_the_same_text(name: str, tmp_path: Path) -> None:
    again = write(BY_NAME[name], tmp_path)
    assert read(again) == read(BY_NAME[name].path)


def test_the_manual_explains_every_alarm_in_one_row() -> None:
    printed = {row.cells[0]: row.cells[1:] for row in rows("x-series-manual.pdf") if row.header[0] == "代码"}
    assert printed == {one["code"]: (one["meaning"], one["action"]) for one in WORLD["alarms"]}


def test_parameter_tables_agree_with_the_facts() -> None:
    manual = " ".join(row.text for row in rows("x-series-manual.pdf"))
    for model in ("X200", "X200R", "X350"):
        one = PRODUCTS[model]
        for value in (
            f"{one['max_speed_rpm']} r/min",
            f"≤{one['noise_db']} dB(A)",
            f"{one['weight_kg']} kg",
            one["cooling"],
        ):
            assert value in manual
    slides = {row.text for row in rows("p-series-s12.pptx")}
    for model, fields in (
        ("P60", ("flow_range", "repeatability")),
        ("P60H", ("flow_range",)),
        ("S12", ("accuracy", "range")),
    ):
        for field in fields:
            assert any(text.endswith(f"{model}：{PRODUCTS[model][field]}") for text in slides)


def test_the_price_list_holds_every_product_at_every_quantity() -> None:
    priced = {row.cells[0]: row for row in rows("price-list.xlsx")}
    for model, one in PRODUCTS.items():
        steps = WORLD["discounts"] if one["industry"] != "saas" else WORLD["discounts"][:1]
        expected = [f"{one['list_price'] * (100 - step['percent']) / 100:g}" for step in steps]
        assert list(priced[model].cells[2 : 2 + len(steps)]) == expected


@pytest.mark.parametrize(
    ("name", "customer"), [("contract-renhe.docx", RENHE), ("contract-jingmo.docx", JINGMO)]
)
def test_a_contract_carries_its_customers_terms(name: str, customer: str) -> None:
    document = BY_NAME[name]
    signed = facts(customer)["signed"]["contract"]
    text = " ".join(block.text for block in read(document.path))
    assert document.customer == customer
    assert (document.title, document.version) == (signed["title"], signed["number"])
    assert (document.valid_from, document.valid_until) == (signed["valid_from"], signed["valid_until"])
    assert f"{signed['warranty_months']} 个月" in text
    assert f"{signed['payment_days']} 日" in text
    assert signed["number"] in text
    assert signed.get("penalty", "").replace(",", "，") in text


def test_only_contracts_belong_to_a_customer() -> None:
    assert {one.kind for one in DOCUMENTS if one.customer} == {"contract"}
    assert all(one.customer for one in DOCUMENTS if one.kind == "contract")


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    folder = tmp_path_factory.mktemp("demo")
    engine = create_engine(f"sqlite:///{folder / 'demo.db'}")
    SQLModel.metadata.create_all(engine)
    found = Library(engine, folder / "data")
    assert [add(found, one) for one in DOCUMENTS] == [AddOutcome.ADDED] * len(DOCUMENTS)
    yield found
    engine.dispose()


def account(name: str) -> str | None:
    return f"ACC-{hashlib.sha256(name.encode()).hexdigest()[:8]}" if name else None


def add(library: Library, one: DemoDocument) -> AddOutcome:
    return library.add(
        one.path,
        kind=one.kind,
        title=one.title,
        version=one.version,
        customer=account(one.customer),
        valid_from=one.valid_from,
        valid_until=one.valid_until,
    ).outcome


@pytest.mark.parametrize(
    ("question", "customer", "answer"),
    [
        ("X200带制冷吗", "", "不带制冷"),
        ("X200噪声多大", "", "≤56 dB(A)"),
        ("X200买50台什么价", "", "16544"),
        ("E03什么意思", "", "不平衡"),
        ("P60精度", "", "±0.5 %"),
        ("S12防水吗", "", "IP67"),
        ("D80最大能称多重", "", "60 kg"),
        ("禾云SLA没达到赔多少", "", "10%"),
        ("VIP客户坏了多久到场", "", "8 小时内到场"),
        ("能退货吗", "", "7 天内"),
        ("价格超过12个点谁批", "", "销售经理书面批准"),
        ("和北辰BC-20比哪个好", "", "北辰 BC-20"),
        ("质保几年", RENHE, "36 个月"),
        ("违约金怎么算", RENHE, "0.5‰"),
        ("违约金怎么算", JINGMO, "0.3‰"),
        ("合同会自动续吗", JINGMO, "不自动续展"),
    ],
)
def test_what_people_ask_is_answered_near_the_top(
    library: Library, question: str, customer: str, answer: str
) -> None:
    found = library.search(question, customer=account(customer), today=TODAY)
    assert found.answerable
    assert any(answer in one.passage.text for one in found.evidence[:3])


def test_no_contract_answers_for_anybody_else(library: Library) -> None:
    for customer in (None, account("澄溪县中医院")):
        found = library.search("违约金怎么算 质保几年", customer=customer, k=20, today=TODAY)
        assert all(one.passage.customer is None for one in found.evidence)


def test_the_catalogue_names_our_products_and_the_competitors_only(library: Library) -> None:
    ours = {model for model in PRODUCTS if model.isascii()}
    assert set(library.catalogue) == ours | {"BC-20", "BC-20R", "CM-50", "SW-100"}
