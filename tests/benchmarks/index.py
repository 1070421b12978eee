"""How long the index of a folder of runs takes: without an index file, from its file, and when nothing has changed.

The last lines are what the gallery does at each drawing, the search for a word, and the memory of the process.

python tests/benchmarks/index.py [RUNS]
"""

import json
import resource
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from mad_app.records import save_run
from mad_app.records.index import INDEX_FILE, Index
from mad_app.ui.components.collection import Filter, all_cards, find_cards
from tests.mad_app.record_examples import make_run

RUNS = 10_000


def fill(root: Path, count: int) -> None:
    """Many folders with the run.json of one run, at different times."""
    document = json.loads((save_run(make_run(), root) / "run.json").read_text())
    for i in range(count - 1):
        folder = root / f"2026-01-01_{i:06}_ssim-vs-mse_cat_{i:04x}"
        folder.mkdir()
        created = f"2026-01-{1 + i % 28:02}T{i % 24:02}:{i % 60:02}:00Z"
        (folder / "run.json").write_text(json.dumps({**document, "id": folder.name, "created": created}))


def timed(index: Index) -> str:
    began = time.perf_counter()
    entries = index.entries()
    return f"{time.perf_counter() - began:.3f} s for {len(entries.runs)} runs"


def main(count: int = RUNS) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        fill(root, count)
        index = Index(root)
        print("no index:        ", timed(index))
        print("unchanged:       ", timed(index))
        print("from its file:   ", timed(Index(root)))
        all_cards(root)
        for name, chosen in (("gallery:         ", Filter()), ("gallery, a word: ", Filter(words="cat"))):
            began = time.perf_counter()
            found = find_cards(all_cards(root).cards, chosen)
            print(name, f"{time.perf_counter() - began:.3f} s for {len(found)} runs")
        print("index file:      ", f"{(root / INDEX_FILE).stat().st_size / 1e6:.0f} MB")
        print("memory:          ", f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6:.2f} GB")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
