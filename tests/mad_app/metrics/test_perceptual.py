"""LASI's adapter against the package lasi itself."""

import numpy as np

from lasi import LASI
from mad_app.metrics import get_metric
from tests.mad_app.metrics.pictures import noisy, smooth_picture


def test_lasi_is_that_of_the_package_between_minus_one_and_one() -> None:
    shape = (12, 17, 3)
    reference = smooth_picture(17)[: shape[0], : shape[1]]
    images = noisy(reference, 0.05, 0.3)
    lasi = LASI(shape, neighborhood_size=3)
    expected = [lasi.compute_distance(2 * reference - 1, 2 * image - 1) for image in images]
    np.testing.assert_allclose(get_metric("lasi:3").bind(reference).distances(images), expected, rtol=1e-5)
