"""`yiju`: a few lines a verb over tested functions. Answers go to stdout, everything else to stderr."""

from __future__ import annotations

import sys
from importlib.metadata import entry_points

import typer

from bot.cli import crm, journal, keys, knowledge, learning, running, turn, users
from bot.errors import CopilotError

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Yiju (依据): a sales copilot in WeCom and DingTalk that proposes with its reasons and acts only when confirmed.",
)
running.add_to(app)
app.command()(turn.ask)
app.add_typer(users.users_app, name="users")
app.add_typer(keys.keys_app, name="keys")
app.add_typer(learning.intents_app, name="intents")
app.add_typer(knowledge.knowledge_app, name="knowledge")
app.add_typer(crm.crm_app, name="crm")
app.add_typer(journal.journal_app, name="journal")


def main() -> None:
    """Expected refusals end with a sentence and exit code 1."""
    _add_verbs()
    try:
        app()
    except CopilotError as error:
        print(error, file=sys.stderr)
        raise SystemExit(1) from error


def _add_verbs() -> None:
    """`eval` and `bench` come from above through their entry points; without the harness they are simply not there."""
    for found in entry_points(group="yiju.verbs"):
        verb = found.load()
        if isinstance(verb, typer.Typer):
            app.add_typer(verb, name=found.name)
        else:
            app.command(name=found.name)(verb)
