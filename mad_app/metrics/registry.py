"""The one table of metrics, and how a name of it becomes a metric.

A name is a row's name, or, for a row with a parameter, `name:number`. Nothing else is read out of a name, and no name
makes Python import a module (see `outside` for metrics from elsewhere).
"""

import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Literal

from mad_app.errors import ArgumentError
from mad_app.metrics.classical import build_mse, build_structural
from mad_app.metrics.lpips.weights import missing_weights
from mad_app.metrics.package_files import DISTS_WEIGHTS, ST_LPIPS_WEIGHTS, first_missing
from mad_app.metrics.perceptual import build_lasi, build_lpips
from mad_app.metrics.protocol import KnownMetric, MetricUnavailable
from mad_app.metrics.torch_builders import (
    build_dists,
    build_nlpd,
    build_ssim_luma,
    build_st_lpips,
    build_wasserstein,
)
from mad_app.metrics.value_only import ValueMetric, build_flip, build_ssimulacra2

Framework = Literal["jax", "torch", "numpy"]


@dataclass(frozen=True, kw_only=True)
class Parameter:
    """The number that may follow a name after a colon.

    Attributes:
        whole: whether it must be a whole number.
    """

    keyword: str
    meaning: str
    lowest: int
    highest: int
    default: int
    whole: bool = True

    def read(self, text: str) -> int | float | None:
        """The number that digits with at most one point give, an int if it is whole; None if it is not allowed."""
        if not text.isascii() or not text.replace(".", "", 0 if self.whole else 1).isdigit():
            return None
        number = float(text)
        if not self.lowest <= number <= self.highest:
            return None
        return int(number) if number.is_integer() else number


@dataclass(frozen=True, kw_only=True)
class MetricSpec:
    """A metric of the table.

    Attributes:
        name: how it is asked for.
        title: how it is headed on a page.
        framework: in which it computes.
        explanation: what it measures, in a sentence for a page.
        source: paper, and the program used.
        minimum_size: smallest height and width in pixels.
        build: (name, minimum_size, and the parameter by its keyword) -> the metric.
        parameter: the number that may follow the name, if any.
        packages: what must be installed beside JAX, under the names of import.
        missing_data: why further files that it needs are not here, or None; looks, never fetches.
        no_gradient: why it has values only, so that it cannot compete; None for a metric that can.
    """

    name: str
    title: str
    framework: Framework
    explanation: str
    source: str
    minimum_size: int
    build: Callable[..., KnownMetric | ValueMetric]
    parameter: Parameter | None = None
    packages: tuple[str, ...] = ()
    missing_data: Callable[[], str | None] | None = None
    no_gradient: str | None = None

    def missing_packages(self) -> str | None:
        """What must be installed before it can be built, or None. Imports nothing."""
        missing = [package for package in self.packages if importlib.util.find_spec(package) is None]
        return f"not installed: {', '.join(missing)}" if missing else None

    def missing(self) -> str | None:
        """Why it is not available here, or None. Imports nothing and uses no network."""
        return self.missing_packages() or (self.missing_data() if self.missing_data else None)


def get_metric(name: str) -> KnownMetric:
    """The metric of the table called `name`, as in "ssim", "lasi" or "lasi:20".

    Raises:
        ValueError: there is no such metric; the message lists those that exist.
        ArgumentError: it gives values only, so that it cannot compete; the message says why.
        MetricUnavailable: it needs a package or weights that are not here; the message says what to do.

    Example:
        >>> get_metric("mse").name
        'mse'
        >>> get_metric("lasi:20").name
        'lasi:20'
    """
    row, _ = _parse(name)
    if row.no_gradient is not None:
        raise ArgumentError("metric", f"cannot be {row.name}, which can be measured but not compete: {row.no_gradient}")
    return get_measurable(name)


def get_measurable(name: str) -> KnownMetric | ValueMetric:
    """The metric called `name` for measuring alone: as `get_metric`, and those that give values only.

    Raises:
        ValueError: there is no such metric.
        MetricUnavailable: as `get_metric`.
    """
    row, number = _parse(name)
    missing = row.missing_packages()
    if missing:
        raise MetricUnavailable(f"{row.name} is not available here: {missing}")
    try:
        return _build(row, number)
    except MetricUnavailable as error:
        raise MetricUnavailable(f"{row.name} is not available here: {error}") from error


def row_of(name: str) -> MetricSpec:
    """The row behind a name.

    Raises:
        ValueError: as `get_metric`.
    """
    return _parse(name)[0]


def is_listed(name: str) -> bool:
    """Whether a name, up to its colon, is one of the table's."""
    return name.partition(":")[0] in METRICS | VALUE_METRICS


