"""A figure to a file, whole or not at all."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

from mad_app.records.storage import refusals, staged_file

Kind = TypeVar("Kind")


def save_as(path: str | Path, kinds: Mapping[str, Kind], content_of: Callable[[Kind], bytes]) -> None:
    """Write a file of the kind that its name tells.

    Args:
        path: a name that ends in one of `kinds`.
        kinds: endings, such as ".png", and what kind of file each means.
        content_of: the bytes of a file of that kind.

    Raises:
        ValueError: the name ends otherwise.
        RecordError: the file cannot be written; an older one stays as it was.
    """
    path = Path(path)
    kind = kinds.get(path.suffix.lower())
    if kind is None:
        raise ValueError(f"path must end in {', '.join(kinds)}, got {str(path)!r}")
    content = content_of(kind)
    with refusals(f"{path} could not be saved"), staged_file(path) as partial:
        partial.write_bytes(content)
