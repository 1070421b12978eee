"""A campaign whose workers and whose own process are killed at random, counted and compared with undisturbed runs.

python tests/benchmarks/killed.py [RUNS] [KILLS] [WORKERS]

The command runs SSIM against MSE at 32 pixels. Each time some more runs are done, a worker or the command is ended by
SIGKILL; a command that was ended is started again. At the end every request must have one run, done, and no other
folder may be left; some runs are done again in this process, and must have the same images bit for bit.
"""

import contextlib
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2]))

from mad_app.campaigns import Campaign, Outcomes, read_campaign, survey
from mad_app.records import list_runs, load_record
from mad_app.runs import run_competition

ROOT = Path(__file__).parents[2]
RUNS, KILLS, WORKERS = 1000, 12, 2
COMPARED = 40
TEXT = 'size = 32\nsteps = 4\nothers = "none"\npairs = [["ssim", "mse"]]\nseed = {seeds}\n'


def main(runs: int = RUNS, kills: int = KILLS, workers: int = WORKERS) -> None:
    chance, killed, began = random.Random(0), Counter[str](), time.monotonic()
    folder = Path(tempfile.mkdtemp())
    text = TEXT.format(seeds=list(range(runs)))
    (folder / "campaign.toml").write_text(text)
    campaign, _ = read_campaign(text)
    command = [sys.executable, "-m", "mad_app", "campaign", "campaign.toml", "--workers", str(workers)]
    process = _start(command, folder)
    next_kill = chance.randint(1, max(2, runs // kills))
    while process.poll() is None:
        time.sleep(0.05)
        if sum(killed.values()) < kills and len(Outcomes(folder / "runs").lines) >= next_kill:
            next_kill += chance.randint(1, max(2, 2 * runs // kills - 1))
            victim = chance.choice(["worker", "command"])
            if _kill(process, victim, chance):
                killed[victim] += 1
            if victim == "command":
                process.wait()
                process = _start(command, folder)
    if process.returncode:
        print(f"the command ended with {process.returncode}; what it left is in {folder}")
    _report(campaign, folder / "runs", killed, time.monotonic() - began)
    shutil.rmtree(folder)


def _start(command: list[str], folder: Path) -> subprocess.Popen[bytes]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.DEVNULL)


def _kill(process: subprocess.Popen[bytes], victim: str, chance: random.Random) -> bool:
    """End the command, or one of its workers, if it has one."""
    if victim == "command":
        process.kill()
        return True
    with contextlib.suppress(OSError):
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        workers = [int(pid) for pid in children if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()]
        if workers:
            os.kill(chance.choice(workers), signal.SIGKILL)
            return True
    return False


def _report(campaign: Campaign, root: Path, killed: Counter[str], seconds: float) -> None:
    found = survey(campaign, root)
    requests = Counter(summary.request_id for summary in list_runs(root))
    print(f"killed:      {killed['worker']} times a worker, {killed['command']} times the command, in {seconds:.0f} s")
    print(f"done:        {len(found.done)} of {len(campaign.requests)}; failed: {len(found.failed)}")
    twice, others = sum(requests.values()) - len(requests), len(requests.keys() - campaign.requests.keys())
    print(f"duplicates:  {twice}; others: {others}")
    sample = random.Random(1).sample(sorted(found.done), min(COMPARED, len(found.done)))
    with tempfile.TemporaryDirectory() as other:
        same = sum(_same(found.done[name], run_competition(campaign.requests[name], other)) for name in sample)
    print(f"identical:   {same} of {len(sample)} that were done again undisturbed")


def _same(one: Path, other: Path) -> bool:
    a, b = load_record(one), load_record(other)
    pairs = ((a.finals, b.finals), (a.images_8bit, b.images_8bit), (a.history.first, b.history.first))
    return all(np.array_equal(left, right) for left, right in pairs)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
