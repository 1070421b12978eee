"""The pairs of small changes that metrics disagree about most: principal distortions.

Near a reference, metric i sees a change v as vᵀ Mᵢ v (`mad_app.metrics.second_order`). With λ̄ᵢ the mean eigenvalue of
Mᵢ, its mean sensitivity to white noise, and the regularization ρ,

    sᵢ(v)² = vᵀ (Mᵢ / λ̄ᵢ + ρ I) v / vᵀv

is its sensitivity relative to that to white noise of the same size. The principal distortions are the pair

    (v, w) = arg max  Var_i log (sᵢ(v) / sᵢ(w))

(Feather, Lipshutz, Harvey, Williams, Simoncelli: Discriminating Image Representations with Principal Distortions, ICLR
2025, arXiv 2410.15433, which has ρ = 0). Of two metrics they are the extreme generalized eigenvectors of their forms.
One metric alone is set against the Euclidean norm, which weighs all changes alike: v and w are then the eigenvectors of
its largest and its smallest eigenvalue, the eigen-distortions of Berardino et al., NeurIPS 2017.

The paper has one pair. A further one is the best among the changes that are orthogonal to all before it, v and w alike,
for which each Mᵢ is replaced by P Mᵢ P with the projection P onto them. Of one metric these are the next eigenvectors
from both ends. Of three metrics and more the optimum is a local one, so a later pair may be better: pairs are in the
order of their deviation.

ρ keeps the ratio finite where a metric sees nothing at all: a sensitivity below √ρ counts as √ρ. λ̄ᵢ is a mean over
random signs (Hutchinson 1990). The optimizer is SciPy's L-BFGS on the standard deviation, whose square is the paper's
objective; it does not depend on the lengths of v and w, so there is no constraint. Of one metric, v begins at the
eigenvector that Lanczos' method finds.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from mad_app.errors import ArgumentError

if TYPE_CHECKING:  # imported where it is used: most programs search for no directions
    from scipy.optimize import OptimizeResult

Product = Callable[[np.ndarray], np.ndarray]
"""v (n,) -> M v (n,)."""

Outcome = Literal["converged", "max_steps", "stopped", "stalled"]
"""Why a search ended; "stalled" where float32 rounding of the products lets no step improve it."""

PROBES = 32
"""Random vectors for the mean eigenvalue; its standard error is then 1 % for LASI and 3 % for LPIPS at 64 pixels."""

MOST_PAIRS = 5
"""As many as a figure of a page's width has columns for."""

MOST_STEPS = 10**9

MEMORY = 50
"""Steps that L-BFGS remembers."""

LANCZOS_TOLERANCE = 1e-5
"""Relative, of the greatest eigenvalue; float32 products allow no less."""

ALIKE = 1e-4
"""Relative difference of their products with random vectors up to which metrics count as one and the same."""


@dataclass(frozen=True, kw_only=True)
class SearchSettings:
    """What a search does.

    Attributes:
        steps: most steps of the optimizer, 1 to 1,000,000,000.
        tolerance: residual at which it ends, above 0 and below 1.
        regularization: ρ, at least 1e-6 and at most 1.
        seed: of the start and of the estimate of the mean eigenvalues, at least 0.
        count: pairs that are searched one after the other, each in at most `steps`; 1 to 5.

    Raises:
        ArgumentError: a setting is of another type, or out of its range.
    """

    steps: int = 500
    tolerance: float = 0.05
    regularization: float = 0.1
    seed: int = 0
    count: int = 1

    def __post_init__(self) -> None:
        for name in ("steps", "count", "seed"):
            _check_kind(name, getattr(self, name), "a whole number", (int, np.integer))
        for name in ("tolerance", "regularization"):
            _check_kind(name, getattr(self, name), "a number", (int, float, np.integer, np.floating))
        if not 1 <= self.steps <= MOST_STEPS:
            raise ArgumentError("steps", f"must be at least 1 and at most {MOST_STEPS}, got {self.steps}")
        if not 1 <= self.count <= MOST_PAIRS:
            raise ArgumentError("count", f"must be at least 1 and at most {MOST_PAIRS}, got {self.count}")
        if not 0 < self.tolerance < 1:
            raise ArgumentError("tolerance", f"must be above 0 and below 1, got {self.tolerance:g}")
        if not 1e-6 <= self.regularization <= 1:
            raise ArgumentError("regularization", f"must be from 1e-06 to 1, got {self.regularization:g}")
        if not self.seed >= 0:
            raise ArgumentError("seed", f"must be at least 0, got {self.seed}")


