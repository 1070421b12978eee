"""The notebook: its cells run from start to end, in their order, without Jupyter."""

import ast
import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from mad_app import Result

NOTEBOOK = Path(__file__).parents[1] / "assets" / "notebooks" / "ten_minutes.ipynb"


def code_cells() -> list[str]:
    """The code of each cell, without what Jupyter alone understands."""
    cells = json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]
    sources = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    return ["\n".join(line for line in source.splitlines() if not line.startswith("%")) for source in sources]


def run_cell(source: str, names: dict[str, Any]) -> Any:
    """Run a cell; returns the value that Jupyter would show."""
    tree = ast.parse(source)
    last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, NOTEBOOK.name, "exec"), names)
    return eval(compile(ast.Expression(last.value), NOTEBOOK.name, "eval"), names) if last else None  # type: ignore[attr-defined]


def test_every_cell_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    jupyter, display = ModuleType("IPython"), ModuleType("IPython.display")
    jupyter.version_info, display.Image = (9, 0), bytes  # type: ignore[attr-defined]  # Matplotlib asks for the version
    monkeypatch.setitem(sys.modules, "IPython", jupyter)
    monkeypatch.setitem(sys.modules, "IPython.display", display)
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    shown = [run_cell(source, names) for source in code_cells()]
    assert names["result"].values["ssim"]["A"] > 2 * names["result"].values["ssim"]["B"]
    assert min(names["distances"].values()) > 0.1
    assert np.isfinite(names["gradient"]).all()
    assert [type(value) for value in shown].count(Result) == 2
    assert (tmp_path / "coffee.pdf").read_bytes().startswith(b"%PDF")
    assert len(names["series"].runs) == 2
    assert shown[-1].startswith(b"\x89PNG")


def test_it_has_no_outputs() -> None:
    for cell in json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]:
        assert cell.get("outputs", []) == []
