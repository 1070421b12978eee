"""The distance and its gradient for many shapes in one process, then fifty times over.

A program of its own, so that `test_compilation.py` can put a limit on it.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from lasi import LASI
from tests.lasi.pictures import noisy, smooth_noise

SHAPES_AND_SIZES = [
    ((5, 5), 3),
    ((20, 3, 3), 2),
    ((64, 64, 3), 2),
]
REPETITIONS = 50
DONE = "every evaluation ended"

Evaluate = Callable[[Array, Array], tuple[Array, Array]]


def report(text: str) -> None:
    print(text, flush=True)


def main() -> None:
    evaluations: list[tuple[Evaluate, Array, Array]] = []
    for seed, (shape, size) in enumerate(SHAPES_AND_SIZES):
        x = smooth_noise(shape, seed)
        pair = jnp.float32(x), jnp.float32(noisy(x, 0.1, seed))
        evaluate = jax.jit(jax.value_and_grad(LASI(shape, size).compute_distance))
        report(f"compiling for {shape}, N = {size}")
        jax.block_until_ready(evaluate(*pair))
        evaluations.append((evaluate, *pair))
    for repetition in range(REPETITIONS):
        report(f"repetition {repetition}")
        pending = [evaluate(x, y) for evaluate, x, y in evaluations]
        for distance, gradient in pending:
            assert np.isfinite(distance)
            assert np.isfinite(gradient).all()
    report(DONE)


if __name__ == "__main__":
    main()
