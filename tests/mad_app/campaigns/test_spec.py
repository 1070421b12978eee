"""A campaign's file becomes requests, and every mistake in it is named at once."""

from pathlib import Path

import pytest

from mad_app.campaigns import check, execute, read_campaign
from mad_app.campaigns.spec import LARGEST_FILE
from mad_app.errors import ArgumentError


def test_every_set_of_runs_takes_the_values_above_and_all_combinations_of_its_own() -> None:
    campaign, problems = read_campaign("""
image = ["cat", "coffee"]
metrics = ["ssim", "mse"]
seed = [0, 1]
[[runs]]
distortion = "noise"
strength = [0.1, 0.2]
[[runs]]
pairs = [["lasi", "mse"]]
image = "cat"
seed = 5
max_change = ["none", 0.1]
""")
    assert problems == []
    found = [(r.image, r.first, r.second, r.seed, r.strength, r.max_change) for r in campaign.requests.values()]
    expected = [(i, "ssim", "mse", s, x, None) for i in ("cat", "coffee") for s in (0, 1) for x in (0.1, 0.2)]
    expected += [("cat", "lasi", "mse", 5, 0.1, change) for change in (None, 0.1)]
    assert sorted(found, key=str) == sorted(expected, key=str)


def test_the_same_request_counts_once() -> None:
    campaign, _ = read_campaign("seed = [1, 1]\n[[runs]]\n[[runs]]\nstrength = 0.1")
    assert len(campaign.requests) == 1


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("seed = ", "it is no valid TOML"),
        (f"seed = {'[' * 5000}", "nested too deeply"),
        (f"seed = 1{'0' * 5000}", "a number has too many digits"),
        (f"#{' ' * LARGEST_FILE}", "divide it into several campaigns"),
        ("# size = 32", "it is empty"),
        ('"\\u001b[31m" = 1', "'\\x1b[31m' is no setting"),
        ("[[runs]]\n[[runs.runs]]", "[[runs]] cannot hold further [[runs]]"),
        (f"distortion = '{'x' * 100_000}'", "x … x"),
        ("'' = 1", "'' is no setting"),
        ("\ufeffseed = -1", "seed must be at least 0"),
        ("sead = 1", "did you mean seed?"),
        ("size = [32, 7]", "size must be at least 16"),
        ("seed = [[1]]", "seed must be a whole number"),
        ("seed = []", "seed has no value"),
        ("strength = [0.1, 7]", "strength of noise must lie between"),
        ('pairs = [["ssim", "ssim"]]', "second must be another metric"),
        ('pairs = ["ssim"]', "pairs must be a list of pairs"),
        ('metrics = ["ssim"]', "metrics must be a list of at least two names"),
        ('metrics = ["ssim", "mse"]\nfirst = "lasi"', "metrics and first both say"),
        ("runs = 3", "runs must be tables"),
        ("[runs]\nseed = 1", "runs must be tables"),
        (f"seed = {list(range(1001))}\nsteps = {list(range(1, 1001))}", "more than 1000000 runs"),
    ],
    ids=lambda text: text[:20],
)
def test_a_mistake_is_named(text: str, problem: str) -> None:
    _, problems = read_campaign(text)
    assert len(problems) == 1
    assert problem in problems[0]
    assert len(problems[0]) < 1000


def test_all_mistakes_are_named_at_once() -> None:
    text = 'sead = 1\nstrength = 9\nimage = ["cat", "nowhere.png"]\nsize = 32\npairs = [["vif", "mse"], ["no", "mse"]]'
    campaign, problems = read_campaign(text)
    assert len(problems) == 2
    campaign, _ = read_campaign(text.replace("strength = 9\n", ""))
    _, more = check(campaign)
    assert [next(word for word in ("nowhere.png", "vif needs", "'no'") if word in problem) for problem in more] == [
        "vif needs", "'no'", "nowhere.png"
    ]  # fmt: skip


def test_what_can_be_run_has_as_many_pixels_as_its_pictures() -> None:
    campaign, _ = read_campaign('size = 32\npairs = [["ssim", "mse"]]')
    pixels, problems = check(campaign)
    assert (list(pixels.values()), problems) == ([32 * 32], [])


@pytest.mark.parametrize("name", ["ssimulacra2", "no.module:metric"])
def test_metrics_that_cannot_compete_are_named(name: str) -> None:
    campaign, _ = read_campaign(f'size = 32\npairs = [["{name}", "mse"]]')
    _, problems = check(campaign)
    assert len(problems) == 1
    assert name in problems[0]


def test_what_is_no_campaign_is_not_executed(tmp_path: Path) -> None:
    with pytest.raises(ArgumentError, match=r"campaign must be what read_campaign returns first, got \(Campaign"):
        execute(read_campaign("seed = 1"), tmp_path / "runs", None)  # type: ignore[arg-type]
    assert not (tmp_path / "runs").exists()
