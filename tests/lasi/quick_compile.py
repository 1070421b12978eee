"""`jax.jit` for programs that run once: compiled with little optimization, in a quarter of the time.

Only code generation differs; `test_metric.py` and `test_compilation.py` test programs compiled by default.
"""

import functools

import jax

QUICK = {
    "xla_backend_optimization_level": 0,
    "xla_cpu_parallel_codegen_split_count": 1,
    "xla_cpu_use_fusion_emitters": False,
    "xla_llvm_disable_expensive_passes": True,
}

quick_jit = functools.partial(jax.jit, compiler_options=QUICK)
