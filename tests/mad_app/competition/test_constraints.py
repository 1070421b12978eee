"""Constraints hold exactly in every step and in 8 bits, levels are kept, and gradients are those of the params."""

import functools
import itertools
from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mad_app.competition import Settings, Step, compete, parametrization, quantize_at_level
from mad_app.distortions import distort
from mad_app.errors import ArgumentError
from mad_app.images import bundled_path, load_image
from mad_app.metrics import Metric, get_metric
from tests.mad_app.competition.quadratics import FORM, SQUARE_NORM, reference_and_start

SIZE = 32
MASK = np.zeros((SIZE, SIZE), bool)
MASK[4:20, 8:30] = True
CONSTRAINTS: dict[str, tuple[dict[str, object], bool]] = {
    "gray": ({"gray": True}, False),
    "mask": ({}, True),
    "max change": ({"max_change": 0.05}, False),
    "low pass": ({"low_pass": 4.0}, False),
    "all": ({"gray": True, "max_change": 0.2, "low_pass": 3.0}, True),
}
"""Settings, and whether there is a mask."""


def pictures(*, gray: bool) -> tuple[np.ndarray, np.ndarray]:
    """A reference and a noisy start, some of whose values are 0 or 1."""
    reference = load_image(bundled_path("cameraman" if gray else "coffee"), size=SIZE)
    start = distort(reference, "noise", strength=0.15, seed=0)
    start = np.repeat(start[..., :1], 3, axis=2) if gray else start
    assert (start == 0).any()
    return reference, start


@functools.cache
def run(case: str, steps: int = 25) -> tuple[Settings, np.ndarray | None, np.ndarray, np.ndarray, list[Step]]:
    """A competition that several tests look at and none changes."""
    changes, masked = CONSTRAINTS[case]
    settings, mask = Settings(steps=steps, **changes), MASK if masked else None  # type: ignore[arg-type]
    reference, start = pictures(gray=settings.gray)
    steps_ = list(compete(reference, start, get_metric("ssim"), get_metric("mse"), settings, mask=mask))
    return settings, mask, reference, start, steps_


def assert_admissible(image: np.ndarray, start: np.ndarray, settings: Settings, mask: np.ndarray | None) -> None:
    assert image.min() >= 0
    assert image.max() <= 1
    if settings.gray:
        np.testing.assert_array_equal(image, np.repeat(image[..., :1], 3, axis=2))
    if mask is not None:
        np.testing.assert_array_equal(image[~mask], start[~mask])
    reach = np.float32(settings.max_change or 1)
    assert (image >= start - reach).all()
    assert (image <= start + reach).all()
    if settings.low_pass is not None:
        assert_smooth(image, start, reach, settings.low_pass, np.ones(image.shape[:2], bool) if mask is None else mask)


def assert_smooth(image: np.ndarray, start: np.ndarray, reach: float, low_pass: float, mask: np.ndarray) -> None:
    """Where a change is not cut off, it is a sum of slow cosines: their least squares leave nothing."""
    side, index = image.shape[0], np.arange(int(2 * low_pass) + 1)
    one = np.cos(np.pi * index[:, None] * (np.arange(side) + 0.5) / side)
    low = [(k, m) for k, m in itertools.product(index, index) if np.hypot(k, m) / 2 <= low_pass]
    basis = np.stack([np.outer(one[k], one[m]) for k, m in low], axis=-1)
    for channel in range(3):
        x, s = image[..., channel], start[..., channel]
        inside = mask & (x > np.maximum(s - reach, 0) + 1e-6) & (x < np.minimum(s + reach, 1) - 1e-6)
        assert inside.sum() > basis.shape[-1]
        wanted = (x - s)[inside].astype(np.float64)
        found, *_ = np.linalg.lstsq(basis[inside], wanted, rcond=None)
        assert np.abs(basis[inside] @ found - wanted).max() < 2e-6


