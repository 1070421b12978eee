"""Custom metrics: any JAX or PyTorch function of two images, and the metric objects of other packages.

A function is called with test images before it becomes a metric, so that what it did wrong is reported then, and not as
a failure of a competition. Loading a metric by name imports and runs the named module; the command line and the library
do so, a page or an address never does: they use `registry.get_metric`.
"""

import importlib
import math
from collections.abc import Iterable, Mapping
from dataclasses import replace
from numbers import Real
from typing import Any, NamedTuple
from weakref import WeakValueDictionary

from mad_app.errors import ArgumentError
from mad_app.metrics.failure import MetricFailed, describe_error
from mad_app.metrics.from_function import Calling, Framework, Function, Layout, function_metric, is_module, ready
from mad_app.metrics.probe import NoDistance, probe
from mad_app.metrics.protocol import KnownMetric
from mad_app.metrics.registry import get_metric, is_listed
from mad_app.metrics.sum_names import is_sum, read_sum
from mad_app.metrics.sums import Summable, Term, renamed, weighted_sum

PROBE_SIZES = (64, 256, 224)
"""Sides in pixels of the test images: the next where a function raises an error at the one before. Five scales of an
11-pixel window need more than 160 pixels, and some networks take 224 alone."""

LONGEST_NAME, NOT_IN_NAMES = 120, "<>[]`"
"""Of the name of a metric, which records keep and pages show."""


def resolve_metric(name: str, *, argument: str = "metric") -> KnownMetric:
    """A listed metric by its name, a custom one by "package.module:function", or a weighted sum of such names.

    Args:
        name: of the metric.
        argument: the argument by which the caller was given the name, for the error.

    Raises:
        ArgumentError: it is neither.
        MetricUnavailable: as `get_metric`.

    Example:
        >>> resolve_metric("lasi:20").name
        'lasi:20'
    """
    if is_sum(name) and not is_listed(name):
        parts = read_sum(name, argument=argument).items()
        return weighted_sum([Term(weight, resolve_metric(part, argument=argument)) for part, weight in parts])
    custom = ":" in name and not is_listed(name)
    return load_metric(name, argument=argument) if custom else get_metric(name, argument=argument)


def load_metric(name: str, *, argument: str = "metric") -> KnownMetric:
    """The metric that a module has under a name "package.module:name". Imports the module.

    Args:
        name: of a function, a module of PyTorch or a metric that `metric_from` or an operator made; Python must find
            its module. A function is called as `metric_from` calls it by default.
        argument: the argument by which the caller was given the name, for the error.

    Raises:
        ArgumentError: the module cannot be imported, or has no such attribute, or that is not a metric.

    Example:
        >>> load_metric("package.module")
        Traceback (most recent call last):
        mad_app.errors.ArgumentError: metric must have the form package.module:function, got 'package.module'
    """
    found = _attribute(name, argument)
    if isinstance(found, Summable):
        return renamed(found, name)
    if (known := _LOADED.get((name, id(found)))) is not None:
        return known
    metric = _checked_metric(found, name, _Given(), argument)
    _LOADED[name, id(found)] = metric
    return metric


_LOADED: WeakValueDictionary[tuple[str, int], KnownMetric] = WeakValueDictionary()
"""Metrics of functions that are still in use, so that a sum and its rival share what they have in common."""


def _attribute(name: str, argument: str) -> Any:
    """What a module has under a name "package.module:name"; errors as of `load_metric`."""
    module_name, colon, attribute = name.partition(":")
    if not (module_name and colon and attribute):
        raise ArgumentError(argument, f"must have the form package.module:function, got {name!r}")
    try:
        module = importlib.import_module(module_name)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # the module's own code runs here, and may raise anything
        problem = f"{name}: the module {module_name} cannot be imported from here ({describe_error(error)})"
        raise ArgumentError(argument, problem) from error
    try:
        return getattr(module, attribute)
    except AttributeError as error:
        where = f" (it is {file})" if (file := getattr(module, "__file__", None)) else ""
        raise ArgumentError(argument, f"{name}: the module {module_name} has no function {attribute}{where}") from error
    except Exception as error:  # a module may make its attributes on demand
        problem = f"{name}: the module {module_name} cannot give {attribute} ({describe_error(error)})"
        raise ArgumentError(argument, problem) from error


