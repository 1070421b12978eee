"""LASI, the Linear Autoregressive Similarity Index: a perceptual distance with nothing trained.

Every element p of an image is predicted from its N causal neighbours n by weighted least squares over all earlier
elements; the coefficients are its embedding, and two images are as far apart as their embeddings:

    A_p = Σ_{q<p} ω^{|p−q|₁} n_q n_qᵀ + λI      b_p = Σ_{q<p} ω^{|p−q|₁} x_q n_q      w_p = A_p⁻¹ b_p + 10⁻⁶
    d(x, y) = mean_p ‖ŵ_p(x) − ŵ_p(y)‖₂,  ŵ = w / ‖w‖₂,  ω = 0.8,  λ = (80 / 127.5) · ols_regularization_coef

λ is absolute, so the range of the values matters: [−1, 1] is the authors' and the one where float32 suffices.

Source: Severo, Theis, Ballé, "The Unreasonable Effectiveness of Linear Prediction as a Perceptual Metric", ICLR 2024,
arXiv 2310.05986.
"""

import functools
import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import jax
import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike

from lasi.embedding import Strip, layout_of, map_strips
from lasi.neighborhood import Shape
from lasi.regression import residual_energy

RIDGE_UNIT = 80 / 127.5
"""λ at a regularisation coefficient of 1; the authors' value."""
SHIFT = 1e-6
"""Added to every coefficient before the division by its norm; the authors' value."""
LARGEST_NEIGHBORHOOD = 100