@pytest.mark.parametrize("case", CONSTRAINTS)
def test_every_step_is_admissible_and_the_levels_are_kept(case: str) -> None:
    settings, mask, _, start, steps = run(case)
    for step in steps[::8] + steps[-1:]:
        for image in np.asarray(step.images):
            assert_admissible(image, start, settings, mask)
    assert np.abs(steps[-1].drift).max() <= 1e-3
    np.testing.assert_allclose(steps[0].images, np.stack([start] * 4), atol=1e-7)
    first, last = steps[0], steps[-1]
    assert last.first[0] > 1.02 * first.first[0]
    assert last.first[1] < 0.98 * first.first[1]
    assert last.second[2] > 1.02 * first.second[2]
    assert last.second[3] < 0.98 * first.second[3]


@pytest.mark.parametrize("case", CONSTRAINTS)
def test_the_saved_images_keep_the_constraints_and_their_levels(case: str) -> None:
    settings, mask, reference, start, steps = run(case)
    first, second = (get_metric(name).bind(jnp.asarray(reference)) for name in ("ssim", "mse"))
    levels = np.array([steps[0].second[0]] * 2 + [steps[0].first[2]] * 2)
    bounds = parametrization(start, settings, mask).bounds_8bit(settings)
    saved = quantize_at_level(np.asarray(steps[-1].images), first, second, levels, bounds=bounds, gray=settings.gray)
    start_8bit = np.rint(start * 255)
    if settings.gray:
        np.testing.assert_array_equal(saved, np.repeat(saved[..., :1], 3, axis=3))
    if mask is not None:
        np.testing.assert_array_equal(saved[:, ~mask], np.stack([start_8bit[~mask]] * 4))
    assert np.abs(saved - start_8bit).max() <= 255 * (settings.max_change or 1)
    shown = jnp.asarray(saved / np.float32(255))
    fixed = np.concatenate([second.distances(shown)[:2], first.distances(shown)[2:]])
    assert np.abs(fixed / levels - 1).max() < 0.005


@pytest.mark.parametrize("case", CONSTRAINTS)
def test_resumed_it_goes_on_bit_for_bit(case: str) -> None:
    settings, mask, reference, start, steps = run(case, steps=8)
    arguments = (reference, start, get_metric("ssim"), get_metric("mse"), settings)
    for step, other in zip(steps[4:], compete(*arguments, mask=mask, resume=steps[3]), strict=True):
        np.testing.assert_array_equal(step.images, other.images)
        np.testing.assert_array_equal(step.drift, other.drift)


@pytest.mark.parametrize(("name", "low_pass", "share"), [("coffee", 4.0, 0.02), ("galaxies", 2.0, 0.08)])
def test_a_smooth_change_stays_smooth_where_it_meets_black_and_white(name: str, low_pass: float, share: float) -> None:
    picture = load_image(bundled_path(name), size=SIZE)
    start = distort(picture, "noise", strength=0.1, seed=0)
    settings = Settings(steps=40, low_pass=low_pass)
    *_, last = compete(picture, start, get_metric("ssim"), get_metric("mse"), settings)
    cycles = np.arange(SIZE) / 2
    basis = np.cos(np.pi * 2 * cycles[:, None] * (np.arange(SIZE) + 0.5) / SIZE)
    basis /= np.linalg.norm(basis, axis=1, keepdims=True)
    energy = np.einsum("kh,lw,nhwc->nklc", basis, basis, np.asarray(last.images) - start) ** 2
    above = energy * (np.hypot(cycles[:, None], cycles) > low_pass)[None, :, :, None]
    assert (above.sum(axis=(1, 2, 3)) < share * energy.sum(axis=(1, 2, 3))).all()
    assert np.abs(last.drift).max() <= 1e-3