def metric_from(
    function: Function,
    *,
    name: str,
    framework: Framework | None = None,
    layout: Layout | None = None,
    data_range: tuple[float, float] = (0, 1),
    similarity: bool = False,
    batched: bool | None = None,
    reference_first: bool | None = None,
) -> KnownMetric:
    """Make a metric of a function of two images, or of a metric object of another package.

    A function is called as `function(reference, image)`, each (H, W, 3), float32, sRGB in [0, 1], and returns a float32
    scalar: 0 for identical images, larger the more they differ, with a gradient with respect to `image`. It is written
    in JAX (pure: it is compiled, and vectorized over images) or in PyTorch (tensors on the device on which JAX
    computes). A `torch.nn.Module`, such as a metric of torchmetrics, piq, pyiqa or lpips, is called as
    `module(image, reference)`, each (1, 3, H, W) or (N, 3, H, W). What is called is a copy of the module, in eval mode
    and with fixed parameters; one of torchmetrics is reset after each call.

    What is None is found by calling the function with test images. It is called with images of the run's own size
    before it competes, too.

    Args:
        function: of two images.
        name: the metric's name in records, figures and messages.
        framework: "jax" or "torch", if calling it does not tell.
        layout: "HWC" for (H, W, 3), "NCHW" for (1, 3, H, W). None: what works, for a function the former if it does,
            for a module the latter.
        data_range: the values of black and white, such as (-1, 1) for lpips.
        similarity: whether it returns a similarity s, larger for the better image and 1 for identical ones: the
            distance is 1 − s.
        batched: whether it takes N images and returns N values, each for its own image. None: found by calling it.
        reference_first: whether the reference is the first argument. None: for a function yes, for a module no.

    Raises:
        ArgumentError: `function` is not callable, raises an error, or returns something else; the message says what it
            did. Or another argument is not as above.

    Example:
        >>> import jax.numpy as jnp
        >>> import numpy as np
        >>> def absolute_error(reference, image):
        ...     return jnp.mean(jnp.abs(reference - image))
        >>> metric = metric_from(absolute_error, name="MAE")
        >>> black = np.zeros((16, 16, 3), np.float32)
        >>> round(float(metric(black, black + np.float32(0.25))), 6)
        0.25

        Objects of other packages::

            ssim = torchmetrics.image.StructuralSimilarityIndexMeasure(data_range=1.0)
            metric_from(ssim, name="SSIM of torchmetrics", similarity=True)
            metric_from(piq.SSIMLoss(data_range=1.0), name="SSIM of piq")
            metric_from(piq.vif_p, name="VIF of piq", similarity=True, reference_first=False)
            metric_from(lpips.LPIPS(net="alex"), name="LPIPS of lpips", data_range=(-1, 1))
            metric_from(pyiqa.create_metric("dists", as_loss=True), name="DISTS of pyiqa")
    """
    _check_name(name)
    for argument, value, allowed in (("framework", framework, ("jax", "torch")), ("layout", layout, ("HWC", "NCHW"))):
        if value is not None and value not in allowed:
            raise ArgumentError(argument, f"must be {' or '.join(allowed)}, or None, got {value!r}")
    for switch, chosen in (("batched", batched), ("reference_first", reference_first)):
        if not (chosen is None or isinstance(chosen, bool)):
            raise ArgumentError(switch, f"must be True, False or None, got {chosen!r:.60}")
    given = _Given(framework, layout, _checked_range(data_range), similarity, batched, reference_first)
    return _checked_metric(function, name, given, "function")


def _check_name(name: object) -> None:
    """Refuse the name of a metric that no record can keep, or that stands for a sum."""
    if not isinstance(name, str) or not name or is_sum(name):
        raise ArgumentError("name", f"must not be empty, nor contain + or *, which make sums of metrics, got {name!r}")
    if len(name) > LONGEST_NAME or not name.isprintable() or set(name) & set(NOT_IN_NAMES):
        problem = f"must be printable text of at most {LONGEST_NAME} characters, without any of {NOT_IN_NAMES}"
        raise ArgumentError("name", f"{problem}, got {name!r:.60}")


