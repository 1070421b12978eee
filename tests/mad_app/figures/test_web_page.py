"""The web page in one file: it needs nothing from outside, runs no script but its own, and stays small."""

import base64
import dataclasses
import hashlib
import io
import json
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from mad_app.figures.web_page.page import MAX_BYTES, Shown, page_of, run_page, series_page, shelf_page
from mad_app.figures.web_page.pictures import ALL_LOSSY, BETWEEN_LOSSY, EVERYTHING_EXACT
from mad_app.figures.web_page.viewer_data import viewer_data
from mad_app.images import to_uint8
from mad_app.records import SHELF_RUNS, Keyframes, Label, Maps, Run, load_record, save_label, save_maps, save_run
from tests.mad_app.record_examples import make_run

from .sheet_runs import broken_run, make_sheet_run
from .test_series_figures import make_series

EVIL = "</script></style></title><script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">"


class Page(HTMLParser):
    """What a browser would find in a page."""

    def __init__(self, content: bytes) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[str] = []
        self.text = ""
        self._within = ""
        self.feed(content.decode())
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._within = tag

    def handle_endtag(self, tag: str) -> None:
        self._within = "" if tag == self._within else self._within

    def handle_data(self, data: str) -> None:
        if self._within == "script":
            self.scripts.append(data)
        elif self._within != "style":
            self.text += data

    def attributes(self, name: str) -> list[str]:
        return [str(attributes[name]) for _, attributes in self.tags if name in attributes]

    @property
    def runs(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = json.loads(self.scripts[0])
        return found


def make_evil_run(folder: Path) -> Run:
    """A run in a folder whose every text is markup."""
    run = make_run()
    names = {"lasi:20": f"m:{EVIL}", "my.module:distance": "n:<b>"}

    def renamed(values: Any) -> dict[str, float | None]:
        return {names.get(name, name): value for name, value in values.items()}

    images = tuple(
        dataclasses.replace(
            result,
            optimized=names[result.optimized],
            fixed=names[result.fixed],
            start=renamed(result.start),
            final=renamed(result.final),
            outcome=EVIL,
        )
        for result in run.results
    )
    settings = {**run.settings, "image": f"/home/me/{EVIL.replace('/', '')}", EVIL: EVIL}
    return dataclasses.replace(
        run, results=images, settings=settings, device=EVIL, versions={EVIL: EVIL}, folder=folder / f"{EVIL[2:8]}_1"
    )


def test_texts_of_a_record_are_shown_as_text_and_no_other_script_can_run(tmp_path: Path) -> None:
    run = make_evil_run(tmp_path)
    save_label(run.folder or tmp_path, Label(EVIL[:110], f"{EVIL}\n<b>bold</b>"))
    page = Page(run_page(run))
    assert [tag for tag, _ in page.tags if tag in ("b", "img")] == ["b"] * 4  # the tags of the viewer
    assert len(page.scripts) == 2
    assert not [name for _, attributes in page.tags for name in attributes if name.startswith("on")]
    assert page.text.count("<script>document.title='owned'</script>") >= 5
    (data,) = page.runs
    assert EVIL in data["labels"]["titles"]
    assert "<script" not in data["trajectory"]["svg"]
    (policy,) = page.attributes("content")[:1]
    allowed = base64.b64encode(hashlib.sha256(page.scripts[1].encode()).digest()).decode()
    assert f"default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-{allowed}'" in policy


@pytest.mark.parametrize("make", [make_run, make_sheet_run, broken_run])
def test_a_page_needs_nothing_from_outside_and_has_all_that_the_viewer_shows(make: Any) -> None:
    run = make()
    content = run_page(run)
    page = Page(content)
    assert len(content) <= MAX_BYTES
    assert all(uri.startswith("data:") for uri in page.attributes("src"))
    assert not page.attributes("href")
    assert not [tag for tag, _ in page.tags if tag in ("link", "iframe", "object")]
    (data,) = page.runs
    expected = json.loads(json.dumps(viewer_data(run, None)))
    assert {**data, "pictures": []} == {**expected, "pictures": []}
    assert EVERYTHING_EXACT in page.text


def test_a_page_says_every_setting_and_value_and_no_folder_of_this_machine() -> None:
    run = make_run(
        settings={**make_run().settings, "image": "/home/me/secret/cat.png", "mask": "/home/me/secret/m.png"}
    )
    content = run_page(run)
    text = Page(content).text
    assert b"/home/me" not in content
    for shown in ("cat.png", "m.png", "Maskm.png", "Strength0.1", "LASI:20", "cpu: a processor, 2 cores"):
        assert shown in text
    assert "Each image used all its steps." in text
    assert "VIF" in text


def test_a_series_has_each_of_its_runs_under_what_distinguishes_it() -> None:
    page = Page(series_page(make_series("second_level", [0.1, 0.2, 0.3])))
    assert len(page.runs) == 3
    assert page.attributes("data-show-run") == ["0", "1", "2"]
    for level in ("MSE 0.100", "MSE 0.200", "MSE 0.300"):
        assert level in page.text
    shown = [attributes for tag, attributes in page.tags if tag == "section"]
    assert ["hidden" in attributes for attributes in shown] == [False, True, True]


def levels(uri: str) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(uri.partition(",")[2]))))


