"""Compiled programs of the metric are shared, linear in the image, free of LAPACK calls, and never deadlock.

On two cores, LAPACK calls inside a compiled CPU program have deadlocked: hence no such call, and a time limit around
evaluations in a separate process.
"""

import logging
import os
import re
import subprocess
import sys
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from lasi import LASI
from tests.lasi import evaluate_many_shapes
from tests.lasi.pictures import smooth_noise

LIMIT_SECONDS = 240
"""Far more than the 10 s it takes on two idle cores, so that a busy machine does not count as a deadlock."""


def programs_compiled(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if "Finished XLA compilation" in record.getMessage()]


def test_a_second_image_and_an_equal_metric_compile_nothing(caplog: pytest.LogCaptureFixture) -> None:
    shape = (3, 7, 2)
    images = [np.float32(smooth_noise(shape, seed)) for seed in range(4)]

    def measure(lasi: LASI, x: np.ndarray, y: np.ndarray) -> None:
        lasi.compute_distance(x, y)
        lasi.compute_distance_multiple(ref=x, y=y)
        lasi.distance_map(x, y)

    with jax.log_compiles(), caplog.at_level(logging.WARNING, logger="jax"):
        measure(LASI(shape, 2), images[0], images[1])
        assert programs_compiled(caplog), "compilations must be seen for their absence to mean anything"
        caplog.clear()
        measure(LASI(list(shape), np.int32(2), 1), images[2], images[3])
    assert not programs_compiled(caplog)


def external_calls(program: str) -> set[str]:
    """Names of the library functions that a compiled program calls."""
    return set(re.findall(r'custom_call_target="([^"]+)"', program))


def test_no_lapack_call_is_compiled() -> None:
    image = jnp.zeros((4, 5, 3))
    lasi = LASI(image.shape, 2)
    embedding = lasi.embedding(image)
    programs = [
        jax.jit(jax.value_and_grad(lasi.compute_distance, argnums=(0, 1))).lower(image, image),
        jax.jit(jax.value_and_grad(lasi.compute_distance_to, argnums=1)).lower(embedding, image),
        jax.jit(jax.value_and_grad(lasi.wls_loss)).lower(image),
    ]
    for program in programs:
        calls = external_calls(program.compile().as_text())
        assert not [call for call in calls if "lapack" in call or "solver" in call]


@pytest.mark.skipif(jax.default_backend() != "cpu", reason="LAPACK belongs to the CPU")
def test_a_lapack_call_would_be_seen() -> None:
    program = jax.jit(jnp.linalg.cholesky).lower(jnp.eye(3)).compile().as_text()
    assert any("lapack" in call for call in external_calls(program))


def bytes_for(shape: tuple[int, int, int]) -> int:
    """Temporary memory of the distance and its gradient."""
    evaluate = jax.jit(jax.value_and_grad(LASI(shape, 2).compute_distance))
    image = jax.ShapeDtypeStruct(shape, jnp.float32)
    return evaluate.lower(image, image).compile().memory_analysis().temp_size_in_bytes


def test_memory_is_linear_in_height_and_width() -> None:
    once, higher, wider = (bytes_for(shape) for shape in [(32, 32, 3), (128, 32, 3), (32, 128, 3)])
    assert once > 0
    assert higher < 4.4 * once
    assert wider < 4.4 * once


def test_never_deadlocks() -> None:
    """Many shapes in one process, then every one of them fifty times over, under a time limit."""
    command = [sys.executable, "-W", "error", "-m", evaluate_many_shapes.__name__]
    root = Path(__file__).parents[2]
    try:
        finished = subprocess.run(
            command,
            cwd=root,
            env={**os.environ, "PYTHONPATH": str(root), "PYTHONFAULTHANDLER": "1", "XLA_FLAGS": ""},
            capture_output=True,
            text=True,
            timeout=LIMIT_SECONDS,
        )
    except subprocess.TimeoutExpired as expired:
        output = (expired.stdout or b"").decode()
        pytest.fail(f"LASI did not end within {LIMIT_SECONDS} s; its output:\n{output}")
    assert finished.returncode == 0, finished.stdout + finished.stderr
    assert finished.stdout.splitlines()[-1] == evaluate_many_shapes.DONE
