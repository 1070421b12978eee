"""`python -m mad_app`, and the console script `mad_app`."""

import io
import os
import sys

from mad_app.cli.main import program
from mad_app.compilation_cache import use_compilation_cache


def main() -> None:
    """Run the command line.

    JAX allocates GPU memory as needed instead of in advance, and keeps on disk what it compiles; characters that the
    terminal cannot show become question marks.
    """
    os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    use_compilation_cache()
    program()


if __name__ == "__main__":
    main()