def _checked_range(data_range: object) -> tuple[float, float]:
    """The values of black and white."""
    pair = tuple(data_range) if isinstance(data_range, Iterable) else ()
    numbers = [float(value) for value in pair if isinstance(value, Real)]
    if len(pair) != 2 or len(numbers) != 2 or not (math.isfinite(numbers[1] - numbers[0]) and numbers[0] < numbers[1]):
        raise ArgumentError("data_range", f"must be two finite numbers, the smaller one first, got {data_range!r:.60}")
    return numbers[0], numbers[1]


class _Given(NamedTuple):
    """What `metric_from` is given about a function; None is to be found out."""

    framework: Framework | None = None
    layout: Layout | None = None
    data_range: tuple[float, float] = (0, 1)
    similarity: bool = False
    batched: bool | None = None
    reference_first: bool | None = None

    def callings(self, *, is_module: bool) -> list[Calling]:
        """How the function may want to be called, what is likelier first."""
        frameworks: tuple[Framework, ...] = ("torch",) if is_module else ("jax", "torch")
        layouts: tuple[Layout, ...] = ("NCHW", "HWC") if is_module else ("HWC", "NCHW")
        return [
            Calling(
                framework=framework,
                layout=layout,
                data_range=self.data_range,
                similarity=self.similarity,
                batched=batched,
                reference_first=not is_module if self.reference_first is None else self.reference_first,
            )
            for framework in frameworks
            if self.framework in (None, framework)
            for layout in layouts
            if self.layout in (None, layout)
            for batched in ((True, False) if framework == "torch" and layout == "NCHW" else (False, True))
            if self.batched in (None, batched)
        ]


def _checked_metric(function: Any, name: str, given: _Given, argument: str) -> KnownMetric:
    """The metric of a function under the first calling that works, at the first size where one does.

    Raises:
        ArgumentError: there is none.
    """
    if not callable(function):
        raise ArgumentError(argument, f"{name} must be a function, got {type(function).__name__}")
    if isinstance(function, type):
        raise ArgumentError(
            argument, f"{name} must be a function, got the class {function.__name__}: make an object of it"
        )
    module = is_module(function)
    if module and given.framework == "jax":
        raise ArgumentError("framework", f"must be torch for {name}, a module of PyTorch")
    called = ready(function, name, argument) if module else function
    objections: dict[Calling, MetricFailed] = {}
    for size in PROBE_SIZES:
        for calling in given.callings(is_module=module):
            try:
                metric = _probed_metric(called, name, calling, size)
            except NoDistance as fault:
                raise ArgumentError(argument, f"{name} cannot be used as a metric: it {fault.problem}") from fault
            except MetricFailed as objection:
                objections.setdefault(calling, objection)
            else:
                return metric
        if any(_has_returned(objection) for objection in objections.values()):
            break
    raise ArgumentError(argument, f"{name} cannot be used as a metric: {_describe(objections)}")


def _probed_metric(function: Function, name: str, calling: Calling, size: int) -> KnownMetric:
    """The metric of a function, which is probed once for each size of the images, and first for one of its own.

    Raises:
        MetricFailed: the probe failed.
    """
    try:
        metric = function_metric(function, name, calling)
    except ImportError as error:
        raise MetricFailed(name, f"cannot be called: PyTorch cannot be imported ({describe_error(error)})") from error
    passed: set[tuple[int, ...]] = set()

    def check(shape: tuple[int, ...]) -> None:
        if shape not in passed:
            probe(metric, shape, similarity=calling.similarity, batched=calling.batched)
            passed.add(shape)

    check((size, size, 3))
    return replace(metric, probe=check)


def _has_returned(objection: MetricFailed) -> bool:
    """Whether a function returned something that is no distance, rather than raise an error."""
    return objection.__cause__ is None


def _describe(objections: Mapping[Calling, MetricFailed]) -> str:
    """What a function did when it was called with the arrays of each framework, as it came farthest with them."""
    farthest: dict[Framework, Calling] = {}
    for calling in sorted(objections, key=lambda calling: (not _has_returned(objections[calling]), calling.batched)):
        farthest.setdefault(calling.framework, calling)
    reported = [one for one in farthest.values() if _has_returned(objections[one])] or farthest.values()
    return "; ".join(f"called with {calling.arrays} it {objections[calling].problem}" for calling in reported)
