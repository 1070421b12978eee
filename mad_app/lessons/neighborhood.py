"""Lesson "What does LASI look at?": the regression of one element, with what it looks at and what it predicts.

An element p is predicted from its N nearest earlier elements n by the weights that fit all earlier elements best,

    w = argmin Σ_{q<p} ω^{|p−q|₁} (x_q − wᵀ n_q)² + λ ‖w‖²

The result is that of `lasi.LASI.coefficients` and `prediction`, which solve it for all elements at once; for one
element the sums are computed as they stand, in float64, at any N without compiling. Images are (H, W, 3) in [0, 1];
LASI sees them in [−1, 1], and so do losses and errors here.

Source: Severo, Theis, Ballé, "The Unreasonable Effectiveness of Linear Prediction as a Perceptual Metric", ICLR 2024.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from lasi import flat_neighborhood
from lasi.causal_sum import DECAY
from lasi.metric import RIDGE_UNIT
from mad_app.declaration import check_settings, setting
from mad_app.errors import ArgumentError
from mad_app.images import ImageArray, check_image
from mad_app.lessons.lesson import check_choice

LARGEST = 50
"""Largest neighborhood of the lesson."""

CHANNELS = ("red", "green", "blue")

VIEWS = {"pixel": "One pixel", "picture": "All pixels", "copy": "Two pictures"}
"""What of a picture is looked at: name to title."""

COPIES = ("blur", "noise", "jpeg", "contrast", "brightness", "hue", "shift")
"""Distortions of the second picture, each at its usual strength."""

Values = npt.NDArray[np.float64]


@dataclass(frozen=True)
class LasiState:
    """What is looked at.

    Raises:
        ArgumentError: a setting is out of its range.
    """

    view: str = setting("pixel", label="Look at", help="One pixel, all of them, or two pictures.", group="picture")
    row: int = setting(30, label="Row", help="Of the pixel, from the top.", group="picture", minimum=0, maximum=1023)
    column: int = setting(
        30, label="Column", help="Of the pixel, from the left.", group="picture", minimum=0, maximum=1023
    )
    channel: int = setting(
        1, label="Channel", help="Which color of the pixel is predicted.", group="picture", minimum=0, maximum=2
    )
    n: int = setting(
        10,
        label="Neighbors N",
        help="From how many earlier elements each one is predicted.",
        group="measurement",
        minimum=1,
        maximum=LARGEST,
    )
    ridge: float = setting(
        1.0,
        label="Ridge",
        help="Keeps the weights small, where few earlier elements would not determine them; 1 is the authors' value.",
        group="measurement",
        minimum=0.01,
        maximum=100.0,
    )

    copy: str = setting("blur", label="Second picture", help="A distorted copy of the picture.", group="start")

    def __post_init__(self) -> None:
        check_settings(self)
        check_choice("view", self.view, VIEWS)
        check_choice("copy", self.copy, COPIES)


@dataclass(frozen=True, eq=False)
class Look:
    """The regression of one element.

    Attributes:
        offsets: (N, 3), row, column and channel of each neighbor relative to the element, nearest first; fewer near
            the first element.
        coefficients: (N,), the weight of each neighbor.
        predicted: the value of the element that they give, in the units of the image, [0, 1].
        true: its value.
        loss: Σ_{q<p} ω^{|p−q|₁} (x_q − wᵀ n_q)², of values in [−1, 1].
    """

    offsets: npt.NDArray[np.int64]
    coefficients: Values
    predicted: float
    true: float
    loss: float


@dataclass(frozen=True, eq=False)
class Growth:
    """What becomes of a prediction as N grows.

    Attributes:
        losses: (M,), the loss of `Look` for N = 1 … M.
        errors: (M,), the squared error of the prediction, of values in [−1, 1].
    """

    losses: Values
    errors: Values


def look_at(
    image: npt.ArrayLike, *, row: int, column: int, channel: int, neighborhood_size: int = 10, ridge: float = 1.0
) -> Look:
    """What LASI looks at to predict one element of an image.

    Args:
        image: float32 (H, W, 3) in [0, 1].
        row: of the element, from 0.
        column: likewise.
        channel: 0, 1 or 2.
        neighborhood_size: N, from 1 to 50.
        ridge: λ in units of 80/127.5, above 0.

    Raises:
        ArgumentError: the image is not of this form, or a number is out of its range.

    Example:
        >>> image = np.tile(np.linspace(0, 1, 8, dtype=np.float32)[:, None, None], (1, 8, 3))
        >>> look = look_at(image, row=4, column=4, channel=1, neighborhood_size=3)
        >>> look.offsets.tolist(), round(look.true, 3)
        ([[-1, 0, 0], [0, -1, 0], [0, 0, -1]], 0.571)
    """
    if not 1 <= neighborhood_size <= LARGEST:
        raise ArgumentError("neighborhood_size", f"must lie between 1 and {LARGEST}, got {neighborhood_size}")
    regression = _regression(check_image(image, "image"), row, column, channel, ridge)
    shape = np.shape(image)
    found = neighbors_of_all(shape)[np.ravel_multi_index((row, column, channel), shape), :neighborhood_size]
    found = found[found >= 0]
    w = regression.solve(neighborhood_size)
    return Look(
        offsets=np.stack(np.unravel_index(found, shape), axis=1) - (row, column, channel),
        coefficients=w[: len(found)],
        predicted=(regression.predict(w) + 1) / 2,
        true=(regression.own + 1) / 2,
        loss=regression.loss(w),
    )


def grow(image: npt.ArrayLike, *, row: int, column: int, channel: int, ridge: float = 1.0) -> Growth:
    """The loss and the error of the prediction of one element for N = 1 … 50; arguments and errors as of `look_at`."""
    regression = _regression(check_image(image, "image"), row, column, channel, ridge)
    weights = [regression.solve(n) for n in range(1, LARGEST + 1)]
    return Growth(
        np.array([regression.loss(w) for w in weights]),
        np.array([(regression.own - regression.predict(w)) ** 2 for w in weights]),
    )


def grow_on_average(image: npt.ArrayLike, *, ridge: float = 1.0, count: int = 9) -> Growth:
    """The mean of `grow` over pixels in a grid, each in all three channels.

    Args:
        image: float32 (H, W, 3) in [0, 1].
        ridge: as of `look_at`.
        count: about how many pixels; at least 1.
    """
    height, width, channels = check_image(image, "image").shape
    side = max(1, round(count**0.5))
    rows, columns = (((np.arange(side) + 0.5) * length / side).astype(int) for length in (height, width))
    found = [
        grow(image, row=int(row), column=int(column), channel=(i + j) % channels, ridge=ridge)
        for i, row in enumerate(rows)
        for j, column in enumerate(columns)
    ]
    return Growth(np.mean([one.losses for one in found], axis=0), np.mean([one.errors for one in found], axis=0))


@dataclass(frozen=True, eq=False)
class _Regression:
    """The sums of one element's regression on its 50 nearest neighbors; the first N rows and columns are those of N.

    Attributes:
        normal: Σ ω n nᵀ, (50, 50).
        right: Σ ω x n, (50,).
        energy: Σ ω x².
        own: the element's value in [−1, 1].
        neighbors: those of its neighbors, 0 where there is none, (50,).
        ridge: λ.
    """

    normal: Values
    right: Values
    energy: float
    own: float
    neighbors: Values
    ridge: float

    def solve(self, n: int) -> Values:
        """The weights of the n nearest neighbors, (n,)."""
        ridge = self.ridge * np.eye(n)
        return np.asarray(np.linalg.solve(self.normal[:n, :n] + ridge, self.right[:n]), np.float64)

    def predict(self, w: Values) -> float:
        return float(self.neighbors[: len(w)] @ w)

    def loss(self, w: Values) -> float:
        """Σ ω x² − 2 wᵀb + wᵀA w."""
        n = len(w)
        return max(0.0, float(self.energy - 2 * w @ self.right[:n] + w @ self.normal[:n, :n] @ w))


def _regression(image: ImageArray, row: int, column: int, channel: int, ridge: float) -> _Regression:
    for name, value, length in zip(("row", "column", "channel"), (row, column, channel), image.shape, strict=True):
        if not 0 <= value < length:
            raise ArgumentError(name, f"must lie between 0 and {length - 1}, got {value}")
    if not ridge > 0:
        raise ArgumentError("ridge", f"must be above 0, got {ridge}")
    index = int(np.ravel_multi_index((row, column, channel), image.shape))
    values = np.append(2 * image.astype(np.float64).ravel() - 1, 0)  # the last one is read where no neighbor is
    predictors = values[neighbors_of_all(image.shape)[: index + 1]]
    x, weighted = values[:index], _weights(image.shape, row, column, channel)[:index, None] * predictors[:-1]
    return _Regression(
        normal=weighted.T @ predictors[:-1],
        right=weighted.T @ x,
        energy=float(_weights(image.shape, row, column, channel)[:index] @ x**2),
        own=float(values[index]),
        neighbors=predictors[-1],
        ridge=RIDGE_UNIT * ridge,
    )


def _weights(shape: tuple[int, ...], row: int, column: int, channel: int) -> Values:
    """ω^{|p−q|₁} of every element q in raster order."""
    distances = [np.abs(np.arange(length) - at) for length, at in zip(shape, (row, column, channel), strict=True)]
    apart = distances[0][:, None, None] + distances[1][:, None] + distances[2]
    return np.asarray(DECAY ** apart.ravel(), np.float64)


@lru_cache(maxsize=4)
def neighbors_of_all(shape: tuple[int, ...]) -> npt.NDArray[np.int64]:
    """The 50 nearest earlier elements of every element, −1 where there is none, (H·W·C, 50)."""
    height, width, channels = shape
    return flat_neighborhood((height, width, channels), LARGEST)


def python_of(state: LasiState) -> str:
    """The lines that give the lesson's numbers for the image `reference`."""
    if state.view == "picture":
        return f"""from mad_app.lessons.regressions import finding_of, survey

found = survey(reference, ridge={state.ridge:g})  # for N = 1 … 50: .predictions (50, H, W, 3), .losses, .errors
prediction = found.predictions[{state.n} - 1]
residual = reference - prediction
finding = finding_of(found)
"""
    if state.view == "copy":
        return f"""from mad_app.distortions import DISTORTIONS, distort
from mad_app.lessons.regressions import embedding_distances

copy = distort(reference, "{state.copy}", strength=DISTORTIONS["{state.copy}"].default, seed=0)
apart = embedding_distances(reference, copy, ridge={state.ridge:g})[{state.n} - 1]  # (H, W); apart.mean() is LASI
"""
    where = f"row={state.row}, column={state.column}, channel={state.channel}"
    return f"""from lasi import LASI
from mad_app.lessons.neighborhood import grow, grow_on_average, look_at

look = look_at(reference, {where}, neighborhood_size={state.n}, ridge={state.ridge:g})
look.coefficients, look.predicted, look.true, look.loss
growth = grow(reference, {where}, ridge={state.ridge:g})  # growth.losses, growth.errors for N = 1 … 50
average = grow_on_average(reference, ridge={state.ridge:g})

lasi = LASI(reference.shape, {state.n}, {state.ridge:g})  # the same weights for all elements at once, (H, W, 3, N)
everywhere = lasi.coefficients(2 * reference - 1)
"""
