"""The decision page: only for who may decide, everything shown as text, one form that changes what it says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from bot.decision import Draft, Proposal, Rationale, Reason, ReasonKind, State
from bot.markdown_table import Table
from bot.tables import OutboxRow
from knowledge import Passage
from prompts import phrase
from tests.fakes.clock import Clock
from tests.fakes.decisions import QUOTE, READING, TASK
from tests.fakes.lent_library import kept_apart, seen_by
from tests.web.conftest import Site

SCRIPT = "<script>alert('x')</script>"
OWN_SCRIPT = '<script src="/static/copy.js" defer></script>'
LARGEST = 100 * 1024
IN_WECOM = {"channel": "wecom"}


def form_of(html: str, **changes: str) -> dict[str, str]:
    """What a browser would send of the page's form, with what the person changed."""
    fields = dict(re.findall(r'<input (?:type="hidden" )?name="([^"]+)" value="([^"]*)"', html))
    fields |= {name: "1" for name in re.findall(r'name="(a\d+\.keep)" value="1" checked', html)}
    fields |= {
        name: text for name, text in re.findall(r'<textarea name="([^"]+)"[^>]*>([^<]*)</textarea>', html)
    }
    for name, options in re.findall(r'<select name="([^"]+)"[^>]*>(.*?)</select>', html, re.DOTALL):
        chosen = re.search(r'<option value="([^"]*)" selected', options)
        fields[name] = chosen[1] if chosen else ""
    return fields | changes


async def test_a_link_from_a_platform_alone_shows_nothing_of_the_decision(site: Site) -> None:
    page = await site.http.get(site.save(**IN_WECOM))
    assert page.status_code == 401
    assert "请先确认您是谁" in page.text
    assert "50 台" not in page.text


@pytest.mark.parametrize("user", ["zhangsan", "chenjing"])
async def test_the_rep_and_their_manager_see_everything(site: Site, user: str) -> None:
    path = site.save(**IN_WECOM)
    site.sign_in(user)
    page = await site.http.get(path)
    assert page.status_code == 200
    assert "X200 要 50 台" in page.text
    assert "交货地址" in page.text


@pytest.mark.parametrize("user", ["lisi", "sunli", "admin"])
async def test_everybody_else_is_told_whose_it_is(site: Site, user: str) -> None:
    path = site.save(**IN_WECOM)
    site.sign_in(user)
    for answer in (await site.http.get(path), await site.http.post(path, data={"move": "confirm"})):
        assert answer.status_code == 403
        assert "50 台" not in answer.text
    assert site.decision().is_open


@pytest.mark.parametrize("token", ["x", "WyJkMSJd.abc", "a" * 3000, "%00", "..%2f..%2fetc"])
async def test_an_invented_link_opens_nothing(site: Site, token: str) -> None:
    site.sign_in("zhangsan")
    assert (await site.http.get(f"/d/{token}")).status_code in {403, 404}


async def test_what_is_gone_is_said_in_words_for_a_rep(site: Site) -> None:
    path = site.save()
    site.sign_in("zhangsan")
    gone = await site.http.get(f"{path}/source/nothing")
    assert gone.status_code == 404
    assert phrase("page_gone") in gone.text


async def test_a_link_that_ran_out_opens_nothing(site: Site, clock: Clock) -> None:
    path = site.save()
    clock.advance(days=91)
    assert (await site.http.get(path)).status_code == 403


async def test_a_code_goes_into_the_persons_chat_and_signs_in(site: Site) -> None:
    path = site.save(**IN_WECOM)
    object.__setattr__(site.parts.outbox, "channels", frozenset({"wecom"}))  # a value, of this test alone
    sent = await site.http.post(f"{path}/code", data={"send": "1", "user": "zhangsan"})
    assert phrase("signin_sent") in sent.text
    with site.parts.store.look() as session:
        said = session.execute(select(OutboxRow)).scalar_one()
    code = re.search(r"\d{6}", str(said.payload))
    assert code is not None
    assert code[0] not in sent.text
    answer = await site.http.post(f"{path}/code", data={"user": "zhangsan", "code": code[0]})
    assert (answer.status_code, answer.headers["location"]) == (303, path)
    assert (await site.http.get(path)).status_code == 200


async def test_a_wrong_code_is_refused_and_signs_nobody_in(site: Site) -> None:
    path = site.save(**IN_WECOM)
    for code in ("000000x", "验证码", ""):
        answer = await site.http.post(f"{path}/code", data={"user": "zhangsan", "code": code})
        assert answer.status_code == 403
        assert phrase("signin_wrong") in answer.text
    assert (await site.http.get(path)).status_code == 401


