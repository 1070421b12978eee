"""Compiled programs are kept on disk, loaded by the next process, bounded, and done without where the disk refuses."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import jax
import pytest

from mad_app.compilation_cache import bound_cache, cache_root, folder_name, use_compilation_cache

PROGRAM = """
import sys
import jax, jax.numpy as jnp
from mad_app.compilation_cache import use_compilation_cache
hits = []
jax.monitoring.register_event_listener(lambda event, **_: hits.append(event) if "cache_hits" in event else None)
print(use_compilation_cache())
print(float(jax.jit(lambda x: jnp.sin(x).sum())(jnp.arange(5.0))).hex(), len(hits) > 0)
"""


def compute(cache: Path) -> tuple[str, str, str]:
    """The folder, the result, and whether a program was loaded, of a process of its own."""
    given = {name: value for name, value in os.environ.items() if not name.startswith("JAX_")}
    given |= {"MAD_APP_CACHE": str(cache)}
    command = [sys.executable, "-c", PROGRAM]
    done = subprocess.run(command, env=given, capture_output=True, text=True, timeout=120, check=True)
    assert done.stderr == ""
    folder, line = done.stdout.splitlines()
    value, loaded = line.split()
    return folder, value, loaded


def test_the_next_process_loads_what_was_compiled_and_compiles_what_was_damaged(tmp_path: Path) -> None:
    folder, value, loaded = compute(tmp_path)
    assert (folder, loaded) == (str(tmp_path / folder_name()), "False")
    assert compute(tmp_path) == (folder, value, "True")
    for entry in Path(folder).glob("*-cache"):
        entry.write_bytes(entry.read_bytes()[:100])
    assert compute(tmp_path) == (folder, value, "False")


@pytest.fixture
def cache_of_jax() -> Iterator[Callable[[str | None], None]]:
    """Sets the folder that JAX has been given, for the test."""
    before = jax.config.jax_compilation_cache_dir  # type: ignore[attr-defined]

    def set_to(folder: str | None) -> None:
        jax.config.update("jax_compilation_cache_dir", folder)  # type: ignore[no-untyped-call]

    set_to(None)
    yield set_to
    set_to(before)


def test_there_is_none_where_it_is_off_jax_has_its_own_or_the_folder_cannot_be_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cache_of_jax: Callable[[str | None], None]
) -> None:
    (tmp_path / "file").touch()
    for folder in ("off", str(tmp_path / "file" / "cache")):
        monkeypatch.setenv("MAD_APP_CACHE", folder)
        assert use_compilation_cache() is None
    monkeypatch.setenv("MAD_APP_CACHE", str(tmp_path / "ours"))
    cache_of_jax(str(tmp_path / "theirs"))
    assert use_compilation_cache() is None
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
    cache_of_jax(None)
    assert use_compilation_cache() == tmp_path / "ours" / folder_name()


def test_the_oldest_programs_go_first(tmp_path: Path) -> None:
    for age, name in enumerate(("newest", "older", "oldest")):
        (tmp_path / name).write_bytes(bytes(10))
        os.utime(tmp_path / name, (1000 - age, 1000 - age))
    bound_cache(tmp_path, most_bytes=25)
    assert {path.name for path in tmp_path.iterdir()} == {"newest", "older"}


def test_it_lies_in_the_users_folder_for_caches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MAD_APP_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_root() == tmp_path / "mad_app"
