"""`python -m mad_app`, and the console script `mad_app`."""

import io
import sys

from mad_app.cli.main import program


def main() -> None:
    """Run the command line; characters that the terminal cannot show become question marks."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    program()


if __name__ == "__main__":
    main()
