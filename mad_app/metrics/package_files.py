"""Files of trained weights inside installed packages, read without importing the package.

Some packages download further weights, or import others, as soon as they are imported; their files are all that is
needed. They are read with `weights_only`, so that a file can hold tensors and nothing that runs.
"""

import hashlib
import importlib.metadata
import importlib.util
import io
import pickle
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mad_app.metrics.protocol import MetricUnavailable

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, kw_only=True)
class PackageFile:
    """A file of tensors in a package.

    Attributes:
        distribution: what is installed.
        package: its name in an import.
        path: of the file, inside the package.
    """

    distribution: str
    package: str
    path: str

    def missing(self) -> str | None:
        """What to install, or None if the file is here. Looks for the file only."""
        if self.find() is not None:
            return None
        return f"its trained weights are not on this machine; install the package {self.distribution}"

    def find(self) -> Path | None:
        """Where the file lies, if its package is installed."""
        return file_of_package(self.package, self.path)

    def load(self) -> "tuple[dict[str, torch.Tensor], str]":
        """The tensors by name, on the CPU, and their source for a record, with version and SHA-256.

        Raises:
            MetricUnavailable: the file is not here, or does not hold tensors alone.
        """
        import torch

        file = self.find()
        if file is None:
            raise MetricUnavailable(str(self.missing()))
        content = file.read_bytes()
        try:
            tensors = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
        except (pickle.UnpicklingError, EOFError, RuntimeError, ValueError) as error:
            raise MetricUnavailable(f"{file} does not hold the weights expected in it: {error}") from error
        source = f"{self.distribution} {version_of(self.distribution)}, {file.name}"
        return tensors, f"{source}, sha256 {hashlib.sha256(content).hexdigest()}"


DISTS_WEIGHTS = PackageFile(distribution="dists-pytorch", package="DISTS_pytorch", path="weights.pt")
"""The weights α and β of DISTS, (1, 1475, 1, 1) each."""

ST_LPIPS_WEIGHTS = PackageFile(
    distribution="stlpips-pytorch", package="stlpips_pytorch", path="weights/vST0.0/alex_shift_tolerant.pth"
)
"""Convolutions, heads and constants of ST-LPIPS over AlexNet."""


def file_of_package(package: str, path: str) -> Path | None:
    """Where a file lies inside a package, or None if it is not installed; the package is found without running it."""
    spec = importlib.util.find_spec(package)
    folders = None if spec is None else spec.submodule_search_locations
    files = (Path(folder) / path for folder in folders or ())
    return next((file for file in files if file.is_file()), None)


def version_of(distribution: str) -> str:
    """The version of what is installed, for a record; a package that was only copied into place has none."""
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return "(of unknown version)"


def first_missing(*checks: Callable[[], str | None]) -> str | None:
    """What the first of several checks reports as missing, or None if nothing is."""
    return next((problem for check in checks if (problem := check()) is not None), None)
