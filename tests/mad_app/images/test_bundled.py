"""The bundled pictures: their table, their licenses, and the program that draws some of them."""

import importlib.util
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from mad_app.errors import ArgumentError
from mad_app.images import BUNDLED, DEFAULT_IMAGE, bundled_path, load_image, to_uint8


def draw_synthetic() -> ModuleType:
    path = Path(__file__).parents[3] / "assets" / "images" / "draw_synthetic.py"
    spec = importlib.util.spec_from_file_location("draw_synthetic", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", BUNDLED)
def test_bundled_picture(name):
    bundled = BUNDLED[name]
    assert bundled.name == name
    assert bundled.title
    assert bundled.good_for
    image = load_image(bundled_path(name))
    assert max(image.shape[:2]) <= 512
    assert image.shape[0] == image.shape[1]
    assert image.std() > 0.05


def test_every_file_is_listed_and_has_its_license():
    folder = bundled_path(DEFAULT_IMAGE).parent
    assert {path.stem for path in folder.glob("*.png")} == set(BUNDLED)
    licenses = (folder / "LICENSES.md").read_text(encoding="utf-8")
    assert [name for name in BUNDLED if f"| `{name}.png` |" not in licenses] == []


def test_drawn_pictures_are_what_the_program_draws():
    drawn = draw_synthetic().SYNTHETIC
    assert len(drawn) >= 4
    for name, draw in drawn.items():
        np.testing.assert_array_equal(to_uint8(load_image(bundled_path(name))), draw(), err_msg=name)


def test_an_unknown_name_lists_those_that_exist():
    with pytest.raises(ArgumentError, match=r"name must be one of the bundled pictures cat, astronaut, .*, got 'lena'"):
        bundled_path("lena")
