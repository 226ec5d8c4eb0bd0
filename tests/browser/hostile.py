"""Words that run wherever a page takes them for more than words, and every way in by which the product keeps them."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
import time
from datetime import date
from pathlib import Path
from typing import Any

import httpx

from bot.store import Store
from crm_bridge.adapters.embedded import load
from tests.browser.environment import clean

SUM = "62710561"
"""What 7919 × 7919 is: on a page it means that braces were worked out."""
WATCH = "window.ran = []; window.hurt = where => window.ran.push(where);"
"""Runs in every page before its own scripts."""
REP = "evil"
KEPT: set[str] = set()
"""Where such words were put so far."""


PHONE = "13977771234"
"""Of the customer's contact: no page shows more of it than its ends."""


def tiny(where: str) -> str:
    """For the shortest fields: an element is enough to show that words became more."""
    KEPT.add(where)
    return f"{where}<i data-hurt>"


def short(where: str) -> str:
    """For names: no slash, so that a file can be called so."""
    KEPT.add(where)
    return f"{where}<img src=x data-hurt onerror=hurt('{where}')>"


def long(where: str) -> str:
    """For words of any length: scripts, handlers, links, broken-out attributes, braces of templates."""
    KEPT.add(where)
    return (
        f"{where}<script data-hurt>hurt('{where}')</script><svg data-hurt onload=hurt('{where}')></svg>"
        f"\"'><img src=x data-hurt onerror=hurt('{where}')>\" autofocus onfocus=hurt('{where}') x=\" "
        f"[{where}](javascript:hurt('{where}')) javascript:hurt('{where}') "
        "{{7919*7919}} ${7919*7919} <%=7919*7919%> {{constructor.constructor('hurt(1)')()}}"
    )


def account(owner: str) -> dict[str, Any]:
    """A customer whose every field runs where it can."""
    day = date(2026, 1, 5)
    line = {"product": short("crm-product"), "quantity": 2, "unit_price": "100"}
    return {
        "name": short("crm-name"), "short": short("crm-short"), "aliases": ["歪客户", short("crm-alias")],
        "industry": long("crm-industry"), "tier": short("crm-tier"), "region": short("crm-region"), "owner": owner,
        "since": day,
        "contacts": [{"name": short("crm-contact"), "title": short("crm-title"), "phone": PHONE}],
        "opportunities": [{"title": long("crm-deal"), "stage": "线索", "at": day}],
        "orders": [{"title": long("crm-order"), "lines": [line], "status": short("crm-status"), "at": day}],
        "tickets": [{"title": long("crm-ticket"), "description": long("crm-ticket-words"), "at": day}],
        "notes": [{"text": long("crm-note"), "at": day}],
    }  # fmt: skip


def before_serving(data: Path) -> str:
    """People, keys, customers, documents and sayings, as an operator brings them in; returns an API key for everything."""
    _verb(data, "demo", "--prepare-only")
    _verb(data, "users", "add", short("person"), "--role", "rep", "--wecom", REP, "--manager", "陈静")
    scopes = [f"--scope={scope}" for scope in ("utterances", "events", "read", "inquiries")]
    key = _verb(data, "keys", "add", short("key-name"), *scopes).strip()
    store = Store(f"sqlite:///{data / 'yiju.db'}")
    with store.begin() as session:
        assert load(session, [account(REP)], date(2026, 11, 1)) == 1
    store.close()
    file = data / f"{short('file-name')}.md"
    table = f"| 型号 | 参数 |\n|---|---|\n| X971 | {short('doc-cell')} 12 rpm |\n"
    file.write_text(
        f"# {long('doc-heading')}\n\nX971 离心机的噪声 {long('doc-text')}\n\n{table}", encoding="utf-8"
    )
    _verb(data, "knowledge", "add", str(file), "--title", short("doc-title"), "--kind", "manual")
    _verb(
        data,
        "knowledge",
        "lexicon",
        "add",
        tiny("saying"),
        tiny("saying-written"),
        "--by",
        short("saying-by"),
    )
    return key


