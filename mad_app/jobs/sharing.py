"""Sharing the app with other machines: its addresses, and what visitors may ask of a server that is shared."""

import os
import socket

from mad_app.request import Request

SHARED = "MAD_APP_SHARED"
"""Environment variable that makes the limits hold, if it is 1."""

MOST_RUNS, MOST_QUEUED = 2, 60
"""Runs of one visitor that may wait or go on at a time, and of all visitors."""

LARGEST_SIZE, MOST_STEPS = 192, 500
"""Of a run that a visitor of a shared server asks for."""

FIRST_PORT, LAST_PORT = 8501, 8600
OUTSIDE = ("192.0.2.1", 9)
"""An address that exists nowhere (RFC 5737): a socket connected to it has this machine's own, and nothing is sent."""


def is_shared() -> bool:
    """Whether the limits of a shared server hold."""
    return os.environ.get(SHARED) == "1"


def describe_limits() -> str:
    """What visitors may do, in one sentence for who starts the server."""
    return (
        f"Visitors can see everything and start runs of up to {LARGEST_SIZE} pixels and {MOST_STEPS} steps, "
        f"{MOST_RUNS} at a time; they cannot change the runs of others."
    )


def limit_problem(request: Request, own: int, queued: int) -> str | None:
    """Why a visitor cannot start a run on a shared server, in a sentence, or None.

    Args:
        request: what is asked.
        own: how many runs of this visitor wait or go on.
        queued: how many of all visitors.

    Example:
        >>> limit_problem(Request(size=64, steps=100), own=0, queued=3)
        >>> limit_problem(Request(size=256, steps=100), own=0, queued=3)
        'This shared server takes runs of up to 192 pixels: choose a smaller size.'
    """
    if request.size > LARGEST_SIZE:
        return f"This shared server takes runs of up to {LARGEST_SIZE} pixels: choose a smaller size."
    if request.steps > MOST_STEPS:
        return f"This shared server takes runs of up to {MOST_STEPS} steps: choose fewer."
    if own >= MOST_RUNS:
        return f"You have {own} runs that wait or go on: stop one, or wait until it has ended."
    if queued >= MOST_QUEUED:
        return f"{queued} runs wait or go on, as many as this server takes: try again later."
    return None


def network_address() -> str:
    """This machine's address in its network; that of this machine alone where there is no network."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(OUTSIDE)
            return str(probe.getsockname()[0])
        except OSError:
            return "127.0.0.1"


def free_port() -> int:
    """The first free port from FIRST_PORT on.

    Raises:
        OSError: none is free.
    """
    for port in range(FIRST_PORT, LAST_PORT + 1):
        with socket.socket() as probe:
            try:
                probe.bind(("", port))
            except OSError:
                continue
            return port
    raise OSError(f"no port from {FIRST_PORT} to {LAST_PORT} is free: name one with --server.port")
