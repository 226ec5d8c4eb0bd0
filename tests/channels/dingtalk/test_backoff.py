"""Pauses between connections."""

from __future__ import annotations

import random

from bot.channels.dingtalk.backoff import Backoff


class Even(random.Random):
    """No chance."""

    def uniform(self, a: float, b: float) -> float:
        return (a + b) / 2


def test_pauses_double_up_to_a_minute() -> None:
    backoff = Backoff(chance=Even())
    assert [backoff.after(0) for _ in range(8)] == [1, 2, 4, 8, 16, 32, 60, 60]


def test_after_a_good_connection_there_is_no_pause() -> None:
    backoff = Backoff(chance=Even())
    for _ in range(5):
        backoff.after(0)
    assert backoff.after(3600) == 0


def test_connections_that_end_at_once_are_not_renewed_in_a_rush() -> None:
    backoff = Backoff(chance=Even())
    assert [backoff.after(0.01) for _ in range(5)] == [0, 2, 4, 8, 16]


def test_many_clients_do_not_come_back_together() -> None:
    pauses = {Backoff(chance=random.Random(seed)).after(0) for seed in range(20)}
    assert len(pauses) == 20
    assert all(0.8 <= pause <= 1.2 for pause in pauses)


def test_a_long_outage_does_not_overflow() -> None:
    backoff = Backoff(chance=Even(), attempts=10_000)
    assert backoff.after(0) == 60
