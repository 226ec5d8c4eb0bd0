"""The Kingdee adapter keeps the contract of all adapters, on a strict fake."""

from __future__ import annotations

import pytest

from tests.contracts.remote_crm import QUOTE, RemoteContract
from tests.contracts.shown_late import ShownLateContract
from tests.fakes.systems.kingdee import FakeKingdee
from tests.fakes.systems.late import Late


class TestKingdee(ShownLateContract, RemoteContract):
    makes = (QUOTE,)

    @pytest.fixture
    def late(self, galaxy: FakeKingdee) -> Late:
        return galaxy.late
