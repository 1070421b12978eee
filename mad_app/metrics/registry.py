"""The registry of metrics: one specification per metric, and the metric of a name.

A name is that of a specification, for one with a parameter `name:number`, or a weighted sum of such names, as
`lasi+0.5*lpips-alex`. No name makes Python import a module; for a user's own metrics see `custom`. Metrics that give
values but no gradient have a table of their own: they are measured beside the others, and refused where a metric
competes.
"""

from collections.abc import Iterable, Mapping
from functools import partial
from weakref import WeakValueDictionary

from mad_app.errors import ArgumentError
from mad_app.metrics.classical import build_mse, build_structural
from mad_app.metrics.lpips.weights import missing_weights
from mad_app.metrics.package_files import DISTS_WEIGHTS, ST_LPIPS_WEIGHTS, first_missing
from mad_app.metrics.perceptual import build_lasi, build_lpips
from mad_app.metrics.protocol import KnownMetric, MetricUnavailable
from mad_app.metrics.spec import MetricDescription, MetricSpec, Parameter
from mad_app.metrics.sum_names import is_sum, parts_of, read_sum
from mad_app.metrics.sum_spec import sum_spec
from mad_app.metrics.torch_builders import (
    build_dists,
    build_nlpd,
    build_ssim_luma,
    build_st_lpips,
    build_wasserstein,
)
from mad_app.metrics.value_only import build_flip, build_ssimulacra2


def get_metric(name: str, *, argument: str = "metric") -> KnownMetric:
    """The listed metric of a name, which can compete.

    Args:
        name: such as "ssim", "lasi", "lasi:20" or "lasi+0.5*lpips-alex".
        argument: the argument by which the caller was given the name, for the error.

    Raises:
        ArgumentError: there is no such metric; the message lists those that exist. Or it gives values only; the
            message says why.
        MetricUnavailable: it needs a package or weights that are not on this machine; the message says what to do.

    Example:
        >>> get_metric("mse").name
        'mse'
        >>> get_metric("lasi:20").name
        'lasi:20'
        >>> get_metric("0.5*mse + lasi").name
        'lasi+0.5*mse'
    """
    return _build(*_parse_competitor(name, argument))


def get_measurable(name: str) -> KnownMetric:
    """As `get_metric`, and of those that give values only: they raise ArgumentError when asked for a gradient."""
    return _build(*_parse(name, "metric"))


def spec_of(name: str, *, argument: str = "metric") -> MetricSpec:
    """The specification of the metric of a name, which may give values only; errors as of `get_metric`.

    Example:
        >>> spec_of("lasi:20").title, spec_of("lasi:20+0.5*ssim").title
        ('LASI', 'LASI:20 + 0.5 (1 − SSIM)')
    """
    return _parse(name, argument)[0]


def canonical_name(name: str) -> str:
    """The one name of a metric that can compete; errors as of `get_metric`.

    Example:
        >>> canonical_name("lasi:10"), canonical_name("wasserstein:2.50"), canonical_name("0.50*mse + lasi:10")
        ('lasi', 'wasserstein:2.5', 'lasi+0.5*mse')
    """
    spec, number = _parse_competitor(name, "metric")
    return spec.name_with(number)


def is_listed(name: str) -> bool:
    """Whether a name, up to its colon, is that of a listed metric, or of a sum of such."""
    return all(part.partition(":")[0] in LISTED_METRICS for _, part in parts_of(name))


def listed_specs(names: Iterable[str]) -> list[MetricSpec]:
    """The specifications of the listed metrics that occur in names, each once; other names are left out.

    Example:
        >>> [spec.name for spec in listed_specs(["lasi:20+0.5*mse", "my.module:metric", "mse"])]
        ['lasi', 'mse']
    """
    bases = dict.fromkeys(part.partition(":")[0] for name in names for _, part in parts_of(name))
    return [LISTED_METRICS[base] for base in bases if base in LISTED_METRICS]


def describe_metrics() -> list[MetricDescription]:
    """Every listed metric that can compete, in the order of the registry.

    Imports no framework except JAX and uses no network.

    Example:
        >>> [described.spec.title for described in describe_metrics() if described.spec.name == "mse"]
        ['MSE']
    """
    return _described(METRICS)


def describe_value_metrics() -> list[MetricDescription]:
    """Every listed metric that gives values only; likewise."""
    return _described(VALUE_METRICS)


def measured_by_default() -> list[str]:
    """The names of what is measured where no names are given: all that can compete, and the others if installed."""
    return [*METRICS, *(name for name, spec in VALUE_METRICS.items() if spec.missing() is None)]


def _described(table: Mapping[str, MetricSpec]) -> list[MetricDescription]:
    return [MetricDescription(spec, spec.missing()) for spec in table.values()]


