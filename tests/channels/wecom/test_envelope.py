"""Envelopes: the platform's known answers open, whatever is not WeCom's is turned away with a reason."""

from __future__ import annotations

import base64
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channels import Envelope, Handshake, UntrustedEnvelope
from bot.channels.wecom.envelope import LARGEST, Gate
from bot.errors import SettingsIncomplete
from tests.fakes.wecom_platform import AES_KEY, CORP, TOKEN
from tests.fakes.wecom_seal import Seal, outer

NOW = datetime(2026, 11, 27, 2, 0, tzinfo=UTC)


class Known(NamedTuple):
    """A sealed text with its signature, and what was in it. Sources: the official helper libraries' samples (A, B),
    go-workwx's tests (C, D), computed for this project (E–I)."""

    token: str
    key: str
    receiver: str
    timestamp: str
    nonce: str
    signature: str
    sealed: str
    words: str


def _own(receiver: str, signature: str, sealed: str, words: str) -> Known:
    return Known(TOKEN, AES_KEY, receiver, "1700000000", "nonce123", signature, sealed, words)


_OFFICIAL = ("QDG6eK", "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C", "wx5823bf96d3bd56c7")
KNOWN = {
    "A official, GET": Known(
        *_OFFICIAL,
        "1409659589",
        "263014780",
        "5c45ff5e21c57e6ad56bac8758b79b1d9ac89fd3",
        "P9nAzCzyDtyTWESHep1vC5X9xho/qYX3Zpb4yKa9SKld1DsH3Iyt3tP3zNdtp+4RPcs8TgAE7OaBO+FZXvnaqQ==",
        "1616140317555161061",
    ),
    "B official, POST, padding 30": Known(
        *_OFFICIAL,
        "1409659813",
        "1372623149",
        "477715d11cdb4164915debcba66cb864d751f3e6",
        "RypEvHKD8QQKFhvQ6QleEB4J58tiPdvo+rtK1I9qca6aM/wvqnLSV5zEPeusUiX5L5X/0lWfrf0QADHHhGd3"
        "QczcdCUpj911L3vg3W/sYYvuJTs3TUUkSUXxaccAS0qhxchrRYt66wiSpGLYL42aM6A8dTT+6k4aSknmPj48"
        "kzJs8qLjvd4Xgpue06DOdnLxAUHzM6+kDZ+HMZfJYuR+LtwGc2hgf5gsijff0ekUNXZiqATP7PF5mZxZ3Izo"
        "un1s4zG4LUMnvw2r+KqCKIw+3IQH03v+BCA9nMELNqbSf6tiWSrXJB3LAVGUcallcrw8V2t9EL4EhzJWrQUa"
        "x5wLVMNS0+rUPA3k22Ncx4XXZS9o0MBH27Bo6BpNelZpS+/uh9KsNlY6bHCmJU9p8g7m3fVKn28H3KDYA5Pl"
        "/T8Z1ptDAVe0lXdQ2YoyyH2uyPIGHBZZIs2pDBS8R07+qN+E7Q==",
        "<xml><ToUserName><![CDATA[wx5823bf96d3bd56c7]]></ToUserName>\n"
        "<FromUserName><![CDATA[mycreate]]></FromUserName>\n"
        "<CreateTime>1409659813</CreateTime>\n"
        "<MsgType><![CDATA[text]]></MsgType>\n"
        "<Content><![CDATA[hello]]></Content>\n"
        "<MsgId>4561255354251345929</MsgId>\n"
        "<AgentID>218</AgentID>\n"
        "</xml>",
    ),
    "C noise that is not ASCII": Known(
        "kz7Yx62CH8SaLN",
        "cD0d7jx4tYvVtzqrmh3Dm3QFCXe6f8SlHoMtMh3qQEP",
        "ww6a112864f8022910",
        "1583995625",
        "1584392382",
        "f265ae551b1932727204c3d707628d01376a6940",
        "EUCt7xMcNiyASzZj0Hjc5yDjFQrCum6AfQ3ntHiUzjGQ51xieKmbvtrZ40/EcB2W/W8yH0n4Lqx48gJl/T9H"
        "D/R309I0P/r5pIZucK3lyEn48FYMr4YdE0QdL2jIJ3xkcXUr6uzefzCxG6lMvwpAJaOyVCzN7sRRw47njfxy"
        "5EIqU6R9ZBhlTzfdnhhOhK/nTwzrZX3SoGlXFA9OBeZ6ru1NWpXFk76x9DUMe0lcxPPiUqK8ctnQcYXSGUHV"
        "qC6DfG7E7mab0OmruNN8cBZY5d3dYOBA4OgaH55Q0AJmUpdT8vNiXpXx+6TxT3TIjySXpDrHVyrsb772aYyw"
        "gg/Nu4kUmGkALwFZlzhjNegR7wDwb9lr4ERXsSSS8JZ8lbBmaQ3F2Tq584xoPj5rIhXAF734ynm4no1g+SdH"
        "iNqR328=",
        "<xml><ToUserName><![CDATA[ww6a112864f8022910]]></ToUserName><FromUserName><![CDATA[f"
        "oobar]]></FromUserName><CreateTime>1583995625</CreateTime><MsgType><![CDATA[text]]><"
        "/MsgType><Content><![CDATA[x123]]></Content><MsgId>2018405441</MsgId><AgentID>100000"
        "2</AgentID></xml>",
    ),
    "D go-workwx, GET": Known(
        "kjr2TKI8umCBfVF3wAHk8JiPwma5VBme",
        "4Ma3YBrSBbX2aez8MJpXGBne5LSDwgGqHbhM9WPYIws",
        "ww6a112864f8022910",
        "1583940690",
        "VHh7ymSeb0jc4lSb",
        "1ba3cb09c0d2c2b3ed6900d37f91a6efae6cb011",
        "6KmUQuPVu7UhjyVqRdbo5SfcRqaHvbUlKSHFvBV2ZuR6TIlKsygcfeSd1GDplg1C5KSKr6UPHCaC/nIX3ZNt9w==",
        "94966531020182955848408",
    ),
    "E AI bot, no receiver": _own(
        "",
        "b54f219399e3cdccfd32f6c31bf41c1bf1cf376c",
        "Q3stYC6hdFzMh9T8HCvyDO4tVCFfNxcsbJdl0+XPZ5z1PjGGol5ZPhsSrmDUi/4GIwiOvT7DMOJ0lwJcVFls"
        "2a4kCVvYzDnjPORWFiM9f4A4aG6XaWJWKMdoEOcCqsgCIGWbIetaCA+gKOLYzdvQshwfcNKs8fXNY0KNPAuU"
        "P2yviUAkyF54C8byYcgoA+ZZnSzgTXtUbDjmeZGxCjD8hHx7U5/hdXRosHzXP78QoSN4DdNZV7zR5bI7z0C0"
        "z7TQMnyyQGadiwdFewd92/dppNt9b12ABC0MsBAGFKxgf3DGbBBsMC43P9Q8+2IsRG025WhYomU5SHUMgcMz"
        "BgRf5A==",
        '{"msgid":"MSGID0001","aibotid":"AIBOTID","chattype":"single","from":{"userid":"zhang'
        'san"},"response_url":"https://qyapi.weixin.qq.com/cgi-bin/aibot/response?response_co'
        'de=RC1","msgtype":"text","text":{"content":"你好"}}',
    ),
    "F a whole block of padding": _own(
        "ww1234567890abcdef",
        "7a6b719732fbb32b026c77aeb63cab3fa2817211",
        "DpQeJfnf/MGZ/+GTIspwVJE+84sPHyoRyoMB0u1FYyeQF7PTPdMKVBnc7/sGtYAhNfQjZS/OmKU6yMvphSfs"
        "watA5vSVnWRDpWAYxAZjkfyGzbOAKcWsnM7Hqqyh2xvQ",
        "xxxxxxxxxxxxxxxxxxxxxxxxxx",
    ),
    "G tap on a card": _own(
        "ww1234567890abcdef",
        "3cbe74944b4941a23ea7dba32ea3bb51791266a4",
        "Q3stYC6hdFzMh9T8HCvyDHZhKb7seFflWX3zt5EYVfJ6CkTe50jv5g4UKC6QcfMJY1iYf0kgXrLP5btWGBPo"
        "0m1hICWvxELDkaoh4vyNZsUg8CacOAh+ABbpoVzGO3i6Z/MV8OOXD1/6t5OJOzNwFKQRSxYjAllZ57arlMqd"
        "PpQtgC/49AYEi8mY+ONXcpGbqY+dlFpCdz/yJXvGyMD7k8kTUisSDsuLLBjot916hjuH8sxew140QNYfMmW5"
        "xjBrFkiAAcIL8N+B+j0HbluV5oWLEWoE4hun4hzTNV2mBVLWMcsheCqPvMZ1NuWHcVr2XrUwhAQAvV+zbISk"
        "ZNcpeAg0gdU+w8q/cBTXMDi9DhYKU/0PMpiT3nthL3hXas1iOiV3s/WFYSZmp+kwfBrsEWScUtbbtXHTzVTK"
        "y1vRMqGQyh8T8nlgHaIc6z1hWTrG0Bf+LysUc0Rm2aRC8yoMSHcfF6g7zRq4vq8dfcnYlNGxgaJzQORj16VO"
        "ci+mK12Iz1M2GYEfGBFfVnLFY/QuYdQxqazyd8DycmUpN4Lw2r6H8FSflw5SZuoGyFf4PfmZzzNXLAAMlw+D"
        "NYzyKWVC7T5Pjp1aJxOmBuuaS2/ELG8iwN30RTesQdoQoF8IAS3W",
        "<xml><ToUserName><![CDATA[ww1234567890abcdef]]></ToUserName><FromUserName><![CDATA[z"
        "hangsan]]></FromUserName><CreateTime>1700000000</CreateTime><MsgType><![CDATA[event]"
        "]></MsgType><Event><![CDATA[template_card_event]]></Event><EventKey><![CDATA[confirm"
        "]]></EventKey><TaskId><![CDATA[dec-0001]]></TaskId><CardType><![CDATA[button_interac"
        "tion]]></CardType><ResponseCode><![CDATA[RC-0001]]></ResponseCode><AgentID>1000002</"
        "AgentID></xml>",
    ),
    "I check of the address": _own(
        "ww1234567890abcdef",
        "0170f94be3c28d85ca20ed905fda691599444775",
        "Q3stYC6hdFzMh9T8HCvyDKf5xMjJx7zzxVVf3LTgHJXQ6/rIOeLaJHrUb4b2MkGYDBe+j0ZAUrtXBIwp2jG/Yw==",
        "1234567890123456789",
    ),
}


