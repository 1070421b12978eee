"""Metrics: every way to measure how far an image is from a reference, as differentiable distances.

    from mad_app.metrics import get_metric

    comparison = get_metric("lpips-alex").bind(reference)     # float32 (H, W, 3) in [0, 1]
    distances, gradients = comparison.value_and_grad(images)     # (N, H, W, 3) -> (N,), (N, H, W, 3)

`METRICS` is the one table. To add a metric, add a row to `table` and a builder beside its kin; the tests over the
table then test it. Importing this package imports neither torch nor what stands on it.
"""

from mad_app.metrics.contract import ContractBroken, check_metric
from mad_app.metrics.custom import load_metric, resolve_metric
from mad_app.metrics.evaluate import measure, measure_batch
from mad_app.metrics.from_jax import BoundJaxMetric, JaxMetric, value_and_grad_of
from mad_app.metrics.maps import measure_maps
from mad_app.metrics.protocol import BoundMetric, KnownMetric, Metric, MetricUnavailable
from mad_app.metrics.registry import (
    METRICS,
    VALUE_METRICS,
    MetricDescription,
    MetricSpec,
    Parameter,
    describe_metrics,
    describe_value_metrics,
    get_measurable,
    get_metric,
    measured_by_default,
)
from mad_app.metrics.value_only import ValueMetric

__all__ = [
    "METRICS",
    "VALUE_METRICS",
    "BoundJaxMetric",
    "BoundMetric",
    "ContractBroken",
    "JaxMetric",
    "KnownMetric",
    "Metric",
    "MetricDescription",
    "MetricSpec",
    "MetricUnavailable",
    "Parameter",
    "ValueMetric",
    "check_metric",
    "describe_metrics",
    "describe_value_metrics",
    "get_measurable",
    "get_metric",
    "load_metric",
    "measure",
    "measure_batch",
    "measure_maps",
    "measured_by_default",
    "resolve_metric",
    "value_and_grad_of",
]
