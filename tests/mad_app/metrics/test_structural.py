"""The indices of piq as distances: against formulas written out here, exact at identity, with finite gradients."""

import jax.numpy as jnp
import numpy as np
import piq
import pytest
import torch
from numpy.lib.stride_tricks import sliding_window_view

from mad_app.metrics import METRICS, get_metric
from mad_app.metrics.safe_sqrt import SafeSqrt
from mad_app.metrics.structural import DISTANCES
from tests.mad_app.metrics.pictures import formula_pair, noisy, smooth_picture

SIZE = 64
GOLDEN = {
    "ssim": 0.45840117,
    "ms-ssim": 0.03295780,
    "gmsd": 0.00547848,
    "fsim": 0.16377527,
    "haarpsi": 0.04891831,
    "vif": 0.67044840,
    "mdsi": 0.27954875,
    "vsi": 0.05856577,
}
"""Of the formula pair at 64 pixels (MS-SSIM at 176), by piq 0.8.0 in float64: a new piq may not change them."""


def size_of(name: str) -> int:
    return max(SIZE, METRICS[name].minimum_size + 15)


def as_torch(pictures: object) -> torch.Tensor:
    """(N, H, W, 3) as (N, 3, H, W) in float64."""
    return torch.from_numpy(np.array(pictures, np.float64)).permute(0, 3, 1, 2).contiguous()


def ssim_by_the_paper(x: np.ndarray, y: np.ndarray) -> float:
    """Wang et al. 2004, equation 13, windows wholly inside the picture, the mean over windows and channels."""
    weights = np.exp(-((np.arange(11) - 5) ** 2) / (2 * 1.5**2))
    weights /= weights.sum()

    def mean(values: np.ndarray) -> np.ndarray:
        for axis in (0, 1):
            values = sliding_window_view(values, 11, axis=axis) @ weights
        return values

    variance_x, variance_y = mean(x * x) - mean(x) ** 2, mean(y * y) - mean(y) ** 2
    covariance = mean(x * y) - mean(x) * mean(y)
    luminance = (2 * mean(x) * mean(y) + 0.01**2) / (mean(x) ** 2 + mean(y) ** 2 + 0.01**2)
    return float((luminance * (2 * covariance + 0.03**2) / (variance_x + variance_y + 0.03**2)).mean())


