"""The marked tests, with programs compiled as everybody else compiles them: tests/conftest.py compiles quickly."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
MARK = "pytest.mark." + "as_shipped"


def test_marked_tests_pass_with_the_default_options_of_xla() -> None:
    files = [str(path) for path in ROOT.glob("tests/**/test_*.py") if MARK in path.read_text()]
    assert files
    finished = subprocess.run(
        [sys.executable, "-m", "pytest", "-n", "0", "-p", "no:cacheprovider", "-m", "as_shipped", *files],
        cwd=ROOT,
        env={**os.environ, "XLA_FLAGS": ""},
        capture_output=True,
        text=True,
    )
    assert finished.returncode == 0, finished.stdout + finished.stderr
    assert "skipped" not in finished.stdout
