"""How long the index of a folder of runs takes: without an index file, from its file, and when nothing has changed.

Processor time, which is nearly the same on a busy machine. The last lines are what the gallery does at each drawing,
the search for a word, what a campaign's command asks before it starts, and the memory of the process.

python tests/benchmarks/index.py [RUNS]
"""

import json
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Sized
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from mad_app.campaigns import read_campaign, survey
from mad_app.records import save_run
from mad_app.records.index import INDEX_FILE, Index
from mad_app.ui.components.collection import Filter, all_cards, find_cards
from tests.mad_app.record_examples import make_run

RUNS = 100_000


def fill(root: Path, count: int) -> None:
    """Many folders with the run.json of one run, at different times."""
    document = json.loads((save_run(make_run(), root) / "run.json").read_text())
    for i in range(count - 1):
        folder = root / f"2026-01-01_{i:06}_ssim-vs-mse_cat_{i:04x}"
        folder.mkdir()
        created = f"2026-01-{1 + i % 28:02}T{i % 24:02}:{i % 60:02}:00Z"
        (folder / "run.json").write_text(json.dumps({**document, "id": folder.name, "created": created}))


def timed(what: str, function: Callable[[], Sized]) -> None:
    began = time.process_time()
    found = function()
    print(f"{what:<18}{time.process_time() - began:.3f} s for {len(found)} runs", flush=True)


def main(count: int = RUNS) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        fill(root, count)
        index = Index(root)
        timed("no index:", lambda: index.entries().runs)
        timed("every file:", lambda: index.entries().runs)
        timed("unchanged:", lambda: index.entries().runs)
        timed("from its file:", lambda: Index(root).entries().runs)
        timed("gallery, first:", lambda: find_cards(all_cards(root).cards, Filter()))
        for name, chosen in (("gallery:", Filter()), ("gallery, a word:", Filter(words="cat"))):
            timed(name, lambda chosen=chosen: find_cards(all_cards(root).cards, chosen))  # type: ignore[misc]
        campaign, _ = read_campaign(f'pairs = [["ssim", "mse"]]\nseed = {list(range(1000))}')
        timed("campaign:", lambda: survey(campaign, root).left)
        print(f"index file:       {(root / INDEX_FILE).stat().st_size / 1e6:.0f} MB")
        print(f"memory:           {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6:.2f} GB")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
