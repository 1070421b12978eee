"""How many runs go on at once, by a GPU's memory or a variable."""

import subprocess
from types import SimpleNamespace

import pytest

from mad_app.jobs import capacity
from mad_app.jobs.capacity import MEBIBYTES_OF_A_RUN, VARIABLE, runs_asked_for, runs_at_once


@pytest.fixture(autouse=True)
def many_processors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    monkeypatch.setattr(capacity, "available_cores", lambda: 6)


@pytest.mark.parametrize(
    ("told", "count"), [(3 * MEBIBYTES_OF_A_RUN + 1, 3), (100, 1), (99 * MEBIBYTES_OF_A_RUN, 6), ("[N/A]", 1), ("", 1)]
)
def test_a_gpu_bounds_the_runs_by_its_free_memory(monkeypatch: pytest.MonkeyPatch, told: object, count: int) -> None:
    monkeypatch.setattr(capacity.importlib.metadata, "entry_points", lambda **_: [SimpleNamespace(name="xla_cuda13")])
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: SimpleNamespace(stdout=f"{told}\n12\n" if told else ""))
    assert runs_at_once() == count


def test_without_a_gpu_that_jax_uses_there_is_one_run_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(*_: object, **__: object) -> None:
        raise FileNotFoundError("nvidia-smi")

    monkeypatch.setattr(subprocess, "run", missing)
    for plugins in ([], [SimpleNamespace(name="xla_cuda13")]):
        monkeypatch.setattr(capacity.importlib.metadata, "entry_points", lambda plugins=plugins, **_: plugins)
        assert runs_at_once() == 1


def test_the_variable_wins_and_is_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "4")
    assert runs_at_once() == 4
    for wrong in ("0", "-1", "two", "1.5", ""):
        monkeypatch.setenv(VARIABLE, wrong)
        with pytest.raises(ValueError, match=rf"{VARIABLE} must be a whole number of at least 1"):
            runs_asked_for()
