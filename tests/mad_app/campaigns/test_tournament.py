"""The tournament: its cells, means and intervals by hand, and its files."""

import dataclasses
import re
from pathlib import Path

import numpy as np
import pytest

from mad_app.campaigns.report import matrix_of, save_tournament
from mad_app.campaigns.tournament import tournament
from mad_app.competition import CORNERS
from mad_app.records import CornerResult, Origin, Summary, list_runs, load_summary
from mad_app.runs import run_competition
from tests.mad_app.campaigns.examples import small
from tests.mad_app.cli.command_line import assert_refused, invoke


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Summary:
    """A run, to put other values into."""
    (request,) = small("seed = 0").requests.values()
    return load_summary(run_competition(request, tmp_path_factory.mktemp("runs")))


def _summary(template: Summary, picture: str, first: str, second: str, ratios: tuple[float, float]) -> Summary:
    """A run whose pairs have these ratios."""
    assert template.origin is not None
    names = {"first": first, "second": second}
    images: list[CornerResult] = []
    for i, corner in enumerate(CORNERS):
        values = {names[corner.optimized]: 0.1 / (ratios[i // 2] if i % 2 else 1.0), names[corner.fixed]: 0.3}
        images.append(
            dataclasses.replace(
                template.results[i],
                optimized=names[corner.optimized],
                fixed=names[corner.fixed],
                final=values,
                final_8bit=values,
            )
        )
    origin: Origin = dataclasses.replace(template.origin, name=picture)
    return dataclasses.replace(template, results=tuple(images), origin=origin)


def test_ratios_are_averaged_geometrically_over_runs_pictures_and_opponents(template: Summary) -> None:
    runs = [
        _summary(template, "cat", "a", "b", (2, 16)),
        _summary(template, "cat", "a", "b", (8, 16)),  # of the same picture: 4
        _summary(template, "dog", "a", "b", (9, 25)),
        _summary(template, "cat", "a", "c", (3, 5)),
    ]
    found = tournament(runs)
    assert found.pictures == ("cat", "dog")
    cells = {(found.metrics[i], found.metrics[j]): found.ratios[i, j] for i, j in np.argwhere(~np.isnan(found.ratios))}
    expected = {("a", "b"): 6.0, ("b", "a"): 20.0, ("a", "c"): 3.0, ("c", "a"): 5.0}
    assert cells == pytest.approx(expected)
    assert found.metrics == ("a", "b", "c")  # fixed: √100, 6, 3
    assert [one.value for one in found.resistance] == pytest.approx([1 / 10, 1 / 6, 1 / 3])
    assert [one.value for one in found.aggressiveness] == pytest.approx([np.sqrt(18), 20, 5])
    assert (found.resistance[1].low, found.resistance[1].high) == pytest.approx((1 / 9, 1 / 4))  # a picture alone
    run, pair = found.most_separated[0, 1]
    assert (run is runs[2], pair) == (True, 0)


def test_one_picture_has_no_interval(template: Summary) -> None:
    found = tournament([_summary(template, "cat", "a", "b", (2, 16))])
    assert {(one.low, one.high) for one in found.resistance} == {(one.value, one.value) for one in found.resistance}


def test_an_image_at_distance_0_makes_an_infinite_ratio_that_is_drawn(template: Summary, tmp_path: Path) -> None:
    found = tournament([_summary(template, "cat", "a", "b", (2, np.inf)), _summary(template, "dog", "a", "b", (2, 4))])
    drawn = matrix_of(found)
    assert drawn.metrics == ("a", "b")
    assert drawn.fixed == ["∞ [4.00, ∞]", "2.00 [2.00, 2.00]"]
    assert drawn.optimized == ["2.00 [2.00, 2.00]", "∞ [4.00, ∞]"]
    save_tournament(found, tmp_path / "t.svg")
    assert "∞" in (tmp_path / "t.svg").read_text(encoding="utf-8")


def test_without_a_run_there_is_no_tournament() -> None:
    with pytest.raises(ValueError, match="run the campaign first"):
        tournament([])


def test_the_web_page_opens_every_pair_and_needs_nothing_else(template: Summary, tmp_path: Path) -> None:
    assert template.folder is not None
    save_tournament(tournament(list_runs(template.folder.parent)), tmp_path / "t.html")
    page = (tmp_path / "t.html").read_text()
    targets = re.findall(r'<a href="#([^"]+)"', page)
    assert sorted(targets) == sorted(re.findall(r'<section id="([^"]+)"', page)) == ["cell-1-2", "cell-2-1"]
    shown = re.findall(r'<use href="#([^"]+)"', page)
    kept = re.findall(r'<image id="([^"]+)" href="data:image/jpeg', page)
    assert len(shown) == 6
    assert len(kept) == 5  # both pairs have the same original
    assert set(shown) == set(kept)
    assert "<script" not in page
    assert not re.search(r'(src|href)="(?!data:|#)', page)


def test_the_command_ranks_the_metrics_and_draws(template: Summary, tmp_path: Path) -> None:
    assert template.folder is not None
    file = tmp_path / "campaign.toml"
    file.write_text('size = 16\nsteps = 4\nothers = "none"\nmetrics = ["ssim", "mse", "lasi"]\nseed = 0\n')
    arguments = ["tournament", file, "--runs", template.folder.parent, "--out"]
    drawn = invoke(*arguments, tmp_path / "t.pdf")
    assert drawn.exit_code == 0
    assert [line.partition(":")[0] for line in drawn.stdout.splitlines()][2:] == [str(tmp_path / "t.pdf")]
    assert drawn.stderr == "2 of 3 runs are not done, and missing from the tournament\n"
    assert (tmp_path / "t.pdf").read_bytes().startswith(b"%PDF")
    assert_refused(invoke(*arguments, tmp_path / "t.doc"), ".html, .pdf, .svg, .png", code=2)
    arguments[3] = tmp_path / "none"
    assert_refused(invoke(*arguments, tmp_path / "t.png"), "run the campaign first")
