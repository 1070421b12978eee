"""The package works with JAX, NumPy and what these need, and nothing else."""

import importlib.metadata
import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]

PROGRAM = '''
import sys
from importlib.machinery import BuiltinImporter, FrozenImporter, PathFinder

ALLOWED = {allowed!r} | sys.stdlib_module_names

class AllowedAlone(PathFinder):
    """Finds no other package: as in an environment where nothing else is installed."""

    @classmethod
    def find_spec(cls, name, path=None, target=None):
        package = name.partition(".")[0]
        if package in ALLOWED or package.startswith("_sysconfigdata"):  # Python's own, named for the platform
            return super().find_spec(name, path, target)

sys.meta_path[:] = [BuiltinImporter, FrozenImporter, AllowedAlone]
import jax, numpy
from lasi import LASI

x = numpy.sin(numpy.arange(5 * 6 * 3.0)).reshape(5, 6, 3)
distance, gradient = jax.value_and_grad(LASI(x.shape, 2).compute_distance)(x, x**3)
assert 0.1 < distance < 2, distance
assert numpy.isfinite(gradient).all() and gradient.any()
try:
    import mad_app
except ModuleNotFoundError:
    print("nothing else could be imported")
'''


def packages_needed_by(*distributions: str) -> set[str]:
    """Importable names of distributions and, over any number of steps, of their requirements without extras."""
    found: set[str] = set()
    pending = list(distributions)
    while pending:
        name = pending.pop()
        if name not in found:
            found.add(name)
            required = importlib.metadata.requires(name) or []
            pending += [re.split(r"[^\w.-]", line)[0].lower() for line in required if "extra ==" not in line]
    packages = importlib.metadata.packages_distributions()
    return {package for package, names in packages.items() if found & {name.lower() for name in names}}


def test_lasi_needs_jax_and_numpy_alone() -> None:
    allowed = {"lasi"} | packages_needed_by("jax", "jaxlib", "numpy")
    assert "jax" in allowed
    assert not allowed & {"mad_app", "optax", "torch", "PIL", "streamlit"}
    finished = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(allowed=allowed)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert finished.returncode == 0, finished.stderr
    assert finished.stdout == "nothing else could be imported\n"
