"""The registry of metrics: one specification per metric, and the metric of a name.

A name is that of a specification, or, for one with a parameter, `name:number`. No name makes Python import a module;
for a user's own metrics see `custom`.
"""

import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Literal

from mad_app.errors import ArgumentError
from mad_app.metrics.classical import build_mse, build_structural
from mad_app.metrics.conventions import CONVENTIONS, PAPERS, Convention
from mad_app.metrics.lpips.weights import missing_weights
from mad_app.metrics.perceptual import build_lasi, build_lpips
from mad_app.metrics.protocol import KnownMetric, MetricUnavailable

Framework = Literal["jax", "torch"]


@dataclass(frozen=True, kw_only=True)
class Parameter:
    """The whole number that may follow a name after a colon.

    Attributes:
        keyword: argument of `MetricSpec.build`.
        meaning: what it is, for messages.
        lowest: smallest value.
        highest: largest value.
        default: value of the bare name.
    """

    keyword: str
    meaning: str
    lowest: int
    highest: int
    default: int


@dataclass(frozen=True, kw_only=True)
class MetricSpec:
    """Specification of a metric.

    Attributes:
        name: the name by which it is requested.
        title: its name on a page and in a figure.
        framework: the framework that computes it.
        explanation: what it measures, in a sentence or two for a page.
        source: paper, and the implementation used.
        minimum_size: smallest height and width in pixels.
        build: (name, minimum_size, and the parameter by its keyword) -> the metric.
        parameter: the number that may follow the name, if any.
        packages: packages that it needs besides JAX, by the names under which they are imported.
        missing_data: what further files it needs that are not on this machine, or None; never downloads.
    """

    name: str
    title: str
    framework: Framework
    explanation: str
    source: str
    minimum_size: int
    build: Callable[..., KnownMetric]
    parameter: Parameter | None = None
    packages: tuple[str, ...] = ()
    missing_data: Callable[[], str | None] | None = None

    @property
    def convention(self) -> Convention:
        """How it treats color, size and range, and how the published variant differs."""
        return CONVENTIONS[self.name]

    @property
    def url(self) -> str:
        """Address of the paper; empty where there is none."""
        return PAPERS.get(self.name, "")

    def missing_packages(self) -> str | None:
        """The packages that must be installed first, or None. Imports nothing."""
        missing = [package for package in self.packages if importlib.util.find_spec(package) is None]
        return f"not installed: {', '.join(missing)}" if missing else None

    def missing(self) -> str | None:
        """Why it is not available on this machine, or None. Imports nothing and uses no network."""
        return self.missing_packages() or (self.missing_data() if self.missing_data else None)


def get_metric(name: str, *, argument: str = "metric") -> KnownMetric:
    """The listed metric of a name.

    Args:
        name: such as "ssim", "lasi" or "lasi:20".
        argument: the argument by which the caller was given the name, for the error.

    Raises:
        ArgumentError: there is no such metric; the message lists those that exist.
        MetricUnavailable: it needs a package or weights that are not on this machine; the message says what to do.

    Example:
        >>> get_metric("mse").name
        'mse'
        >>> get_metric("lasi:20").name
        'lasi:20'
    """
    spec, number = _parse(name, argument)
    missing = spec.missing_packages()
    if missing:
        raise MetricUnavailable(f"{spec.name} is not available here: {missing}")
    try:
        return _build(spec, number)
    except MetricUnavailable as error:
        raise MetricUnavailable(f"{spec.name} is not available here: {error}") from error


def spec_of(name: str, *, argument: str = "metric") -> MetricSpec:
    """The specification of the metric of a name; arguments and errors as of `get_metric`.

    Example:
        >>> spec_of("lasi:20").title
        'LASI'
    """
    return _parse(name, argument)[0]


def is_listed(name: str) -> bool:
    """Whether a name, up to its colon, is that of a listed metric."""
    return name.partition(":")[0] in METRICS


@dataclass(frozen=True)
class MetricDescription:
    """The specification of a metric, and the reason why it is not available on this machine, None if it is."""

    spec: MetricSpec
    reason: str | None

    @property
    def available(self) -> bool:
        """Whether it can be built without a download."""
        return self.reason is None


def describe_metrics() -> list[MetricDescription]:
    """Every listed metric, in the order of the registry. Imports no framework except JAX and uses no network.

    Example:
        >>> [described.spec.title for described in describe_metrics() if described.spec.name == "mse"]
        ['MSE']
    """
    return [MetricDescription(spec, spec.missing()) for spec in METRICS.values()]


def _build(spec: MetricSpec, number: int | None) -> KnownMetric:
    """Build a metric; with the default of its parameter it has the bare name."""
    if spec.parameter is None:
        return spec.build(spec.name, spec.minimum_size)
    number = spec.parameter.default if number is None else number
    name = spec.name if number == spec.parameter.default else f"{spec.name}:{number}"
    return spec.build(name, spec.minimum_size, **{spec.parameter.keyword: number})