def _check_kind(name: str, value: object, what: str, kinds: tuple[type, ...]) -> None:
    if not isinstance(value, kinds) or isinstance(value, bool):
        raise ArgumentError(name, f"must be {what}, got {value!r:.60}")


@dataclass(frozen=True, kw_only=True, eq=False)
class Pair:
    """The best pair of directions after a step.

    Attributes:
        step: steps made.
        directions: (2, n), of length 1. The first metric is the more sensitive to the first, compared with the others.
        forms: vᵀ Mᵢ v / λ̄ᵢ of each metric i and both directions, (K, 2), without ρ.
        mean_eigenvalues: λ̄ᵢ, (K,).
        deviation: standard deviation over metrics of log sᵢ(v) / sᵢ(w).
        residuals: of both directions, (2,), from 0 to 1: the length of the gradient relative to the sum of its terms'
            lengths. 0 where the pair is stationary; of two metrics, where it is a generalized eigenvector.
        outcome: why the search ended; None while it goes on.
        number: of the pair among those that are searched, from 0.
    """

    step: int
    directions: np.ndarray
    forms: np.ndarray
    mean_eigenvalues: np.ndarray
    deviation: float
    residuals: np.ndarray
    outcome: Outcome | None = None
    number: int = 0


@dataclass(frozen=True, eq=False)
class _Point:
    """The objective at a pair of directions z (2, n)."""

    z: np.ndarray
    products: np.ndarray
    forms: np.ndarray
    deviation: float
    terms: np.ndarray
    """Of the gradient by each direction: (K, 2, n)."""

    @property
    def gradient(self) -> np.ndarray:
        gradient: np.ndarray = self.terms.sum(axis=0)
        return gradient

    @property
    def residuals(self) -> np.ndarray:
        lengths = np.linalg.norm(self.terms, axis=2).sum(axis=0)
        residuals: np.ndarray = np.linalg.norm(self.gradient, axis=1) / np.where(lengths > 0, lengths, 1)
        return residuals


def principal_pairs(
    products: Sequence[Product],
    dimension: int,
    settings: SearchSettings,
    *,
    on_step: Callable[[Pair], None] | None = None,
    should_stop: Callable[[], bool] = lambda: False,
) -> tuple[Pair, ...]:
    """Search `settings.count` pairs, each orthogonal to all before it; arguments and errors as `principal_directions`.

    Returns:
        The pairs, the one with the greatest deviation first; fewer where the search was stopped, or where the metrics
        agree about all changes that are left.

    Example:
        >>> first, second = np.diag([9.0, 5.0, 1.0, 1.0]), np.diag([1.0, 1.0, 5.0, 9.0])
        >>> forms = [first.__matmul__, second.__matmul__]
        >>> pairs = principal_pairs(forms, 4, SearchSettings(tolerance=1e-5, count=2))
        >>> [np.abs(pair.directions).argmax(axis=1).tolist() for pair in pairs]
        [[0, 3], [1, 2]]
    """
    if 2 * settings.count > dimension:
        raise ArgumentError("count", f"must be at most {dimension // 2} for changes of {dimension} elements")
    pairs: list[Pair] = []
    basis = np.empty((dimension, 0))
    for number in range(settings.count):

        def numbered(pair: Pair, number: int = number) -> None:
            if on_step is not None:
                on_step(replace(pair, number=number))

        try:
            pair = principal_directions(
                products, dimension, settings, on_step=numbered, should_stop=should_stop, orthogonal_to=basis
            )
        except ArgumentError:
            if not pairs:
                raise
            break  # the metrics agree about what is left
        pairs.append(replace(pair, number=number))
        if pair.outcome == "stopped":
            break
        basis = np.linalg.qr(np.concatenate([one.directions for one in pairs]).T)[0]
    return tuple(sorted(pairs, key=lambda pair: -pair.deviation))


