"""Functions kept on disk as programs, so that the next process need not trace them.

JAX's persistent cache (`compilation_cache`) keeps what was compiled and finds it by the program, for which a function
must be traced first: for LASI and its gradient that is up to a second of Python, while the other metric is imported.
Here the program of a function (StableHLO, by `jax.export`) is kept in the same folder, under a name and all that it is
made of: the files of these packages, JAX's version and settings. Its values are those of the function, bit for bit.
"""

import contextlib
import hashlib
import importlib.util
import tempfile
import threading
import zlib
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from functools import lru_cache
from pathlib import Path
from typing import Any

import jax
from jax import export

from mad_app.compilation_cache import folder_in_use

SOURCES = ("lasi", "mad_app/metrics")
"""Folders beside this package's whose files decide what the kept programs compute."""

SUFFIX = "-program"
CAN_WRITE = importlib.util.find_spec("flatbuffers") is not None
"""Whether there is the package by which `jax.export` writes; without it functions are not kept."""

_DIGEST_BYTES = hashlib.sha256().digest_size

Name = tuple[Any, ...]
"""Of strings, numbers and tuples of them."""

Options = Mapping[str, str | bool]
"""Of XLA's compiler, by their names."""

_programs: dict[Name, "Future[jax.stages.Compiled]"] = {}
_lock, _tracing = threading.Lock(), threading.Lock()


def keeps_programs() -> bool:
    """Whether functions are kept: where compiled programs are, in processes whose only device is a CPU."""
    return _folder() is not None


def kept_program(
    name: Name, function: Any, arguments: Callable[[], tuple[Any, ...]], options: Options
) -> jax.stages.Compiled:
    """The compiled program of a function; it is traced only if no process kept it.

    Threads that ask for one program at the same time wait for one of them. Functions are traced one after the other, as
    they are asked for: two at a time, in one Python, would both come later to the compiler.

    Args:
        name: says which function, and for arguments of which shapes.
        function: made by `jax.jit`.
        arguments: the arguments, or their shapes and types, for a function that must be traced.
        options: XLA's, with which it is compiled.

    Raises:
        RuntimeError: functions are not kept here; see `keeps_programs`.
    """
    folder = _folder()
    if folder is None:
        raise RuntimeError("there is no folder for programs")
    name = (*name, *_settings())
    with _lock:
        is_new = (folder, name) not in _programs
        program = _programs.setdefault((folder, name), Future())
    if is_new:
        try:
            exported = _load_or_trace(folder / _file_name(name), function, arguments)
            program.set_result(_compiled(exported, options))
        except BaseException as error:
            del _programs[folder, name]
            program.set_exception(error)
    return program.result()


def _folder() -> Path | None:
    settings: Any = jax.config
    can_keep = CAN_WRITE and [device.platform for device in jax.devices()] == ["cpu"]
    return folder_in_use() if can_keep and not settings.jax_disable_jit else None


def _settings() -> tuple[Any, ...]:
    """JAX's, on which a program depends."""
    settings: Any = jax.config
    return settings.jax_enable_x64, settings.jax_default_matmul_precision


def _load_or_trace(path: Path, function: Any, arguments: Callable[[], tuple[Any, ...]]) -> export.Exported:
    with contextlib.suppress(Exception):  # whatever is wrong with it, it is made anew
        return _loaded(path.read_bytes())
    with _tracing:
        exported = export.export(function)(*arguments())
    with contextlib.suppress(OSError):  # a full disk keeps none
        _keep(path, zlib.compress(exported.serialize(), level=1))
    return exported


def _compiled(exported: export.Exported, options: Options) -> jax.stages.Compiled:
    shapes = [jax.ShapeDtypeStruct(one.shape, one.dtype) for one in exported.in_avals]  # type: ignore[no-untyped-call]
    arguments, _ = jax.tree.unflatten(exported.in_tree, shapes)
    return jax.jit(exported.call).lower(*arguments).compile(compiler_options={**options})


def _loaded(content: bytes) -> export.Exported:
    digest, packed = content[:_DIGEST_BYTES], content[_DIGEST_BYTES:]
    if hashlib.sha256(packed).digest() != digest:
        raise ValueError("a damaged program")
    return export.deserialize(bytearray(zlib.decompress(packed)))


def _keep(path: Path, packed: bytes) -> None:
    with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
        try:
            file.write(hashlib.sha256(packed).digest() + packed)
            file.close()
            Path(file.name).replace(path)
        except OSError:
            Path(file.name).unlink(missing_ok=True)
            raise


def _file_name(name: Name) -> str:
    made_of = name, jax.__version__, _sources()
    return hashlib.sha256(repr(made_of).encode()).hexdigest() + SUFFIX


@lru_cache(maxsize=1)
def _sources() -> str:
    digest, root = hashlib.sha256(), Path(__file__).parents[1]
    for folder in SOURCES:
        for path in sorted((root / folder).rglob("*.py")):
            digest.update(str(path.relative_to(root)).encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()
