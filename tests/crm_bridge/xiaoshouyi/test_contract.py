"""The Xiaoshouyi adapter keeps the contract of all adapters, on a strict fake."""

from __future__ import annotations

import pytest

from tests.contracts.remote_crm import RemoteContract
from tests.contracts.shown_late import ShownLateContract
from tests.fakes.systems.late import Late
from tests.fakes.systems.xiaoshouyi import FakeXiaoshouyi


class TestXiaoshouyi(ShownLateContract, RemoteContract):
    @pytest.fixture
    def late(self, tenant: FakeXiaoshouyi) -> Late:
        return tenant.late
