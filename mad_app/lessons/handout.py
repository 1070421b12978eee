"""A lesson on one page to print, made of the same texts and functions as its page.

A student's copy has room to write; a teacher's has the answer, what there is to see, and the notes.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from mad_app.distortions import DISTORTIONS
from mad_app.errors import ArgumentError
from mad_app.figures import metric_title, number
from mad_app.figures.handout import Handout, Panel, PicturePanel, PlanePanel, handout_bytes
from mad_app.figures.web_page.markup import unbroken
from mad_app.images import ImageArray, check_image
from mad_app.lessons.brush import paint
from mad_app.lessons.by_hand import ByHandState, let_engine_try, noise_to_match, read
from mad_app.lessons.contours import contour
from mad_app.lessons.conventions import CONVENTION_TITLES, NumbersState, flipped, make_pair, read_pair
from mad_app.lessons.equal_distance import EqualState, other_values, wheel
from mad_app.lessons.glossary import words_in
from mad_app.lessons.layers import LayersState, equal_copies, sum_of
from mad_app.lessons.lesson import Lesson
from mad_app.lessons.level_sets import (
    LETTERS,
    LEVELS,
    LevelSetsState,
    bundled_values,
    distortions_plane,
    extremes,
    grid_places,
    metrics_of_run,
    plane_values,
    run_plane,
    run_ways,
    shelf_run,
)
from mad_app.lessons.neighborhood import CHANNELS, LasiState, look_at
from mad_app.lessons.table import LESSONS
from mad_app.lessons.texture import COPIES, SIGMAS, TextureState, curves
from mad_app.lessons.together import OWN, PARTS, PICTURES, TogetherState, fixed_metrics, stored_runs
from mad_app.lessons.two_pixels import (
    PLANE_METRICS,
    REFERENCE,
    PlaneState,
    level_curve,
    plane_competition,
    plane_distance,
)

Rows = list[list[Panel]]

AROUND = 5
"""Pixels on each side of the one that LASI predicts, in the enlarged part."""

ENLARGED = 20
"""Times."""

POSITIVE, NEGATIVE = (213 / 255, 94 / 255, 0.0), (0.0, 114 / 255, 178 / 255)


def make_handout(
    name: str,
    reference: npt.ArrayLike,
    *,
    teacher: bool = False,
    state: Any = None,
    address: str = "",
) -> bytes:
    """A hand-out as the bytes of a PDF of one page.

    Args:
        name: of the lesson.
        reference: the picture, float32 (H, W, 3) in [0, 1]; not used where the lesson has none.
        teacher: whether it is the teacher's copy, with the answers.
        state: of the lesson; its default if None.
        address: where the lesson is opened, printed also as a QR code; none if empty.

    Raises:
        ArgumentError: there is no such lesson, the picture cannot be used, or the QR code needs a package that is not
            installed.
        MetricUnavailable: a metric of the lesson is not available here.
    """
    if name not in LESSONS:
        raise ArgumentError("name", f"must be one of {', '.join(LESSONS)}, got {name!r:.60}")
    lesson, image = LESSONS[name], check_image(reference, "reference")
    state = lesson.state() if state is None else state
    default: Callable[[ImageArray, Any, bool], Rows] = _picture_alone
    panels = PANELS.get(name, default)(image, state, teacher) if lesson.picture or name in PANELS else []
    return handout_bytes(handout_of(lesson, panels, teacher=teacher, address=address))


def handout_of(lesson: Lesson, panels: Rows, *, teacher: bool, address: str = "") -> Handout:
    """The texts of a hand-out beside pictures."""
    asked = lesson.prediction
    texts = [lesson.text, *lesson.tasks, asked.question, *asked.answers]
    answers = [("What you should see", [plain(lesson.seen)]), ("Notes", [f"– {plain(note)}" for note in lesson.notes])]
    return Handout(
        title=lesson.title,
        objective=plain(lesson.objective),
        text=plain(lesson.text),
        panels=panels,
        tasks=[plain(task) for task in lesson.tasks],
        question=asked.question,
        answers=asked.answers,
        right=asked.right if teacher else None,
        answer_sections=answers if teacher else [],
        more=[plain(task) for task in lesson.more],
        words=words_in(texts),
        source=plain(lesson.source),
        address=address,
        code=_code(address) if address else None,
    )


def plain(markdown: str) -> str:
    """Markdown as plain text, whose percentages stay on one line.

    Example:
        >>> plain("Choose **1 − SSIM** under *Equal for*. [Source](https://x.org)")
        'Choose 1\\xa0−\\xa0SSIM under Equal for. Source'
    """
    return unbroken(re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", markdown).replace("*", ""))


def _code(address: str) -> npt.NDArray[np.bool_]:
    """An address as a QR code, dark modules True."""
    try:
        import segno  # of the extra `app`
    except ImportError as error:
        raise ArgumentError("address", "is printed as a QR code, which needs a package: pip install segno") from error
    return np.array([list(row) for row in segno.make(address, micro=False).matrix], bool)


def _picture_alone(image: ImageArray, _state: Any, _teacher: bool) -> Rows:
    return [[PicturePanel(image, ("the original",))]]


def _plane(_image: ImageArray, state: PlaneState, teacher: bool) -> Rows:
    """Level curves; the teacher's copy has the four ends, too."""
    start = (state.x, state.y)
    curves = []
    for metric, is_second in ((state.first, False), (state.second, True)):
        level = float(plane_distance(metric, start))
        curves += [(level_curve(metric, part * level), is_second) for part in (0.4, 1.0, 2.0)]
    points: dict[str, Any] = {"O": REFERENCE, "start": start}
    if teacher:
        ways = plane_competition(start, state.first, state.second)
        points |= {letter: way.points[-1] for letter, way in zip("ABCD", ways, strict=True)}
    first, second = PLANE_METRICS[state.first][0], PLANE_METRICS[state.second][0]
    caption = (f"Orange: {first}. Blue: {second}.",)
    return [[PlanePanel(curves, points, ("left pixel", "right pixel"), caption)]]


