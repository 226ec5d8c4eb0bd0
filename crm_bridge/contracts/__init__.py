"""Data contracts: what may be read and written of which system, by whom and for what."""

from crm_bridge.contracts.contracted import ContractedCrm
from crm_bridge.contracts.loading import ContractUnusable, contract_file, lint, load_contract
from crm_bridge.contracts.model import CONFIRMED, PURPOSES, ROLES, DataContract, FieldRule, Threshold
from crm_bridge.contracts.policy import (
    FieldPolicy,
    PolicyUnusable,
    Verdict,
    open_policy,
    policy_faults,
    policy_file,
)

__all__ = [
    "CONFIRMED",
    "PURPOSES",
    "ROLES",
    "ContractUnusable",
    "ContractedCrm",
    "DataContract",
    "FieldPolicy",
    "FieldRule",
    "PolicyUnusable",
    "Threshold",
    "Verdict",
    "contract_file",
    "lint",
    "load_contract",
    "open_policy",
    "policy_faults",
    "policy_file",
]
