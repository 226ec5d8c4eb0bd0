"""Seals and opens WeCom envelopes, written after the platform's own description and apart from the bot's code."""

from __future__ import annotations

import base64
import hashlib
import struct
from datetime import datetime

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from bot.channels import Envelope


class Seal:
    """Token, EncodingAESKey and receiver of one callback address."""

    def __init__(self, token: str, aes_key: str, receive_id: str) -> None:
        self.token = token
        self.receive_id = receive_id
        self.key = base64.b64decode(aes_key + "=")

    def sign(self, timestamp: str, nonce: str, sealed: str) -> str:
        return hashlib.sha1("".join(sorted([self.token, timestamp, nonce, sealed])).encode()).hexdigest()

    def encrypt(self, words: bytes, noise: bytes = b"0123456789abcdef") -> str:
        plain = noise + struct.pack(">I", len(words)) + words + self.receive_id.encode()
        pad = 32 - len(plain) % 32
        cipher = Cipher(algorithms.AES(self.key), modes.CBC(self.key[:16])).encryptor()
        return base64.b64encode(cipher.update(plain + bytes([pad]) * pad) + cipher.finalize()).decode()

    def query(self, sealed: str, at: datetime, nonce: str = "nonce123") -> dict[str, str]:
        timestamp = str(int(at.timestamp()))
        return {"timestamp": timestamp, "nonce": nonce, "msg_signature": self.sign(timestamp, nonce, sealed)}

    def post(self, xml: str, at: datetime) -> Envelope:
        """A callback with that inner XML, as it reaches the bot."""
        sealed = self.encrypt(xml.encode())
        return Envelope("POST", {}, self.query(sealed, at), outer(sealed, self.receive_id), at)

    def check(self, words: str, at: datetime) -> Envelope:
        """The check of a callback address."""
        sealed = self.encrypt(words.encode())
        return Envelope("GET", {}, self.query(sealed, at) | {"echostr": sealed}, b"", at)


def outer(sealed: str, corp: str = "ww1234567890abcdef") -> bytes:
    return (
        f"<xml><ToUserName><![CDATA[{corp}]]></ToUserName><AgentID><![CDATA[1000002]]></AgentID>"
        f"<Encrypt><![CDATA[{sealed}]]></Encrypt></xml>"
    ).encode()
