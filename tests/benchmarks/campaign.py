"""How many runs a campaign makes per second with warm worker processes: SSIM against MSE, 32 pixels, 50 steps.

python tests/benchmarks/campaign.py [RUNS] [WORKERS]

Prints the time of all runs, with the start of the workers and all compiling; the rate and the processor time of the
runs after those that compiled; and the overhead of a run: the time of a worker that is not spent in the run.
"""

import resource
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from mad_app.campaigns import LocalProcesses, Outcomes, Standing, execute, read_campaign

RUNS, WORKERS = 100, 2


def text_of(runs: int) -> str:
    """A campaign of so many runs."""
    settings = 'size = 32\nsteps = 50\nothers = "none"\npairs = [["ssim", "mse"]]'
    return f"{settings}\nseed = {list(range(runs))}\n"


def main(runs: int = RUNS, workers: int = WORKERS) -> None:
    campaign, _ = read_campaign(text_of(runs))
    warm = workers  # each of the first runs of a worker compiles
    ends: list[float] = []

    def follow(standing: Standing) -> None:
        ends.extend([time.perf_counter()] * (standing.done - len(ends)))

    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        with LocalProcesses(workers) as executor:
            execute(campaign, folder, executor, at_once=2 * workers, on_progress=follow)
        spent = [line["seconds"] for line in Outcomes(Path(folder)).lines.values()][warm:]
        kept = [line["bytes"] for line in Outcomes(Path(folder)).lines.values()]
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    wall, count = ends[-1] - ends[warm - 1], runs - warm
    print(f"all {runs} runs:       {ends[-1] - began:.1f} s")
    print(f"warm:               {count / wall:.2f} runs/s with {workers} workers")
    print(f"processor time:     {(usage.ru_utime + usage.ru_stime) / runs:.2f} s a run, compiling included")
    print(f"in a run:           {sum(spent) / count:.3f} s")
    print(f"overhead of a run:  {1000 * (workers * wall - sum(spent)) / count:.0f} ms")
    print(f"disk:               {sum(kept) / runs / 1e6:.2f} MB a run")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