async def test_a_code_is_sent_to_nobody_who_may_not_decide(site: Site) -> None:
    path = site.save(**IN_WECOM)
    for data in ({"send": "1", "user": "lisi"}, {"user": "lisi", "code": site.signin.code_for("lisi")}):
        assert (await site.http.post(f"{path}/code", data=data)).status_code == 403


@pytest.mark.parametrize("path", ["", "/source/p-1", "/next"])
async def test_every_page_says_how_safely_it_wants_to_be_treated(site: Site, path: str) -> None:
    page = await site.http.get(site.save() + path, follow_redirects=True)
    assert page.headers["cache-control"] == "no-store"
    policy = page.headers["content-security-policy"]
    assert ("script-src 'self'" in policy) == (OWN_SCRIPT in page.text)
    assert policy.count("script-src") <= 1
    assert "unsafe" not in policy
    assert policy.startswith("default-src 'none'")
    assert (page.headers["x-frame-options"], page.headers["referrer-policy"]) == ("DENY", "no-referrer")
    assert page.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    "changes",
    [
        {"words": SCRIPT},
        {"customer_name": SCRIPT},
        {"draft": Draft(SCRIPT)},
        {"draft": Draft("好的", removed=(SCRIPT,))},
        {"draft": Draft(f"</textarea>{SCRIPT}")},
        {"draft": Draft("好的", (Proposal("task.create", {"title": f'"{SCRIPT}', "due": "2026-11-27"}),))},
        {"rationale": Rationale((Reason(ReasonKind.CRM, f"客户等级:{SCRIPT}", SCRIPT, "A-1.tier"),))},
        {"rationale": Rationale((Reason(ReasonKind.PASSAGE, "净重", "《手册》", f"p'\">{SCRIPT}"),))},
        {"rationale": Rationale((), (SCRIPT,), (SCRIPT,))},
        {"rationale": Rationale((), compared=f"{SCRIPT}\n\n{Table((SCRIPT, 'X'), ((SCRIPT, SCRIPT),))}")},
        {"state": State.DECLINED, "note": SCRIPT},
        {"state": State.EXPIRED, "draft": Draft(SCRIPT, (TASK,))},
    ],
)
async def test_whatever_words_a_decision_holds_they_are_shown_and_never_run(
    site: Site, changes: dict[str, Any]
) -> None:
    page = await site.http.get(site.save(**changes))
    assert page.status_code == 200
    assert "<script" not in page.text.replace(OWN_SCRIPT, "", 1)
    assert "&lt;script&gt;" in page.text or "%3Cscript%3E" in page.text


async def test_what_is_set_side_by_side_is_a_table_with_heads(site: Site) -> None:
    table = Table(("参数", "X200", "X350"), (("接口", "a|b", "—"),))
    page = await site.http.get(
        site.save(rationale=Rationale((), compared=f"1 项不同\n\n{table}\n\n《手册》"))
    )
    assert '<th scope="col">X350</th>' in page.text
    assert '<tr><th scope="row">接口</th><td>a|b</td><td>—</td></tr>' in page.text
    assert "| ---" not in page.text


def test_no_template_turns_escaping_off() -> None:
    import bot.web.page

    folder = Path(bot.web.page.__file__).with_name("templates")
    found = {path.name: path.read_text(encoding="utf-8") for path in folder.glob("*.html")}
    assert len(found) >= 6
    assert not [name for name, text in found.items() if re.search(r"\|\s*safe|autoescape|<script>", text)]


@pytest.mark.parametrize("state", [State.PROPOSED, State.EXPIRED])
async def test_the_page_with_style_and_script_stays_small(site: Site, state: State) -> None:
    """With a draft as long as the form takes and as many reasons as a card ever named."""
    reason = Reason(ReasonKind.CRM, "客户等级:" + "长" * 300, "CRM", "A-1.tier")
    path = site.save(state=state, draft=Draft("话" * 4000, (TASK,)), rationale=Rationale((reason,) * 20))
    page = await site.http.get(path)
    assert page.status_code == 200
    loaded = re.findall(r'(?:src|href)="(/static/[^"]+)"', page.text)
    assert set(loaded) == {"/static/page.css", "/static/copy.js"}
    files = [await site.http.get(name) for name in loaded]
    assert {one.status_code for one in files} == {200}
    assert sum(len(one.content) for one in (page, *files)) < LARGEST


@pytest.mark.parametrize("state", [State.PROPOSED, State.EXPIRED])
async def test_the_draft_can_be_copied_and_the_button_waits_for_its_script(site: Site, state: State) -> None:
    page = await site.http.get(site.save(state=state, draft=Draft("您好,请看附件。")))
    assert re.search(r"data-draft>您好,请看附件。<", page.text)
    assert re.search(r'data-copying hidden><button type="button">复制草稿', page.text)


