"""What JAX compiles is kept for the next time."""

from mad_app.compilation_cache import use_compilation_cache

use_compilation_cache()
