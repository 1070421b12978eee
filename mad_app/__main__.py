"""`python -m mad_app`, and the console script `mad_app`."""

import atexit
import contextlib
import io
import os
import sys
import threading
from typing import NoReturn

from mad_app.cli.main import program
from mad_app.compilation_cache import use_compilation_cache
from mad_app.garbage import search_seldom


def main() -> None:
    """Run the command line; what JAX compiles is kept on disk, and characters that the terminal cannot show become
    question marks."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    search_seldom()
    use_compilation_cache()
    program()


def run() -> NoReturn:
    """The same, as a process of its own, whose end takes no time: Python would free all that JAX and PyTorch have made,
    one by one, for half a second. All else that happens at an end happens."""
    try:
        main()
    except SystemExit as ended:
        code = ended.code
        if not isinstance(code, int):
            raise
    else:
        code = 0
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    with contextlib.suppress(OSError, ValueError, AttributeError):  # a stream whose reader is gone, or none
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    sys.exit(code)


if __name__ == "__main__":
    run()
