"""LASI, the Linear Autoregressive Similarity Index: a perceptual distance without training.

Every element p of an image is predicted from its N causal neighbors n by weighted least squares over all earlier
elements. The coefficients are its embedding, and the distance of two images is that of their embeddings:

    A_p = Σ_{q<p} ω^{|p−q|₁} n_q n_qᵀ + λI      b_p = Σ_{q<p} ω^{|p−q|₁} x_q n_q      w_p = A_p⁻¹ b_p + 10⁻⁶
    d(x, y) = mean_p ‖ŵ_p(x) − ŵ_p(y)‖₂,  ŵ = w / ‖w‖₂,  ω = 0.8,  λ = (80 / 127.5) · ols_regularization_coef

λ is absolute, so the range of the values matters: the authors use [−1, 1], where float32 is precise enough.

Source: Severo, Theis, Ballé, "The Unreasonable Effectiveness of Linear Prediction as a Perceptual Metric", ICLR 2024,
arXiv 2310.05986.
"""

import math
import operator
from collections.abc import Sequence
from dataclasses import dataclass, field
from numbers import Real

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.typing import ArrayLike

from lasi.arrays import real_array
from lasi.causal_sum import weight_bound
from lasi.embedding import Strip, element_values, map_elements, mean_values, solutions
from lasi.linear_map import Processor, linear_map, varying_alike
from lasi.regression import flat, inner, relative_rounding_error, residual_energy
from lasi.sharding import compiled, compiled_for_batch
from lasi.spec import Spec
from lasi.strips import Target

RIDGE_UNIT = 80 / 127.5
"""λ at a regularization coefficient of 1; the authors' value."""
SHIFT = 1e-6
"""Added to every coefficient before the division by its norm; the authors' value."""
LARGEST_NEIGHBORHOOD = 100
"""Largest N."""


