"""What can go wrong with a customer system.

CrmError
├── CrmUnavailable      asleep, slow or broken: try later, show what is missing
│   └── OutcomeUnknown  a write was sent and its answer is missing: ask what the key wrote before trying again
│       └── NotShownYet the system says it made the record and does not show it: look again, never send it again
├── UnknownAccount      no such customer
└── WriteRefused        the system says no, with a reason a rep can act on
    ├── KeyTaken        it holds a record with a value of ours that must be unique, the write key perhaps
    └── OutsideContract read or write that the data contract does not allow
"""

from __future__ import annotations


class CrmError(Exception):
    """Base of all errors of this package. The message says what was found, what was expected, what to do."""


class CrmUnavailable(CrmError):
    """The system did not answer as it should."""


class OutcomeUnknown(CrmUnavailable):
    """The write may or may not have been done."""


class NotShownYet(OutcomeUnknown):
    """Made for sure, and not found yet: some systems show a new record only after a while."""

    def __init__(self, message: str, record: str = "") -> None:
        super().__init__(message)
        self.record = record
        """The source's own id, where it told one."""


class UnknownAccount(CrmError):
    """No account with that id."""


class WriteRefused(CrmError):
    """The write is not possible as asked; nothing was changed, or the words say what was. `str(error)` is Chinese, for the rep."""


class KeyTaken(WriteRefused):
    """Refused as there already. After a lost answer it was our own write; otherwise somebody else's record."""


class OutsideContract(WriteRefused):
    """Neither read nor write may go beyond the data contract."""