def _wheel(image: ImageArray, state: EqualState, teacher: bool) -> Rows:
    """The original and its copies; the teacher's copy has the other metric's values, too."""
    tuned = wheel(image, state.metric, state.noise)
    others = other_values(image, tuned, state.other) if teacher else [None] * len(tuned)
    panels: list[Panel] = [PicturePanel(image, ("Original",))]
    for one, other in zip(tuned, others, strict=True):
        lines = [DISTORTIONS[one.name].title, f"{metric_title(state.metric)} {number(one.value)}"]
        lines += [f"{metric_title(state.other)} {number(other)}"] if other is not None else []
        panels.append(PicturePanel(one.image, tuple(lines)))
    return [panels[:5], panels[5:]]


def _neighbors(image: ImageArray, state: LasiState, _teacher: bool) -> Rows:
    """The picture, and enlarged the pixel with its neighbors, as strong as their weights."""
    row, column = min(state.row, image.shape[0] - 1), min(state.column, image.shape[1] - 1)
    look = look_at(image, row=row, column=column, channel=state.channel, neighborhood_size=state.n, ridge=state.ridge)
    near = np.pad(image, ((AROUND, AROUND), (AROUND, AROUND), (0, 0)), mode="edge")
    part = near[row : row + 2 * AROUND + 1, column : column + 2 * AROUND + 1]
    large = np.repeat(np.repeat(part, ENLARGED, axis=0), ENLARGED, axis=1)
    largest = float(np.abs(look.coefficients).max(initial=0)) or 1.0
    strongest: dict[tuple[int, int], float] = {}
    for (down, right, _), weight in zip(look.offsets.tolist(), look.coefficients.tolist(), strict=True):
        strongest[down, right] = max(strongest.get((down, right), 0.0), weight / largest, key=abs)
    for (down, right), weight in strongest.items():
        if max(abs(down), abs(right)) <= AROUND:
            _mark(large, down, right, POSITIVE if weight > 0 else NEGATIVE, abs(weight))
    _mark(large, 0, 0, (0.0, 0.0, 0.0), 1.0)
    numbers = f"predicted {look.predicted:.3f}, true {look.true:.3f}"
    caption = (f"Black: row {row}, column {column}, {CHANNELS[state.channel]}", numbers)
    return [[PicturePanel(image, ("The picture",)), PicturePanel(large, caption)]]


