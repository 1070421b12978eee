"""The version of this program: of the source tree that it runs from, else of the installed package."""

import contextlib
import functools
import importlib.metadata
import os
import re
import subprocess
import tomllib
from pathlib import Path

NAME = "mad_app"
GIT_SECONDS = 5.0
"""How long git may take to look for changes in the source tree."""

_DIGITS = 12
_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")


@functools.cache
def program_version() -> str | None:
    """Such as "0.1.0+g89d5d5612abc.dirty" in a source tree, "0.1.0" where it is installed; None if it is not known."""
    found = tree_version(Path(__file__).resolve().parents[2])
    if found is None:
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            found = importlib.metadata.version(NAME)
    return found


def tree_version(root: Path) -> str | None:
    """The version of a source tree: that of its pyproject.toml and its commit; "dirty" if files were changed since.

    Without the git program the commit is read from git's files, and changes are not looked for.

    Args:
        root: the folder of pyproject.toml.

    Returns:
        None if this is no source tree of the program.
    """
    try:
        project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
        name, version = project["name"], str(project["version"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    if name != NAME:
        return None
    commit = _described(root) or _head(root)
    return f"{version}+g{commit}" if commit else version


def _described(root: Path) -> str | None:
    """The commit as git gives it, with ".dirty" after changes; None without git."""
    if not (root / ".git").exists():
        return None
    command = ["git", "-C", str(root), "describe", "--always", "--dirty", "--exclude=*", f"--abbrev={_DIGITS}"]
    environ = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=GIT_SECONDS, env=environ)
    except (OSError, subprocess.SubprocessError, ValueError):
        return None
    return done.stdout.strip().replace("-dirty", ".dirty") or None


def _head(root: Path) -> str | None:
    """The commit that .git/HEAD names, in a worktree too."""
    try:
        folder = root / ".git"
        if folder.is_file():
            folder = root / folder.read_text(encoding="utf-8").partition("gitdir:")[2].strip()
        head = (folder / "HEAD").read_text(encoding="utf-8").strip()
        reference = head.removeprefix("ref:").strip()
        if reference != head:
            head = _resolved(folder, reference)
    except (OSError, ValueError):
        return None
    return head[:_DIGITS] if _COMMIT.fullmatch(head) else None


def _resolved(folder: Path, reference: str) -> str:
    """The commit of a branch, in this folder of git or in the one that its worktree belongs to."""
    shared = folder / "commondir"
    folders = [folder, folder / shared.read_text(encoding="utf-8").strip()] if shared.is_file() else [folder]
    for place in folders:
        if (place / reference).is_file():
            return (place / reference).read_text(encoding="utf-8").strip()
    for place in folders:
        if (packed := place / "packed-refs").is_file():
            for line in packed.read_text(encoding="utf-8").splitlines():
                commit, _, name = line.partition(" ")
                if name == reference:
                    return commit
    return ""