async def test_confirming_as_shown_confirms(site: Site) -> None:
    path = site.save()
    html = (await site.http.get(path)).text
    answer = await site.http.post(path, data=form_of(html, move="confirm"))
    assert (answer.status_code, answer.headers["location"]) == (303, path)
    decided = site.decision()
    assert (decided.state, decided.decided_by) == (State.CONFIRMED, "zhangsan")


async def test_changed_words_and_an_action_left_out_make_a_correction(site: Site) -> None:
    path = site.save()
    form = form_of((await site.http.get(path)).text, move="confirm", draft="您好,报价稍后发您。")
    del form["a0.keep"]
    await site.http.post(path, data=form)
    decided = site.decision()
    assert decided.state is State.CORRECTED
    assert (decided.draft.text, [one.kind for one in decided.draft.actions]) == (
        "您好,报价稍后发您。",
        ["task.create"],
    )


async def test_own_words_without_a_source_are_asked_about_once_and_then_go_through(site: Site) -> None:
    path = site.save()
    form = form_of(
        (await site.http.get(path)).text, move="confirm", draft="您好,质保给您 5 年。报价稍后发您。"
    )
    asked = await site.http.post(path, data=form)
    assert asked.status_code == 422
    assert phrase("edit_unsupported", sentence="您好,质保给您 5 年。") in asked.text
    assert "报价稍后发您" in asked.text
    assert site.decision().is_open
    again = await site.http.post(path, data=form_of(asked.text, move="confirm"))
    assert again.status_code == 303
    assert (site.decision().state, site.decision().draft.text) == (State.CORRECTED, form["draft"])


async def test_words_changed_after_the_doubts_are_looked_at_anew(site: Site) -> None:
    path = site.save()
    form = form_of((await site.http.get(path)).text, move="confirm", draft="质保给您 5 年。")
    asked = await site.http.post(path, data=form)
    more = await site.http.post(path, data=form_of(asked.text, move="confirm", draft="质保给您 8 年。"))
    assert more.status_code == 422
    assert site.decision().is_open


async def test_a_wrong_field_is_named_and_nothing_typed_is_lost(site: Site) -> None:
    path = site.save()
    form = form_of(
        (await site.http.get(path)).text, move="confirm", draft="改过的话", **{"a1.due": "不是日期"}
    )
    answer = await site.http.post(path, data=form)
    assert answer.status_code == 422
    assert "改过的话" in answer.text
    assert 'role="alert"' in answer.text
    assert site.decision().is_open


async def test_a_decline_keeps_its_reason(site: Site) -> None:
    path = site.save()
    form = form_of((await site.http.get(path)).text, move="decline", note="客户弄错了")
    await site.http.post(path, data=form)
    assert (site.decision().state, site.decision().note) == (State.DECLINED, "客户弄错了")


@pytest.mark.parametrize("mark", ["", "invented"])
async def test_a_form_of_another_site_changes_nothing(site: Site, mark: str) -> None:
    answer = await site.http.post(site.save(), data={"move": "confirm", "mark": mark})
    assert answer.status_code == 409
    assert site.decision().is_open


async def test_a_page_that_was_open_while_somebody_else_decided_changes_nothing(site: Site) -> None:
    path = site.save()
    form = form_of((await site.http.get(path)).text)
    await site.http.post(path, data=form | {"move": "decline"})
    answer = await site.http.post(path, data=form | {"move": "confirm"})
    assert answer.status_code == 409
    assert site.decision().state is State.DECLINED


@pytest.mark.parametrize("move", ["", "pay", "carried_out"])
async def test_a_move_that_the_page_does_not_offer_changes_nothing(site: Site, move: str) -> None:
    path = site.save()
    answer = await site.http.post(path, data=form_of((await site.http.get(path)).text, move=move))
    assert answer.status_code == 422
    assert site.decision().is_open


async def test_another_intent_makes_a_new_proposal_and_leads_there(site: Site) -> None:
    path = site.save(reading=READING, intent=QUOTE, customer=None)
    form = form_of((await site.http.get(path)).text, move="intent", intent="technical_inquiry")
    answer = await site.http.post(path, data=form)
    assert (answer.status_code, answer.headers["location"]) == (303, f"{path}/next")
    page = await site.http.get(f"{path}/next", follow_redirects=True)
    assert "技术咨询 ·" in page.text
    assert site.decision().state is State.SUPERSEDED


async def test_a_quoted_passage_is_shown_in_its_document(site: Site) -> None:
    (document,) = [one for one in site.parts.library.list() if "离心机" in one.title]
    passage = site.parts.library.passages_of(document.id)[3]
    page = await site.http.get(f"{site.save()}/source/{passage.id}")
    assert page.status_code == 200
    assert 'id="quoted"' in page.text
    assert document.title in page.text


