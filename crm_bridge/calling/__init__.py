"""How every adapter calls its system: within limits, with time-outs, again only where that is safe."""

from crm_bridge.calling.addresses import AddressRefused, checked_address
from crm_bridge.calling.auth import Auth, BasicAuth, BearerAuth, NoAuth, SignInAuth
from crm_bridge.calling.caller import Caller, CallRefused, Limit, Manner
from crm_bridge.calling.problems import Judge, Kind, Problem, by_status, wait_asked

__all__ = [
    "AddressRefused",
    "Auth",
    "BasicAuth",
    "BearerAuth",
    "CallRefused",
    "Caller",
    "Judge",
    "Kind",
    "Limit",
    "Manner",
    "NoAuth",
    "Problem",
    "SignInAuth",
    "by_status",
    "checked_address",
    "wait_asked",
]
