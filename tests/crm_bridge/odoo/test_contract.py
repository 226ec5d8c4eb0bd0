"""The Odoo adapter keeps the contract of all adapters, on a strict fake, through both doors."""

from __future__ import annotations

import pytest

from tests.contracts.remote_crm import RemoteContract
from tests.contracts.shown_late import ShownLateContract
from tests.fakes.systems.late import Late
from tests.fakes.systems.odoo import FakeOdoo


class TestOdoo(ShownLateContract, RemoteContract):
    @pytest.fixture
    def late(self, odoo: FakeOdoo) -> Late:
        return odoo.late
