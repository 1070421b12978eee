"""The architecture as the code has it: imports point down only, and each outside package has its places."""

import ast
import importlib.metadata
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

LAYERS = (
    {"mad_app.__main__"},
    {"mad_app.app", "mad_app.cli"},
    {"mad_app.ui", "mad_app.progress", "mad_app"},
    {"mad_app.series", "mad_app.cli_options"},
    {"mad_app.figures", "mad_app.runs"},
    {"mad_app.records", "mad_app.request"},
    {"mad_app.competition"},
    {"mad_app.metrics"},
    {"mad_app.distortions"},
    {"mad_app.images"},
    {"lasi"},
)
"""From the top: a module imports from its own unit and from units in lower rows; units in one row never import each
other. A unit is a module, or a package with all that is in it; `mad_app` is its `__init__.py` alone.
"""

PLACES = {
    "PIL": {"mad_app"},
    "click": {"mad_app.cli", "mad_app.cli_options"},
    "jax": {"lasi", "mad_app"},
    "lpips": {"mad_app.metrics"},
    "matplotlib": {"mad_app.figures"},
    "numpy": {"lasi", "mad_app"},
    "optax": {"mad_app.competition"},
    "piq": {"mad_app.metrics"},
    "streamlit": {"mad_app.app", "mad_app.ui"},
    "torch": {"mad_app.metrics"},
    "torchvision": {"mad_app.metrics"},
}
"""Every outside package, to the modules and packages that may import it."""


def _module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {
    _module_name(path): path for package in ("lasi", "mad_app") for path in sorted((ROOT / package).rglob("*.py"))
}
UNITS = {unit: row for row, units in enumerate(LAYERS) for unit in units}


@pytest.mark.parametrize("name", MODULES)
def test_imports_point_down(name: str) -> None:
    for imported in _imports(MODULES[name]):
        if imported in MODULES and _unit(imported) != _unit(name):
            assert UNITS[_unit(imported)] > UNITS[_unit(name)], f"{name} imports {imported}, which is not below it"


@pytest.mark.parametrize("name", MODULES)
def test_outside_packages_stay_in_their_places(name: str) -> None:
    for imported in _imports(MODULES[name]):
        package = imported.partition(".")[0]
        if package not in sys.stdlib_module_names and package not in ("lasi", "mad_app"):
            assert package in PLACES, f"{name} imports {package}, which has no place yet"
            assert any(_within(name, place) for place in PLACES[package]), f"{name} imports {package}"


def test_every_unit_exists() -> None:
    assert set(UNITS) == {_unit(name) for name in MODULES}


def test_no_module_hides_a_package_from_streamlit() -> None:
    """Streamlit puts the folder of the app's entry first on sys.path, before all that is installed."""
    names = {
        path.stem for path in (ROOT / "mad_app").iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()
    }
    assert not names & (sys.stdlib_module_names | importlib.metadata.packages_distributions().keys())


def _unit(name: str) -> str:
    """The unit that a module belongs to."""
    found = [unit for unit in UNITS if name == unit or (unit != "mad_app" and _within(name, unit))]
    assert found, f"{name} has no place in LAYERS"
    return found[0]


def _within(name: str, package: str) -> bool:
    return f"{name}.".startswith(f"{package}.")


def _imports(path: Path) -> Iterator[str]:
    """Every module that a file names in an import, wherever in the file."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.module, f"{path}: imports are absolute"
            assert node.level == 0, f"{path}: imports are absolute"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            yield from (name if name in MODULES else node.module for name in names)
