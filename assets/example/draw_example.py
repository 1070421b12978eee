"""Draws the finished example that the app's page begins with: runs the competition and keeps what is shown of it.

python assets/example/draw_example.py
"""

import tempfile
from pathlib import Path

from mad_app import Request, load_run, run_competition
from mad_app.ui.components.four_up import four_up_of_run, save_example

REQUEST = Request(image="coffee", size=128, first="lasi", second="lpips-alex", distortion="noise", steps=300)


def main() -> None:
    """Run and keep."""
    with tempfile.TemporaryDirectory() as runs:
        run = load_run(run_competition(REQUEST, runs))
        save_example(four_up_of_run(run), Path(__file__).parent)


if __name__ == "__main__":
    main()
