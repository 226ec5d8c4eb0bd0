"""What can go wrong, and what it means over HTTP.

CopilotError
├── MoveRefused          a decision cannot make that move any more      409
├── NewerVersion         somebody else was faster                       409
├── NotAuthenticated     nobody says who asks: no key, or a wrong one     401
├── NotAllowed           this person may not do this                    403
├── NotFound             there is no such thing                         404
├── InvalidInput         the input is not usable, with the reason       422
├── TooMany              more than is let in; try again after a while   429
├── SettingsIncomplete   a channel is half set                          (start-up)
└── ForeignSchema        the database belongs to a later version        (start-up)
"""

from __future__ import annotations


class CopilotError(Exception):
    """Base of all errors of `bot`. The message says what was found, what was expected and what to do next."""


class MoveRefused(CopilotError):
    def __init__(self, decision: str, state: str, to: str) -> None:
        super().__init__(f"decision {decision} is {state} and cannot become {to}; open it to see who decided")
        self.state = state
        self.to = to


class NewerVersion(CopilotError):
    def __init__(self, decision: str, expected: int) -> None:
        super().__init__(f"decision {decision} is no longer at version {expected}; load it again")


class NotAuthenticated(CopilotError):
    pass


class NotAllowed(CopilotError):
    pass


class NotFound(CopilotError):
    pass


class InvalidInput(CopilotError):
    pass


class TooMany(CopilotError):
    """`wait`: seconds until there is room again."""

    def __init__(self, what: str, per_second: float, wait: int) -> None:
        super().__init__(f"more than {per_second:g} {what} a second; try again in {wait} s")
        self.wait = wait


class SettingsIncomplete(CopilotError):
    pass


class ForeignSchema(CopilotError):
    def __init__(self, found: str, known: str) -> None:
        super().__init__(
            f"schema is at {found}, and this version, which knows {known}, cannot work on it; use the version that migrated it"
        )


HTTP_STATUS: dict[type[CopilotError], int] = {
    MoveRefused: 409,
    NewerVersion: 409,
    NotAuthenticated: 401,
    NotAllowed: 403,
    NotFound: 404,
    InvalidInput: 422,
    TooMany: 429,
}
