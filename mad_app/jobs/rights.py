"""Who may change what: the settings that the server is started with.

Visitors change what they made. The person who started the server may change everything: with the key that is printed at
the start, or on the server's own machine.
"""

import hmac
import os
import secrets
from collections.abc import Mapping

KEY = "MAD_APP_KEY"
"""Environment variable that holds the key of the person who started the server."""

OPEN = "MAD_APP_OPEN_TO_ALL"
"""Environment variable that lets every visitor change everything, if it is 1."""

LOOPBACK = ("localhost", "127.0.0.1", "[::1]")
FORWARDED = ("Forwarded", "X-Forwarded-For", "X-Real-Ip", "Via")
"""Headers of a request that came over another machine."""


def rights_environment(*, open_to_all: bool) -> dict[str, str]:
    """Environment variables of a server: those of this process, or a new key."""
    opened = {OPEN: "1"} if open_to_all else {}
    return {KEY: os.environ.get(KEY) or secrets.token_urlsafe(12), **opened}


def describe_rights(environment: Mapping[str, str]) -> str:
    """What is printed at the start."""
    if environment.get(OPEN) == "1":
        return "Every visitor may rename, delete and stop all runs."
    return (
        "Visitors may change only the runs that they made. "
        f"To change all from another machine, add ?key={environment[KEY]} to the address."
    )


def is_open_to_all() -> bool:
    """Whether every visitor may change everything."""
    return os.environ.get(OPEN) == "1"


def is_key(text: str) -> bool:
    """Whether this is the key that was printed at the start."""
    key = os.environ.get(KEY, "")
    return bool(key) and hmac.compare_digest(text.encode("utf-8", "replace"), key.encode())


def is_own_machine(address: str | None, headers: Mapping[str, str]) -> bool:
    """Whether a page was opened on the server's own machine.

    Args:
        address: of the connection; None for a loopback address.
        headers: of its request.
    """
    host = headers.get("Host", "localhost").rsplit(":", 1)
    name = host[0] if len(host) == 1 or host[1].isdigit() else ":".join(host)
    forwarded = any(header in headers for header in FORWARDED)
    return address is None and not forwarded and name.lower() in LOOPBACK