def _mark(large: ImageArray, down: int, right: int, color: tuple[float, float, float], strength: float) -> None:
    """Frame a pixel of the enlarged part, the thicker the stronger."""
    top, left = (AROUND + down) * ENLARGED, (AROUND + right) * ENLARGED
    cell = large[top : top + ENLARGED, left : left + ENLARGED]
    wide = 1 + round(strength * (ENLARGED // 2 - 2))
    inside = cell[wide:-wide, wide:-wide].copy()
    cell[:] = color
    cell[wide:-wide, wide:-wide] = inside


def _layers(image: ImageArray, state: LayersState, teacher: bool) -> Rows:
    """Both copies, and where each layer differs; the teacher's copy has the layers' parts, too."""
    copies = equal_copies(image, state.net, state.copy)
    rows: Rows = []
    for one in copies:
        row: list[Panel] = [PicturePanel(one.image, (f"{DISTORTIONS[one.name].title} {number(sum_of(one))}",))]
        for i, part in enumerate(one.maps):
            top = max(float(other.maps[i].max()) for other in copies) or 1.0
            shades = np.repeat(np.sqrt(np.clip(part / top, 0, 1))[..., None], 3, axis=2).astype(np.float32)
            value = f": {number(float(one.values[i]))}" if teacher else ""
            row.append(PicturePanel(_as_large(shades, image), (f"Layer {i + 1}{value}",)))
        rows.append(row)
    return rows


def _as_large(image: ImageArray, other: ImageArray) -> ImageArray:
    """An image whose pixels are repeated until it is as large as another one."""
    rows = np.arange(other.shape[0]) * image.shape[0] // other.shape[0]
    columns = np.arange(other.shape[1]) * image.shape[1] // other.shape[1]
    return image[rows][:, columns]


def _numbers(image: ImageArray, state: NumbersState, teacher: bool) -> Rows:
    """Both copies; the teacher's copy has them in every convention."""
    pair = make_pair(image, state.metric, state.near, state.far, lead=state.lead, strength=state.strength)
    readings = read_pair(image, pair.images, state.metric)
    if not teacher:
        values = [f"{metric_title(state.metric)} {number(value)}" for value in readings[0].values]
        titles = [
            f"{letter}: {DISTORTIONS[name].title}" for letter, name in zip("AB", (state.near, state.far), strict=True)
        ]
        copies = [
            PicturePanel(one, (title, value)) for one, title, value in zip(pair.images, titles, values, strict=True)
        ]
        return [[PicturePanel(image, ("Original",)), *copies]]
    flips = flipped(readings)
    panels: list[Panel] = []
    for reading in readings:
        title = CONVENTION_TITLES[reading.name]
        for letter, one, value in zip("AB", reading.images[1:], reading.values, strict=True):
            note = title if letter == "A" else "order flipped" if reading.name in flips else " "
            panels.append(PicturePanel(one, (note, f"{letter} {number(value)}")))
    return [panels[:6], panels[6:]]


def _level_sets(image: ImageArray, state: LevelSetsState, _teacher: bool) -> Rows:
    """The plane with the curves of both metrics, and the images that span it."""
    if state.plane == "distortions":
        plane, run = distortions_plane(image, state.across, state.up, state.strength), None
        metrics, third = (state.first, state.second), DISTORTIONS[state.up].title
        first, second = (plane_values(plane, metric, grid_places(coarse=True)) for metric in metrics)
    else:
        run = shelf_run(state.plane)
        plane, metrics, third = run_plane(run, state.third), metrics_of_run(run), state.third
        first, second = bundled_values(state.plane, state.third)
    origin, start = plane.project(np.stack([plane.reference, plane.first]))
    levels = [float(plane_values(plane, metric, [start])[0]) for metric in metrics]
    ends = extremes(first, second, levels) if run is None else [way[-1] for way in run_ways(plane, run)]
    inside = {
        letter: end.tolist()
        for letter, end in zip(LETTERS, ends, strict=True)
        if end is not None and ((end >= 0) & (end <= 1)).all()
    }
    drawn = zip((first, second), levels, (False, True), strict=True)
    curves = [(contour(of, part * level), is_second) for of, level, is_second in drawn for part in (1.0, *LEVELS)]
    fixed = (0, 1) if run is None else (metrics.index(run.results[LETTERS.index(state.third)].fixed),)
    titles = [metric_title(metric) for metric in metrics]
    caption = (f"Orange: {titles[0]}. Blue: {titles[1]}.", "Thick: as far as the start.")
    thick = tuple(one * (1 + len(LEVELS)) for one in fixed)
    points = {"O": origin.tolist(), "start": start.tolist(), **inside, "P": (state.u, state.v)}
    images = (plane.reference, plane.first, plane.second, plane.images([(state.u, state.v)])[0])
    named = ("Above: O, the original, and the start.", f"Below: {third}, and the picture at the place P.")
    return [[PlanePanel(curves, points, None, caption, thick), PicturePanel(_two_by_two(images), named)]]


def _two_by_two(images: Sequence[ImageArray]) -> ImageArray:
    """Four pictures as one, with white between them."""
    gap = max(1, max(images[0].shape) // 32)
    padded = [np.pad(one, ((0, gap), (0, gap), (0, 0)), constant_values=1) for one in images]
    rows = [np.concatenate(padded[i : i + 2], axis=1) for i in (0, 2)]
    return np.concatenate(rows)[:-gap, :-gap]


def _by_hand(image: ImageArray, state: ByHandState, teacher: bool) -> Rows:
    """The noise to match and a picture to draw on, or the painted one; the teacher's copy has the engine's answer."""
    noisy = noise_to_match(image, state.noise)
    painted = paint(image, state.strokes)
    fixed, judge = metric_title(state.fixed), metric_title(state.judge)
    reading = read(image, painted if state.strokes else noisy, state.fixed, state.judge, noise=state.noise)
    target = (f"{fixed} {number(reading.target)}", f"{judge} {number(reading.judge_of_noise)}")
    row: list[Panel] = [PicturePanel(image, ("Original",)), PicturePanel(noisy, ("Noise to match", *target))]
    if state.strokes:
        values = (f"{fixed} {number(reading.fixed)}", f"{judge} {number(reading.judge)}")
        row.append(PicturePanel(painted, ("Painted", *values)))
    elif not teacher:
        row.append(PicturePanel(image, ("Draw here what you", "would change")))
    if teacher:
        answer = let_engine_try(image, painted if state.strokes else noisy, state.fixed, state.judge)
        found = zip(("most", "least"), (answer.most, answer.least), answer.fixed, answer.judge, strict=True)
        for name, one, kept, judged in found:
            row.append(
                PicturePanel(one, (f"Engine, {name} different", f"{fixed} {number(kept)}", f"{judge} {number(judged)}"))
            )
    return [row]


def _texture(image: ImageArray, state: TextureState, teacher: bool) -> Rows:
    """Both copies with their distances at the least width; the teacher's copy has those at others, too."""
    found = curves(image, state.first, state.second, state.strength)
    widths = (SIGMAS[0], 4.0, SIGMAS[-1]) if teacher else SIGMAS[:1]
    panels: list[Panel] = [PicturePanel(image, ("Original",))]
    for i, (letter, name) in enumerate(zip("AB", (state.first, state.second), strict=True)):
        values = [f"σ = {sigma:g}: {number(found.at(sigma)[i])}" for sigma in widths]
        panels.append(PicturePanel(found.copies[i], (f"{letter}: {COPIES[name].title}", *values)))
    return [panels]


def _together(_image: ImageArray, state: TogetherState, teacher: bool) -> Rows:
    """The pairs of stored runs with one metric fixed; the teacher's copy has that with the sum fixed, too."""
    runs = stored_runs(PICTURES[0] if state.source == OWN else state.source, state.judge)
    asked = fixed_metrics(state.judge, [state.alpha])
    panels: list[Panel] = []
    for run in (run for run in runs if run.fixed in asked and (teacher or run.fixed in PARTS)):
        for one, values in zip(run.images, run.values, strict=True):
            judged = f"{metric_title(run.judge)} {number(values[run.judge])}"
            kept = f"{metric_title(run.fixed)} {number(values[run.fixed])}"
            panels.append(PicturePanel(one, (judged, kept)))
    return [panels]


PANELS: Mapping[str, Callable[[ImageArray, Any, bool], Rows]] = {
    "mad": _plane,
    "level-sets": _level_sets,
    "equal": _wheel,
    "lasi": _neighbors,
    "lpips": _layers,
    "by-hand": _by_hand,
    "numbers": _numbers,
    "texture": _texture,
    "together": _together,
}
"""By lesson: its pictures in a state, from the picture, the state, and whether it is the teacher's copy."""
