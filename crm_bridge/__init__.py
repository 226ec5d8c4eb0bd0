"""The customer systems: fields with lineage, writes that happen once."""

from crm_bridge.errors import (
    CrmError,
    CrmUnavailable,
    OutcomeUnknown,
    OutsideContract,
    UnknownAccount,
    WriteRefused,
)
from crm_bridge.feed import Change, ChangeFeed, ChangePage
from crm_bridge.model import (
    Account,
    AccountId,
    AccountName,
    Contact,
    Field,
    Lineage,
    Other,
    Receipt,
    Record,
    Write,
    WriteKey,
)
from crm_bridge.names import Match, NameIndex, accounts_named, called, unique
from crm_bridge.port import CrmAdapter
from crm_bridge.vocabulary import CLOSED_STAGES, LONGEST_TERM, STAGES, TIERS, WRITABLE

__all__ = [
    "CLOSED_STAGES",
    "LONGEST_TERM",
    "STAGES",
    "TIERS",
    "WRITABLE",
    "Account",
    "AccountId",
    "AccountName",
    "Change",
    "ChangeFeed",
    "ChangePage",
    "Contact",
    "CrmAdapter",
    "CrmError",
    "CrmUnavailable",
    "Field",
    "Lineage",
    "Match",
    "NameIndex",
    "Other",
    "OutcomeUnknown",
    "OutsideContract",
    "Receipt",
    "Record",
    "UnknownAccount",
    "Write",
    "WriteKey",
    "WriteRefused",
    "accounts_named",
    "called",
    "unique",
]
