"""A watched folder: files that are put there become documents, and move on to `done/` or `refused/`.

inbox/X300手册.pdf            a document for everybody, its kind guessed from its name
inbox/price/2027.xlsx         the same of a kind that the folder names: manual, price, policy, other
inbox/华东仁和/采购合同.docx   a paper of that customer alone (a contract, unless its name says otherwise)
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import structlog

from bot.customers import Directory
from bot.errors import InvalidInput
from bot.ingesting import Shelf, whose
from bot.reading_rights import marked
from crm_bridge import AccountName, CrmAdapter, NameIndex
from knowledge import Added, AddOutcome, DocumentKind
from prompts import phrase

log = structlog.get_logger()
DONE, REFUSED = "done", "refused"
_OPEN_TO_ALL = frozenset(DocumentKind) - {DocumentKind.CONTRACT}
_UNFINISHED = (".tmp", ".part", ".partial", ".crdownload", ".download", ".swp")


@dataclass
class Inbox:
    """Looks at the folder; a file is taken once two looks in a row found it with the same size and time.

    Several processes may look at one folder: what another took first is left alone. Raises `CrmUnavailable` where a
    folder names a customer and the CRM sleeps; the files then wait.
    """

    folder: Path
    shelf: Shelf
    crm: CrmAdapter
    clock: Callable[[], datetime]
    noted: Callable[[Added], Awaitable[None]]
    """Told of each file that was tried (a journal)."""
    visibility: str | None = None
    """Who may read what comes in by this folder, where a file's name does not say; None: everyone, or as before."""
    _seen: dict[Path, tuple[int, int]] = field(default_factory=dict)

    async def look(self, settled: bool = False) -> list[Added]:
        """Take what stopped changing; with `settled` everything that is there."""
        found = await asyncio.to_thread(lambda: dict(self._files()))
        ready = [path for path, state in found.items() if settled or self._seen.get(path) == state]
        self._seen = found
        if not ready:
            return []
        directory = await self._directory()
        taken = [await self._take(path, directory) for path in sorted(ready)]
        return [added for added in taken if added is not None]

    def _files(self) -> Iterator[tuple[Path, tuple[int, int]]]:
        self.folder.mkdir(parents=True, exist_ok=True)
        for path in self.folder.rglob("*"):
            parts = path.relative_to(self.folder).parts
            if parts[0] in {DONE, REFUSED} or any(part.startswith((".", "~$")) for part in parts):
                continue
            if path.suffix.lower() in _UNFINISHED or self._leads_away(path):
                continue
            try:
                if path.is_file():
                    yield path, (path.stat().st_size, path.stat().st_mtime_ns)
            except FileNotFoundError:
                continue  # moved on between two looks

    def _leads_away(self, path: Path) -> bool:
        """A link would bring in what its maker could not copy here."""
        inner = [path, *path.parents][: len(path.relative_to(self.folder).parts)]
        return any(one.is_symlink() for one in inner)

    async def _directory(self) -> Directory:
        accounts = await self.crm.directory()
        visible = frozenset(account.id for account in accounts)
        return Directory(NameIndex(accounts), visible, {account.id: account for account in accounts})

    async def _take(self, path: Path, directory: Directory) -> Added | None:
        added = await asyncio.to_thread(self._add, path, directory)
        if not await asyncio.to_thread(self._move_on, path, added):
            return None
        refused = added.outcome is AddOutcome.REFUSED
        (log.warning if refused else log.info)(
            "inbox_file", file=path.name, outcome=added.outcome.value, detail=added.detail
        )
        await self.noted(added)
        return added

    def _add(self, path: Path, directory: Directory) -> Added:
        parts = path.relative_to(self.folder).parts
        top = parts[0] if len(parts) > 1 else ""
        if not top or top.lower() in _OPEN_TO_ALL:
            return self._shelve(path, kind=top.lower() or None)
        account, trouble = folder_of(directory, top)
        if account is None:
            return Added(AddOutcome.REFUSED, path.name, trouble, f"no one customer is called {top!r}")
        return self._shelve(path, customer=account.id)

    def _shelve(self, path: Path, *, kind: str | None = None, customer: str | None = None) -> Added:
        try:
            name, visibility = marked(path.name)
        except InvalidInput as unclear:
            return Added(AddOutcome.REFUSED, path.name, str(unclear), "a folder has no team; see the reason")
        return self.shelf.add(
            path,
            name=name,
            kind=kind,
            customer=customer,
            owner="inbox",
            visibility=visibility or self.visibility,
        )

    def _move_on(self, path: Path, added: Added) -> bool:
        """False where another process was faster."""
        place = REFUSED if added.outcome is AddOutcome.REFUSED else DONE
        to = _free(self.folder / place / path.relative_to(self.folder), self.clock())
        to.parent.mkdir(parents=True, exist_ok=True)
        try:
            path.rename(to)
        except FileNotFoundError:
            return False
        if place == REFUSED:
            _beside(to, added.reason, added.detail)
        elif added.left_out:
            _beside(to, *(f"没有收进来的:{one}" for one in added.left_out))
        return True


def _beside(file: Path, *lines: str) -> None:
    """What became of a file, for whoever looks into the folder."""
    file.with_name(f"{file.name}.txt").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def folder_of(directory: Directory, name: str) -> tuple[AccountName | None, str]:
    """The customer that a folder is called after, by id or by any of its names; else why there is none."""
    if known := directory.by_id.get(name):
        return known, ""
    account, trouble = whose(directory, name)
    if account or trouble:
        return account, trouble
    near = "、".join(one.name for one in directory.index.suggest(name)) or "-"
    return None, phrase("inbox_no_customer", folder=name, near=near)


def _free(path: Path, now: datetime) -> Path:
    """A name that nobody has yet: what came before under the same name is kept."""
    if not path.exists():
        return path
    stamp = now.strftime("%Y%m%dT%H%M%S")
    tries = (f"{path.stem}.{stamp}{more}{path.suffix}" for more in ("", *(f"-{n}" for n in range(2, 1000))))
    return next(one for name in tries if not (one := path.with_name(name)).exists())
