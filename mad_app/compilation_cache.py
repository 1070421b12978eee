"""Compiled programs kept on disk, so that the next process loads what this one compiled.

JAX's persistent compilation cache, in a folder of the user's own that is named by what a compiled program depends on:
the version of jaxlib, the platform and the processor's features. What is loaded gives the same bits as what is
compiled, being the same machine code.
"""

import contextlib
import hashlib
import importlib.metadata
import os
import platform
import re
import sys
import tempfile
import warnings
from pathlib import Path

import jax

VARIABLE = "MAD_APP_CACHE"
"""Environment variable that names the folder of the caches; "off" for none."""

OFF = "off"
MOST_BYTES = 256 * 2**20
"""Of the programs that are kept; a run of a new size and pair of metrics adds less than one megabyte."""

_in_use: Path | None = None

_KEEP_ALL = {"jax_persistent_cache_min_compile_time_secs": 0.0, "jax_persistent_cache_min_entry_size_bytes": -1}
"""By default JAX keeps only programs that took a second to compile; a run has dozens of small ones."""


def use_compilation_cache() -> Path | None:
    """Keep what this process compiles, and load what earlier ones did; to be called before anything is compiled.

    Returns:
        The folder; None where there is none: it is turned off, JAX has been given one of its own, or the disk refuses.
    """
    if os.environ.get(VARIABLE) == OFF or jax.config.jax_compilation_cache_dir:  # type: ignore[attr-defined]
        return None
    try:
        folder = cache_root() / folder_name()
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except (OSError, RuntimeError):  # the latter where the user has no home
        return None
    global _in_use
    _in_use = folder
    bound_cache(folder)
    for name, value in {**_KEEP_ALL, "jax_compilation_cache_dir": str(folder)}.items():
        jax.config.update(name, value)  # type: ignore[no-untyped-call]
    # a damaged program is compiled anew, and a full disk keeps none: neither concerns the user
    warnings.filterwarnings("ignore", message="Error (reading|writing) persistent compilation cache entry")
    return folder


def folder_in_use() -> Path | None:
    """The folder of this process's compiled programs; None where there is none, or JAX has been given another."""
    given = jax.config.jax_compilation_cache_dir  # type: ignore[attr-defined]
    return _in_use if _in_use is not None and given == str(_in_use) else None


def cache_root() -> Path:
    """The folder of the caches: $MAD_APP_CACHE; else mad_app in the user's folder for caches.

    Raises:
        RuntimeError: the user has no home.
    """
    chosen = os.environ.get(VARIABLE)
    if chosen:
        return Path(chosen).expanduser()
    base = os.environ.get("XDG_CACHE_HOME") or os.environ.get("LOCALAPPDATA")
    return (Path(base) if base else Path.home() / ".cache") / "mad_app"


def folder_name() -> str:
    """What compiled programs depend on, such as "jaxlib-0.10.2-linux-x86_64-1f0a9c3b"."""
    features = hashlib.sha256(_processor().encode()).hexdigest()[:8]
    return f"jaxlib-{importlib.metadata.version('jaxlib')}-{sys.platform}-{platform.machine()}-{features}"


def bound_cache(folder: Path, most_bytes: int = MOST_BYTES) -> None:
    """Remove the programs that were compiled first until the others fit; what the disk refuses is left."""
    with contextlib.suppress(OSError):
        entries = [(entry.stat(), entry.path) for entry in os.scandir(folder) if entry.is_file()]
        total = sum(status.st_size for status, _ in entries)
        for status, path in sorted(entries, key=lambda pair: pair[0].st_mtime_ns):
            if total <= most_bytes:
                break
            Path(path).unlink(missing_ok=True)
            total -= status.st_size


def _processor() -> str:
    """Model and features of the processor."""
    with contextlib.suppress(OSError):
        lines = re.findall(r"^(?:model name|flags|Features)\s*:.*$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
        return "\n".join(sorted(set(lines)))
    return platform.processor()
