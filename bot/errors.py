"""What can go wrong, and what it means over HTTP.

CopilotError
├── MoveRefused          a decision cannot make that move any more      409
├── NewerVersion         somebody else was faster                       409
├── NotAllowed           this person may not do this                    403
├── NotFound             there is no such thing                         404
├── InvalidInput         the input is not usable, with the reason       422
└── SettingsIncomplete   a channel is half set                          (start-up)
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


class NotAllowed(CopilotError):
    pass


class NotFound(CopilotError):
    pass


class InvalidInput(CopilotError):
    pass


class SettingsIncomplete(CopilotError):
    pass


HTTP_STATUS: dict[type[CopilotError], int] = {
    MoveRefused: 409,
    NewerVersion: 409,
    NotAllowed: 403,
    NotFound: 404,
    InvalidInput: 422,
}
