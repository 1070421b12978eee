"""A plane through the space of images: the reference and two others span it, and it is drawn without distortion.

Its axes e₁ and e₂ are orthogonal and of one length, so that the Euclidean distance, and with it MSE, is true in it: e₁
leads from the reference to the first image, e₂ from there toward the second. A square window contains the three. Places
in it are fractions (u, v) of its sides, from 0 to 1, v upward. Where a place would have colors beyond black or white,
they are cut off.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mad_app.errors import ArgumentError
from mad_app.images import ImageArray, check_image
from mad_app.lessons.contours import Points

MARGIN = 0.25
"""Of the window around the three images, as a fraction of their extent."""

FLATTEST = 0.05
"""Least distance of the second image from the line through the other two, in lengths of the first axis."""


@dataclass(frozen=True, eq=False)
class Plane:
    """A plane and the window in it.

    Attributes:
        reference: (H, W, 3) in [0, 1].
        first: the image at the end of e₁.
        second: the other one.
        axes: e₁ and e₂, (2, H, W, 3), orthogonal and equally long.
        second_at: where the second image lies, in units of the axes.
        corner: of the window at u = v = 0, likewise.
        side: of the window, likewise.
    """

    reference: ImageArray
    first: ImageArray
    second: ImageArray
    axes: npt.NDArray[np.float64]
    second_at: tuple[float, float]
    corner: tuple[float, float]
    side: float

    @property
    def mixture(self) -> Points:
        """(2, 3): m · (u, v, 1) are the parts of both images, less the reference, in the image at (u, v)."""
        along = np.array([[self.side, 0, self.corner[0]], [0, self.side, self.corner[1]]])
        part, height = self.second_at
        return np.array([[1, -part / height], [0, 1 / height]]) @ along

    def images(self, places: npt.ArrayLike) -> ImageArray:
        """The images at places of the window, (N, 2) to float32 (N, H, W, 3) in [0, 1]."""
        along = np.asarray(places, np.float64) * self.side + self.corner
        moved = along.astype(np.float32) @ self.axes.astype(np.float32).reshape(2, -1)
        moved += self.reference.ravel()
        return np.clip(moved, 0, 1, out=moved).reshape(-1, *self.reference.shape)

    def project(self, images: npt.ArrayLike) -> Points:
        """The places nearest to images, float (N, H, W, 3) to (N, 2); they may lie outside the window."""
        away = np.asarray(images, np.float64) - self.reference
        along = np.tensordot(away, self.axes, axes=([1, 2, 3], [1, 2, 3])) / np.sum(self.axes[0] ** 2)
        return np.asarray((along - self.corner) / self.side)


def plane_through(reference: npt.ArrayLike, first: npt.ArrayLike, second: npt.ArrayLike) -> Plane:
    """The plane through three images.

    Args:
        reference: float32 (H, W, 3) in [0, 1].
        first: likewise, another image.
        second: likewise, not on the line through both.

    Raises:
        ArgumentError: an image is not of this form, or the three lie on a line.

    Example:
        >>> black = np.zeros((2, 2, 3), np.float32)
        >>> red, gray = black + np.float32([1, 0, 0]), black + np.float32(0.5)
        >>> plane = plane_through(black, red, gray)
        >>> plane.images(plane.project(np.stack([red, gray])))[:, 0, 0].round(3).tolist()
        [[1.0, 0.0, 0.0], [0.5, 0.5, 0.5]]
    """
    images = [check_image(reference, "reference"), check_image(first, "first"), check_image(second, "second")]
    origin, one, other = (image.astype(np.float64) for image in images)
    across, toward = one - origin, other - origin
    length = float(np.sum(across**2)) ** 0.5
    if length == 0:
        raise ArgumentError("first", "must be another image than the reference")
    part = float(np.sum(toward * across)) / length**2
    upward = toward - part * across
    height = float(np.sum(upward**2)) ** 0.5 / length
    if height < FLATTEST:
        raise ArgumentError("second", "must not lie on the line through the reference and the first image")
    spanned = np.array([[0, 0], [1, 0], [part, height]])
    low, high = spanned.min(axis=0), spanned.max(axis=0)
    side = float((high - low).max()) * (1 + 2 * MARGIN)
    left, bottom = (low + high - side) / 2
    return Plane(
        reference=images[0],
        first=images[1],
        second=images[2],
        axes=np.stack([across, upward / height]),
        second_at=(part, height),
        corner=(float(left), float(bottom)),
        side=side,
    )