@dataclass(frozen=True)
class LASI:
    """The distance for images of one shape.

    Methods compile themselves and work under `jax.jit`, `jax.vmap` and `jax.shard_map`, with arrays of any sharding,
    and under differentiation in both modes, to any order. Images are arrays of `shape`; integers are converted to
    floating point, and values are not rescaled. float64 is kept where JAX has it enabled; float16 and bfloat16 are
    computed in float32. A NaN or an infinity in an image makes its distance NaN.

    Attributes:
        shape: (H, W) or (H, W, C), each at least 1.
        neighborhood_size: N, from 1 to 100; the dimension of the embedding. Time grows with its cube.
        ols_regularization_coef: λ in units of 80/127.5; above 0, and large enough for the precision of the images:
            at N = 10 and three channels 0.0003 in float32 and 6e-13 in float64.
        unit_normalize_features: whether an embedding is divided by its norm.
        memory_budget: on a GPU, about how many bytes to use for temporaries; above 0. With less, an image is computed
            in blocks of fewer rows, one after the other. Without effect on a CPU, where strips of a few rows are best.

    Raises:
        ValueError: an argument is not of this form; the methods raise it for an image. The message begins with the
            argument's name.

    Example:
        >>> x = jnp.sin(jnp.arange(8 * 8 * 3)).reshape(8, 8, 3)
        >>> lasi = LASI(x.shape, neighborhood_size=4)
        >>> bool(lasi.compute_distance(x, x) < 1e-6)
        True
        >>> bool(0.1 < lasi.compute_distance(x, x**3) < 2)
        True
    """

    shape: tuple[int, ...]
    neighborhood_size: int
    ols_regularization_coef: float = 1.0
    unit_normalize_features: bool = True
    memory_budget: float = 4e9
    _processor: Processor | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "shape", _checked_shape(self.shape))
        object.__setattr__(self, "neighborhood_size", _checked_size(self.neighborhood_size))
        object.__setattr__(self, "ols_regularization_coef", _checked_coefficient(self.ols_regularization_coef))
        if not isinstance(self.memory_budget, Real) or not self.memory_budget > 0:
            raise ValueError(f"memory_budget must be a number of bytes above 0, got {self.memory_budget!r}")

    def compute_distance(self, x: ArrayLike, y: ArrayLike) -> Array:
        """The distance of two images.

        Args:
            x: an image of `shape`.
            y: likewise.

        Returns:
            A scalar ≥ 0.
        """
        return self._pair_distance(self._checked(x, "x"), self._checked(y, "y"))

    def compute_distance_multiple(self, *, ref: ArrayLike, **named: ArrayLike) -> dict[str, Array]:
        """The distance of several images to one, whose embedding is computed once.

        Args:
            ref: an image of `shape`.
            named: images of `shape`, by any names.

        Returns:
            A scalar ≥ 0 for each name.
        """
        embedding = self._checked_embedding(self._embedding(self._checked(ref, "ref")))
        images = {name: self._checked(image, name) for name, image in named.items()}
        return {name: self._distances_to(embedding, image[None])[0] for name, image in images.items()}

    def compute_distance_to(self, embedding: ArrayLike, y: ArrayLike) -> Array:
        """The distance of an image to one whose embedding is known.

        Args:
            embedding: what `embedding` returned, (*shape, N).
            y: an image of `shape`.

        Returns:
            A scalar ≥ 0.
        """
        return self._distances_to(self._checked_embedding(embedding), self._checked(y, "y")[None])[0]

    def compute_distances_to(self, embedding: ArrayLike, ys: ArrayLike) -> Array:
        """The distances of a batch of images to one whose embedding is known.

        Args:
            embedding: what `embedding` returned, (*shape, N).
            ys: images, (n, *shape), n at least 1.

        Returns:
            (n,), each ≥ 0.
        """
        images = self._checked_batch(ys)
        return self._distances_to(self._checked_embedding(embedding), images)

    def distance_map(self, x: ArrayLike, y: ArrayLike) -> Array:
        """Each pixel's contribution to the distance: ‖ŵ(x) − ŵ(y)‖₂, averaged over its channels.

        Args:
            x: an image of `shape`.
            y: likewise.

        Returns:
            (H, W), each ≥ 0; its mean is the distance.
        """
        return self._pair_distances(self._checked(x, "x"), self._checked(y, "y")).mean(axis=-1)

    def embedding(self, x: ArrayLike) -> Array:
        """The embedding of every element, shifted and normalized, (*shape, N)."""
        return self._embedding(self._checked(x, "x"))

    def coefficients(self, x: ArrayLike) -> Array:
        """The solution A_p⁻¹ b_p of every element, neither shifted nor normalized, (*shape, N)."""
        return self._coefficients(self._checked(x, "x"))

    def prediction(self, x: ArrayLike) -> Array:
        """The prediction of every element from its neighbors, w_pᵀ n_p, of `shape`."""
        return self._prediction(self._checked(x, "x"))

    def wls_loss(self, x: ArrayLike) -> Array:
        """Mean over elements of the weighted least-squares loss Σ_{q<p} ω^{|p−q|₁} (x_q − w_pᵀ n_q)², a scalar."""
        return self._wls_losses(self._checked(x, "x")).mean()

    @property
    def _spec(self) -> Spec:
        height, width, *channels = self.shape
        shape = (height, width, channels[0] if channels else 1)
        ridge = RIDGE_UNIT * self.ols_regularization_coef
        return Spec(shape, self.neighborhood_size, ridge, Target(self._processor, self.memory_budget))

    @compiled
    def _pair_distance(self, x: Array, y: Array) -> Array:
        """mean_p ‖ŵ_p(x) − ŵ_p(y)‖₂, a scalar."""
        return mean_values(self._distance_of_pair, self._spec, False, *self._pair(x, y))[0]

    @compiled
    def _pair_distances(self, x: Array, y: Array) -> Array:
        """‖ŵ_p(x) − ŵ_p(y)‖₂ of every element, (H, W, C)."""
        return element_values(self._distance_of_pair, self._spec, *self._pair(x, y))[..., 0]

    @compiled_for_batch
    def _distances_to(self, embedding: Array, ys: Array) -> Array:
        """The distance of every image, mean_p ‖ŵ_p(y) − ŵ_p‖₂, (n,)."""
        return mean_values(self._distance_to, self._spec, True, *varying_alike(ys, embedding.astype(ys.dtype)))

    @compiled
    def _embedding(self, x: Array) -> Array:
        coefficients = self._coefficients(x)
        features = self._features(coefficients.reshape(-1, self.neighborhood_size, 1))
        return features.reshape(coefficients.shape)

    @compiled
    def _coefficients(self, x: Array) -> Array:
        return solutions(self._spec, x).reshape(*self.shape, self.neighborhood_size)

    @compiled
    def _prediction(self, x: Array) -> Array:
        return map_elements(_predictions_of, self._spec, x).reshape(self.shape)

    @compiled
    def _wls_losses(self, x: Array) -> Array:
        return map_elements(self._losses_of, self._spec, x)

    def _losses_of(self, strip: Strip) -> Array:
        return residual_energy(strip.sums, strip.solutions, self._spec.ridge)

    def _pair(self, x: Array, y: Array) -> tuple[Array, Array]:
        """The images and no auxiliary vectors, for `_distance_of_pair`."""
        images = jnp.stack(varying_alike(x, y))
        return images, jnp.zeros_like(images, shape=(*self._spec.shape, 0))

    def _distance_of_pair(self, solutions: Array, _: Array) -> Array:
        """‖ŵ(x) − ŵ(y)‖₂ of the solutions of two images, (u, N, B, 2, m)."""
        features = self._features(solutions)
        return _norm(features[..., :1, :] - features[..., 1:, :])

    def _distance_to(self, solutions: Array, reference: Array) -> Array:
        """‖ŵ(y) − ŵ‖₂ of the solutions of images and a reference's ŵ, both (u, N, B, n, m)."""
        difference = _norm(flat(self._features(solutions)) - flat(reference))
        return difference.reshape(len(solutions), 1, *solutions.shape[2:])

    def _features(self, coefficients: Array) -> Array:
        """The vectors whose distances are computed: the coefficients (u, N, …), shifted and normalized."""
        shifted = flat(coefficients) + SHIFT
        return (_unit(shifted) if self.unit_normalize_features else shifted).reshape(coefficients.shape)

    def _checked(self, image: ArrayLike, name: str) -> Array:
        """An image as a floating-point array (H, W, C)."""
        array = _floating(image, name)
        if array.shape != self.shape:
            raise ValueError(f"{name} must be an image of shape {self.shape}, got shape {array.shape}")
        self._check_ridge(array.dtype)
        return array.reshape(self._spec.shape)

    def _checked_batch(self, images: ArrayLike) -> Array:
        array = _floating(images, "ys")
        if array.shape[1:] != self.shape or array.ndim != len(self.shape) + 1 or len(array) == 0:
            needed = ", ".join(map(str, self.shape))
            raise ValueError(
                f"ys must be a batch of images, shape (n, {needed}), n at least 1, got shape {array.shape}"
            )
        self._check_ridge(array.dtype)
        return array.reshape(-1, *self._spec.shape)

    def _check_ridge(self, dtype: np.dtype) -> None:
        """Refuse a λ below the rounding error of A for images in [−1, 1], where the solutions would be noise."""
        error = relative_rounding_error(self.neighborhood_size, dtype) * weight_bound(self._spec.shape)
        smallest = error / RIDGE_UNIT
        if self.ols_regularization_coef < smallest:
            raise ValueError(
                f"ols_regularization_coef must be at least {_rounded_up(smallest):.2g} for {dtype} images, whose "
                f"rounding errors exceed a smaller ridge, got {self.ols_regularization_coef!r}"
            )

    def _checked_embedding(self, embedding: ArrayLike) -> Array:
        array, needed = _floating(embedding, "embedding"), (*self.shape, self.neighborhood_size)
        if array.shape != needed:
            raise ValueError(f"embedding must have shape {needed}, got shape {array.shape}")
        return array.reshape(*self._spec.shape, self.neighborhood_size)