@dataclass(frozen=True)
class MetricDescription:
    """A row of the table and why it is not available here: `reason`, or None if it is."""

    row: MetricSpec
    reason: str | None

    @property
    def available(self) -> bool:
        """Whether it can be built here without a download."""
        return self.reason is None


def describe_metrics() -> list[MetricDescription]:
    """Every metric of the table, in its order; imports no framework but JAX and uses no network."""
    return [MetricDescription(row, row.missing()) for row in METRICS.values()]


def describe_value_metrics() -> list[MetricDescription]:
    """Every metric that gives values only; imports nothing and uses no network."""
    return [MetricDescription(row, row.missing()) for row in VALUE_METRICS.values()]


def measured_by_default() -> list[str]:
    """The names of what is measured where no names are given: all that can compete, and the others if installed."""
    return [*METRICS, *(row.name for row in VALUE_METRICS.values() if row.missing() is None)]


def _build(row: MetricSpec, number: float | None) -> KnownMetric | ValueMetric:
    """The row's metric; with its default number it bears the bare name."""
    if row.parameter is None:
        return row.build(row.name, row.minimum_size)
    number = row.parameter.default if number is None else number
    name = row.name if number == row.parameter.default else f"{row.name}:{number}"
    return row.build(name, row.minimum_size, **{row.parameter.keyword: number})


def _parse(name: str) -> tuple[MetricSpec, float | None]:
    """The row of a name and the number after its colon, if there is one."""
    base, colon, digits = name.partition(":")
    row = METRICS.get(base) or VALUE_METRICS.get(base)
    if row is None:
        raise ValueError(f"there is no metric {name!r}; there are {', '.join(METRICS)}")
    if not colon:
        return row, None
    if row.parameter is None:
        raise ValueError(f"{name!r}: {base} takes no number after a colon")
    limits = row.parameter
    number = limits.read(digits)
    if number is None:
        kind = "whole number" if limits.whole else "number"
        expected = f"the {limits.meaning}, a {kind} from {limits.lowest} to {limits.highest}"
        raise ValueError(f"{name!r}: after {base}: comes {expected}, got {digits!r}")
    return row, number


def _lpips_row(net: str, title: str, size: str, minimum_size: int) -> MetricSpec:
    return MetricSpec(
        name=f"lpips-{net}",
        title=title,
        framework="torch",
        explanation=f"Distance between the features of {size}, weighted to agree with people's judgments.",
        source="Zhang et al., CVPR 2018; package lpips, heads 0.1",
        minimum_size=minimum_size,
        build=partial(build_lpips, net=net),
        packages=("torch", "torchvision", "lpips"),
        missing_data=partial(missing_weights, net),
    )


def _structural_row(name: str, title: str, explanation: str, paper: str, minimum_size: int) -> MetricSpec:
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


