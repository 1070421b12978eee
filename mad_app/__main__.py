"""`python -m mad_app`, and the console script `mad_app`."""

import io
import os
import sys

from mad_app.cli.main import program


def main() -> None:
    """Run the command line.

    JAX takes of a GPU's memory what it needs and no more; what the terminal cannot show becomes a question mark.
    """
    os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    program()


if __name__ == "__main__":
    main()
