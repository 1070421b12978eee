"""Metrics that are pure JAX functions: compiled once per shape, for every reference.

A metric is two pure functions: `prepare(reference) -> prepared`, everything that depends on the reference alone, and
`distances_to(prepared, images) -> (N,)`. The prepared reference is an argument of compiled programs, never a closure:
XLA would fold a closure as a constant, which takes minutes, and compile a new program for every reference.

Matrix products are in full float32 unless the functions say otherwise: the default on a GPU, TensorFloat-32, has 10
bits, too few for a level that is kept to 1e-5.
"""

import math
import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any, TypeVar, cast

import jax
import jax.numpy as jnp
import numpy as np

from mad_app.images import AnyImage
from mad_app.kept_programs import Options, keeps_programs, kept_program
from mad_app.metrics.call import call_metric
from mad_app.metrics.contract import checked_images, checked_reference, distances_of
from mad_app.metrics.sums import Summable
from mad_app.metrics.threads import map_threads

T = TypeVar("T")

Prepared = Any
"""A tree of arrays: everything of a metric that depends on the reference alone."""

QUICK_TO_COMPILE: Options = {"xla_cpu_use_fusion_emitters": False}
"""XLA's options on a CPU for all but gradients of large images. LASI's gradient is compiled in half the time with them;
it takes up to 15 % longer to compute for a small image, and 20 % for a large one."""
SMALL_IMAGE = 2**15
"""Pixels up to which an image is small: of a larger one thirty steps take longer by what its compilation saves."""

Distances = Callable[[Prepared, jax.Array], jax.Array]
ValueAndGrad = Callable[[Prepared, jax.Array], tuple[jax.Array, jax.Array]]


@dataclass(frozen=True, kw_only=True)
class JaxMetric(Summable):
    """A metric made of pure JAX functions.

    Attributes:
        name: the name by which it is requested.
        prepare: reference (H, W, 3) -> prepared.
        distances_to: prepared, images (N, H, W, 3) -> (N,), each of which depends on its own image alone.
        minimum_size: smallest height and width in pixels.
        weights: source of its trained weights, if it has any.
        maps_to: prepared, images (N, H, W, 3) -> distances per pixel (N, H, W), where the formula has such a map.
        parallel_over_batch: on a CPU, compute the images of a batch in parallel, one core each, instead of dividing
            each operation among the cores.
        probe: called with the shape of a reference before it is bound; raises MetricFailed.
        residuals: image (H, W, 3) -> an array whose squared differences between two images, summed, stand for the
            distance where that has no second-order form at the reference; see `second_order`.
        kept_as: a name under which its functions are kept on disk (`kept_programs`): those of two metrics with one such
            name compute the same, in every process with the same files. None keeps none.

    Two metrics with the same function objects share their compiled programs.
    """

    name: str
    prepare: Callable[[jax.Array], Prepared]
    distances_to: Distances
    minimum_size: int = 1
    weights: str | None = None
    maps_to: Distances | None = None
    parallel_over_batch: bool = False
    probe: Callable[[tuple[int, ...]], None] | None = None
    residuals: Callable[[jax.Array], jax.Array] | None = None
    kept_as: str | None = None

    def bind(self, reference: jax.Array) -> "BoundJaxMetric":
        """Bind the metric to a reference (H, W, 3).

        Raises:
            ArgumentError: the reference is not an image, or too small.
        """
        reference = checked_reference(reference, metric=self.name, minimum_size=self.minimum_size)
        if self.probe is not None and not isinstance(reference, jax.core.Tracer):
            self.probe(reference.shape)
        prepared = self._call(self.prepare, reference.shape, reference)
        return BoundJaxMetric(metric=self, shape=reference.shape, prepared=prepared)

    @property
    def in_jax(self) -> bool:
        """True."""
        return True

    def compile_binding(self, reference: jax.Array) -> None:
        """Compile what `bind` runs for a reference (H, W, 3)."""
        self._compile(self.prepare, reference.shape, 1, lambda: (reference,))

    def compile_gradient(self, reference: jax.Array, images: int) -> None:
        """Compile `value_and_grad` of the metric bound to a reference (H, W, 3), for so many images."""
        (device,) = reference.devices()
        each = 1 if self.parallel_over_batch and device.platform == "cpu" else images
        where = jax.sharding.SingleDeviceSharding(device)  # images are committed to it
        shape = (each, *reference.shape)
        batch = jax.ShapeDtypeStruct(shape, jnp.float32, sharding=where)  # type: ignore[no-untyped-call]
        self._compile(
            value_and_grad_of(self.distances_to),
            reference.shape,
            each,
            lambda: (jax.eval_shape(self._program(self.prepare, reference.shape), reference), batch),
        )

    def _compile(
        self,
        function: Callable[..., Any],
        shape: tuple[int, ...],
        images: int,
        arguments: Callable[[], tuple[Any, ...]],
    ) -> Callable[..., Any]:
        """The compiled program of one of the metric's functions, for so many images and a reference of a shape."""
        program = self._program(function, shape)
        if self.kept_as is None or not keeps_programs():
            return cast(Callable[..., Any], program.lower(*arguments()).compile())
        name = self.kept_as, function.__qualname__, shape, images
        return kept_program(name, program, arguments, self._options(function, shape))

    def _call(self, function: Callable[..., Any], shape: tuple[int, ...], *arguments: Any) -> Any:
        """The value of one of the metric's functions; the last argument is an image, or several."""
        if _is_traced(arguments):
            return _compiled(function)(*arguments)
        if self.kept_as is None or not keeps_programs():
            return self._program(function, shape)(*arguments)
        last = arguments[-1]
        images = len(last) if last.ndim == 4 else 1
        return self._compile(function, shape, images, lambda: arguments)(*arguments)

    def _program(self, function: Callable[..., Any], shape: tuple[int, ...]) -> Any:
        """One of the metric's functions, to be called with arrays for a reference of a shape."""
        return _compiled(function, tuple(self._options(function, shape).items()))

    def _options(self, function: Callable[..., Any], shape: tuple[int, ...]) -> Options:
        """XLA's for one of the metric's functions: only gradients are computed so often that their time counts."""
        takes_long = function == value_and_grad_of(self.distances_to) and math.prod(shape[:2]) > SMALL_IMAGE
        return {} if takes_long else cpu_options(QUICK_TO_COMPILE)

    def __call__(self, reference: AnyImage, images: AnyImage) -> Any:
        """Distance of one image, a scalar, or of several, (N,), to a reference; as `Metric.__call__`."""
        return call_metric(self, reference, images, traced=self._pure, torch=self._of_tensors)

    def _pure(self, reference: jax.Array, images: jax.Array) -> jax.Array:
        """Distances (N,) as a function of both arguments that can be differentiated to any order."""
        distances: jax.Array = _compiled(self.distances_to)(_compiled(self.prepare)(reference), images)
        return distances

    def _of_tensors(self, reference: Any, images: Any) -> Any:
        from mad_app.metrics.jax_in_torch import jax_in_torch

        return jax_in_torch(
            reference, images, partial(distances_of, self), _pullback_of(self.prepare, self.distances_to)
        )

    def maps(self, reference: jax.Array, images: jax.Array) -> jax.Array | None:
        """Distances per pixel (N, H, W) of images (N, H, W, 3); None if the formula has no such map."""
        return None if self.maps_to is None else self.bind(reference).of_images(self.maps_to, images)


