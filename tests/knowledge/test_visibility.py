"""Who may read a document is kept to by every search, in both stores of rows and both stores of vectors."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import product
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import SQLModel, create_engine

from bot.store import open_engine
from knowledge import (
    ANYONE,
    EVERYONE,
    KEEPER,
    MANAGERS,
    AddOutcome,
    Library,
    ParticularsWrong,
    Reader,
    is_visibility,
)
from tests.knowledge.conftest import CONTRACT, MANUAL, chroma_server

Write = Callable[[str, str], Path]
CUSTOMERS = (None, *(f"客户{number}有限公司" for number in range(5)))
TEAMS = ("chenjing", "zhouwei")
VISIBILITIES = (EVERYONE, MANAGERS, *(f"team:{one}" for one in TEAMS))
PAPERS = {whose: 100 + at for at, whose in enumerate(product(CUSTOMERS, VISIBILITIES))}
"""Customer and visibility → the months of warranty that this paper alone speaks of."""
EMBEDDED_IN_SQLITE, SERVERS = "sqlite, embedded", "postgresql, chroma server"


@pytest.fixture(scope="module", params=[EMBEDDED_IN_SQLITE, pytest.param(SERVERS, marks=pytest.mark.service)])
def shelf(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    """A paper for each customer and visibility; they differ in their numbers alone."""
    folder = tmp_path_factory.mktemp("shelf")
    if request.param == EMBEDDED_IN_SQLITE:
        engine = create_engine(f"sqlite:///{folder / 'shelf.db'}")
        SQLModel.metadata.create_all(engine)
        yield _filled(Library(engine, folder / "data"), folder)
        engine.dispose()
        return
    with chroma_server(folder / "served") as url:
        engine = open_engine(request.getfixturevalue("postgres_url"))
        tables = [one for one in SQLModel.metadata.sorted_tables if one.name.startswith("knowledge_")]
        SQLModel.metadata.create_all(engine)
        with engine.begin() as connection:
            for table in reversed(tables):
                connection.execute(table.delete())
        library = Library(engine, folder / "data", chroma_url=url)
        try:
            yield _filled(library, folder)
        finally:
            library.close()
            engine.dispose()


def _filled(library: Library, folder: Path) -> Library:
    for (customer, visibility), months in PAPERS.items():
        path = folder / f"约定{months}.txt"
        path.write_text(CONTRACT.format(months=months, days=months + 300), encoding="utf-8")
        kind = "contract" if customer else "policy"
        added = library.add(path, kind=kind, customer=customer, visibility=visibility)
        assert added.outcome is AddOutcome.ADDED, added
    return library


def allowed(visibility: str, reader: Reader) -> bool:
    """Said once more, in other words than the product's."""
    return {
        EVERYONE: True,
        MANAGERS: reader.managers or reader.everything,
        "team:chenjing": "chenjing" in reader.teams or reader.everything,
        "team:zhouwei": "zhouwei" in reader.teams or reader.everything,
    }[visibility]


READERS = st.builds(
    Reader,
    teams=st.frozensets(st.sampled_from([*TEAMS, "managers", "everyone", ""])),
    managers=st.booleans(),
    everything=st.sampled_from([False, False, True]),
)
ASKED = st.one_of(
    st.sampled_from(
        ["质保多久", "多久付款", "第七条", "合同里怎么写的", "仅主管能看的价格", "team:chenjing"]
    ),
    st.sampled_from([f"{months}个月" for months in PAPERS.values()]),
    st.text(alphabet="质保付款验收第七条合同客户有限公司0123456789个月日 ", min_size=1, max_size=24),
    st.sampled_from([f"{one}的质保期多久" for one in CUSTOMERS if one]),
)


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(question=ASKED, customer=st.sampled_from([*CUSTOMERS, "", "没有合同的客户"]), reader=READERS)
def test_no_search_brings_what_the_reader_or_the_customer_may_not_see(
    shelf: Library, question: str, customer: str | None, reader: Reader
) -> None:
    found = shelf.search(question, customer=customer, k=100, include_expired=True, reader=reader)
    for one in found.evidence:
        assert one.passage.customer in {None, customer}
        assert allowed(one.passage.visibility, reader)