@dataclass(frozen=True)
class LASI:
    """The distance for images of one shape.

    Methods may be called as they are or under `jax.jit`, `jax.grad` and `jax.vmap`. Images are arrays of `shape`;
    integers become floating point first, and values are taken as given (no rescaling). float64 is kept where JAX has
    it enabled; float16 and bfloat16 are computed in float32.

    Attributes:
        shape: (H, W) or (H, W, C), each at least 1.
        neighborhood_size: N, from 1 to 100; the dimension of the embedding. Time grows with its cube.
        ols_regularization_coef: λ in units of 80/127.5; above 0.
        unit_normalize_features: whether an embedding is divided by its norm.

    Raises:
        ValueError: an argument, or later an image, is not of this form.

    Example:
        >>>         >>> x = np.linspace(-1, 1, 8 * 8 * 3).reshape(8, 8, 3)
        >>> lasi = LASI(x.shape, neighborhood_size=10)
        >>> float(lasi.compute_distance(x, x))
        0.0
        >>> 0.1 < lasi.compute_distance(x, np.flip(x)) < 2
        Array(True, dtype=bool)
    """

    shape: tuple[int, ...]
    neighborhood_size: int
    ols_regularization_coef: float = 1.0
    unit_normalize_features: bool = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "shape", _checked_shape(self.shape))
        object.__setattr__(self, "neighborhood_size", _checked_size(self.neighborhood_size))
        if not 0 < self.ols_regularization_coef < float("inf"):
            raise ValueError(f"ols_regularization_coef must be above 0, got {self.ols_regularization_coef!r}")

    def compute_distance(self, x: ArrayLike, y: ArrayLike) -> Array:
        """The distance of two images, a scalar ≥ 0."""
        return self._pair_distances(self._checked(x, "x"), self._checked(y, "y")).mean()

    def compute_distance_multiple(self, *, ref: ArrayLike, **named: ArrayLike) -> dict[str, Array]:
        """The distance of each named image to `ref`, whose embedding is computed once."""
        embedding = self.embedding(ref)
        return {name: self.compute_distance_to(embedding, image) for name, image in named.items()}

    def compute_distance_to(self, embedding: ArrayLike, y: ArrayLike) -> Array:
        """The distance of an image to one whose `embedding` is known, a scalar."""
        return self._distances_to(self._checked_embedding(embedding), self._checked(y, "y")[None]).mean()

    def compute_distances_to(self, embedding: ArrayLike, ys: ArrayLike) -> Array:
        """The distances (n,) of a batch (n, *shape) to one image whose `embedding` is known."""
        images = self._checked_batch(ys)
        return self._distances_to(self._checked_embedding(embedding), images).mean(axis=(1, 2, 3))

    def distance_map(self, x: ArrayLike, y: ArrayLike) -> Array:
        """Each pixel's share of the distance: ‖ŵ(x) − ŵ(y)‖₂, averaged over its channels, (H, W)."""
        return self._pair_distances(self._checked(x, "x"), self._checked(y, "y")).mean(axis=-1)

    def embedding(self, x: ArrayLike) -> Array:
        """The embedding of every element, shifted and normalised, (*shape, N)."""
        return self._embedding(self._checked(x, "x"))

    def coefficients(self, x: ArrayLike) -> Array:
        """The solution A_p⁻¹ b_p of every element, neither shifted nor normalised, (*shape, N)."""
        return self._coefficients(self._checked(x, "x"))

    def prediction(self, x: ArrayLike) -> Array:
        """Every element as predicted from its neighbours, w_pᵀ n_p, of the image's shape."""
        return self._prediction(self._checked(x, "x"))

    def wls_loss(self, x: ArrayLike) -> Array:
        """Mean over elements of the weighted least-squares loss Σ_{q<p} ω^{|p−q|₁} (x_q − w_pᵀ n_q)², a scalar."""
        return self._wls_losses(self._checked(x, "x")).mean()

    @property
    def _ridge(self) -> float:
        return RIDGE_UNIT * self.ols_regularization_coef

    @property
    def _image_shape(self) -> Shape:
        height, width, *channels = self.shape
        return height, width, channels[0] if channels else 1

    @functools.partial(jax.jit, static_argnums=0)
    def _pair_distances(self, x: Array, y: Array) -> Array:
        """‖ŵ_p(x) − ŵ_p(y)‖₂ of every element, (H, W, C)."""

        def distances(strip: Strip, _: Array) -> Array:
            features = self._features(strip.embedding)
            return _norm(features[:, :, 0] - features[:, :, 1])

        return self._map(distances, jnp.stack([x, y]))

    @functools.partial(jax.jit, static_argnums=0)
    def _distances_to(self, embedding: Array, ys: Array) -> Array:
        """‖ŵ_p(y) − ŵ_p‖₂ of every element of every image, (n, H, W, C)."""

        def distances(strip: Strip, reference: Array) -> Array:
            return _norm(self._features(strip.embedding) - reference[:, :, None])

        return jnp.moveaxis(self._map(distances, ys, embedding.astype(ys.dtype)), -1, 0)

    @functools.partial(jax.jit, static_argnums=0)
    def _embedding(self, x: Array) -> Array:
        features = self._map(lambda strip, _: self._features(strip.embedding)[:, :, 0], x[None])
        return features.reshape(*self.shape, self.neighborhood_size)

    @functools.partial(jax.jit, static_argnums=0)
    def _coefficients(self, x: Array) -> Array:
        coefficients = self._map(lambda strip, _: strip.embedding[:, :, 0], x[None])
        return coefficients.reshape(*self.shape, self.neighborhood_size)

    @functools.partial(jax.jit, static_argnums=0)
    def _prediction(self, x: Array) -> Array:
        def predictions(strip: Strip, _: Array) -> Array:
            return jnp.sum(strip.predictors[:, :-1, 0] * strip.embedding[:, :, 0], axis=1)

        return self._map(predictions, x[None]).reshape(self.shape)

    @functools.partial(jax.jit, static_argnums=0)
    def _wls_losses(self, x: Array) -> Array:
        def losses(strip: Strip, _: Array) -> Array:
            return residual_energy(strip.sums[:, :, 0], strip.embedding[:, :, 0], self._ridge)

        return self._map(losses, x[None])

    def _features(self, coefficients: Array) -> Array:
        """What distances are taken between, (t, N, n, m)."""
        shifted = coefficients + SHIFT
        return shifted / _norm(shifted)[:, None] if self.unit_normalize_features else shifted

    def _map(self, consume: Callable[[Strip, Array], Array], images: Array, beside: Array | None = None) -> Array:
        """What a function of strips (t, …, m) makes of images (n, H, W, C), put in its place, (H, W, C, …)."""
        layout = layout_of(self._image_shape, self.neighborhood_size)
        strips = jnp.zeros((layout.strips, 0)) if beside is None else layout.to_strips(beside)
        return layout.to_image(map_strips(consume, images, strips, layout=layout, ridge=self._ridge))

    def _checked(self, image: ArrayLike, name: str) -> Array:
        """An image as a floating-point array (H, W, C)."""
        array = _floating(image, name)
        if array.shape != self.shape:
            raise ValueError(f"{name} must be an image of shape {self.shape}, got shape {array.shape}")
        return array.reshape(self._image_shape)

    def _checked_batch(self, images: ArrayLike) -> Array:
        array = _floating(images, "ys")
        if array.shape[1:] != self.shape or array.ndim != len(self.shape) + 1:
            raise ValueError(f"ys must be a batch of images, shape (n, *{self.shape}), got shape {array.shape}")
        return array.reshape(-1, *self._image_shape)

    def _checked_embedding(self, embedding: ArrayLike) -> Array:
        array, needed = jnp.asarray(embedding), (*self.shape, self.neighborhood_size)
        if array.shape != needed:
            raise ValueError(f"embedding must have shape {needed}, got shape {array.shape}")
        return array.reshape(*self._image_shape, self.neighborhood_size)


def _norm(vectors: Array) -> Array:
    """Euclidean norm over axis 1, with gradient 0 at 0."""
    squares = jnp.sum(vectors**2, axis=1)
    positive = squares > 0
    return jnp.where(positive, jnp.sqrt(jnp.where(positive, squares, 1)), 0)


def _floating(image: ArrayLike, name: str) -> Array:
    array = jnp.asarray(image)
    if jnp.issubdtype(array.dtype, jnp.complexfloating):
        raise ValueError(f"{name} must hold real numbers, got {array.dtype}")
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
        size = operator.index(neighborhood_size)
    except TypeError:
        size = 0
    if not 1 <= size <= LARGEST_NEIGHBORHOOD:
        raise ValueError(
            f"neighborhood_size must be a whole number from 1 to {LARGEST_NEIGHBORHOOD}, got {neighborhood_size!r}"
        )
    return size
