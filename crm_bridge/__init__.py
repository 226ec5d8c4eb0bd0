"""The customer systems: fields with lineage, writes that happen once."""

from crm_bridge.errors import CrmError, CrmUnavailable, OutsideContract, UnknownAccount, WriteRefused
from crm_bridge.model import (
    Account,
    AccountId,
    AccountName,
    Contact,
    Field,
    Lineage,
    Receipt,
    Record,
    Write,
    WriteKey,
)
from crm_bridge.names import Match, NameIndex, unique
from crm_bridge.port import CrmAdapter

__all__ = [
    "Account",
    "AccountId",
    "AccountName",
    "Contact",
    "CrmAdapter",
    "CrmError",
    "CrmUnavailable",
    "Field",
    "Lineage",
    "Match",
    "NameIndex",
    "OutsideContract",
    "Receipt",
    "Record",
    "UnknownAccount",
    "Write",
    "WriteKey",
    "WriteRefused",
    "unique",
]