def _parse(name: str, argument: str) -> tuple[MetricSpec, int | None]:
    """The specification of a name and the number after its colon, if there is one."""
    base, colon, digits = name.partition(":")
    spec = METRICS.get(base)
    if spec is None:
        raise ArgumentError(argument, f"must be one of {', '.join(METRICS)}, got {name!r}")
    if not colon:
        return spec, None
    if spec.parameter is None:
        raise ArgumentError(argument, f"{base} has no parameter, got {name!r}")
    limits = spec.parameter
    if not (digits.isascii() and digits.isdigit() and limits.lowest <= int(digits) <= limits.highest):
        expected = f"{limits.meaning}, a whole number from {limits.lowest} to {limits.highest}"
        raise ArgumentError(argument, f"{base}: must be followed by the {expected}, got {name!r}")
    return spec, int(digits)


def _lpips_spec(net: str, title: str, network: str, minimum_size: int) -> MetricSpec:
    return MetricSpec(
        name=f"lpips-{net}",
        title=title,
        framework="torch",
        explanation=f"Distance between the features of {network}, weighted to agree with human judgments.",
        source="Zhang et al., CVPR 2018; package lpips, heads 0.1",
        minimum_size=minimum_size,
        build=partial(build_lpips, net=net),
        packages=("torch", "torchvision", "lpips"),
        missing_data=partial(missing_weights, net),
    )


def _structural_spec(name: str, title: str, explanation: str, paper: str, minimum_size: int) -> MetricSpec:
    return MetricSpec(
        name=name,
        title=title,
        framework="torch",
        explanation=explanation,
        source=f"{paper}; package piq",
        minimum_size=minimum_size,
        build=build_structural,
        packages=("torch", "piq"),
    )


_SPECS = (
    MetricSpec(
        name="lasi",
        title="LASI",
        framework="jax",
        explanation="Predicts every pixel from its neighbors and compares the prediction weights of the two images. "
        "No training.",
        source="Severo, Theis, Ballé, ICLR 2024; package lasi, in linear time",
        minimum_size=2,
        build=build_lasi,
        parameter=Parameter(keyword="neighborhood_size", meaning="neighborhood size", lowest=1, highest=50, default=10),
    ),
    _lpips_spec("alex", "LPIPS (AlexNet)", "AlexNet", 31),
    _lpips_spec("vgg", "LPIPS (VGG-16)", "VGG-16", 16),
    _lpips_spec("squeeze", "LPIPS (SqueezeNet)", "SqueezeNet", 17),
    MetricSpec(
        name="mse",
        title="MSE",
        framework="jax",
        explanation="Mean squared difference of the pixel values.",
        source="the formula",
        minimum_size=1,
        build=build_mse,
    ),
    _structural_spec(
        "ssim",
        "1 − SSIM",
        "Loss of local luminance, contrast and structure.",
        "Wang, Bovik, Sheikh, Simoncelli, IEEE TIP 2004",
        11,
    ),
    _structural_spec(
        "ms-ssim",
        "1 − MS-SSIM",
        "Loss of contrast and structure at five scales.",
        "Wang, Simoncelli, Bovik, Asilomar 2003",
        161,
    ),
    _structural_spec(
        "gmsd",
        "GMSD",
        "How unevenly edges are lost over the picture.",
        "Xue, Zhang, Mou, Bovik, IEEE TIP 2014",
        3,
    ),
    _structural_spec(
        "fsim",
        "1 − FSIM",
        "Loss of phase congruency, gradient and color, where features are strong.",
        "Zhang, Zhang, Mou, Zhang, IEEE TIP 2011 (FSIMc)",
        2,
    ),
    _structural_spec(
        "haarpsi",
        "1 − HaarPSI",
        "Loss in the coefficients of a Haar wavelet.",
        "Reisenhofer, Bosse, Kutyniok, Wiegand, Signal Processing: Image Communication 2018",
        16,
    ),
    _structural_spec(
        "vif",
        "|1 − VIF|",
        "Visual information lost, or gained by raised contrast, by a model of natural scenes.",
        "Sheikh, Bovik, IEEE TIP 2006 (pixel domain)",
        41,
    ),
    _structural_spec(
        "mdsi",
        "MDSI",
        "How unevenly gradients and colors are lost over the picture.",
        "Nafchi, Shahkolaei, Hedjam, Cheriet, IEEE Access 2016",
        2,
    ),
    _structural_spec(
        "vsi",
        "1 − VSI",
        "Loss of saliency, gradient and color, where the picture is salient.",
        "Zhang, Shen, Li, IEEE TIP 2014",
        2,
    ),
)

METRICS: dict[str, MetricSpec] = {spec.name: spec for spec in _SPECS}
"""Every listed metric by its name, in the order in which pages and commands list them."""