def envelope(known: Known, method: str) -> Envelope:
    query = {"msg_signature": known.signature, "timestamp": known.timestamp, "nonce": known.nonce}
    at = datetime.fromtimestamp(int(known.timestamp), UTC)
    if method == "GET":
        return Envelope("GET", {}, query | {"echostr": known.sealed}, b"", at)
    return Envelope("POST", {}, query, outer(known.sealed), at)


def gate() -> Gate:
    return Gate(TOKEN, AES_KEY, CORP)


def sealed_at(at: datetime = NOW) -> Envelope:
    return Seal(TOKEN, AES_KEY, CORP).post("<xml><MsgType>text</MsgType></xml>", at)


def refusal(given_envelope: Envelope, opener: Gate | None = None) -> tuple[str, int]:
    with pytest.raises(UntrustedEnvelope) as caught:
        (opener or gate()).open(given_envelope)
    return caught.value.reason, caught.value.status


@pytest.mark.parametrize("name", KNOWN)
def test_a_known_envelope_opens_to_its_words(name: str) -> None:
    known = KNOWN[name]
    opener = Gate(known.token, known.key, known.receiver)
    assert opener.open(envelope(known, "POST")) == known.words
    assert opener.open(envelope(known, "GET")) == Handshake(known.words.encode())


