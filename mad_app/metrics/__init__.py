"""Metrics: differentiable distances of images to a reference.

    from mad_app.metrics import get_metric

    metric = get_metric("lpips-alex")
    metric(reference, image)                                  # float32 (H, W, 3) in [0, 1], twice -> a scalar
    bound = metric.bind(reference)                            # what depends on the reference alone is computed once
    distances, gradients = bound.value_and_grad(images)       # (N, H, W, 3) -> (N,), (N, H, W, 3)
    both = metric + 0.5 * get_metric("ssim")                  # a metric, too: get_metric("lpips-alex+0.5*ssim")

`METRICS` lists every metric that can compete, `VALUE_METRICS` those that give values only. To add one, add a
`MetricSpec` to `registry`, its convention and paper to `conventions`, and its build function to the module of similar
metrics; tests that run over `METRICS` then cover it. Importing this package imports neither torch nor a package that
needs it.
"""

from mad_app.metrics.contract import ContractBroken, check_metric
from mad_app.metrics.conventions import CONVENTIONS, Convention
from mad_app.metrics.custom import load_metric, metric_from, resolve_metric
from mad_app.metrics.devices import Devices, find_devices
from mad_app.metrics.evaluate import measure, measure_batch
from mad_app.metrics.failure import OUT_OF_MEMORY, MetricFailed, is_out_of_memory
from mad_app.metrics.from_jax import BoundJaxMetric, JaxMetric, value_and_grad_of
from mad_app.metrics.maps import measure_maps
from mad_app.metrics.protocol import BoundMetric, KnownMetric, Metric, MetricUnavailable
from mad_app.metrics.registry import (
    LISTED_METRICS,
    METRICS,
    VALUE_METRICS,
    describe_metrics,
    describe_value_metrics,
    get_measurable,
    get_metric,
    listed_specs,
    measured_by_default,
    spec_of,
)
from mad_app.metrics.second_order import OF_SQUARES, REFUSED, QuadraticForm, second_order_form
from mad_app.metrics.spec import MetricDescription, MetricSpec, Parameter
from mad_app.metrics.sum_names import are_proportional, is_sum, parts_of, sum_title, tidied
from mad_app.metrics.sums import SumMetric

__all__ = [
    "CONVENTIONS",
    "LISTED_METRICS",
    "METRICS",
    "OF_SQUARES",
    "OUT_OF_MEMORY",
    "REFUSED",
    "VALUE_METRICS",
    "BoundJaxMetric",
    "BoundMetric",
    "ContractBroken",
    "Convention",
    "Devices",
    "JaxMetric",
    "KnownMetric",
    "Metric",
    "MetricDescription",
    "MetricFailed",
    "MetricSpec",
    "MetricUnavailable",
    "Parameter",
    "QuadraticForm",
    "SumMetric",
    "are_proportional",
    "check_metric",
    "describe_metrics",
    "describe_value_metrics",
    "find_devices",
    "get_measurable",
    "get_metric",
    "is_out_of_memory",
    "is_sum",
    "listed_specs",
    "load_metric",
    "measure",
    "measure_batch",
    "measure_maps",
    "measured_by_default",
    "metric_from",
    "parts_of",
    "resolve_metric",
    "second_order_form",
    "spec_of",
    "sum_title",
    "tidied",
    "value_and_grad_of",
]
