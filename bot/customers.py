"""Which customer is meant: by name, short name, alias or contact, and whether this person may know."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlmodel import Session

from bot import people
from bot.people import Person
from crm_bridge import AccountName, CrmAdapter, Match, NameIndex, unique


@dataclass(frozen=True)
class Meant:
    """Whom words mean. At most one of the fields is set; none where nobody is named."""

    account: AccountName | None = None
    choices: tuple[AccountName, ...] = ()
    """Several fit: ask."""
    forbidden: AccountName | None = None
    """Another rep's customer."""
    unknown: str = ""
    """A company's name that the CRM does not know."""
    near: tuple[AccountName, ...] = ()
    """What an unknown name may have been meant to be."""

    @property
    def nobody(self) -> bool:
        return self == Meant()


@dataclass(frozen=True)
class Directory:
    """The customers as one person may see them."""

    index: NameIndex
    visible: frozenset[str]
    by_id: dict[str, AccountName]

    def find(self, words: str) -> list[Match]:
        return self.index.find(words, self.visible)

    def meant(self, *places: str, hint: str = "") -> Meant:
        """The customer named in the first place that names one. `hint`: a name in front of quoted words."""
        for words in (hint, *places):
            if found := self._in(words):
                return found
        if looks_like_company(hint):
            near = tuple(one for one in self.index.suggest(hint) if one.id in self.visible)
            return Meant(unknown=hint, near=near)
        return Meant()

    def _in(self, words: str) -> Meant | None:
        matches = self.find(words) if words else []
        accounts = unique(matches)
        seen = tuple(account for account in accounts if account.id in self.visible)
        if len(seen) == 1:
            return Meant(account=seen[0])
        if seen:
            return Meant(choices=seen)
        return Meant(forbidden=accounts[0]) if accounts else None


class Customers:
    """Gives out directories; the name index is built once for each state of the CRM's own directory."""

    def __init__(self, crm: CrmAdapter) -> None:
        self._crm = crm
        self._known: tuple[AccountName, ...] = ()
        self._index = NameIndex(())

    async def of(self, person: Person, may_see: Callable[[str], bool]) -> Directory:
        """Raises `CrmUnavailable`."""
        accounts = await self._crm.directory()
        if accounts is not self._known:
            self._known, self._index = accounts, NameIndex(accounts)
        visible = frozenset(account.id for account in accounts if may_see(account.owner))
        return Directory(self._index, visible, {account.id: account for account in accounts})


def sight(session: Session, viewer: Person) -> Callable[[str], bool]:
    """Whether the viewer may see customers of that owner: a rep their own, a manager the team's, an admin all."""
    if people.may_see(viewer, None):
        return lambda owner: True
    owners = [viewer, *people.team(session, viewer)]
    seen = {str(owner.id) for owner in owners if people.may_see(viewer, owner)}
    return lambda owner: owner in seen


_COMPANY = re.compile(
    r"公司|集团|科技|医院|医疗|工厂|中心|学院|大学|实业|贸易|电商|机械|股份|研究[所院]|制造|智造|软件|网络|物流"
)


def looks_like_company(name: str) -> bool:
    """客户王总说 names a person, 客户华南宏远说 most likely a company."""
    return bool(_COMPANY.search(name)) or (
        len(name) >= 4 and not re.search(r"(?:先生|女士|老师|经理|主任)$", name)
    )


_REPORTS = re.compile(
    r"^(?:的?[\u4e00-\u9fff]{0,3}(?:总|经理|主任|工|老师|科长|院长|厂长|采购|客户))?(?:那边|这边)?(?:刚刚?|今天|昨天|上午|下午)?(?:又|在|来)?"
    r"(?:问|说|反馈|回复|表示|想问|想知道|投诉|抱怨)(?!过|什么|的话|到)(?:我们?|了|道|说)?[,，:：\s]*(?P<words>.{2,})$",
    re.DOTALL,
)


def reported(text: str, matches: Sequence[Match]) -> str:
    """A customer's words told without a colon: 华东仁和问X200带制冷吗 → X200带制冷吗. Empty where none are told."""
    for match in matches:
        if match.start <= 4 and (found := _REPORTS.match(text[match.end :])):
            return found["words"].strip()
    return ""
