"""`jax.jit` for programs that run once: compiled with little optimization, in about half the time.

Only code generation differs; `test_metric.py` and `test_compilation.py` test programs compiled by default.
"""

import functools

import jax

QUICK = {"xla_backend_optimization_level": 0}

quick_jit = functools.partial(jax.jit, compiler_options=QUICK)