@dataclass(frozen=True, kw_only=True, eq=False)
class BoundJaxMetric:
    """A JAX metric bound to one reference.

    A caller that compiles its own loop passes `prepared` into it as an argument and calls in it the pure functions
    `metric.distances_to(prepared, images)` and `value_and_grad_of(metric.distances_to)(prepared, images)`.
    """

    metric: JaxMetric
    shape: tuple[int, ...]
    prepared: Prepared

    def distances(self, images: jax.Array) -> jax.Array:
        """Distances (N,) of images (N, H, W, 3)."""
        return self.of_images(self.metric.distances_to, images)

    def value_and_grad(self, images: jax.Array) -> tuple[jax.Array, jax.Array]:
        """Distances (N,) and the gradient of each image's own distance, (N, H, W, 3)."""
        return self.of_images(value_and_grad_of(self.metric.distances_to), images)

    def of_images(self, function: Callable[[Prepared, jax.Array], T], images: jax.Array) -> T:
        """Compile and apply a pure function of the prepared reference and of images (N, H, W, 3).

        With `parallel_over_batch` each core computes a whole program for one image. Most operations of LASI are too
        small to be divided among cores: with its gradient on 2 cores it takes 13 ms instead of 20 ms for 4×64×64 and
        46 ms instead of 84 ms for 4×128×128.

        Args:
            function: (prepared, images) -> a tree of arrays whose first axis is the image.
            images: float32 (N, H, W, 3).

        Returns:
            What the function returns.
        """
        images = checked_images(images, self.shape)
        of_these = partial(self.metric._call, function, self.shape, self.prepared)
        if not self.metric.parallel_over_batch or len(images) == 1 or not _is_on_cpu(images):
            return of_these(images)
        return cast(T, _join(map_threads(of_these, _split(images))))

    def second_derivative(self, reference: jax.Array) -> Callable[[np.ndarray], np.ndarray]:
        """The second derivative at the reference (H, W, 3) it is bound to, v -> M v; see `second_order`."""
        metric = self.metric
        if metric.residuals is not None:
            product = partial(_compiled(_gauss_newton_of(metric.residuals)), reference)
        else:
            product = partial(_compiled(_hessian_of(metric.distances_to)), self.prepared, reference)
        return lambda v: np.asarray(product(jnp.asarray(v, jnp.float32)), np.float64)


