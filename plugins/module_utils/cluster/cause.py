# SPDX-License-Identifier: Apache-2.0
"""Why there was no answer, in the words of what was met on the way: name, address, TLS, proxy, time."""

from __future__ import annotations

import re
import socket
import ssl

# How the client and OpenSSL write where in their own code it was, or with which object.
_NOISE = re.compile(
    r"<[^<>]* object at 0x[0-9a-f]+>: |\s*\(_ssl\.c:\d+\)|^\[Errno -?\d+\] |^_ssl\.c:\d+: |^\[SSL: \w+\] "
)
# What Python asks of a certificate from 3.13 on and did not before (RFC 5280).
_STRICT = ("Authority Key Identifier", "Subject Key Identifier", "key usage extension", "marked critical")
DEPTH_MAX = 8


def told(error: Exception) -> str:
    """One clause, without a full stop at its end, and without where in the client's code it was."""
    chain = _chain(error)
    pool = vars(error).get("pool")  # a connection error has a property of that name, which warns
    host, port = getattr(pool, "host", None), getattr(pool, "port", None)
    where = f"{host}:{port}" if port else host or ""
    through = "the proxy gives no connection: " if any(type(one).__name__ == "ProxyError" for one in chain) else ""
    words = f"{through}{_words(chain[-1])}"
    return f"no answer of {where}: {words}" if where else words


def _chain(error: BaseException) -> list[BaseException]:
    """From what the client raised to what the system said; older clients hand it on by less."""
    chain = [error]
    while len(chain) < DEPTH_MAX and not isinstance(chain[-1], (OSError, ValueError)):
        last = chain[-1]
        handed_on = (getattr(last, "reason", None), getattr(last, "original_error", None), *last.args)
        before = (*handed_on, last.__cause__, last.__context__)
        found = next((one for one in before if isinstance(one, BaseException) and one not in chain), None)
        if found is None:
            break
        chain.append(found)
    return chain


def _words(error: BaseException) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return _distrusted(error)
    text = _plain(error)
    if isinstance(error, ssl.SSLError):
        return f"TLS fails: {text}"
    if isinstance(error, socket.gaierror):
        return f"its name can't be resolved: {text}"
    return text


def _distrusted(error: ssl.SSLCertVerificationError) -> str:
    why = str(getattr(error, "verify_message", "") or _plain(error)).rstrip(".")
    text = f"its certificate is not trusted: {why}"
    if any(words in why for words in _STRICT):
        text += (
            " (Python 3.13 and newer want it by RFC 5280: have CA and certificate made anew, or use an older Python)"
        )
    elif "issuer" in why or "self-signed" in why or "self signed" in why:
        text += " (is certificate-authority-data in the kubeconfig this cluster's, or a proxy in between?)"
    return text


def _plain(error: BaseException) -> str:
    return _NOISE.sub("", str(error)).strip().rstrip(".") or type(error).__name__
