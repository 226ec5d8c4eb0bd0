"""What can go wrong with a customer system.

CrmError
├── CrmUnavailable      asleep, slow or broken: try later, show what is missing
├── UnknownAccount      no such customer
└── WriteRefused        the system says no, with a reason a rep can act on
    └── OutsideContract read or write that the data contract does not allow
"""

from __future__ import annotations


class CrmError(Exception):
    """Base of all errors of this package. The message says what was found, what was expected, what to do."""


class CrmUnavailable(CrmError):
    """The system did not answer as it should."""


class UnknownAccount(CrmError):
    """No account with that id."""


class WriteRefused(CrmError):
    """The write is not possible as asked; nothing was changed. `str(error)` is Chinese, for the rep."""


class OutsideContract(WriteRefused):
    """Neither read nor write may go beyond the data contract."""
