"""The contract of all adapters for one that is reached over a line, with everything that a rep may have made there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import pytest

from crm_bridge import AccountId
from crm_bridge.adapters.remote import RemoteCrm
from tests.contracts.crm_adapter import CrmAdapterContract
from tests.fakes.clock import Clock

Made = tuple[str, dict[str, Any]]
X200: dict[str, Any] = {"product": "X200", "quantity": 50, "unit_price": "18800", "discount_percent": "5"}
DEAL: Made = ("opportunity.create", {"title": "X200 50台", "product": "X200", "amount": "893000"})
QUOTE: Made = ("quote.draft", {"title": "X200 50台", "lines": [X200]})
TASK: Made = ("task.create", {"title": "周五前回复报价", "due": "2026-12-04"})
NOTE: Made = ("note.log", {"text": "王主任说预算月底前定"})


class RemoteContract(CrmAdapterContract):
    """On `crm` and `known` of the folder's conftest, once for each of `makes`."""

    makes: ClassVar[tuple[Made, ...]] = (TASK, DEAL, QUOTE)

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        if "creates" in metafunc.fixturenames:
            metafunc.parametrize("creates", self.makes, ids=[operation for operation, _ in self.makes])

    @pytest.fixture
    def crm(self, crm: RemoteCrm) -> RemoteCrm:
        return crm

    @pytest.fixture
    def known(self, known: AccountId) -> AccountId:
        return known

    @pytest.fixture
    def passes(self, clock: Clock) -> Callable[[], None]:
        def pass_by() -> None:
            clock.advance(seconds=1)

        return pass_by
