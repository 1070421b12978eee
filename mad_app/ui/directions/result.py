"""What the page of directions shows of a finished search: its figure, its numbers, downloads and code."""

import shlex
from functools import lru_cache, partial
from pathlib import Path

import streamlit as st

from mad_app.directions import Distortions, load_distortions
from mad_app.figures.canvas import Kind, figure_to_bytes
from mad_app.images import BUNDLED, assets_folder
from mad_app.images.encode import Picture
from mad_app.jobs.searches import SearchSpec
from mad_app.records import RecordError
from mad_app.records.storage import stamp
from mad_app.ui.components.html import element, plain, sentence
from mad_app.ui.components.render_cache import renderer, show_rendered
from mad_app.ui.session import PageState

EXAMPLE = assets_folder("directions")
"""Holds the folder of one record, of LASI and LPIPS on a bundled picture."""

WIDTH = "min-width:40rem"
"""Of a figure on a phone, where it is moved sideways: its text stays readable."""

KINDS: dict[Kind, str] = {"pdf": "application/pdf", "svg": "image/svg+xml", "png": "image/png"}


def show_example(state: PageState) -> None:
    """Draw the search that comes with the program."""
    st.header("An example that comes with the program")
    for path in sorted(EXAMPLE.glob("*/distortions.json")):
        show_result(state, path.parent, prefix="example-")


def show_result(state: PageState, folder: Path, *, prefix: str = "") -> None:
    """Draw what a record holds.

    Args:
        state: of the page.
        folder: of the record.
        prefix: of the keys of its buttons.
    """
    try:
        version = stamp(folder / "distortions.json")
        found = _found(folder, version)
    except (RecordError, OSError) as error:
        st.error(sentence(f"what was found cannot be shown: {error}"))
        return
    picture = renderer().request(("directions", folder, version), partial(_drawn, found, "png"))
    show_rendered(
        picture,
        lambda content: element(
            "div",
            element("img", src=Picture("image/png", content).uri(), alt=found.verdict.replace("\n", " "), style=WIDTH),
            class_="mad-paper",
            style="max-width:55rem;overflow-x:auto;background:#ffffff",
            tabindex="0",
        ),
    )
    for line in found.verdict.splitlines():
        st.markdown(plain(line))
    with st.container(horizontal=True):
        for kind, mime in KINDS.items():
            st.download_button(
                f"Figure as {kind.upper()}",
                partial(_drawn, found, kind),
                f"{folder.name}.{kind}",
                mime,
                key=state.key(f"{prefix}{kind}"),
                on_click="ignore",
                icon=":material/download:",
                help="With its caption.",
            )


def command_of(spec: SearchSpec) -> str:
    """The command line that does the search; a picture that is not bundled is named by its file.

    Example:
        >>> from mad_app.directions import SearchSettings
        >>> command_of(SearchSpec(metrics=("ssim", "mse"), search=SearchSettings(count=2), picture={"image": "cat"}))
        'python -m mad_app directions cat --metrics ssim,mse --size 64 --steps 500 --count 2'
    """
    name = str(spec.picture["image"])
    words = [name if name in BUNDLED else Path(name).name, "--metrics", ",".join(spec.metrics)]
    words += [part for option, value in _picture_options(spec).items() for part in (f"--{option}", str(value))]
    words += ["--steps", str(spec.search.steps)]
    words += ["--count", str(spec.search.count)] if spec.search.count > 1 else []
    return shlex.join(["python", "-m", "mad_app", "directions", *words])


def python_of(spec: SearchSpec) -> str:
    """The lines of Python that do the search."""
    name, options = str(spec.picture["image"]), _picture_options(spec)
    image = name if name in BUNDLED else Path(name).name
    request = ", ".join([f"image={image!r}", *(f"{option}={value!r}" for option, value in options.items())])
    return f"""from mad_app.directions import SearchSettings, picture_from, search_distortions
from mad_app.metrics import get_metric
from mad_app.request import Request

picture = picture_from(Request({request}))
metrics = [get_metric(name) for name in {list(spec.metrics)}]
found = search_distortions(picture, metrics, SearchSettings(steps={spec.search.steps}, count={spec.search.count}))
found.figure("directions.pdf")
print(found.verdict, found.sensitivities)
"""


def _picture_options(spec: SearchSpec) -> dict[str, object]:
    """Size and crop, as the command names them; what is at its default is left out, but for the size."""
    whole = {"left": 0.0, "top": 0.0, "width": 1.0, "height": 1.0}
    cropped = any(spec.picture.get(name) not in (None, at) for name, at in whole.items())
    return {"size": spec.picture.get("size", 64)} | (
        {name: spec.picture[name] for name in whole if spec.picture.get(name) is not None} if cropped else {}
    )


def was_stopped(folder: Path) -> bool:
    """Whether the search of a record was stopped before its end."""
    try:
        return _found(folder, stamp(folder / "distortions.json")).outcome == "stopped"
    except (RecordError, OSError):
        return True


@lru_cache(maxsize=16)
def _found(folder: Path, version: object) -> Distortions:
    """A record; read again for another version."""
    del version
    return load_distortions(folder)


def _drawn(found: Distortions, kind: Kind) -> bytes:
    return figure_to_bytes(found.figure(), kind)
