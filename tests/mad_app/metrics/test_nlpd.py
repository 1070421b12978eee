"""NLPD: against the authors' Matlab program NLP_dist.m, written out with SciPy's counterparts of its functions."""

import numpy as np
import pytest
from scipy.ndimage import correlate
from scipy.signal import convolve2d

from mad_app.metrics import get_metric
from tests.mad_app.metrics.pictures import noisy, smooth_picture

BURT_ADELSON = np.outer([0.05, 0.25, 0.4, 0.25, 0.05], [0.05, 0.25, 0.4, 0.25, 0.05])
SIGMAS = (0.0248, 0.0185, 0.0179, 0.0191, 0.0220, 0.2782)
F2 = (
    [[0, 0, 0.1011, 0, 0], [0, 0.1493, 0, 0.1460, 0.0072], [0, 0, 0.1015, 0, 0]],
    [[0, 0, 0.0757, 0, 0], [0, 0.1986, 0, 0.1846, 0], [0, 0, 0.0837, 0, 0]],
    [[0, 0, 0.0477, 0, 0], [0, 0.2138, 0, 0.2243, 0], [0, 0, 0.0467, 0, 0]],
    [[0, 0, 0, 0, 0], [0, 0.2503, 0, 0.2616, 0], [0, 0, 0, 0, 0]],
    [[0, 0, 0, 0, 0], [0, 0.2598, 0, 0.2552, 0], [0, 0, 0, 0, 0]],
    [[0, 0, 0, 0, 0], [0, 0.2215, 0, 0.0717, 0], [0, 0, 0, 0, 0]],
)


def enlarged(image: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    padded = np.pad(image, 1, mode="edge")
    spread = np.zeros((2 * padded.shape[0], 2 * padded.shape[1]))
    spread[::2, ::2] = 4 * padded
    return correlate(spread, BURT_ADELSON, mode="constant")[2 : 2 + shape[0], 2 : 2 + shape[1]]


def nlp(image: np.ndarray) -> list[np.ndarray]:
    levels = []
    for _ in range(5):
        smaller = correlate(image, BURT_ADELSON, mode="reflect")[::2, ::2]  # SciPy's "reflect" is Matlab's "symmetric"
        levels.append(image - enlarged(smaller, image.shape))
        image = smaller
    levels.append(image)
    return [
        level / (sigma + convolve2d(np.abs(level), window, mode="same"))
        for level, sigma, window in zip(levels, SIGMAS, F2, strict=True)
    ]


def nlp_dist(one: object, other: object) -> float:
    pyramids = (nlp(np.asarray(picture, np.float64) @ [0.299, 0.587, 0.114]) for picture in (one, other))
    return float(np.mean([np.sqrt(np.mean((x - y) ** 2)) for x, y in zip(*pyramids, strict=True)]))


@pytest.mark.parametrize("shape", [(96, 96), (101, 130)])
def test_it_is_that_of_the_authors(shape: tuple[int, int]) -> None:
    reference = smooth_picture(130)[: shape[0], : shape[1]]
    images = noisy(reference, 0.02, 0.2)
    expected = [nlp_dist(reference, image) for image in images]
    np.testing.assert_allclose(get_metric("nlpd").bind(reference).distances(images), expected, rtol=1e-4)
