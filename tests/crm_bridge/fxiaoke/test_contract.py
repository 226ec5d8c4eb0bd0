"""The Fxiaoke adapter keeps the contract of all adapters, on a strict fake."""

from __future__ import annotations

import pytest

from tests.contracts.remote_crm import RemoteContract
from tests.contracts.shown_late import ShownLateContract
from tests.fakes.systems.fxiaoke import FakeFxiaoke
from tests.fakes.systems.late import Late


class TestFxiaoke(ShownLateContract, RemoteContract):
    """With tasks, an object that the company made itself: its creation tells no id."""

    @pytest.fixture
    def late(self, company: FakeFxiaoke) -> Late:
        return company.late
