"""A customer's documents are evidence for that customer alone, whatever is asked."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import SQLModel, create_engine

from knowledge import Library
from knowledge.lexical import scope_of
from tests.knowledge.conftest import CONTRACT, MANUAL

CUSTOMERS = [f"客户{number:02d}有限公司" for number in range(12)]


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    """Twelve customers with contracts that differ in their numbers alone, and a public manual."""
    folder = tmp_path_factory.mktemp("many")
    engine = create_engine(f"sqlite:///{folder / 'many.db'}")
    SQLModel.metadata.create_all(engine)
    library = Library(engine, folder / "data")
    manual = folder / "手册.md"
    manual.write_text(MANUAL, encoding="utf-8")
    library.add(manual)
    for at, customer in enumerate(CUSTOMERS):
        path = folder / f"合同{at}.txt"
        path.write_text(CONTRACT.format(months=100 + at, days=200 + at), encoding="utf-8")
        library.add(path, customer=customer)
    yield library
    engine.dispose()


ASKED = st.one_of(
    st.sampled_from(["质保多久", "多久付款", "第七条", "验收合格之日起", "合同里怎么写的", "111 个月"]),
    st.text(alphabet="质保付款验收第七条合同客户有限公司0123456789个月日 ", min_size=1, max_size=24),
    st.sampled_from(CUSTOMERS).map(lambda name: f"{name}的质保期多久"),
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(question=ASKED, customer=st.sampled_from([None, "", "没有合同的客户", *CUSTOMERS]))
def test_no_question_ever_brings_another_customers_passage(
    many: Library, question: str, customer: str | None
) -> None:
    for one in many.search(question, customer=customer, k=50, include_expired=True).evidence:
        assert one.passage.customer in {None, customer}


def test_a_customers_own_contract_is_found(many: Library) -> None:
    found = many.search("保多久", customer=CUSTOMERS[7])
    assert "107" in found.evidence[0].passage.text


def test_naming_another_customer_in_the_words_opens_nothing(many: Library) -> None:
    found = many.search(f"{CUSTOMERS[3]}的付款期限是多少天", customer=CUSTOMERS[4], k=50)
    assert not any("203" in one.passage.text for one in found.evidence)


def test_scopes_lie_apart_on_disk(many: Library) -> None:
    scopes = many._index.lexical.scopes()
    assert scope_of(CUSTOMERS[0]) in scopes
    assert len(scopes) == len(CUSTOMERS) + 1


def test_the_passages_themselves_are_checked_too(
    library: Library, write: Callable[[str, str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Even an index that mixed its scopes up would not leak."""
    library.add(write("合同.txt", CONTRACT.format(months=36, days=60)), customer="A1")
    monkeypatch.setattr("knowledge.retrieval.scope_of", lambda *_, **__: scope_of("A1"))
    assert library.search("质保期", customer="A1").evidence
    assert library.search("质保期", customer="B2").evidence == ()
