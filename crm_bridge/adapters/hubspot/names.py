"""What HubSpot calls by ids and people by names: owners, pipeline stages, kinds of association."""

from __future__ import annotations

from typing import Any

from crm_bridge.adapters.hubspot.api import HubSpotApi
from crm_bridge.errors import WriteRefused

OWNER, ALIAS = "hubspot_owner_id", "owner.alias"
"""`owner.alias` in a mapping: the owner's address up to the @."""
LABEL = ".label"
"""`dealstage.label` in a mapping: what the stage is called; a stage's own id is different in every account."""
_DEFINED = "HUBSPOT_DEFINED"


class Names:
    """Read when they are first needed, and again when an id turns up that was not among them."""

    def __init__(self, api: HubSpotApi, name: str) -> None:
        self._api = api
        self._name = name
        self._owners: dict[str, str] = {}
        self._strangers: set[str] = set()
        self._stages: dict[str, dict[str, tuple[str, str]]] = {}
        self._types: dict[tuple[str, str], dict[str, Any]] = {}

    async def alias(self, owner: str | None) -> str | None:
        if not owner:
            return None
        if owner not in self._owners and owner not in self._strangers:
            await self._read_owners()
            if owner not in self._owners:
                self._strangers.add(owner)  # one who left: their records stay theirs
        return self._owners.get(owner)

    async def owner(self, alias: str) -> str:
        if alias not in self._owners.values():
            await self._read_owners()
        found = [number for number, one in self._owners.items() if one == alias]
        if len(found) != 1:
            raise WriteRefused(
                f"{self._name} 里有 {len(found)} 个用户叫“{alias}”,应当正好一个;请管理员核对对应关系"
            )
        return found[0]

    async def stage_label(self, kind: str, stage: str | None) -> str | None:
        if not stage:
            return None
        if stage not in self._stages.get(kind, {}):
            await self._read_stages(kind)
        return self._stages[kind].get(stage, ("", stage))[1]

    async def stage(self, kind: str, label: str, pipeline: str) -> str:
        """The id of the stage in that pipeline: another one may have a stage of the same name."""
        if kind not in self._stages:
            await self._read_stages(kind)
        found = next((number for number, one in self._stages[kind].items() if one == (pipeline, label)), None)
        if found is None:
            known = "、".join(name for of, name in self._stages[kind].values() if of == pipeline)
            raise WriteRefused(f"{self._name} 的这条流程里没有“{label}”这个阶段;有:{known};请管理员核对映射")
        return found

    async def association(self, kind: str, to: str) -> dict[str, Any]:
        """The type of the association to a customer: the primary one where there is one."""
        if (kind, to) not in self._types:
            found = (await self._api.associations(kind, to, "labels"))["results"]
            own = [one for one in found if one["category"] == _DEFINED]
            own.sort(key=lambda one: (one["label"] != "Primary", one["label"] is not None))
            if not own:
                raise WriteRefused(f"{self._name} 里 {kind} 不能关联到 {to}")
            made = {"associationCategory": _DEFINED, "associationTypeId": own[0]["typeId"]}
            self._types[kind, to] = made
        return self._types[kind, to]

    async def _read_owners(self) -> None:
        after: dict[str, str] = {}
        while True:
            page = await self._api.get("owners", limit=100, **after)
            self._owners |= {
                one["id"]: str(one.get("email") or "").partition("@")[0] for one in page["results"]
            }
            following = page.get("paging", {}).get("next", {}).get("after")
            if not following:
                return
            after = {"after": following}

    async def _read_stages(self, kind: str) -> None:
        found = (await self._api.get(f"pipelines/{kind}"))["results"]
        self._stages[kind] = {
            stage["id"]: (pipeline["id"], stage["label"])
            for pipeline in found
            for stage in pipeline["stages"]
        }