@pytest.mark.parametrize("visibility", VISIBILITIES)
@pytest.mark.parametrize("customer", [None, CUSTOMERS[3]])
def test_who_may_read_a_paper_finds_it(shelf: Library, customer: str | None, visibility: str) -> None:
    months = PAPERS[customer, visibility]
    for reader in (ANYONE, Reader(managers=True), *(Reader(frozenset({one})) for one in TEAMS), KEEPER):
        found = shelf.search(f"质保{months}个月", customer=customer, k=100, reader=reader).evidence
        seen = any(f"{months}个月" in one.passage.text for one in found)
        assert seen is allowed(visibility, reader)


def test_indexes_and_store_agree_on_all_of_it(shelf: Library) -> None:
    assert shelf.check(contents=True).problems == ()


@pytest.mark.parametrize("visibility", [MANAGERS, "team:chenjing"])
def test_a_paper_is_hidden_from_the_moment_it_is_edited_and_shown_again(
    library: Library, write: Write, visibility: str
) -> None:
    library.add(write("手册.md", MANUAL))
    assert library.search("X200 净重").evidence
    (known,) = library.list()
    library.amend(replace(known, visibility=visibility))
    assert library.search("X200 净重").evidence == ()
    reader = Reader(frozenset({"chenjing"}), managers=True)
    found = library.search("X200 净重", reader=reader).evidence
    assert {one.passage.visibility for one in found} == {visibility}
    library.amend(replace(known, visibility=EVERYONE))
    assert library.search("X200 净重").evidence


def test_a_new_version_stays_as_hidden_as_the_one_before(library: Library, write: Write) -> None:
    library.add(write("价格.md", "# 价格底线\nX200 最低 15000 元。"), visibility=MANAGERS)
    again = library.add(write("价格.md", "# 价格底线\nX200 最低 14000 元。"))
    assert (again.outcome, again.visibility) == (AddOutcome.REPLACED, MANAGERS)
    assert library.search("X200 最低多少").evidence == ()


def test_the_same_bytes_with_another_visibility_change_it(library: Library, write: Write) -> None:
    path = write("价格.md", "# 价格底线\nX200 最低 15000 元。")
    library.add(path)
    library.add(path, visibility=MANAGERS)
    assert [one.visibility for one in library.list()] == [MANAGERS]


def test_another_teams_paper_of_the_same_name_is_another_paper(library: Library, write: Write) -> None:
    path = write("打法.md", "# 打法\n先报目录价。")
    for team in TEAMS:
        mine = Reader(frozenset({team}), managers=True)
        assert library.add(path, visibility=f"team:{team}", reader=mine).outcome is AddOutcome.ADDED
    changed = write("打法.md", "# 打法\n先问预算。")
    again = library.add(changed, reader=Reader(frozenset({"zhouwei"}), managers=True))
    assert (again.outcome, again.visibility) == (AddOutcome.REPLACED, "team:zhouwei")
    assert sorted(one.versions for one in library.list()) == [1, 2]


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"title": " "}, "标题"),
        ({"title": "长" * 121}, "标题"),
        ({"version": ""}, "版本"),
        ({"kind": "contract"}, "客户"),
        ({"visibility": "nobody"}, "可见范围"),
        ({"id": "d-unknown"}, "没有这份资料"),
        ({"title": "另一本"}, "同名"),
    ],
)
def test_particulars_that_cannot_be_change_nothing(
    library: Library, write: Write, changes: dict[str, str], why: str
) -> None:
    library.add(write("另一本.md", "# 另一本\n甲。"), kind="manual")
    library.add(write("手册.md", MANUAL))
    known = next(one for one in library.list() if one.title == "手册")
    with pytest.raises(ParticularsWrong, match=why):
        library.amend(replace(known, **changes))  # type: ignore[arg-type]
    assert known in library.list()


def test_who_may_not_read_a_paper_may_not_edit_it(library: Library, write: Write) -> None:
    library.add(write("手册.md", MANUAL), visibility=MANAGERS)
    (known,) = library.list()
    with pytest.raises(ParticularsWrong):
        library.amend(replace(known, visibility=EVERYONE), Reader(frozenset(TEAMS)))


@pytest.mark.parametrize(
    ("word", "good"),
    [
        (EVERYONE, True),
        (MANAGERS, True),
        ("team:x", True),
        ("team:", False),
        ("", False),
        ("Everyone", False),
    ],
)
def test_visibilities_are_few_words(word: str, good: bool) -> None:
    assert is_visibility(word) is good
