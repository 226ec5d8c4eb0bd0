"""The decision page: only for who may decide, everything shown as text, one form that changes what it says."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from bot.decision import Draft, Proposal, Rationale, Reason, ReasonKind, State
from bot.tables import OutboxRow
from prompts import phrase
from tests.fakes.clock import Clock
from tests.fakes.decisions import QUOTE, READING, TASK
from tests.web.conftest import Site

SCRIPT = "<script>alert('x')</script>"
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
    assert "script-src" not in page.headers["content-security-policy"]
    assert page.headers["content-security-policy"].startswith("default-src 'none'")
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
        {"state": State.DECLINED, "note": SCRIPT},
        {"state": State.EXPIRED, "draft": Draft(SCRIPT, (TASK,))},
    ],
)
async def test_whatever_words_a_decision_holds_they_are_shown_and_never_run(
    site: Site, changes: dict[str, Any]
) -> None:
    page = await site.http.get(site.save(**changes))
    assert page.status_code == 200
    assert "<script" not in page.text
    assert "&lt;script&gt;" in page.text or "%3Cscript%3E" in page.text


def test_no_template_turns_escaping_off() -> None:
    import bot.web.page

    folder = Path(bot.web.page.__file__).with_name("templates")
    found = {path.name: path.read_text(encoding="utf-8") for path in folder.glob("*.html")}
    assert len(found) >= 6
    assert not [name for name, text in found.items() if re.search(r"\|\s*safe|autoescape|<script>", text)]


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
