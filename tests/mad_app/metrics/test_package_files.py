"""Weights inside packages: found without an import, refused if damaged, named if missing."""

import sys
from pathlib import Path

import pytest
import torch

from mad_app.metrics import METRICS, MetricUnavailable
from mad_app.metrics.package_files import PackageFile, first_missing

FILE = PackageFile(distribution="numpy", package="package_of_weights", path="folder/weights.pt")


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package that must not be imported, and the place of its file; its version is that of an installed one."""
    folder = tmp_path / "package_of_weights" / "folder"
    folder.mkdir(parents=True)
    (tmp_path / "package_of_weights" / "__init__.py").write_text("raise RuntimeError('imported')")
    monkeypatch.syspath_prepend(tmp_path)
    return folder / "weights.pt"


def test_tensors_are_read_without_an_import(package: Path) -> None:
    torch.save({"alpha": torch.arange(3.0)}, package)
    assert FILE.missing() is None
    tensors, source = FILE.load()
    assert tensors["alpha"].tolist() == [0, 1, 2]
    assert source.startswith(f"numpy {sys.modules['numpy'].__version__}, weights.pt, sha256 ")
    assert "package_of_weights" not in sys.modules


def test_what_is_missing_is_named(package: Path) -> None:
    message = "its trained weights are not on this machine; install the package numpy"
    assert FILE.missing() == message
    with pytest.raises(MetricUnavailable, match=message):
        FILE.load()
    assert first_missing(lambda: None, FILE.missing) == message
    assert first_missing(lambda: None) is None
    assert not package.exists()


class NotTensors:
    """What a file must not hold."""


@pytest.mark.parametrize("content", [b"not a file of tensors", b"", None])
def test_a_damaged_file_is_refused(content: bytes | None, package: Path) -> None:
    if content is None:
        torch.save({"alpha": NotTensors()}, package)
    else:
        package.write_bytes(content)
    with pytest.raises(MetricUnavailable, match="does not hold the weights expected in it"):
        FILE.load()


@pytest.mark.parametrize(("name", "distribution"), [("dists", "dists-pytorch"), ("st-lpips-alex", "stlpips-pytorch")])
def test_a_metric_without_its_weights_says_what_to_install(
    name: str, distribution: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(PackageFile, "find", lambda _: None)
    assert f"install the package {distribution}" in str(METRICS[name].missing())
