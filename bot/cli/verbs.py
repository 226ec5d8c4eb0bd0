"""Every verb but those that run the server: what people type, and what the harness hands up."""

from __future__ import annotations

from importlib.metadata import entry_points

import typer

from bot.cli import crm, journal, keys, knowledge, learning, queues, safekeeping, turn, users

app = typer.Typer()
safekeeping.add_to(app)
app.command()(turn.ask)
app.add_typer(users.users_app, name="users")
app.add_typer(keys.keys_app, name="keys")
app.add_typer(learning.intents_app, name="intents")
app.add_typer(knowledge.knowledge_app, name="knowledge")
app.add_typer(crm.crm_app, name="crm")
app.add_typer(journal.journal_app, name="journal")
app.add_typer(queues.queues_app, name="queues")
app.command()(queues.forget)

# `eval` and `bench` come from above through their entry points; without the harness they are simply not there.
for found in entry_points(group="yiju.verbs"):
    verb = found.load()
    if isinstance(verb, typer.Typer):
        app.add_typer(verb, name=found.name)
    else:
        app.command(name=found.name)(verb)