def _predictions_of(strip: Strip) -> Array:
    return jnp.sum(strip.predictors[:, :-1] * strip.solutions, axis=1)


@jax.custom_jvp
def _norm(vectors: Array) -> Array:
    """Euclidean norms (u, 1, …) of vectors (u, N, …), with gradient 0 at 0."""
    return jnp.sqrt(inner(vectors, vectors))


@_norm.defjvp
def _norm_jvp(primals: tuple[Array], tangents: tuple[Array]) -> tuple[Array, Array]:
    def tangent(vectors: Array, of_vectors: Array) -> Array:
        return _safe_divide(inner(vectors, of_vectors), _norm(vectors))

    def transpose(vectors: Array, g: Array) -> tuple[Array]:
        return (_safe_divide(g, _norm(vectors)) * vectors,)

    value = _norm(*primals)
    return value, linear_map(value, tangent, transpose, *primals, *tangents)


@jax.custom_jvp
def _unit(vectors: Array) -> Array:
    """Vectors (u, N, …) divided by their Euclidean norms; 0 stays 0, with gradient 0."""
    return _safe_divide(vectors, _norm(vectors))


@_unit.defjvp
def _unit_jvp(primals: tuple[Array], tangents: tuple[Array]) -> tuple[Array, Array]:
    def transpose(vectors: Array, g: Array) -> tuple[Array]:
        return (_unit_tangent(vectors, g),)

    value = _unit(*primals)
    return value, linear_map(value, _unit_tangent, transpose, *primals, *tangents)


