"""Importing some modules of a package without the package's own `__init__`, which may import far more."""

import contextlib
import importlib.util
import sys
from collections.abc import Iterator


@contextlib.contextmanager
def bare_package(name: str) -> Iterator[None]:
    """Inside this context, `from name.module import …` does not run the `__init__` of the package called `name`.

    Afterwards the package counts as not imported, unless it was before, so that others get the whole of it.

    Args:
        name: of a package that is not part of another.

    Raises:
        ModuleNotFoundError: it is not installed.
    """
    if name in sys.modules:
        yield
        return
    spec = importlib.util.find_spec(name)
    if spec is None:
        raise ModuleNotFoundError(f"No module named {name!r}", name=name)
    sys.modules[name] = importlib.util.module_from_spec(spec)
    try:
        yield
    finally:
        for module in [module for module in sys.modules if module == name or module.startswith(f"{name}.")]:
            del sys.modules[module]
