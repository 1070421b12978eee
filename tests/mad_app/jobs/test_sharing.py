"""A shared server tells others its address, and holds visitors, but not its host, to limits."""

import socket

import pytest

from mad_app.cli.app import shared_address, shared_options, streamlit_option
from mad_app.jobs.sharing import (
    FIRST_PORT,
    LARGEST_SIZE,
    MOST_QUEUED,
    MOST_RUNS,
    MOST_STEPS,
    free_port,
    limit_problem,
    network_address,
)
from mad_app.request import Request

WITHIN = Request(size=LARGEST_SIZE, steps=MOST_STEPS)


def test_what_is_within_the_limits_may_start() -> None:
    assert limit_problem(WITHIN, own=MOST_RUNS - 1, queued=MOST_QUEUED - 1) is None


@pytest.mark.parametrize(
    ("request_", "own", "queued", "advice"),
    [
        (Request(size=LARGEST_SIZE + 1, steps=1), 0, 0, "choose a smaller size"),
        (Request(size=64, steps=MOST_STEPS + 1), 0, 0, "choose fewer"),
        (WITHIN, MOST_RUNS, MOST_RUNS, "stop one"),
        (WITHIN, 0, MOST_QUEUED, "try again later"),
    ],
)
def test_what_is_beyond_a_limit_is_refused_with_what_to_do(
    request_: Request, own: int, queued: int, advice: str
) -> None:
    assert advice in str(limit_problem(request_, own=own, queued=queued))


def test_a_shared_server_listens_to_the_network_at_a_port_that_is_free() -> None:
    with socket.socket() as taken:
        taken.bind(("", 0))
        taken.listen()
        options = shared_options([])
        assert "--server.address=0.0.0.0" in options
        port = int(streamlit_option(options, "server.port") or 0)
        assert port == free_port() >= FIRST_PORT
        assert port != taken.getsockname()[1]
    assert streamlit_option(shared_options(["--server.port", "8600"]), "server.port") is None


def test_the_address_has_the_port_and_the_path_that_are_asked_for() -> None:
    assert shared_address(["--server.port=8600"]) == f"http://{network_address()}:8600/"
    assert shared_address(["--server.port", "8600", "--server.baseUrlPath", "/mad/"]).endswith(":8600/mad")