def principal_directions(
    products: Sequence[Product],
    dimension: int,
    settings: SearchSettings,
    *,
    on_step: Callable[[Pair], None] | None = None,
    should_stop: Callable[[], bool] = lambda: False,
    orthogonal_to: np.ndarray | None = None,
) -> Pair:
    """Search the pair of directions that metrics disagree about most.

    Args:
        products: v -> Mᵢ v of each metric, at least one.
        dimension: n, of v.
        settings: of the search.
        on_step: called after each step.
        should_stop: asked after each step; the pair is valid after any.
        orthogonal_to: orthonormal columns (n, m), to which both directions are; to none if None.

    Returns:
        The pair, with why the search ended. Equal arguments give equal pairs on one machine.

    Raises:
        ArgumentError: the metrics weigh all changes alike, so that no direction stands out.

    Example:
        >>> first, second = np.diag([4.0, 1.0, 1.0]), np.diag([1.0, 1.0, 9.0])
        >>> pair = principal_directions([first.__matmul__, second.__matmul__], 3, SearchSettings(tolerance=1e-5))
        >>> np.abs(pair.directions).round(3).tolist()
        [[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]
    """
    random = np.random.default_rng(settings.seed)
    probes = random.integers(0, 2, (PROBES, dimension)) * 2.0 - 1.0
    means = np.array([_mean_eigenvalue(product, probes) for product in products])
    project = _projection(orthogonal_to)
    within = [_compose(project, product) for product in products]
    objective = _Objective(within, means, settings.regularization)
    start = np.stack([project(one) for one in random.standard_normal((2, dimension))])
    start /= np.linalg.norm(start, axis=1, keepdims=True)
    objective.check_differ(start)
    if len(products) == 1:
        start[0] = project(_greatest_eigenvector(within[0], start[0]))
    ended: list[Outcome] = []
    step = 0

    def after_step(intermediate_result: "OptimizeResult") -> None:
        nonlocal step
        step += 1
        point = objective.at(intermediate_result.x)
        if on_step is not None:
            on_step(_pair(point, means, step))
        if point.residuals.max() <= settings.tolerance:
            ended.append("converged")
        elif should_stop():
            ended.append("stopped")
        if ended:
            raise StopIteration

    from scipy.optimize import minimize

    found = minimize(
        objective.negative,
        start.ravel(),
        jac=True,
        method="L-BFGS-B",
        callback=after_step,
        options={"maxiter": settings.steps, "maxfun": 20 * settings.steps, "maxcor": MEMORY, "ftol": 0, "gtol": 0},
    )
    outcome = ended[0] if ended else "max_steps" if step >= settings.steps else "stalled"
    return _pair(objective.at(np.concatenate([project(one) for one in found.x.reshape(2, -1)])), means, step, outcome)


def _projection(basis: np.ndarray | None) -> Product:
    """v (n,) -> its part that is orthogonal to the orthonormal columns of a basis (n, m)."""
    if basis is None or not basis.shape[1]:
        return lambda v: v
    return lambda v: v - basis @ (basis.T @ v)


def _compose(project: Product, product: Product) -> Product:
    return lambda v: project(product(v))


