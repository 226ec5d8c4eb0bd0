"""People and API keys."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import quote, urlencode

from nicegui import ui
from sqlmodel import Session

from bot import people
from bot.console import passwords
from bot.console.frame import Console, empty, framed, on_enter, opens, panel, tag, tell
from bot.console.paging import pages
from bot.conversation import UserId
from bot.errors import InvalidInput
from bot.people import Person, Role
from bot.security import KEY_SCOPES, keys, new_key, revoke_key
from bot.tables import ApiKeyRow
from prompts import phrase

PATH = "/users"
PAGE, PAGE_OF_KEYS = 50, 20
LONGEST_NAME, LONGEST_ID = 40, 64
"""WeCom and DingTalk give no longer ids."""
SCOPES = {
    "utterances": "送入客户的话",
    "events": "送入事件",
    "read": "读取决策与客户",
    "offers": "请求优惠方案",
    "inquiries": "送入询盘",
}


def add(console: Console) -> None:
    @opens(PATH)
    async def users(words: str = "", page: int = 0, keys: int = 0) -> None:
        await UsersPage(console, words.strip(), max(0, page), max(0, keys)).draw()


class UsersPage:
    def __init__(self, console: Console, words: str, page: int, keys: int) -> None:
        self._console = console
        self._words = words
        self._page = page
        self._keys = keys
        """Which page of the API keys."""

    async def draw(self) -> None:
        found, total = await self._console.read(
            lambda session: people.page(session, self._page * PAGE, PAGE, self._words)
        )
        self._managers = await self._console.read(lambda session: list(people.managers(session)))
        known, issued = await self._console.read(
            lambda session: keys(session, self._keys * PAGE_OF_KEYS, PAGE_OF_KEYS)
        )
        with framed(self._console, PATH, "人员与密钥"):
            with panel(f"人员({total})"):
                ui.button("新增人员", icon="person_add", on_click=lambda: self._edit(None)).props(
                    "outline no-caps"
                )
                search = ui.input("按姓名或 ID 查找", value=self._words).props("dense outlined clearable")
                on_enter(search, lambda: ui.navigate.to(f"{PATH}?words={quote(search.value or '')}"))
                if not found:
                    empty("没有这样的人。" if self._words else "还没有人。先加一位主管,再加销售。")
                for person in found:
                    self._person(person)
                pages(total, PAGE, self._page, lambda to: self._address(page=to))
            with panel(f"API 密钥({issued})"):
                ui.label("外部系统用它送入客户的话和事件。密钥只在创建时显示一次。").classes("quiet")
                ui.button("新建密钥", icon="key", on_click=self._ask_key).props("outline no-caps")
                if not issued:
                    empty("还没有密钥。")
                for key in known:
                    self._key(key)
                pages(issued, PAGE_OF_KEYS, self._keys, lambda to: self._address(keys=to))

    def _address(self, **turned: int) -> str:
        """Of this page with one of its two lists turned over."""
        at = {"page": self._page, "keys": self._keys} | turned
        return f"{PATH}?{urlencode({'words': self._words, **at})}"

    def _person(self, person: Person) -> None:
        names = {str(one.id): one.name for one in self._managers}
        with (
            ui.row()
            .classes("items-center")
            .style("gap:10px;width:100%;padding:6px 0;border-top:1px solid var(--line)")
        ):
            ui.label(person.name).style("font-weight:600;min-width:72px")
            tag(phrase(f"role_{person.role.value}"), "open")
            if not person.active:
                tag("已停用", "bad")
            known = [
                f"企业微信 {person.wecom}" if person.wecom else "",
                f"钉钉 {person.dingtalk}" if person.dingtalk else "",
            ]
            ui.label(
                " · ".join(
                    one
                    for one in (
                        *known,
                        f"主管 {names.get(person.manager or '', '')}" if person.manager else "",
                    )
                    if one
                )
            ).classes("quiet words")
            with ui.row().classes("no-wrap").style("gap:10px;margin-left:auto"):
                ui.button("编辑", on_click=lambda: self._edit(person)).props("flat dense no-caps")
                ui.button("设密码", on_click=lambda: self._ask_password(person)).props("flat dense no-caps")
                ui.button(
                    "停用" if person.active else "恢复",
                    on_click=lambda: tell(self._save(replace(person, active=not person.active))),
                ).props("flat dense no-caps")

    def _edit(self, person: Person | None) -> None:
        managers = {"": "没有"} | {
            str(one.id): one.name if one.role is Role.MANAGER else f"{one.name}(已不是主管)"
            for one in self._managers
            if one != person and (one.role is Role.MANAGER or (person and one.id == person.manager))
        }
        with ui.dialog(value=True) as dialog, ui.card().style("min-width:min(420px,92vw);border-radius:12px"):
            ui.label("编辑人员" if person else "新增人员").classes("heading")
            name = (
                ui.input("姓名", value=person.name if person else "")
                .props("dense outlined")
                .style("width:100%")
            )
            role = (
                ui.select(
                    {one.value: phrase(f"role_{one.value}") for one in Role},
                    value=person.role.value if person else Role.REP.value,
                    label="角色",
                )
                .props("dense outlined")
                .style("width:100%")
            )
            wecom = (
                ui.input("企业微信 ID", value=person.wecom or "" if person else "")
                .props("dense outlined")
                .style("width:100%")
            )
            dingtalk = (
                ui.input("钉钉 ID", value=person.dingtalk or "" if person else "")
                .props("dense outlined")
                .style("width:100%")
            )
            manager = (
                ui.select(managers, value=(person.manager or "") if person else "", label="主管")
                .props("dense outlined")
                .style("width:100%")
            )

            async def save() -> None:
                called = (name.value or "").strip()
                if not called:
                    raise InvalidInput("请写姓名。")
                ids = [(wecom.value or "").strip(), (dingtalk.value or "").strip()]
                if len(called) > LONGEST_NAME or max(map(len, ids)) > LONGEST_ID:
                    raise InvalidInput(f"姓名最多 {LONGEST_NAME} 个字,ID 最多 {LONGEST_ID} 个字符。")
                new = ids[0] or ids[1] or called
                known = await self._console.read(lambda session: people.find(session, new))
                if person is None and known:
                    raise InvalidInput("已经有这个 ID 的人员了,请编辑他。")
                blank = Person(UserId(new), called, Role(role.value))
                await self._save(
                    replace(
                        person or blank,
                        name=called,
                        role=Role(role.value),
                        wecom=ids[0] or None,
                        dingtalk=ids[1] or None,
                        manager=UserId(manager.value) if manager.value else None,
                    )
                )

            with ui.row().classes("justify-end").style("width:100%"):
                ui.button("取消", on_click=dialog.close).props("flat no-caps")
                ui.button("保存", on_click=lambda: tell(save())).props("unelevated no-caps")

    async def _save(self, person: Person) -> None:
        acting = await self._console.acting(PATH)
        if acting.id == person.id and (not person.active or person.role is not Role.ADMIN):
            raise InvalidInput("不能停用自己,也不能取消自己的管理员角色;请另一位管理员来做。")

        def save(session: Session) -> None:
            people.add(session, person)
            self._console.note(
                session, acting, "UserChanged", person.id, role=person.role.value, active=person.active
            )

        await self._console.write(save)
        ui.navigate.reload()

    def _ask_password(self, person: Person) -> None:
        made = passwords.generate()

        async def save() -> None:
            acting = await self._console.acting(PATH)

            def change(session: Session) -> None:
                passwords.set_password(session, person.id, given.value or "", self._console.parts.clock())
                self._console.note(session, acting, "PasswordSet", person.id)

            await self._console.write(change)
            dialog.close()

        with ui.dialog(value=True) as dialog, ui.card().style("min-width:min(420px,92vw);border-radius:12px"):
            ui.label(f"{person.name} 的控制台密码").classes("heading")
            ui.label("保存后,他在别处的登录会全部失效。").classes("quiet")
            given = ui.input("新密码", value=made).props("dense outlined").style("width:100%")
            with ui.row().classes("justify-end").style("width:100%"):
                ui.button("取消", on_click=dialog.close).props("flat no-caps")
                ui.button("保存", on_click=lambda: tell(save(), "密码已设。")).props("unelevated no-caps")

    def _key(self, key: ApiKeyRow) -> None:
        with (
            ui.row()
            .classes("items-center")
            .style("gap:10px;width:100%;padding:6px 0;border-top:1px solid var(--line)")
        ):
            ui.label(key.name).style("font-weight:600")
            ui.label(f"{key.id} · {key.created_at:%Y-%m-%d}").classes("quiet")
            for scope in key.scopes.split():
                tag(SCOPES.get(scope, scope))
            ui.space()
            if key.revoked_at:
                tag(f"{key.revoked_at:%Y-%m-%d} 已作废", "bad")
            else:
                ui.button("作废", on_click=lambda: tell(self._revoke(key.id))).props(
                    "flat dense no-caps color=negative"
                )

    async def _revoke(self, key: str) -> None:
        acting, now = await self._console.acting(PATH), self._console.parts.clock()

        def revoke(session: Session) -> None:
            revoke_key(session, key, now)
            self._console.note(session, acting, "ApiKeyRevoked", key)

        await self._console.write(revoke)
        ui.navigate.reload()

    def _ask_key(self) -> None:
        async def make() -> None:
            acting, now = await self._console.acting(PATH), self._console.parts.clock()
            called = (name.value or "").strip()
            if not called or not scopes.value:
                raise InvalidInput("请写用途,并至少选一项权限。")

            def new(session: Session) -> tuple[str, str]:
                made = new_key(session, called, tuple(scopes.value), now)
                self._console.note(session, acting, "ApiKeyAdded", made[0], scopes=" ".join(scopes.value))
                return made

            _, secret = await self._console.write(new)
            shown.set_visibility(True)
            shown.text = secret
            create.disable()

        with ui.dialog(value=True), ui.card().style("min-width:min(460px,92vw);border-radius:12px"):
            ui.label("新建 API 密钥").classes("heading")
            name = ui.input("用途,例如:呼叫中心").props("dense outlined").style("width:100%")
            options = {scope: SCOPES.get(scope, scope) for scope in KEY_SCOPES}
            scopes = (
                ui.select(options, value=["utterances"], multiple=True, label="权限")
                .props("dense outlined use-chips")
                .style("width:100%")
            )
            shown = ui.label().classes("words quoted").style("user-select:all")
            shown.set_visibility(False)
            with ui.row().classes("justify-end").style("width:100%"):
                ui.button("关闭", on_click=ui.navigate.reload).props("flat no-caps")
                create = ui.button("创建", on_click=lambda: tell(make(), "请现在复制,之后不再显示。")).props(
                    "unelevated no-caps"
                )
