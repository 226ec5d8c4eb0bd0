"""Files sent to an AI bot: encrypted with the callback's key, IV its first half, PKCS#7 to 32 bytes (path/100719)."""

from __future__ import annotations

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from bot.channels import ChannelRefused

BLOCK = 32


def opened(sealed: bytes, key: bytes) -> bytes:
    """The file itself. Raises `ChannelRefused` (`undecryptable`) where the bytes were sealed with another key."""
    if not sealed or len(sealed) % 16:
        raise ChannelRefused(f"{len(sealed)} bytes are no sealed file of an AI bot", "undecryptable")
    cipher = Cipher(algorithms.AES(key), modes.CBC(key[:16])).decryptor()
    plain = cipher.update(sealed) + cipher.finalize()
    pad = plain[-1]
    if not 1 <= pad <= BLOCK or plain[-pad:] != bytes([pad]) * pad:
        raise ChannelRefused(
            "a file of an AI bot does not open with its EncodingAESKey", "undecryptable", alert=True
        )
    return plain[:-pad]
