"""Functions are kept as programs: the next process need not trace them, gets the same bits, mends what is broken."""

import dataclasses
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mad_app import kept_programs
from mad_app.kept_programs import kept_program
from mad_app.metrics import get_metric
from mad_app.metrics.from_jax import JaxMetric
from tests.mad_app.record_examples import fail_on_call

NAME = ("doubled", (3,))
ARGUMENT = jnp.arange(3.0)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(kept_programs, "folder_in_use", lambda: tmp_path)
    return tmp_path


@pytest.fixture
def next_process(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Forgets what this process has loaded."""
    return lambda: monkeypatch.setattr(kept_programs, "_programs", {})


def doubled(x: jax.Array) -> jax.Array:
    return 2 * x


def never_traced(_: jax.Array) -> jax.Array:
    raise AssertionError("it was traced")


def run(function: Callable[[jax.Array], jax.Array]) -> list[float]:
    return list(map(float, kept_program(NAME, jax.jit(function), lambda: (ARGUMENT,), {})(ARGUMENT)))


def test_what_one_process_traced_the_next_does_not(folder: Path, next_process: Callable[[], None]) -> None:
    assert run(doubled) == run(never_traced) == [0, 2, 4]
    next_process()
    assert run(never_traced) == [0, 2, 4]
    assert [path.suffix or path.name[-8:] for path in folder.iterdir()] == ["-program"]


@pytest.mark.parametrize("spoil", [lambda content: content[:100], lambda content: content[:-1] + b"!", lambda _: b""])
def test_a_damaged_program_is_made_anew(
    folder: Path, next_process: Callable[[], None], spoil: Callable[[bytes], bytes]
) -> None:
    run(doubled)
    (path,) = folder.iterdir()
    whole = path.read_bytes()
    path.write_bytes(spoil(whole))
    next_process()
    assert run(doubled) == [0, 2, 4]
    next_process()
    assert run(never_traced) == [0, 2, 4]


def test_other_files_or_settings_are_other_programs(
    folder: Path, next_process: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    run(doubled)
    next_process()
    with jax.default_matmul_precision("highest"):
        assert run(lambda x: 3 * x) == [0, 3, 6]
    monkeypatch.setattr(kept_programs, "_sources", lambda: "edited")
    next_process()
    assert run(lambda x: 4 * x) == [0, 4, 8]
    assert len(list(folder.iterdir())) == 3


def test_a_full_disk_keeps_nothing_and_stops_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fail_on_call(monkeypatch, "replace", 1, OSError(28, "No space left on device"))
    assert run(doubled) == [0, 2, 4]
    assert list(folder.iterdir()) == []


def test_an_error_of_the_function_is_that_of_every_call() -> None:
    for _ in range(2):
        with pytest.raises(AssertionError, match="it was traced"):
            run(never_traced)


def test_threads_wait_for_one_of_them() -> None:
    together, traced = threading.Barrier(2), []

    def slow(x: jax.Array) -> jax.Array:
        traced.append(x.shape)
        return 2 * x

    def ask() -> list[float]:
        together.wait(60)
        return run(slow)

    with ThreadPoolExecutor(2) as threads:
        assert [one.result() for one in (threads.submit(ask), threads.submit(ask))] == [[0, 2, 4]] * 2
    assert traced == [(3,)]


@pytest.mark.as_shipped
@pytest.mark.skipif(jax.default_backend() != "cpu", reason="functions are kept where a CPU is the only device")
def test_lasi_is_kept_and_has_the_bits_of_the_function(
    folder: Path, next_process: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    lasi = get_metric("lasi:2")
    assert isinstance(lasi, JaxMetric)
    reference = jnp.asarray(np.random.default_rng(0).random((6, 7, 3)), jnp.float32)
    images = jnp.stack([0.9 * reference, 1 - reference])

    def values(metric: JaxMetric) -> list[np.ndarray]:
        bound = metric.bind(reference)
        return [
            np.asarray(bound.prepared),
            *map(np.asarray, bound.value_and_grad(images)),
            np.asarray(bound.distances(images)),
        ]

    expected = values(dataclasses.replace(lasi, kept_as=None))
    assert list(folder.iterdir()) == []
    found = values(lasi)
    assert len(list(folder.iterdir())) == 3
    next_process()
    monkeypatch.setattr("mad_app.metrics.perceptual.LASI", never_traced)
    for one, *others in zip(expected, found, values(lasi), strict=True):
        for other in others:
            np.testing.assert_array_equal(one, other)


def test_a_callers_own_program_may_hold_it() -> None:
    reference = jnp.asarray(np.random.default_rng(0).random((5, 4, 3)), jnp.float32)
    images = jnp.stack([0.9 * reference, 1 - reference])
    bound = get_metric("lasi:2").bind(reference)
    np.testing.assert_allclose(jax.jit(bound.distances)(images), bound.distances(images), rtol=1e-5)