@lru_cache(maxsize=64)
def _gauss_newton_of(residuals: Callable[[jax.Array], jax.Array]) -> Callable[..., jax.Array]:
    """(reference, v) -> 2 JᵀJ v, the second derivative of the squared differences from the reference's residuals."""

    def product(reference: jax.Array, v: jax.Array) -> jax.Array:
        _, pullback = jax.vjp(residuals, reference)
        _, change = jax.jvp(residuals, (reference,), (v,))
        return cast(jax.Array, 2 * pullback(change)[0])

    return product


@lru_cache(maxsize=64)
def _hessian_of(distances_to: Distances) -> Callable[..., jax.Array]:
    """(prepared, reference, v) -> the derivative of the gradient at the reference along v."""

    def product(prepared: Prepared, reference: jax.Array, v: jax.Array) -> jax.Array:
        gradient = jax.grad(lambda image: distances_to(prepared, image[None])[0])
        return jax.jvp(gradient, (reference,), (v,))[1]

    return product


@lru_cache(maxsize=64)
def value_and_grad_of(distances_to: Distances) -> ValueAndGrad:
    """The pure function (prepared, images) -> distances (N,), gradients (N, H, W, 3); one object per metric function.

    Each distance depends on its own image alone, so the gradient of their sum contains the gradient of each.
    """

    def value_and_grad(prepared: Prepared, images: jax.Array) -> tuple[jax.Array, jax.Array]:
        def total(images: jax.Array) -> tuple[jax.Array, jax.Array]:
            distances = distances_to(prepared, images)
            return distances.sum(), distances

        with jax.default_matmul_precision("highest"):
            (_, distances), gradients = jax.value_and_grad(total, has_aux=True)(images)
        return distances, gradients

    return value_and_grad


def _is_traced(arguments: tuple[Any, ...]) -> bool:
    """Whether they are, in part, not there yet: a program is traced."""
    return any(isinstance(array, jax.core.Tracer) for array in jax.tree.leaves(arguments))


def _is_on_cpu(images: jax.Array) -> bool:
    """Whether they are in the CPU's memory; false while a program is traced, when they have no memory."""
    return not isinstance(images, jax.core.Tracer) and all(device.platform == "cpu" for device in images.devices())


@jax.jit
def _split(images: jax.Array) -> list[jax.Array]:
    return jnp.split(images, len(images))


@jax.jit
def _join(parts: list[Any]) -> Any:
    return jax.tree.map(lambda *arrays: jnp.concatenate(arrays), *parts)


@lru_cache(maxsize=64)
def _pullback_of(prepare: Callable[[jax.Array], Prepared], distances_to: Distances) -> Callable[..., Any]:
    """From reference, images and cotangents (N,) to the gradients of reference and images, compiled."""

    def pullback(reference: jax.Array, images: jax.Array, cotangents: jax.Array) -> tuple[jax.Array, jax.Array]:
        _, gradients = jax.vjp(lambda one, several: distances_to(prepare(one), several), reference, images)
        return cast(tuple[jax.Array, jax.Array], gradients(cotangents))

    return _compiled(pullback)


def cpu_options(options: Options) -> Options:
    """Those of XLA's options that XLA_FLAGS does not set; none on a GPU, or where this version of XLA has not all."""
    flags = os.environ.get("XLA_FLAGS", "")
    return _known_on_cpu(tuple((name, value) for name, value in options.items() if name not in flags))


@lru_cache(maxsize=16)
def _known_on_cpu(options: tuple[tuple[str, str | bool], ...]) -> Options:
    if jax.default_backend() != "cpu":
        return {}
    try:
        jax.jit(lambda: 0).lower().compile(compiler_options=dict(options))
    except RuntimeError:
        return {}
    return dict(options)


@lru_cache(maxsize=128)
def _compiled(function: Callable[..., Any], options: tuple[tuple[str, str | bool], ...] = ()) -> Any:
    """One jitted wrapper per function, so that a program compiled for one reference serves the next.

    With XLA's options only where it is called with arrays: JAX takes none inside another program.
    """

    def in_float32(*arguments: Any) -> Any:
        with jax.default_matmul_precision("highest"):
            return function(*arguments)

    return jax.jit(in_float32, compiler_options=dict(options) or None)
