"""Signed links and API keys. A link names its decision and its one user; a key is stored as a digest only."""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from itsdangerous import BadSignature, URLSafeSerializer
from sqlalchemy import func, select
from sqlmodel import Session, col

from bot.conversation import UserId
from bot.errors import InvalidInput, NotAllowed, NotAuthenticated, NotFound
from bot.tables import ApiKeyRow
from prompts import phrase

KEY_SCOPES = ("utterances", "events", "read", "offers", "inquiries")


@dataclass(frozen=True)
class Link:
    """What a decision page's token says, once its signature held."""

    decision: str
    user: UserId
    until: datetime


class Links:
    """Makes and reads `/d/{token}`. The same decision and user give the same token, so a card sent twice is equal."""

    def __init__(self, secret: str, public_url: str) -> None:
        self._signer = URLSafeSerializer(secret, salt="decision-page")
        self._forms = URLSafeSerializer(secret, salt="decision-form")
        self.public_url = public_url.rstrip("/")

    def to(self, decision: str, user: str, until: datetime) -> str:
        return f"{self.public_url}/d/{self._signer.dumps([decision, user, int(until.timestamp())])}"

    def read(self, token: str, now: datetime) -> Link:
        """Raises `NotAllowed`, in words for whoever opened it, for a wrong signature and for a link that ran out."""
        try:
            decision, user, until = self._signer.loads(token)
            link = Link(str(decision), UserId(str(user)), datetime.fromtimestamp(int(until), tz=now.tzinfo))
        except (BadSignature, ValueError, TypeError) as error:
            raise NotAllowed(phrase("link_broken")) from error
        if link.until < now:
            raise NotAllowed(phrase("link_ran_out"))
        return link

    def form_mark(self, token: str, version: int) -> str:
        """Ties a form to its page and version, so that another site cannot post it."""
        return str(self._forms.dumps([token, version])).rsplit(".", 1)[-1]


def load_secret(given: str, data_dir: Path) -> str:
    """The configured secret, or one generated into the data dir on first start (readable by its owner only)."""
    if given:
        return given
    path = data_dir / "secret_key"
    if not (path.exists() and path.read_text().strip()):
        _write_secret(path)
    return path.read_text().strip()


def _write_secret(path: Path) -> None:
    """Appears whole or not at all: a crash leaves no empty secret, and of two first starts one wins for both."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists():
        path.unlink()  # empty, from a start that broke off
    draft = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    draft.touch(mode=0o600)
    draft.write_text(secrets.token_urlsafe(32))
    with suppress(FileExistsError):
        os.link(draft, path)
    draft.unlink()


def new_key(session: Session, name: str, scopes: tuple[str, ...], now: datetime) -> tuple[str, str]:
    """Create an API key; returns its id and the key itself, which is shown this once. Raises `InvalidInput`."""
    if unknown := set(scopes) - set(KEY_SCOPES):
        raise InvalidInput(f"没有 {'、'.join(sorted(unknown))} 这样的权限;可以选 {'、'.join(KEY_SCOPES)}。")
    key_id, key = secrets.token_hex(4), f"yk_{secrets.token_urlsafe(32)}"
    session.add(ApiKeyRow(id=key_id, name=name, digest=_digest(key), scopes=" ".join(scopes), created_at=now))
    session.flush()
    return key_id, key


def keys(session: Session, first: int = 0, most: int | None = None) -> tuple[Sequence[ApiKeyRow], int]:
    """Some API keys, the newest first; and how many there are in all."""
    query = select(ApiKeyRow).order_by(col(ApiKeyRow.created_at).desc(), col(ApiKeyRow.id))
    total: int = session.execute(select(func.count()).select_from(ApiKeyRow)).scalar_one()
    return session.execute(query.offset(first).limit(most)).scalars().all(), total


def check_key(session: Session, key: str, scope: str) -> ApiKeyRow:
    """The key's row. Raises `NotAuthenticated`, or `NotAllowed` for a scope it lacks; the database compares digests, so timing tells nothing of the key."""
    query = select(ApiKeyRow).where(col(ApiKeyRow.digest) == _digest(key))
    row: ApiKeyRow | None = session.execute(query).scalar()
    if row is None or row.revoked_at is not None:
        raise NotAuthenticated("the API key is unknown or revoked; create one with `yiju keys add`")
    if scope not in row.scopes.split():
        raise NotAllowed(f"the API key {row.id} lacks the scope {scope}; it has: {row.scopes}")
    return row


def revoke_key(session: Session, key_id: str, now: datetime) -> None:
    row = session.get(ApiKeyRow, key_id)
    if row is None:
        raise NotFound(f"there is no API key {key_id}; `yiju keys list` shows them")
    row.revoked_at = now
    session.add(row)


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()