def gmsd_by_the_paper(x: np.ndarray, y: np.ndarray) -> float:
    """Xue et al. 2014 on the luma of YIQ, halved; the constant 170 of their program belongs to 0…255."""

    def gradient(picture: np.ndarray) -> np.ndarray:
        luma = 255 * (picture @ np.array([0.299, 0.587, 0.114]))
        height, width = luma.shape
        halved = luma.reshape(height // 2, 2, width // 2, 2).mean(axis=(1, 3))
        prewitt = np.outer(np.ones(3), [1, 0, -1]) / 3
        windows = sliding_window_view(np.pad(halved, 1), (3, 3))
        across, down = (np.einsum("hwij,ij->hw", windows, kernel) for kernel in (prewitt, prewitt.T))
        return np.hypot(across, down)

    gradient_x, gradient_y = gradient(x), gradient(y)
    return float(((2 * gradient_x * gradient_y + 170) / (gradient_x**2 + gradient_y**2 + 170)).std())


@pytest.mark.parametrize("size", [SIZE, 400])
def test_ssim_is_that_of_the_paper_at_every_size(size: int) -> None:
    reference = smooth_picture(size)
    (image,) = noisy(reference, 0.1)
    (distance,) = get_metric("ssim").bind(reference).distances(image[None])
    expected = 1 - ssim_by_the_paper(np.asarray(reference, np.float64), np.asarray(image, np.float64))
    assert distance == pytest.approx(expected, rel=1e-5)


def test_gmsd_is_that_of_the_paper() -> None:
    reference = smooth_picture(SIZE)
    (image,) = noisy(reference, 0.1)
    (distance,) = get_metric("gmsd").bind(reference).distances(image[None])
    expected = gmsd_by_the_paper(np.asarray(reference, np.float64), np.asarray(image, np.float64))
    assert distance == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("name", DISTANCES)
def test_values_are_those_stored(name: str) -> None:
    reference, image = formula_pair(size_of(name))
    assert DISTANCES[name](as_torch([image]), as_torch([reference])).item() == pytest.approx(GOLDEN[name], abs=1e-8)


@pytest.mark.parametrize("name", DISTANCES)
def test_single_precision_is_near_double(name: str) -> None:
    reference, image = formula_pair(size_of(name))
    (distance,) = get_metric(name).bind(reference).distances(image[None])
    assert distance == pytest.approx(GOLDEN[name], rel=3e-4)


@pytest.mark.parametrize("name", DISTANCES)
def test_safe_roots_change_no_value(name: str) -> None:
    reference = smooth_picture(size_of(name))
    images, references = as_torch(noisy(reference, 0.02, 0.2)), as_torch([reference, reference])
    with SafeSqrt():
        inside = DISTANCES[name](images, references)
    assert torch.equal(inside, DISTANCES[name](images, references))


@pytest.mark.parametrize("name", DISTANCES)
def test_gradients_agree_with_differences_in_double_precision(name: str) -> None:
    """With steps so small that even the steepest parts of FSIM and VSI are linear."""
    reference = smooth_picture(size_of(name))
    references = as_torch([reference])
    image = as_torch(noisy(reference, 0.05)).requires_grad_()
    with SafeSqrt():
        (gradient,) = torch.autograd.grad(DISTANCES[name](image, references).sum(), image)
    directions = torch.rand((2, *gradient.shape), generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    for direction in directions * gradient.sign():
        step = 1e-7 * direction
        with torch.no_grad():
            ahead, behind = (DISTANCES[name](image + sign * step, references) for sign in (1, -1))
        predicted = (gradient * direction).sum().item()
        assert (ahead - behind).item() / 2e-7 == pytest.approx(predicted, rel=2e-3)


@pytest.mark.parametrize("name", DISTANCES)
@pytest.mark.parametrize("level", [0.0, 0.5, 1.0])
def test_flat_pictures_have_finite_gradients(name: str, level: float) -> None:
    """One identical to a flat reference, one of another level, and one half flat, half noise."""
    reference = jnp.full((size_of(name), size_of(name), 3), level, jnp.float32)
    half = reference.at[: size_of(name) // 2].set(noisy(smooth_picture(size_of(name)), 0.2)[0, : size_of(name) // 2])
    images = jnp.stack([reference, jnp.full_like(reference, 0.25), half])
    distances, gradients = get_metric(name).bind(reference).value_and_grad(images)
    assert distances[0] == 0
    assert not gradients[0].any()
    assert jnp.isfinite(distances).all()
    assert jnp.isfinite(gradients).all()


@pytest.mark.parametrize("name", DISTANCES)
def test_an_image_is_at_distance_exactly_zero_from_itself(name: str) -> None:
    reference = noisy(smooth_picture(size_of(name)), 0.2)[0]
    distances, gradients = get_metric(name).bind(reference).value_and_grad(reference[None])
    assert float(distances[0]) == 0
    assert not gradients.any()


def test_raised_contrast_is_a_distance_by_vif_too() -> None:
    reference = smooth_picture(SIZE)
    raised = jnp.clip(0.5 + 1.3 * (reference - 0.5), 0, 1)
    assert piq.vif_p(as_torch([raised]), as_torch([reference])) > 1
    (distance,) = get_metric("vif").bind(reference).distances(raised[None])
    assert distance > 0.01


def test_values_out_of_range_by_rounding_are_accepted() -> None:
    reference = smooth_picture(SIZE)
    images = noisy(reference, 0.3) + 1e-6
    assert jnp.isfinite(get_metric("ssim").bind(reference).distances(images)).all()


def test_roots_have_derivative_zero_at_zero_only() -> None:
    base = torch.tensor([0.0, 0.25], requires_grad=True)
    exponents = torch.tensor([0.5, 0.5])
    with SafeSqrt():
        roots = [base.sqrt(), torch.sqrt(base), base**0.5, base.pow(0.5), torch.pow(base, 0.5), base**exponents]
    for root in roots:
        assert torch.equal(root, base.detach().sqrt())
        assert torch.equal(torch.autograd.grad(root.sum(), base)[0], torch.tensor([0.0, 1.0]))


def test_other_powers_and_invalid_roots_are_left_alone() -> None:
    base = torch.tensor([-1.0, 0.0, 3.0])
    with SafeSqrt():
        assert torch.equal(base**2, torch.tensor([1.0, 0.0, 9.0]))
        assert torch.equal(base**0, torch.ones(3))
        assert base.sqrt().isnan().tolist() == [True, False, False]
        assert (base**0.5).isnan().tolist() == [True, False, False]