def while_serving(url: str, data: Path, key: str) -> None:
    """Words said, fed, asked by form and reported by events, through the interfaces."""
    with httpx.Client(base_url=url, timeout=20) as web:
        web.post("/sim/as", json={"person": REP}).raise_for_status()
        # enough in plain words that they are read as what they ask, not as out of scope: those cards have no draft
        asks = "你好,我想问一下X971离心机的噪声多大,实验室里放得下几台,功率是多少,转速最高能到多少?"
        buys = "你好,我们这边想采购X200离心机,一共要50台,麻烦报一下含税的价格,顺便说一下交期大概要多久,质保几年。"
        said = (
            f"客户歪客户说:{asks}{long('words')}",
            f"X971 离心机的噪声 {short('question')} 多大",
            f"{short('gap')} 的退役回收价是多少",
        )
        for number, text in enumerate(said):
            _sent(web.post("/sim/say", json={"key": f"hostile-{number}", "text": text}))
        bearer = {"Authorization": f"Bearer {key}"}
        fed = {"customer": "歪客户", "text": f"{buys}{long('fed')}", "said_by": short("said-by")}
        _sent(web.post("/api/v1/utterances", json=fed, headers=bearer))
        form = {
            "company": short("form-company"), "contact": {"name": "刘<img src=x>", "email": short("form-mail")},
            "product": short("form-product"), "precision": short("form-precision"), "message": long("form-message"),
        }  # fmt: skip
        _sent(web.post("/api/v1/inquiries", json=form, headers=bearer))
        for event in _events():
            media = {"Content-Type": "application/cloudevents+json"}
            _sent(web.post("/api/v1/events", content=json.dumps(event), headers=bearer | media))
    with sqlite3.connect(
        data / "yiju.db"
    ) as database:  # what a platform would have to answer for it to come by itself
        database.execute(
            "INSERT INTO bot_outbox (key, lane, state, attempts, next_at, created_at, error, channel, recipient, kind, "
            "payload) VALUES ('dead-1', 'sim:evil', 'dead', 5, '2026-11-28', '2026-11-28', ?, 'sim', 'evil', 'say', '{}')",
            (long("platform-error"),),
        )
    _until_worked(data)


def _until_worked(data: Path) -> None:
    """Everything that was said became a card, an answer or a reason; at most half a minute."""
    left, until = 1, time.monotonic() + 30
    while left and time.monotonic() < until:
        time.sleep(0.1)  # another process works it, and says so only in the database
        with sqlite3.connect(data / "yiju.db") as database:
            query = "SELECT count(*) FROM bot_delivery WHERE state NOT IN ('done', 'dead')"
            (left,) = database.execute(query).fetchone()
    assert not left, f"{left} deliveries are still unworked"


def labelled() -> bytes:
    """A file of utterances to label, for the console's upload."""
    row = {
        "id": short("label-id"),
        "text": long("label-text"),
        "speaker": "customer",
        "context": [long("label-before")],
    }
    return json.dumps(row, ensure_ascii=False).encode()


def _events() -> tuple[dict[str, Any], ...]:
    fault = {
        "specversion": "1.0", "id": short("event-id"), "source": "/iot/aliyun", "type": "thing.event.fault.post",
        "data": {
            "deviceName": short("event-device"), "productName": short("event-product"), "tags": {"owner": "歪客户"},
            "gmtCreate": 1795676583441, "value": {"ErrorCode": short("event-code"), "Message": long("event-words")},
        },
    }  # fmt: skip
    unknown = {
        "specversion": "1.0",
        "id": "x1",
        "source": "/nobody",
        "type": short("event-type"),
        "data": long("event-data"),
    }
    return fault, unknown


def _sent(answer: httpx.Response) -> None:
    assert answer.is_success, answer.text


def _verb(data: Path, *words: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "bot", *words], env=clean(data), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, (words, done.stdout, done.stderr)
    return done.stdout
