"""What the tests of the command line share: a small competition, and commands run in this process."""

from pathlib import Path

from click.testing import CliRunner, Result

from mad_app.cli.main import program

ROOT = Path(__file__).parents[3]
SMALL = ["compete", "coffee", "--first", "ssim", "--second", "mse", "--size", "24", "--seed", "3", "--others", "none"]


def invoke(*arguments: object) -> Result:
    """The command in this process; what it raises beyond its own exits is raised here."""
    return CliRunner(catch_exceptions=False).invoke(program, [str(argument) for argument in arguments])


def assert_refused(result: Result, message: str, code: int = 1) -> None:
    """One sentence on standard error, after the usage if an argument is refused (2); nothing on standard output."""
    assert result.exit_code == code
    assert result.stdout == ""
    assert message in result.stderr.partition("Error: ")[2]
    assert "Traceback" not in result.stderr
    assert ("Usage: " in result.stderr) == (code == 2)