class _Objective:
    """The standard deviation over metrics of the log ratio of sensitivities, and its gradient."""

    def __init__(self, products: Sequence[Product], means: np.ndarray, regularization: float) -> None:
        self._products, self._means, self._regularization = products, means, regularization
        self._last: _Point | None = None

    def negative(self, flat: np.ndarray) -> tuple[float, np.ndarray]:
        """What is minimized, and its gradient, of both directions one after the other, (2n,)."""
        point = self.at(flat)
        return -point.deviation, -point.gradient.ravel()

    def at(self, flat: np.ndarray) -> _Point:
        """The point of these directions; the last one is remembered."""
        z = flat.reshape(2, -1)
        if self._last is None or not np.array_equal(self._last.z, z):
            self._last = self._evaluate(z.copy())
        return self._last

    def check_differ(self, z: np.ndarray) -> None:
        """Refuse metrics whose products with these random vectors (2, n) are multiples of one another."""
        products = self.at(z.ravel()).products
        units = products / np.linalg.norm(products, axis=2, keepdims=True)
        if np.linalg.norm(units - units[:1], axis=2).max() <= ALIKE:
            alone = len(self._products) == 1
            problem = "weighs all small changes alike" if alone else "weigh all small changes in the same proportions"
            raise ArgumentError(
                "metrics", f"must disagree about small changes: {'this one' if alone else 'these'} {problem}"
            )

    def _evaluate(self, z: np.ndarray) -> _Point:
        raw = [
            np.stack([product(v) for v in z]) / mean for product, mean in zip(self._products, self._means, strict=True)
        ]
        if len(raw) == 1:
            raw.append(z)  # the Euclidean norm
        squares = np.sum(z * z, axis=1)
        plain = np.stack([np.sum(z * one, axis=1) for one in raw])
        products = np.stack([one + self._regularization * z for one in raw])
        forms = plain + self._regularization * squares
        ratios = 0.5 * np.log(forms[:, 0] / forms[:, 1])
        centered = ratios - ratios.mean()
        deviation = float(np.sqrt(np.mean(centered**2)))
        weights = centered / (len(raw) * deviation) if deviation > 0 else centered
        signs = np.array([1.0, -1.0])
        terms = weights[:, None, None] * signs[:, None] * products / forms[:, :, None]
        return _Point(z, products, plain / squares, deviation, terms)


def _greatest_eigenvector(product: Product, start: np.ndarray) -> np.ndarray:
    """By Lanczos' method, which needs a tenth of the products; that of the smallest eigenvalue it would not find."""
    from scipy.sparse.linalg import LinearOperator, eigsh

    operator = LinearOperator((start.size, start.size), matvec=lambda v: product(v.ravel()), dtype=np.float64)
    vector: np.ndarray = eigsh(operator, k=1, which="LA", v0=start, tol=LANCZOS_TOLERANCE)[1][:, 0]
    return vector


def _mean_eigenvalue(product: Product, probes: np.ndarray) -> float:
    """The mean of vᵀ M v / vᵀv over random signs v (probes, n), the same of all metrics."""
    return float(np.mean([np.dot(probe, product(probe)) / len(probe) for probe in probes]))


def _pair(point: _Point, means: np.ndarray, step: int, outcome: Outcome | None = None) -> Pair:
    """The pair in its order and with its signs: the largest element of each is above 0."""
    ratios = np.log(point.forms + 1e-12)
    differences = ratios[:, 0] - ratios[:, 1]
    order = [0, 1] if differences[0] >= differences[1:].mean() else [1, 0]
    directions = point.z[order] / np.linalg.norm(point.z[order], axis=1, keepdims=True)
    largest = np.take_along_axis(directions, np.abs(directions).argmax(axis=1)[:, None], axis=1)
    return Pair(
        step=step,
        directions=directions * np.sign(largest),
        forms=np.maximum(point.forms[: len(means), order], 0),
        mean_eigenvalues=means,
        deviation=point.deviation,
        residuals=point.residuals[order],
        outcome=outcome,
    )
