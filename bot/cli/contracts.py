"""`yiju crm contracts`: what may be read and written of the customer system, and whether the files say it rightly."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from bot.cli.opening import read_settings
from bot.customer_system import CONTRACTS
from bot.errors import InvalidInput

contracts_app = typer.Typer(no_args_is_help=True, help="Data contracts and the field policy.")
Json = Annotated[bool, typer.Option("--json", help="JSON lines on stdout")]
Source = Annotated[str, typer.Argument(help="embedded, kingdee …; left out: the system in use")]


def _folder() -> Path:
    return read_settings().data_dir / CONTRACTS


@contracts_app.command()
def lint(
    files: Annotated[
        list[Path] | None, typer.Argument(help="contracts; none: the one in use and the field policy")
    ] = None,
    as_json: Json = False,
) -> None:
    """Hold contracts against the standard (ODCS 3) and our rules; exit code 1 where one has a fault."""
    from crm_bridge.contracts import contract_file, policy_file
    from crm_bridge.contracts import lint as faults_of
    from crm_bridge.contracts.policy import policy_faults

    if files:
        found = {str(file): faults_of(file) for file in files}
    else:
        used, policy = contract_file(read_settings().crm.adapter, _folder()), policy_file(_folder())
        found = {str(used): faults_of(used), str(policy): list(policy_faults(policy))}
    for file, faults in found.items():
        if as_json:
            print(json.dumps({"file": file, "faults": faults}, ensure_ascii=False))
        else:
            print(f"{file}: {'in order' if not faults else f'{len(faults)} faults'}")
            for fault in faults:
                print(f"  {fault}")
    if any(found.values()):
        raise typer.Exit(1)


@contracts_app.command()
def show(source: Source = "", as_json: Json = False) -> None:
    """Every field: what it is for, whose word counts, how fresh, how complete, how sensitive, who reads and writes it."""
    from crm_bridge.contracts import ContractUnusable, load_contract

    try:
        contract = load_contract(source or read_settings().crm.adapter, _folder())
    except ContractUnusable as error:
        raise InvalidInput(str(error)) from error
    for rule in contract.fields.values():
        plain: dict[str, Any] = {
            "contract": contract.stamp,
            "field": rule.field,
            "label": rule.label,
            "purpose": rule.purpose,
            "authority": rule.authority,
            "fresh_s": rule.fresh.total_seconds() if rule.fresh else None,
            "sensitivity": rule.sensitivity,
            "purposes": sorted(rule.purposes),
            "readers": sorted(rule.readers),
            "writers": sorted(rule.writers),
            "quality": [str(one) for one in rule.quality],
        }
        if as_json:
            print(json.dumps(plain, ensure_ascii=False))
            continue
        print(f"{rule.field:24} {rule.label}: {rule.purpose}")
        print(
            f"    {rule.authority}, {rule.sensitivity}, read ≤ {rule.fresh} ago, {', '.join(plain['quality'])}"
        )
        print(
            f"    for {', '.join(plain['purposes'])}; read by {', '.join(plain['readers'])}{'; written by a confirmed action' if rule.writers else ''}"
        )


@contracts_app.command()
def decide(
    role: Annotated[str, typer.Argument(help="rep, manager, trainer, admin, integrator, model or system")],
    purpose: Annotated[str, typer.Argument(help="core, card, draft, prompt, log, export, api or send")],
    field: Annotated[str, typer.Argument(help="account.tier, contact.phone …")],
    as_json: Json = False,
) -> None:
    """Whether a role may read a field for a purpose, and which line says so; exit code 1 where it may not."""
    from crm_bridge.contracts import (
        PURPOSES,
        ROLES,
        ContractUnusable,
        PolicyUnusable,
        load_contract,
        open_policy,
    )

    if role not in ROLES or purpose not in PURPOSES:
        raise InvalidInput(f"roles: {', '.join(ROLES)}; purposes: {', '.join(PURPOSES)}")
    try:
        policy = open_policy(_folder(), load_contract(read_settings().crm.adapter, _folder()))
    except (ContractUnusable, PolicyUnusable) as error:
        raise InvalidInput(str(error)) from error
    verdict = policy.decide(role, purpose, field)
    plain = {
        "role": role,
        "purpose": purpose,
        "field": field,
        "allowed": verdict.allowed,
        "rule": verdict.rule,
    }
    words = f"{'allowed' if verdict.allowed else 'denied'}: {verdict.rule or 'nothing allows it'}"
    print(json.dumps(plain, ensure_ascii=False) if as_json else words)
    if not verdict.allowed:
        raise typer.Exit(1)