def _unit_tangent(vectors: Array, g: Array) -> Array:
    """The component of g orthogonal to the unit vector u, divided by the norm: (g − u ⟨u, g⟩) / ‖·‖; its own transpose.

    It is projected twice. Where two embeddings are nearly equal, the first projection leaves a component along u from
    float32 rounding, which compilers may round differently in the two terms and which can exceed the orthogonal one.
    """
    inverse = _safe_divide(1, _norm(vectors))
    for _ in range(2):
        g = g - vectors * (inverse * (inverse * inner(vectors, g)))
    return g * inverse


def _safe_divide(numerator: ArrayLike, denominator: Array) -> Array:
    """A quotient, 0 where the denominator is 0."""
    return jnp.where(denominator == 0, 0, numerator / jnp.where(denominator == 0, 1, denominator))


def _rounded_up(number: float) -> float:
    """The least number of two digits that is not below a number above 0, so that what a message quotes is allowed."""
    unit = 10.0 ** (math.floor(math.log10(number)) - 1)
    return math.ceil(number / unit) * unit


def _floating(image: ArrayLike, name: str) -> Array:
    array = real_array(image, name)
    return array.astype(jnp.promote_types(array.dtype, jnp.float32))


def _checked_shape(shape: Sequence[int]) -> tuple[int, ...]:
    try:
        sizes = tuple(operator.index(size) for size in shape)
    except TypeError:
        sizes = ()
    if len(sizes) not in (2, 3) or min(sizes) < 1:
        raise ValueError(f"shape must be (H, W) or (H, W, C), each at least 1, got {shape!r}")
    return sizes


def _checked_size(neighborhood_size: int) -> int:
    try:
        size = 0 if isinstance(neighborhood_size, bool) else operator.index(neighborhood_size)
    except TypeError:
        size = 0
    if not 1 <= size <= LARGEST_NEIGHBORHOOD:
        raise ValueError(
            f"neighborhood_size must be a whole number from 1 to {LARGEST_NEIGHBORHOOD}, got {neighborhood_size!r}"
        )
    return size


def _checked_coefficient(coefficient: float) -> float:
    if not isinstance(coefficient, Real) or not 0 < coefficient < math.inf:
        raise ValueError(f"ols_regularization_coef must be a finite number above 0, got {coefficient!r}")
    return float(coefficient)