async def test_a_passage_of_another_customers_contract_is_not_found(site: Site) -> None:
    (contract,) = [one for one in site.parts.library.list() if "苏州精模" in one.title]
    passage = site.parts.library.passages_of(contract.id)[0]
    page = await site.http.get(f"{site.save()}/source/{passage.id}")
    assert page.status_code == 404
    assert "苏州精模" not in page.text


async def test_a_passage_of_a_pdf_is_shown_on_its_page_too(site: Site) -> None:
    (document,) = [one for one in site.parts.library.list() if "离心机" in one.title]
    passage = site.parts.library.passages_of(document.id)[3]
    path = site.save()
    page = await site.http.get(f"{path}/source/{passage.id}")
    assert f'src="{path}/page-image/{passage.id}"' in page.text
    assert "img-src 'self'" in page.headers["content-security-policy"]
    picture = await site.http.get(f"{path}/page-image/{passage.id}")
    assert (picture.status_code, picture.headers["content-type"]) == (200, "image/png")
    assert picture.content.startswith(b"\x89PNG")


async def test_what_has_no_pages_is_shown_as_text_alone(site: Site) -> None:
    (policy,) = [one for one in site.parts.library.list() if one.title == "售后服务政策"]
    passage = site.parts.library.passages_of(policy.id)[0]
    path = site.save()
    assert "page-image" not in (await site.http.get(f"{path}/source/{passage.id}")).text
    assert (await site.http.get(f"{path}/page-image/{passage.id}")).status_code == 404


async def test_a_page_image_is_guarded_like_its_text(site: Site) -> None:
    (document,) = [one for one in site.parts.library.list() if "离心机" in one.title]
    passage = site.parts.library.passages_of(document.id)[3]
    path = site.save(**IN_WECOM)
    assert (await site.http.get(f"{path}/page-image/{passage.id}")).status_code == 401
    site.sign_in("lisi")
    assert (await site.http.get(f"{path}/page-image/{passage.id}")).status_code == 403
    (contract,) = [one for one in site.parts.library.list() if "苏州精模" in one.title]
    other = site.parts.library.passages_of(contract.id)[0]
    site.sign_in("zhangsan")
    assert (await site.http.get(f"{path}/page-image/{other.id}")).status_code == 404


@pytest.mark.parametrize(
    ("visibility", "status"), [("managers", 404), ("team:zhouwei", 404), ("team:chenjing", 200)]
)
async def test_a_passage_that_its_viewer_may_not_read_is_not_found(
    site: Site, visibility: str, status: int
) -> None:
    (document,) = [one for one in site.parts.library.list() if "离心机" in one.title]
    passage = site.parts.library.passages_of(document.id)[3]
    path = site.save()
    with seen_by(site.parts.library, document, visibility):
        for place in ("source", "page-image"):
            page = await site.http.get(f"{path}/{place}/{passage.id}")
            assert page.status_code == status


@pytest.fixture
def paper(site: Site, tmp_path: Path) -> Iterator[Path]:
    """A file to write and to add; what came of it is taken out afterwards."""
    with kept_apart(site.parts.library):
        yield tmp_path / "泵的质保政策.txt"


def whole(site: Site, paper: Path, clauses: list[str]) -> tuple[Passage, ...]:
    """The passages of a new document, or of its next version."""
    paper.write_text("\n\n".join(clauses), encoding="utf-8")
    added = site.parts.library.add(paper)
    return site.parts.library.passages_of(added.document_id or "")


async def test_one_reads_on_through_a_document_of_hundreds_of_passages(site: Site, paper: Path) -> None:
    clauses = [f"第{number}条 第{number}号泵的质保期是{number}个月。{SCRIPT}" for number in range(1, 261)]
    passage = whole(site, paper, clauses)[236]
    here = f"{site.save()}/source/{passage.id}"
    quoted = (await site.http.get(here)).text
    assert "第237号泵" in quoted
    assert "第 235–239 段,共 260 段" in quoted
    assert f'href="{here}?first=239"' in quoted
    after = (await site.http.get(f"{here}?first=239")).text
    assert "第240号泵" in after
    assert "第259号泵" in after
    assert "第239号泵" not in after
    assert len(after.encode()) < 100_000
    assert "<script" not in after
    end = (await site.http.get(f"{here}?first=250")).text
    assert "看后面的内容" not in end
    assert (await site.http.get(f"{here}?first=-1")).status_code == 422


async def test_a_passage_of_a_replaced_version_is_shown_among_its_own_neighbours(
    site: Site, paper: Path
) -> None:
    old, _ = (
        whole(site, paper, [f"第{at}条 第{at}号泵的质保期是{months}个月。" for at in range(1, 9)])[4]
        for months in (12, 24)
    )
    page = (await site.http.get(f"{site.save()}/source/{old.id}")).text
    assert page.count("12个月") == 5
    assert "24个月" not in page
