"""`jax.jit` for programs that run once: compiled with little optimization, in about half the time.

Code generation is all that differs; tests of the usual compilation are in `test_metric.py` and `test_compilation.py`.
"""

import functools

import jax

quick_jit = functools.partial(jax.jit, compiler_options={"xla_backend_optimization_level": 0})
