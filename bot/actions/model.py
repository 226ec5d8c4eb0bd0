"""What an action is: its parameters, its default proposal for a case, how it reads and how it is carried out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import ValidationError

from bot.actions import shown
from bot.actions.catalog import CatalogItem
from bot.actions.params import (
    INPUTS,
    ActionParams,
    Choices,
    FormField,
    hidden,
    missing,
    unfit,
    validate,
    visible,
    why,
)
from bot.conversation import Turn, UserId
from bot.decision import Proposal
from crm_bridge import Account, Receipt, Write, WriteRefused
from intents import Intent, Reading, Speaker

if TYPE_CHECKING:
    from bot.executor import Site  # which imports this package


@dataclass(frozen=True)
class Case:
    """All that a default proposal may rest on."""

    turn: Turn
    reading: Reading
    intent: Intent
    account: Account | None
    now: datetime
    user: UserId
    catalog: Mapping[str, CatalogItem]
    label: str = ""
    """What people call the intent."""

    @property
    def known(self) -> Account:
        """The account; proposals are only made where there is one."""
        assert self.account is not None
        return self.account

    @property
    def words(self) -> str:
        """What was said, without characters that nobody sees. Positions of entities count in `turn.text`."""
        seen = (c if c.isprintable() or c in "\n\t" else " " if c.isspace() else "" for c in self.turn.text)
        return "".join(seen).strip()

    @property
    def by_rep(self) -> bool:
        return self.turn.speaker == Speaker.REP

    @property
    def today(self) -> date:
        return self.now.astimezone(shown.SHANGHAI).date()


Sketch = dict[str, Any]
"""Parameters as far as the case names them; None stands for what nobody said."""


class Action(ABC):
    """One kind of write. Stateless; carried out at most once per write key of its site."""

    kind: ClassVar[str]
    label: ClassVar[str]
    Params: ClassVar[type[ActionParams]]
    undoable: ClassVar[bool] = True
    instead: ClassVar[str | None] = None
    """The action to try where this one makes no sense for a case."""

    @abstractmethod
    def fill(self, case: Case, so_far: tuple[Proposal, ...]) -> Sketch | None:
        """What the case says of the parameters; None where the action makes no sense for it."""

    def propose(self, case: Case, so_far: tuple[Proposal, ...] = ()) -> Proposal | None:
        sketch = self.fill(case, so_far)
        if sketch is None:
            return None
        params = {name: value for name, value in sketch.items() if value not in (None, "", [], {})}
        lacking = self.missing(params) or unfit(self.Params, params)
        return Proposal(self.kind, params if lacking else validate(self.Params, params), lacking)

    def missing(self, params: Mapping[str, Any]) -> tuple[str, ...]:
        """Labels of what is required and not there."""
        return missing(self.Params, params)

    def describe(self, params: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
        """(label, value) pairs for the card, filled ones only."""
        return tuple(
            (
                one.label,
                shown.show(one.kind, params[one.name], dict(self.choices(one.name, params) or one.choices)),
            )
            for one in visible(self.Params)
            if params.get(one.name) not in (None, "", [])
        )

    def form(self, params: Mapping[str, Any]) -> tuple[FormField, ...]:
        """Inputs for the decision page, filled as far as the proposal is."""
        return tuple(
            FormField(
                one.name,
                one.label,
                INPUTS.get(one.kind, one.kind),
                shown.typed(one.kind, params.get(one.name)),
                self.choices(one.name, params) or one.choices,
                one.required,
            )
            for one in visible(self.Params)
        )

    def parse(self, form: Mapping[str, str], shown_params: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Parameters out of a filled form. `shown_params`: those the form was drawn from; what no form may change is
        taken from there. Raises `InvalidInput` with a Chinese sentence for every field that is wrong."""
        filled = {one.name: shown.read(one.kind, form.get(one.name, "")) for one in visible(self.Params)}
        typed = {name: value for name, value in filled.items() if value is not None}
        return validate(self.Params, typed | hidden(self.Params, shown_params or {}))

    def choices(self, name: str, params: Mapping[str, Any]) -> Choices:
        """Choices of a field that depend on the proposal; () where the field's own hold."""
        return ()

    async def carry_out(self, params: Mapping[str, Any], site: Site) -> Receipt:
        """Write, then what follows. Raises `WriteRefused` with a sentence for the rep, `CrmUnavailable`, `UnknownAccount`."""
        checked = self.checked(params)
        receipt = await self._write(self.written(checked, site), site)
        return await self._finished(checked, receipt, site)

    async def finish(self, params: Mapping[str, Any], receipt: Receipt, site: Site) -> Receipt:
        """What follows the write (calendar, word to somebody), where a crash came between the two. Safe to repeat."""
        return await self._finished(self.checked(params), receipt, site)

    async def _finished(self, params: Any, receipt: Receipt, site: Site) -> Receipt:
        followed = await self.follow(params, receipt, site)
        return followed if self.undoable else replace(followed, undoable=False)

    async def follow(self, params: Any, receipt: Receipt, site: Site) -> Receipt:
        """Of an action that does more than write. Must do it once per key however often it is called."""
        return receipt

    def checked(self, params: Mapping[str, Any]) -> Any:
        try:
            return self.Params.model_validate(dict(params))
        except ValidationError as error:
            raise WriteRefused(f"{self.label}没有写:{why(self.Params, error)}") from error

    def written(self, params: Any, site: Site) -> dict[str, Any]:
        """What the customer system is given: everything a rep saw."""
        plain: dict[str, Any] = params.plain()
        return {one.name: plain[one.name] for one in visible(self.Params) if one.name in plain}

    async def _write(self, params: Mapping[str, Any], site: Site) -> Receipt:
        account = site.decision.customer
        if account is None:
            raise WriteRefused(f"{self.label}没有写:还不知道是哪家客户,请先说明客户再来一次")
        return await site.crm.carry_out(Write(self.kind, account, params, site.by.id), site.key)
