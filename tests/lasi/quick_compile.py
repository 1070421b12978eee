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


def _is_known(option: str) -> bool:
    """Whether this version of XLA has an option; some are gone in newer ones."""
    try:
        jax.jit(lambda x: x, compiler_options={option: QUICK[option]})(0.0)
    except jax.errors.JaxRuntimeError:
        return False
    return True


KNOWN = {option: value for option, value in QUICK.items() if _is_known(option)}

quick_jit = functools.partial(jax.jit, compiler_options=KNOWN)