def _build(spec: MetricSpec, number: float | None) -> KnownMetric:
    """Build a metric; with the default of its parameter it has the bare name.

    While anybody holds it, it is one and the same object, so that a sum and its rival share what they have in common.
    """
    missing = spec.missing_packages()
    if missing:
        raise MetricUnavailable(f"{spec.name} is not available here: {missing}")
    name = spec.name_with(number)
    if (built := _IN_USE.get(name)) is not None:
        return built
    chosen = {}
    if spec.parameter:
        chosen[spec.parameter.keyword] = spec.parameter.default if number is None else number
    try:
        metric: KnownMetric = spec.build(name, spec.minimum_size, **chosen)
    except MetricUnavailable as error:
        raise MetricUnavailable(f"{spec.name} is not available here: {error}") from error
    _IN_USE[name] = metric
    return metric


def _parse_competitor(name: str, argument: str) -> tuple[MetricSpec, float | None]:
    """As `_parse`; refuses a metric that gives values only."""
    spec, number = _parse(name, argument)
    if spec.no_gradient:
        problem = f"cannot be {spec.name}, which can be measured but not compete: {spec.no_gradient}"
        raise ArgumentError(argument, problem)
    return spec, number


def _parse(name: str, argument: str) -> tuple[MetricSpec, float | None]:
    """The specification of a name and the number after its colon, if there is one."""
    if not isinstance(name, str):
        raise ArgumentError(argument, f"must be the name of a metric, got {type(name).__name__}")
    if is_sum(name):
        return _parse_sum(name, argument)
    base, colon, digits = name.partition(":")
    spec = LISTED_METRICS.get(base)
    if spec is None:
        raise ArgumentError(argument, f"must be one of {', '.join(METRICS)}, got {name!r}")
    if not colon:
        return spec, None
    if spec.parameter is None:
        raise ArgumentError(argument, f"{base} has no parameter, got {name!r}")
    number = spec.parameter.read(digits)
    if number is None:
        expected = f"{spec.parameter.meaning}, a {spec.parameter.describe()}"
        raise ArgumentError(argument, f"{base}: must be followed by the {expected}, got {name!r}")
    return spec, number


def _parse_sum(name: str, argument: str) -> tuple[MetricSpec, float | None]:
    """As `_parse`; of a sum, whose parts are all listed, a specification that is made of theirs."""
    terms: dict[str, tuple[float, MetricSpec, float | None]] = {}
    for part, weight in read_sum(name, argument=argument).items():
        spec, number = _parse(part, argument)
        before = terms.get(spec.name_with(number), (0.0,))[0]
        terms[spec.name_with(number)] = (before + weight, spec, number)
    ordered = [terms[part] for part in sorted(terms)]
    if len(ordered) == 1 and ordered[0][0] == 1:
        return ordered[0][1:]
    return sum_spec(ordered, _build), None


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
    MetricSpec(
        name="ssim-luma",
        title="1 − SSIM (luma)",
        framework="torch",
        explanation="Loss of local luminance, contrast and structure in the luma alone, the standard of 2004.",
        source="Wang, Bovik, Sheikh, Simoncelli, IEEE TIP 2004; implemented here",
        minimum_size=11,
        build=build_ssim_luma,
        packages=("torch",),
    ),
    MetricSpec(
        name="nlpd",
        title="NLPD",
        framework="torch",
        explanation="Distance between Laplacian pyramids of the luma, divided by local contrast as early vision does.",
        source="Laparra, Ballé, Berardino, Simoncelli, Electronic Imaging 2016; implemented here",
        minimum_size=96,
        build=build_nlpd,
        packages=("torch",),
    ),
    MetricSpec(
        name="dists",
        title="DISTS",
        framework="torch",
        explanation="Loss of structure and texture in the features of VGG-16, averaged over the whole picture.",
        source="Ding, Ma, Wang, Simoncelli, IEEE TPAMI 2020; implemented here, weights of dists-pytorch",
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
        source="Ghildyal, Liu, ECCV 2022; implemented here, weights of stlpips-pytorch",
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
        source="Qiu, Wagner, Ballé, Theis, CISS 2024; Ballé et al., CVPR 2025; implemented here",
        minimum_size=64,
        build=build_wasserstein,
        parameter=Parameter(keyword="sigma", meaning="pooling width in pixels", lowest=1.0, highest=16.0, default=4.0),
        packages=("torch", "torchvision"),
        missing_data=partial(missing_weights, "vgg"),
    ),
)

METRICS: dict[str, MetricSpec] = {spec.name: spec for spec in _SPECS}
"""Every listed metric that can compete by its name, in the order in which pages and commands list them."""

_VALUE_SPECS = (
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

VALUE_METRICS: dict[str, MetricSpec] = {spec.name: spec for spec in _VALUE_SPECS}
"""Listed metrics without a gradient: measured if their packages are installed, but unable to compete."""

LISTED_METRICS: dict[str, MetricSpec] = METRICS | VALUE_METRICS
"""Every listed metric by its name."""

_IN_USE: WeakValueDictionary[str, KnownMetric] = WeakValueDictionary()
"""Metrics that were built and are still in use, by name with parameter."""
