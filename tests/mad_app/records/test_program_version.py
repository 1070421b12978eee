"""The version in a record is that of the source tree, whether or not it was installed, and whatever git there is."""

import os
import subprocess
from pathlib import Path

import pytest

from mad_app.records import program_version
from mad_app.records.program_version import tree_version

PROJECT = '[project]\nname = "mad_app"\nversion = "1.2.3"\n'
NOBODY = {"GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@b", "GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@b"}


def git(folder: Path, *words: str) -> str:
    command = ["git", "-C", str(folder), *words]
    return subprocess.run(command, check=True, capture_output=True, text=True, env={**os.environ, **NOBODY}).stdout


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A source tree with one commit."""
    root = tmp_path / "tree"
    root.mkdir()
    (root / "pyproject.toml").write_text(PROJECT)
    git(root, "init", "--quiet")
    git(root, "add", ".")
    git(root, "commit", "--quiet", "-m", "first")
    return root


def without_git(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(*_: object, **__: object) -> None:
        raise FileNotFoundError

    monkeypatch.setattr(program_version.subprocess, "run", missing)


def test_a_tree_has_its_version_and_commit_and_says_if_it_was_changed(tree: Path) -> None:
    commit = git(tree, "rev-parse", "HEAD")[:12]
    assert tree_version(tree) == f"1.2.3+g{commit}"
    (tree / "pyproject.toml").write_text(PROJECT + "\n")
    assert tree_version(tree) == f"1.2.3+g{commit}.dirty"


def test_the_commit_is_read_without_the_git_program(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    commit = git(tree, "rev-parse", "HEAD")[:12]
    git(tree, "worktree", "add", "--quiet", "-b", "other", str(tree.parent / "worktree"))
    places = [tree, tree.parent / "worktree"]
    for prepare in (lambda: None, lambda: git(tree, "pack-refs", "--all"), lambda: git(tree, "checkout", "--detach")):
        monkeypatch.undo()
        prepare()
        without_git(monkeypatch)
        assert [tree_version(place) for place in places] == [f"1.2.3+g{commit}"] * 2


@pytest.mark.parametrize("head", ["", "ref: refs/heads/none", "ref: ../../etc/passwd", "no commit"])
def test_a_tree_whose_commit_is_not_known_has_its_version(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, head: str
) -> None:
    (tmp_path / "pyproject.toml").write_text(PROJECT)
    assert tree_version(tmp_path) == "1.2.3"
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "HEAD").write_text(head)
    without_git(monkeypatch)
    assert tree_version(tmp_path) == "1.2.3"


@pytest.mark.parametrize("content", [None, "", "[project", "project = 3", '[project]\nname = "another"\nversion = "1"'])
def test_what_is_no_tree_of_this_program_has_none(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / "pyproject.toml").write_text(content)
    assert tree_version(tmp_path) is None


def test_this_tree_has_a_version() -> None:
    assert program_version.program_version()
