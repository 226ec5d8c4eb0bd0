"""`yiju`: a few lines a verb over tested functions. Answers go to stdout, everything else to stderr."""

from __future__ import annotations

import sys
from typing import Any

import typer
from typer.core import TyperGroup

from bot.cli import running
from bot.errors import CopilotError


class Verbs(TyperGroup):
    """The verbs that run the server are there at once; all others are read in when one of them, or a list, is asked
    for: a server that starts would wait a second or two for them."""

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name not in self.commands:
            self._read_in()
        return super().get_command(ctx, cmd_name)

    def list_commands(self, ctx: Any) -> list[str]:
        self._read_in()
        return super().list_commands(ctx)

    def _read_in(self) -> None:
        from bot.cli import verbs

        self.commands |= typer.main.get_command(verbs.app).commands  # type: ignore[attr-defined]


app = typer.Typer(
    cls=Verbs,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Yiju (依据): a sales copilot in WeCom and DingTalk that proposes with its reasons and acts only when confirmed.",
)
running.add_to(app)


def main() -> None:
    """Expected refusals end with a sentence and exit code 1."""
    try:
        app()
    except CopilotError as error:
        print(error, file=sys.stderr)
        raise SystemExit(1) from error
