"""`python -m mad_app`, and the console script `mad_app`."""

import io
import os
import sys

from mad_app.cli.main import program


def main() -> None:
    """Run the command line.

    JAX allocates GPU memory as needed instead of in advance; characters that the terminal cannot show become question
    marks.
    """
    os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    program()


if __name__ == "__main__":
    main()
