"""The architecture as the code has it: imports point down only, file by file; there is no cycle; each outside package
has its places."""

import ast
import graphlib
import importlib.metadata
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

LAYERS = (
    {"mad_app.__main__"},
    {"mad_app.app", "mad_app.served"},
    {
        "mad_app.ui.campaigns",
        "mad_app.ui.compete",
        "mad_app.ui.directions",
        "mad_app.ui.figure",
        "mad_app.ui.gallery",
        "mad_app.ui.lessons",
    },
    {"mad_app.ui.components"},
    {"mad_app.ui.address", "mad_app.ui.session", "mad_app.ui.navigation", "mad_app.ui.first_paint"},
    {"mad_app.ui"},
    {"mad_app.cli"},
    {"mad_app.jobs"},
    {"mad_app"},
    {"mad_app.call"},
    {"mad_app.result"},
    {"mad_app.directions"},
    {"mad_app.lessons"},
    {"mad_app.campaigns"},
    {"mad_app.figures"},
    {"mad_app.runs"},
    {"mad_app.records"},
    {"mad_app.request"},
    {"mad_app.competition"},
    {"mad_app.metrics"},
    {"mad_app.distortions"},
    {"mad_app.images"},
    {"mad_app.kept_programs"},
    {"mad_app.declaration", "mad_app.compilation_cache", "mad_app.garbage"},
    {"mad_app.errors"},
    {"lasi"},
)
"""From the top: a file imports from its own unit and from units in lower rows; units in one row never import each
other.
A unit is a module, or a package with all that is in it; `mad_app` and `mad_app.ui` are their `__init__.py` alone.
No file imports, over any number of others, itself.
"""

PLACES = {
    "altair": {"mad_app.ui"},
    "PIL": {"mad_app.images", "mad_app.distortions", "mad_app.records", "mad_app.figures", "mad_app.ui"},
    "click": {"mad_app.cli"},
    "flip_evaluator": {"mad_app.metrics"},
    "jax": {
        "lasi",
        "mad_app.metrics",
        "mad_app.competition",
        "mad_app.records",
        "mad_app.runs",
        "mad_app.cli",
        "mad_app.compilation_cache",
        "mad_app.kept_programs",
        "mad_app.directions",
        "mad_app.jobs",
        "mad_app.lessons",
    },
    "lpips": {"mad_app.metrics"},
    "matplotlib": {"mad_app.figures"},
    "numpy": {"lasi", "mad_app"},
    "optax": {"mad_app.competition"},
    "pandas": {"mad_app.result"},
    "piq": {"mad_app.metrics"},
    "ray": {"mad_app.campaigns.ray"},
    "scipy": {"mad_app.distortions", "mad_app.directions"},
    "ssimulacra2": {"mad_app.metrics"},
    "starlette": {"mad_app.served"},
    "streamlit": {"mad_app.app", "mad_app.served", "mad_app.ui"},
    "submitit": {"mad_app.campaigns.slurm"},
    "segno": {"mad_app.cli.app", "mad_app.lessons.handout"},
    "torch": {"mad_app.metrics"},
    "torchvision": {"mad_app.metrics"},
    "tqdm": {"mad_app.call"},
}
"""Every outside package, to the modules and packages that may import it."""

INIT_ALONE = {"mad_app", "mad_app.ui"}


def _module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {
    _module_name(path): path for package in ("lasi", "mad_app") for path in sorted((ROOT / package).rglob("*.py"))
}
UNITS = {unit: row for row, units in enumerate(LAYERS) for unit in units}


@pytest.fixture(scope="module")
def imports() -> dict[str, list[str]]:
    """What every module imports."""
    return {name: list(_imports(path)) for name, path in MODULES.items()}


def test_imports_point_down(imports: dict[str, list[str]]) -> None:
    among = [(name, imported) for name, all_ in imports.items() for imported in all_ if imported in MODULES]
    units = [(name, imported, _unit(name), _unit(imported)) for name, imported in among]
    wrong = [f"{name} imports {imported}" for name, imported, of, to in units if of != to and UNITS[to] <= UNITS[of]]
    assert wrong == []


def test_no_file_imports_itself_over_others(imports: dict[str, list[str]]) -> None:
    graph = {name: {one for one in imports[name] if one in MODULES and one != name} for name in MODULES}
    graphlib.TopologicalSorter(graph).prepare()  # raises a CycleError that names the cycle


def test_outside_packages_stay_in_their_places(imports: dict[str, list[str]]) -> None:
    used = {(name, imported.partition(".")[0]) for name, all_ in imports.items() for imported in all_}
    wrong = [
        f"{name} imports {package}"
        for name, package in sorted(used)
        if package not in sys.stdlib_module_names and package not in ("lasi", "mad_app")
        if not any(_within(name, place) for place in PLACES.get(package, ()))
    ]
    assert wrong == []


def test_every_unit_exists() -> None:
    assert set(UNITS) == {_unit(name) for name in MODULES}


def test_no_module_hides_a_package_from_streamlit() -> None:
    """Streamlit puts the folder of the app's entry first on sys.path, before all that is installed."""
    names = {
        path.stem for path in (ROOT / "mad_app").iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()
    }
    assert not names & (sys.stdlib_module_names | importlib.metadata.packages_distributions().keys())


def _unit(name: str) -> str:
    """The unit that a module belongs to: the longest that fits."""
    found = [unit for unit in UNITS if name == unit or (unit not in INIT_ALONE and _within(name, unit))]
    assert found, f"{name} has no place in LAYERS"
    return max(found, key=len)


def _within(name: str, package: str) -> bool:
    return f"{name}.".startswith(f"{package}.")


def _imports(path: Path) -> Iterator[str]:
    """Every module that a file names in an import, wherever in the file, and the packages that lead to it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.module, f"{path}: imports are absolute"
            assert node.level == 0, f"{path}: imports are absolute"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            yield from (name if name in MODULES else node.module for name in names)
