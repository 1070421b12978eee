"""The mean squared error against NumPy."""

import numpy as np

from mad_app.metrics import get_metric
from tests.mad_app.metrics.pictures import noisy, smooth_picture


def test_mse_is_the_mean_of_squared_differences() -> None:
    reference = smooth_picture(24)
    images = noisy(reference, 0.05, 0.2, 0.4)
    expected = [((np.asarray(image, np.float64) - np.asarray(reference, np.float64)) ** 2).mean() for image in images]
    np.testing.assert_allclose(get_metric("mse").bind(reference).distances(images), expected, rtol=1e-6)


def test_the_gradient_of_mse_is_that_of_the_formula() -> None:
    reference = smooth_picture(24)
    images = noisy(reference, 0.1, 0.3)
    _, gradients = get_metric("mse").bind(reference).value_and_grad(images)
    np.testing.assert_allclose(gradients, 2 * (images - reference[None]) / reference.size, rtol=1e-5, atol=1e-12)
