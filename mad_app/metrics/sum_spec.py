"""The specification of a weighted sum of listed metrics, made of theirs."""

from collections.abc import Callable, Sequence

from mad_app.metrics.protocol import KnownMetric
from mad_app.metrics.spec import MetricSpec
from mad_app.metrics.sum_names import sum_name, sum_title
from mad_app.metrics.sums import Term, weighted_sum


def sum_spec(
    terms: Sequence[tuple[float, MetricSpec, float | None]], build: Callable[[MetricSpec, float | None], KnownMetric]
) -> MetricSpec:
    """The specification of a sum.

    Args:
        terms: weights, metrics and the numbers after their colons, in the order of their names.
        build: from a specification and its number to the metric.
    """
    specs = tuple(dict.fromkeys(spec for _, spec, _ in terms))
    title = sum_title((weight, spec.title_with(number)) for weight, spec, number in terms)

    def build_sum(_name: str, _minimum_size: int) -> KnownMetric:
        return weighted_sum([Term(weight, build(spec, number)) for weight, spec, number in terms])

    def missing_data() -> str | None:
        return next((f"{spec.name}: {reason}" for spec in specs if (reason := spec.missing())), None)

    return MetricSpec(
        name=sum_name({spec.name_with(number): weight for weight, spec, number in terms}),
        title=title,
        framework=specs[0].framework if len({spec.framework for spec in specs}) == 1 else "several",
        explanation=f"The sum {title}: each metric's distance times its weight.",
        source="; ".join(f"{spec.title}: {spec.source}" for spec in specs),
        minimum_size=max(spec.minimum_size for spec in specs),
        build=build_sum,
        packages=tuple(dict.fromkeys(package for spec in specs for package in spec.packages)),
        missing_data=missing_data,
        no_gradient=next((spec.no_gradient for spec in specs if spec.no_gradient), None),
        parts=specs,
    )
