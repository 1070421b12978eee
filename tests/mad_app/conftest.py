"""PyTorch on one thread: its spinning threads make every small operation a time slice long on a busy machine. What JAX
compiles is kept for the next time."""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")  # read when PyTorch is imported, here and in the processes of the tests

from mad_app.compilation_cache import use_compilation_cache

use_compilation_cache()