@pytest.mark.parametrize("name", KNOWN)
def test_a_known_envelope_is_refused_where_one_thing_is_wrong(name: str) -> None:
    known = KNOWN[name]
    opener = Gate(known.token, known.key, known.receiver)
    for wrong in (
        known._replace(signature="0" * 40),
        known._replace(nonce=known.nonce + "1"),
        known._replace(timestamp=str(int(known.timestamp) + 1)),
        known._replace(sealed="A" + known.sealed[1:]),
    ):
        assert refusal(envelope(wrong, "POST"), opener) == ("signature", 403)
    other = Gate(known.token, known.key, "ww0000000000000000")
    assert refusal(envelope(known, "POST"), other) == ("receiver", 403)


def test_a_plus_that_became_a_space_on_the_way_is_healed() -> None:
    known = next(known for known in KNOWN.values() if "+" in known.sealed)
    sent = envelope(known, "GET")
    spaced = replace(sent, query=dict(sent.query) | {"echostr": known.sealed.replace("+", " ")})
    assert Gate(known.token, known.key, known.receiver).open(spaced) == Handshake(known.words.encode())


def test_a_clock_more_than_ten_minutes_off_is_refused() -> None:
    sent = sealed_at()
    for minutes in (-11, 11):
        assert refusal(replace(sent, received_at=NOW + timedelta(minutes=minutes))) == ("clock", 403)
    for minutes in (-9, 9):
        assert gate().open(replace(sent, received_at=NOW + timedelta(minutes=minutes)))


