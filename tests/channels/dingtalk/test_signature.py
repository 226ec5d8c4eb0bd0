"""The two signatures of HTTP callbacks, against the known answers of the platform's pages."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from bot.channels import Envelope, UntrustedEnvelope
from bot.channels.dingtalk.signature import (
    card_secret,
    card_signature,
    check_card,
    check_robot,
    robot_signature,
)

SECRET = "this is a secret"
SENT = 1577262236757
AT = datetime.fromtimestamp(SENT / 1000, UTC)


def signed(received_at: datetime = AT, timestamp: str = str(SENT), **changed: str) -> Envelope:
    headers = {"timestamp": timestamp, "sign": robot_signature(SECRET, timestamp), **changed}
    return Envelope("POST", headers, {}, b"{}", received_at)


def signed_card(timestamp: str = str(SENT), received_at: datetime = AT) -> Envelope:
    sign = card_signature(card_secret(SECRET), timestamp)
    headers = {"x-ddpaas-signature-timestamp": timestamp, "x-ddpaas-signature": sign}
    return Envelope("POST", headers, {}, b"{}", received_at)


def test_a_robots_signature_is_the_published_one() -> None:
    assert robot_signature(SECRET, str(SENT)) == "DJrE6qdyVGCQz9z5r2MDuNcNAhwYnuAkyj13cx169CA="


def test_a_cards_signature_is_the_published_one() -> None:
    assert card_signature(SECRET, str(SENT)) == "cviWWKk4OPwVpK0VGNkvThhQ7PXwQPYvJhM+/YVA1VI="


@pytest.mark.parametrize("apart", [timedelta(minutes=-59), timedelta(0), timedelta(minutes=59)])
def test_a_clock_within_an_hour_is_near_enough(apart: timedelta) -> None:
    check_robot(signed(AT + apart), SECRET)
    check_card(signed_card(received_at=AT + apart), SECRET)


@pytest.mark.parametrize("apart", [timedelta(minutes=-61), timedelta(minutes=61)])
def test_an_old_or_early_request_is_refused(apart: timedelta) -> None:
    for check, envelope in (
        (check_robot, signed(AT + apart)),
        (check_card, signed_card(received_at=AT + apart)),
    ):
        with pytest.raises(UntrustedEnvelope) as refused:
            check(envelope, SECRET)
        assert (refused.value.reason, refused.value.status) == ("clock", 403)


@pytest.mark.parametrize(
    "envelope",
    [
        signed(sign="AAAA"),
        signed(sign=""),
        signed(sign="签名"),
        signed(timestamp="1577262236758", sign=robot_signature(SECRET, str(SENT))),
        Envelope("POST", {}, {}, b"{}", AT),
    ],
)
def test_a_wrong_or_missing_signature_is_refused(envelope: Envelope) -> None:
    with pytest.raises(UntrustedEnvelope, match="signature"):
        check_robot(envelope, SECRET)


@pytest.mark.parametrize("timestamp", ["", "soon", "１５７７２６２２３６７５７", "9" * 30, "-5", "1e12"])
def test_a_timestamp_that_is_no_number_is_refused_though_signed(timestamp: str) -> None:
    with pytest.raises(UntrustedEnvelope, match="clock"):
        check_robot(signed(timestamp=timestamp), SECRET)


def test_without_a_secret_nothing_is_trusted() -> None:
    timestamp = str(SENT)
    headers = {"timestamp": timestamp, "sign": robot_signature("", timestamp)}
    with pytest.raises(UntrustedEnvelope, match="signature"):
        check_robot(Envelope("POST", headers, {}, b"{}", AT), "")


def test_a_robots_signature_does_not_open_the_door_for_cards() -> None:
    robot = signed().headers
    headers = {"x-ddpaas-signature-timestamp": robot["timestamp"], "x-ddpaas-signature": robot["sign"]}
    with pytest.raises(UntrustedEnvelope, match="signature"):
        check_card(Envelope("POST", headers, {}, b"{}", AT), SECRET)
