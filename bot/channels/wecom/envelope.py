"""Whether a callback really comes from WeCom, and the words inside: signature, clock, size, cipher, receiver.

Signature and cipher as on the platform's page "加解密方案说明" (path/90968). The cipher is wechatpy's; the signature is
compared here, because wechatpy's comparison takes a time that depends on how much of it is right.
"""

# mypy: allow-untyped-calls
# (wechatpy carries no types)

from __future__ import annotations

import binascii
import hmac
import struct
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from xml.etree.ElementTree import Element, ParseError

import orjson
from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring
from wechatpy.enterprise.crypto import PrpCrypto, WeChatCrypto
from wechatpy.enterprise.exceptions import InvalidCorpIdException
from wechatpy.utils import WeChatSigner

from bot.channels import Envelope, Handshake, UntrustedEnvelope
from bot.errors import SettingsIncomplete

LARGEST = 256 * 1024
"""Bytes of a callback; true ones stay under 10 KiB."""
TOLERANCE = timedelta(minutes=10)
"""How far WeCom's clock may be from ours. Generous: a redelivery may carry the first attempt's timestamp."""


class Gate:
    """Opens what was sealed for `receive_id` (the CorpID for a company's own app, empty for its AI bot)."""

    def __init__(
        self, token: str, aes_key: str, receive_id: str, sealed: Callable[[bytes], str] | None = None
    ) -> None:
        self._token = token
        self._receive_id = receive_id
        self._sealed = sealed or sealed_xml
        self._cipher = PrpCrypto(_key(token, aes_key, receive_id))

    def open(self, envelope: Envelope) -> Handshake | str:
        """The answer to a URL check, or the XML that was sealed. Raises `UntrustedEnvelope`."""
        match envelope.method.upper():
            case "GET":
                # Base64 knows no space: it was a "+" that somebody on the way forgot to escape.
                sealed = envelope.query.get("echostr", "").replace(" ", "+")
                return Handshake(self._unseal(sealed, envelope).encode())
            case "POST":
                if len(envelope.body) > LARGEST:
                    raise UntrustedEnvelope("too_large", 413)
                return self._unseal(self._sealed(envelope.body), envelope)
        raise UntrustedEnvelope("method", 405)

    def _unseal(self, sealed: str, envelope: Envelope) -> str:
        query = envelope.query
        timestamp, nonce, signature = (
            query.get(name, "") for name in ("timestamp", "nonce", "msg_signature")
        )
        if not (sealed and timestamp and nonce and signature):
            raise UntrustedEnvelope("incomplete", 400)
        if not hmac.compare_digest(self.sign(timestamp, nonce, sealed).encode(), signature.encode()):
            raise UntrustedEnvelope("signature")
        if abs(_instant(timestamp) - envelope.received_at) > TOLERANCE:
            raise UntrustedEnvelope("clock")
        return self.decrypt(sealed)

    def sign(self, timestamp: str, nonce: str, sealed: str) -> str:
        signer = WeChatSigner()
        signer.add_data(self._token, timestamp, nonce, sealed)
        return str(signer.signature)

    def seal(self, words: str, nonce: str, at: datetime) -> Mapping[str, object]:
        """An answer as an AI bot gives it ("加解密方案", path/101033): lower-case names, the callback's own nonce."""
        sealed = self._cipher.encrypt(words, self._receive_id).decode()
        timestamp = int(at.timestamp())
        signature = self.sign(str(timestamp), nonce, sealed)
        return {"encrypt": sealed, "msgsignature": signature, "timestamp": timestamp, "nonce": nonce}

    def decrypt(self, sealed: str) -> str:
        try:
            return str(self._cipher.decrypt(sealed, self._receive_id))
        except InvalidCorpIdException as error:
            raise UntrustedEnvelope("receiver") from error
        except (ValueError, struct.error, IndexError) as error:
            raise UntrustedEnvelope("undecryptable") from error


def parse(xml: str | bytes) -> Element:
    """The root of a small, plain XML document: no DTD, no entities. Raises `UntrustedEnvelope`."""
    try:
        root: Element = fromstring(xml, forbid_dtd=True)
    except DefusedXmlException as error:
        raise UntrustedEnvelope("xml_forbidden", 400) from error
    except (ParseError, ValueError, LookupError) as error:
        raise UntrustedEnvelope("malformed", 400) from error
    return root


def fields(root: Element) -> Mapping[str, str]:
    """The leaves below the root by name."""
    return {child.tag: child.text or "" for child in root if not len(child)}


def sealed_xml(body: bytes) -> str:
    """What an app's callback carries."""
    return fields(parse(body)).get("Encrypt", "").strip()


def sealed_json(body: bytes) -> str:
    """What an AI bot's callback carries."""
    try:
        outer = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise UntrustedEnvelope("malformed", 400) from error
    sealed = outer.get("encrypt", "") if isinstance(outer, dict) else ""
    return sealed.strip() if isinstance(sealed, str) else ""


def _instant(timestamp: str) -> datetime:
    try:
        return datetime.fromtimestamp(int(timestamp), UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise UntrustedEnvelope("malformed", 400) from error


def _key(token: str, aes_key: str, receive_id: str) -> bytes:
    if len(aes_key) != 43:
        raise SettingsIncomplete(
            f"the EncodingAESKey of WeCom has {len(aes_key)} characters, expected 43; copy it from the app's page 接收消息"
        )
    try:
        # Decoded leniently: the last character of a valid key may carry bits that are not used.
        return bytes(WeChatCrypto(token, aes_key, receive_id).key)
    except (binascii.Error, AssertionError, ValueError) as error:
        raise SettingsIncomplete(
            "the EncodingAESKey of WeCom holds characters other than a-z, A-Z, 0-9; copy it from the app's page 接收消息"
        ) from error