@pytest.mark.parametrize("name", ["msg_signature", "timestamp", "nonce"])
def test_an_envelope_without_its_proof_is_refused(name: str) -> None:
    sent = sealed_at()
    rest = {key: value for key, value in sent.query.items() if key != name}
    assert refusal(replace(sent, query=rest)) == ("incomplete", 400)


def test_a_timestamp_that_is_no_number_is_refused() -> None:
    seal, sealed = Seal(TOKEN, AES_KEY, CORP), Seal(TOKEN, AES_KEY, CORP).encrypt(b"<xml/>")
    for timestamp in ("soon", "9" * 40):
        query = {"timestamp": timestamp, "nonce": "n", "msg_signature": seal.sign(timestamp, "n", sealed)}
        assert refusal(Envelope("POST", {}, query, outer(sealed), NOW)) == ("malformed", 400)


def test_a_body_beyond_the_limit_is_refused_before_it_is_parsed() -> None:
    assert refusal(replace(sealed_at(), body=b"<" * (LARGEST + 1))) == ("too_large", 413)


@pytest.mark.parametrize("part", [0.1, 0.5, 0.9])
def test_a_truncated_body_is_refused(part: float) -> None:
    sent = sealed_at()
    assert refusal(replace(sent, body=sent.body[: int(len(sent.body) * part)])) == ("malformed", 400)


BOMB = b'<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]><xml><Encrypt>&b;</Encrypt></xml>'
THIEF = b'<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/hostname">]><xml><Encrypt>&f;</Encrypt></xml>'


@pytest.mark.parametrize("body", [BOMB, THIEF, b'<!DOCTYPE xml SYSTEM "http://x.example/"><xml/>'])
def test_xml_with_a_document_type_is_refused(body: bytes) -> None:
    assert refusal(replace(sealed_at(), body=body)) == ("xml_forbidden", 400)


@pytest.mark.parametrize("method", ["PUT", "DELETE", "HEAD"])
def test_only_get_and_post_are_served(method: str) -> None:
    assert refusal(replace(sealed_at(), method=method)) == ("method", 405)


@pytest.mark.parametrize("sealed", ["AAAA", "not base64!", base64.b64encode(bytes(32)).decode(), "QUJD" * 8])
def test_a_rightly_signed_text_that_does_not_decrypt_is_refused(sealed: str) -> None:
    query = Seal(TOKEN, AES_KEY, CORP).query(sealed, NOW)
    reason, status = refusal(Envelope("POST", {}, query, outer(sealed), NOW))
    assert (reason in {"undecryptable", "receiver"}, status) == (True, 403)


@given(st.binary(max_size=400))
def test_no_body_whatever_brings_more_than_a_refusal(body: bytes) -> None:
    with pytest.raises(UntrustedEnvelope):
        gate().open(replace(sealed_at(), body=body))


@given(st.text(st.characters(codec="utf-8"), max_size=300))
def test_what_was_sealed_comes_out_unchanged(words: str) -> None:
    assert gate().open(Seal(TOKEN, AES_KEY, CORP).post(words, NOW)) == words


@pytest.mark.parametrize("last", "EFG")
def test_a_key_whose_last_character_carries_unused_bits_is_accepted(last: str) -> None:
    opened = Gate(TOKEN, AES_KEY[:-1] + last, CORP).open(sealed_at())
    assert opened == "<xml><MsgType>text</MsgType></xml>"


@pytest.mark.parametrize("key", ["", AES_KEY[:-1], AES_KEY + "=", "密" * 43, "!" * 43])
def test_a_key_that_cannot_be_one_says_where_to_find_the_right_one(key: str) -> None:
    with pytest.raises(SettingsIncomplete, match="接收消息"):
        Gate(TOKEN, key, CORP)
