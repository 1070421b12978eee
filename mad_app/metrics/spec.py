"""What is declared of a metric: its name and title, what it needs, and the number that it may take."""

import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from mad_app.metrics.conventions import CONVENTIONS, PAPERS, Convention
from mad_app.metrics.protocol import KnownMetric

Framework = Literal["jax", "torch", "numpy", "several"]


@dataclass(frozen=True, kw_only=True)
class Parameter:
    """The number that may follow a name after a colon.

    Attributes:
        keyword: argument of `MetricSpec.build`.
        meaning: what it is, for messages.
        lowest: smallest value.
        highest: largest value.
        default: value of the bare name; whole numbers are allowed alone if it is an int.
    """

    keyword: str
    meaning: str
    lowest: float
    highest: float
    default: float

    @property
    def whole(self) -> bool:
        """Whether it must be a whole number."""
        return isinstance(self.default, int)

    def read(self, text: str) -> float | None:
        """The number that a text of digits with at most one point is, of the default's type; None if it is not allowed.

        Example:
            >>> width = Parameter(keyword="sigma", meaning="width", lowest=1.0, highest=16.0, default=4.0)
            >>> width.read("2.50"), width.read("16.1"), width.read("1e1")
            (2.5, None, None)
        """
        if not text.isascii() or not text.replace(".", "", 0 if self.whole else 1).isdigit():
            return None
        number = type(self.default)(text)
        return number if self.lowest <= number <= self.highest else None

    def describe(self) -> str:
        """What it may be, such as "whole number from 1 to 50"."""
        return f"{'whole number' if self.whole else 'number'} from {self.lowest:g} to {self.highest:g}"


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
        no_gradient: why it gives values only, so that it cannot compete; None for a metric that can.
        parts: of a sum, the specifications of its metrics.
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
    no_gradient: str | None = None
    parts: "tuple[MetricSpec, ...]" = ()

    @property
    def convention(self) -> Convention:
        """How a metric that is no sum treats color, size and range, and how the published variant differs."""
        return CONVENTIONS[self.name]

    def describe_convention(self) -> str:
        """The convention in sentences, the last without its full stop; of a sum, those of its parts."""
        if self.parts:
            return ". ".join(f"{part.title}: {part.describe_convention()}" for part in self.parts)
        return self.convention.describe()

    def title_with(self, number: float | None) -> str:
        """The title with its parameter, unless that is the default.

        Example:
            >>> from mad_app.metrics import METRICS
            >>> METRICS["lasi"].title_with(20), METRICS["lasi"].title_with(10)
            ('LASI:20', 'LASI')
        """
        return self.title + self.name_with(number).removeprefix(self.name)

    @property
    def url(self) -> str:
        """Address of the paper; empty where there is none."""
        return PAPERS.get(self.name, "")

    def name_with(self, number: float | None) -> str:
        """The metric's name with its parameter: the bare one for None and the default."""
        if self.parameter is None or number in (None, self.parameter.default):
            return self.name
        return f"{self.name}:{number:g}"

    def missing_packages(self) -> str | None:
        """The packages that must be installed first, or None. Imports nothing."""
        missing = [package for package in self.packages if importlib.util.find_spec(package) is None]
        return f"not installed: {', '.join(missing)}" if missing else None

    def missing(self) -> str | None:
        """Why it is not available on this machine, or None. Imports nothing and uses no network."""
        return self.missing_packages() or (self.missing_data() if self.missing_data else None)


@dataclass(frozen=True)
class MetricDescription:
    """The specification of a metric, and the reason why it is not available on this machine, None if it is."""

    spec: MetricSpec
    reason: str | None

    @property
    def available(self) -> bool:
        """Whether it can be built without a download."""
        return self.reason is None