_ROWS = (
    MetricSpec(
        name="lasi",
        title="LASI",
        framework="jax",
        explanation="Distance between weights that predict each pixel from its neighbors; nothing is trained.",
        source="Severo, Theis, Ballé, ICLR 2024; our linear-time program",
        minimum_size=2,
        build=build_lasi,
        parameter=Parameter(keyword="neighborhood_size", meaning="neighborhood size", lowest=1, highest=50, default=10),
    ),
    _lpips_row("alex", "LPIPS (AlexNet)", "AlexNet", 31),
    _lpips_row("vgg", "LPIPS (VGG-16)", "VGG-16", 16),
    _lpips_row("squeeze", "LPIPS (SqueezeNet)", "SqueezeNet", 17),
    MetricSpec(
        name="mse",
        title="MSE",
        framework="jax",
        explanation="Mean squared difference of the pixel values.",
        source="the formula",
        minimum_size=1,
        build=build_mse,
    ),
    _structural_row(
        "ssim",
        "1 − SSIM",
        "Loss of local luminance, contrast and structure.",
        "Wang, Bovik, Sheikh, Simoncelli, IEEE TIP 2004",
        11,
    ),
    _structural_row(
        "ms-ssim",
        "1 − MS-SSIM",
        "Loss of contrast and structure at five scales.",
        "Wang, Simoncelli, Bovik, Asilomar 2003",
        161,
    ),
    _structural_row(
        "gmsd",
        "GMSD",
        "How unevenly edges are lost over the picture.",
        "Xue, Zhang, Mou, Bovik, IEEE TIP 2014",
        3,
    ),
    _structural_row(
        "fsim",
        "1 − FSIM",
        "Loss of phase congruency, gradient and color, where features are strong.",
        "Zhang, Zhang, Mou, Zhang, IEEE TIP 2011 (FSIMc)",
        2,
    ),
    _structural_row(
        "haarpsi",
        "1 − HaarPSI",
        "Loss in the coefficients of a Haar wavelet.",
        "Reisenhofer, Bosse, Kutyniok, Wiegand, Signal Processing: Image Communication 2018",
        16,
    ),
    _structural_row(
        "vif",
        "|1 − VIF|",
        "Visual information lost, or gained by raised contrast, by a model of natural scenes.",
        "Sheikh, Bovik, IEEE TIP 2006 (pixel domain)",
        41,
    ),
    _structural_row(
        "mdsi",
        "MDSI",
        "How unevenly gradients and colors are lost over the picture.",
        "Nafchi, Shahkolaei, Hedjam, Cheriet, IEEE Access 2016",
        2,
    ),
    _structural_row(
        "vsi",
        "1 − VSI",
        "Loss of saliency, gradient and color, where the picture is salient.",
        "Zhang, Shen, Li, IEEE TIP 2014",
        2,
    ),
    MetricSpec(
        name="ssim-luma",
        title="1 − SSIM (luma)",
        framework="torch",
        explanation="Loss of local luminance, contrast and structure in the luma alone, the standard of 2004.",
        source="Wang, Bovik, Sheikh, Simoncelli, IEEE TIP 2004; our program",
        minimum_size=11,
        build=build_ssim_luma,
        packages=("torch",),
    ),
    MetricSpec(
        name="nlpd",
        title="NLPD",
        framework="torch",
        explanation="Distance between Laplacian pyramids of the luma, divided by local contrast as early vision does.",
        source="Laparra, Ballé, Berardino, Simoncelli, Electronic Imaging 2016; our program",
        minimum_size=96,
        build=build_nlpd,
        packages=("torch",),
    ),
    MetricSpec(
        name="dists",
        title="DISTS",
        framework="torch",
        explanation="Loss of structure and texture in the features of VGG-16, averaged over the whole picture.",
        source="Ding, Ma, Wang, Simoncelli, IEEE TPAMI 2020; our program, weights of dists-pytorch",
        minimum_size=16,
        build=build_dists,
        packages=("torch", "torchvision"),
        missing_data=partial(first_missing, partial(missing_weights, "vgg"), DISTS_WEIGHTS.missing),
    ),
    MetricSpec(
        name="st-lpips-alex",
        title="ST-LPIPS (AlexNet)",
        framework="torch",
        explanation="LPIPS on a network that a shift by a pixel hardly changes.",
        source="Ghildyal, Liu, ECCV 2022; our program, weights of stlpips-pytorch",
        minimum_size=21,
        build=build_st_lpips,
        packages=("torch",),
        missing_data=ST_LPIPS_WEIGHTS.missing,
    ),
    MetricSpec(
        name="wasserstein",
        title="Wasserstein distortion",
        framework="torch",
        explanation="Distance between local means and deviations of the features of VGG-16. The pooling width chooses "
        "between the same pixels (1) and the same texture (16).",
        source="Qiu, Wagner, Ballé, Theis, CISS 2024; Ballé et al., CVPR 2025; our program",
        minimum_size=64,
        build=build_wasserstein,
        parameter=Parameter(
            keyword="sigma", meaning="pooling width in pixels", lowest=1, highest=16, default=4, whole=False
        ),
        packages=("torch", "torchvision"),
        missing_data=partial(missing_weights, "vgg"),
    ),
)

METRICS: dict[str, MetricSpec] = {row.name: row for row in _ROWS}
"""Every metric by its name, in the order in which they are listed."""

_VALUE_ROWS = (
    MetricSpec(
        name="ssimulacra2",
        title="100 − SSIMULACRA 2",
        framework="numpy",
        explanation="Loss of structure, new edges and lost edges at six scales, of the picture rounded to 8 bits.",
        source="Sneyers, Cloudinary, 2023; package ssimulacra2",
        minimum_size=8,
        build=build_ssimulacra2,
        packages=("ssimulacra2",),
        no_gradient="the package ssimulacra2 gives values only, no gradient",
    ),
    MetricSpec(
        name="flip",
        title="FLIP",
        framework="numpy",
        explanation="Visible difference when two pictures alternate in place, at 67 pixels per degree.",
        source="Andersson et al., HPG 2020 (LDR-FLIP); package flip-evaluator",
        minimum_size=1,
        build=build_flip,
        packages=("flip_evaluator",),
        no_gradient="the package flip-evaluator gives values only, no gradient",
    ),
)

VALUE_METRICS: dict[str, MetricSpec] = {row.name: row for row in _VALUE_ROWS}
"""Metrics without a gradient: measured if their packages are installed, but unable to compete."""