def noisy_run(side: int, frames: int) -> Run:
    """Images that cannot be packed."""
    run = make_sheet_run((side, side))
    rng = np.random.default_rng(0)
    pictures = rng.integers(0, 256, (frames, 4, side, side, 3), np.uint8)
    return dataclasses.replace(run, keyframes=Keyframes(np.arange(frames), pictures))


def test_where_exact_images_do_not_fit_those_between_lose_quality_and_the_ends_stay_exact() -> None:
    run = noisy_run(128, 12)
    content = run_page(run)
    page = Page(content)
    assert len(content) <= MAX_BYTES
    assert BETWEEN_LOSSY in page.text
    (data,) = page.runs
    pictures = [levels(uri) for uri in data["pictures"]]
    np.testing.assert_array_equal(pictures[data["reference"]], to_uint8(run.reference))
    for i, shown in enumerate(data["images"]):
        np.testing.assert_array_equal(pictures[shown[-1]], run.images_8bit[i])
        assert pictures[shown[2]].tolist() != run.keyframes.images[2, i].tolist()


def test_many_large_images_still_fit_with_loss_that_is_said() -> None:
    run = noisy_run(256, 1)
    content = page_of([Shown(run, f"run {i}") for i in range(6)], "six", "")
    assert len(content) <= MAX_BYTES
    assert ALL_LOSSY in Page(content).text
    assert [data["maps"] for data in Page(content).runs] == [[]] * 6


def test_the_page_of_the_shelf_has_all_its_runs_and_their_explanations() -> None:
    content = shelf_page()
    page = Page(content)
    assert len(content) <= MAX_BYTES
    assert len(page.runs) == len(SHELF_RUNS)
    assert "LASI overlooks a shatter" in page.text


def test_a_saved_run_has_its_name_and_notes(tmp_path: Path) -> None:
    folder = save_run(make_sheet_run(), tmp_path)
    save_label(folder, Label("A fine name", "first line\nsecond line"))
    page = Page(run_page(dataclasses.replace(make_sheet_run(), folder=folder)))
    assert page.text.count("A fine name") == 2  # the title and the heading
    assert "first line\nsecond line" in page.text


def test_what_is_damaged_is_said_without_a_folder(tmp_path: Path) -> None:
    run = make_sheet_run()
    folder, side = save_run(run, tmp_path), run.reference.shape[:2]
    save_maps(folder, Maps.of(np.array([0]), np.ones((1, 4, *side)), np.ones((1, 4, *side))))
    assert "cannot be shown" not in Page(run_page(load_record(folder))).text
    (folder / "maps.npz").write_bytes(b"damaged")
    text = Page(run_page(load_record(folder))).text
    assert "The maps of the metrics cannot be shown." in text
    assert str(tmp_path) not in text