@pytest.mark.parametrize("shape", [(32, 48), (64, 20)])
def test_a_limit_counts_cycles_along_the_shorter_side_equally_in_all_directions(shape: tuple[int, int]) -> None:
    low_pass, shorter = 5.0, min(shape)
    start = np.full((*shape, 3), 0.5, np.float32)
    to = parametrization(start, Settings(low_pass=low_pass))
    params = to.to_params(jnp.asarray(np.random.default_rng(0).uniform(0.4, 0.6, start.shape), jnp.float32))
    change = np.asarray(to.to_images(params[None])[0], np.float64)[..., 0] - 0.5
    mirrored = np.block([[change, change[:, ::-1]], [change[::-1], change[::-1, ::-1]]])  # periodic, as the cosines are
    power = np.abs(np.fft.fft2(mirrored)) ** 2
    down, across = (np.abs(np.fft.fftfreq(2 * length)) * shorter for length in shape)  # cycles per shorter side
    cycles = np.hypot(down[:, None], across)
    assert power[cycles > low_pass + 1e-9].sum() < 1e-9 * power.sum()
    assert (power[(cycles <= low_pass) & (cycles > 0)] > 1e-9 * power.sum()).mean() > 0.9


def test_a_limit_beyond_all_frequencies_is_none() -> None:
    picture, start = pictures(gray=False)
    arguments = (picture, start, get_metric("ssim"), get_metric("mse"))
    (*_, free), (*_, limited) = (compete(*arguments, Settings(steps=40, low_pass=limit)) for limit in (None, 100.0))
    assert limited.first[0] > 0.95 * free.first[0]
    assert limited.second[2] > 0.8 * free.second[2]


@pytest.mark.parametrize("name", ["mse", "ssim"])
def test_gradients_are_those_with_respect_to_params(name: str) -> None:
    """Of a metric in JAX and of one in PyTorch, against central differences; where nothing can be changed, 0."""
    reference, start = pictures(gray=True)
    settings = Settings(gray=True, max_change=0.3, low_pass=6)
    to = parametrization(start, settings, MASK)
    metric: Metric = get_metric(name)
    composed = to.compose(metric.bind(jnp.asarray(reference)))
    noise = np.random.default_rng(1).normal(0, 0.02, (1, SIZE, SIZE, 3))
    params = to.to_params(to.start)[None] + jnp.asarray(noise, jnp.float32)
    _, gradient = composed.value_and_grad(params)
    np.testing.assert_array_equal(gradient[..., 1:], 0)
    direction = gradient / jnp.sqrt(jnp.sum(gradient**2))
    ahead, behind = (float(composed.distances(params + sign * 0.05 * direction)[0]) for sign in (1, -1))
    assert (ahead - behind) / 0.1 == pytest.approx(float(jnp.sum(gradient * direction)), rel=0.05)


def test_without_constraints_params_are_images() -> None:
    reference, start = reference_and_start()
    to = parametrization(start, Settings())
    bound = SQUARE_NORM.bind(jnp.asarray(reference))
    assert to.unconstrained
    assert to.compose(bound) is bound
    np.testing.assert_array_equal(to.to_images(to.to_params(to.start)[None])[0], start)


def test_metrics_of_params_compile_once() -> None:
    """Two starts, one program, which serves images as well as params."""
    reference, start = reference_and_start()
    counted = 0

    def distances_to(prepared: jax.Array, images: jax.Array) -> jax.Array:
        nonlocal counted
        counted += 1
        return SQUARE_NORM.distances_to(prepared, images)

    metric = replace(SQUARE_NORM, distances_to=distances_to)
    for shift in (0.0, 0.01):
        to = parametrization(start + np.float32(shift), Settings(max_change=0.1))
        bound = metric.bind(jnp.asarray(reference))
        to.compose(bound).value_and_grad(to.to_params(to.start)[None])
        bound.value_and_grad(jnp.asarray(start)[None])
    assert counted == 1


def test_a_gray_competition_needs_a_gray_start() -> None:
    with pytest.raises(ArgumentError, match="start must be gray in a gray competition: its three channels differ"):
        next(compete(*reference_and_start(), SQUARE_NORM, FORM, Settings(gray=True)))
