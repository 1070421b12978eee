"""`python -m mad_app`, and the console script `mad_app`."""

import io
import sys

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


if __name__ == "__main__":
    main()
