"""Where the record of a run goes while it is computed: into a folder, or into memory alone."""

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from mad_app.records import Checkpoint, Maps, Run, replace_run, run_lock, save_checkpoint, save_maps, save_run


class Store(Protocol):
    """Takes the versions of one record, the first of them by `begin`."""

    @property
    def begun(self) -> bool:
        """Whether there is a first version."""
        ...

    @property
    def folder(self) -> Path | None:
        """Where the record lies; None before it is begun, and for one in memory."""
        ...

    def begin(self, run: Run, checkpoint: Checkpoint | None) -> None:
        """Take the first version."""
        ...

    def keep(self, checkpoint: Checkpoint) -> None:
        """Take a newer checkpoint of a run that goes on."""
        ...

    def replace(self, run: Run, checkpoint: Checkpoint | None) -> None:
        """Take a newer version; the checkpoint of one that can be resumed."""
        ...

    def add_maps(self, maps: Maps) -> None:
        """Take the maps of the last version."""
        ...


class FolderStore:
    """Writes a record under a root, or the next versions of the one in `folder`.

    A new record is locked until `locks` is closed. Methods raise DiskFullError where there is no room, and RecordError
    where the disk refuses the record. `announce` is called with the name of a new folder just before that is there.
    """

    def __init__(
        self,
        root: Path,
        locks: contextlib.ExitStack,
        *,
        folder: Path | None = None,
        announce: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._root, self._locks, self._folder, self._announce = root, locks, folder, announce

    @property
    def begun(self) -> bool:
        """Whether there is a folder."""
        return self._folder is not None

    @property
    def folder(self) -> Path:
        """The record's folder."""
        if self._folder is None:
            raise RuntimeError("the competition made no step")
        return self._folder

    def begin(self, run: Run, checkpoint: Checkpoint | None) -> None:
        """Make the folder and lock it."""
        self._folder = save_run(run, self._root, checkpoint=checkpoint, announce=self._announce)
        self._locks.enter_context(run_lock(self._folder))

    def keep(self, checkpoint: Checkpoint) -> None:
        """Write the checkpoint."""
        save_checkpoint(self.folder, checkpoint)

    def replace(self, run: Run, checkpoint: Checkpoint | None) -> None:
        """Put a newer version in the place of the one before."""
        replace_run(run, self.folder, checkpoint=checkpoint)

    def add_maps(self, maps: Maps) -> None:
        """Write the maps."""
        save_maps(self.folder, maps)


class MemoryStore:
    """Keeps the last version of a record in memory.

    Attributes:
        run: the last version; None before the first one.
        checkpoint: of a run that can be resumed.
        maps: of the images at the end, and of some before.
    """

    folder = None

    def __init__(self) -> None:
        self.run: Run | None = None
        self.checkpoint: Checkpoint | None = None
        self.maps: Maps | None = None

    @property
    def begun(self) -> bool:
        """Whether there is a first version."""
        return self.run is not None

    def begin(self, run: Run, checkpoint: Checkpoint | None) -> None:
        """Keep the first version."""
        self.run, self.checkpoint = run, checkpoint

    def keep(self, checkpoint: Checkpoint) -> None:
        """Keep a checkpoint."""
        self.checkpoint = checkpoint

    def replace(self, run: Run, checkpoint: Checkpoint | None) -> None:
        """Keep a newer version."""
        self.run, self.checkpoint = run, checkpoint

    def add_maps(self, maps: Maps) -> None:
        """Keep the maps."""
        self.maps = maps


class LateStore:
    """Keeps a record in memory until its first checkpoint is due, or its end: a short run is written and synced once.

    A run that is lost before has to be done again.

    Args:
        store: where the record goes then.
    """

    def __init__(self, store: FolderStore) -> None:
        self._store, self._early = store, MemoryStore()

    @property
    def begun(self) -> bool:
        """Whether there is a first version."""
        return self._early.begun

    @property
    def folder(self) -> Path | None:
        """The record's folder; None as long as there is none."""
        return self._store.folder if self._store.begun else None

    def begin(self, run: Run, checkpoint: Checkpoint | None) -> None:
        """Keep the first version."""
        self._early.begin(run, checkpoint)

    def keep(self, checkpoint: Checkpoint) -> None:
        """Write the checkpoint, with the first version if there is no folder."""
        if self._store.begun:
            self._store.keep(checkpoint)
        elif self._early.run is not None:
            self._store.begin(self._early.run, checkpoint)

    def replace(self, run: Run, checkpoint: Checkpoint | None) -> None:
        """Put a newer version in the place of the one before."""
        (self._store if self._store.begun else self._early).replace(run, checkpoint)

    def add_maps(self, maps: Maps) -> None:
        """Write the maps, with the last version if there is no folder."""
        if not self._store.begun and self._early.run is not None:
            self._store.begin(self._early.run, self._early.checkpoint)
        self._store.add_maps(maps)
