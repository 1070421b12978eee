"""Lesson "What does LPIPS look at?": two copies that LPIPS rates equal, layer by layer; and a shift by one pixel.

One copy has a distortion of a given strength, the other one white noise that is tuned to the same LPIPS. The sum of the
layers' parts is the distance, so with layers left out the copies are no longer equal.

Sources: Zhang et al., "The Unreasonable Effectiveness of Deep Features as a Perceptual Metric", CVPR 2018. Ghildyal,
Liu, "Shift-tolerant Perceptual Similarity Metric", ECCV 2022 (ST-LPIPS).
"""

from dataclasses import dataclass

import jax.numpy as jnp
import numpy as np
import numpy.typing as npt

from mad_app.declaration import check_settings, setting
from mad_app.distortions import DISTORTIONS, distort
from mad_app.errors import ArgumentError
from mad_app.images import ImageArray, check_image
from mad_app.lessons.equal_distance import tune
from mad_app.lessons.lesson import check_choice
from mad_app.metrics import get_metric, measure_batch

NETS = {"alex": "AlexNet", "vgg": "VGG-16"}
ALL_LAYERS = "12345"
COPIES = {name: DISTORTIONS[name].default for name in ("blur", "jpeg", "contrast", "hue", "blockiness", "warp")}
"""Distortions to choose from, and their strengths."""

SHIFT, NOISE = 1.0, 0.05
"""In pixels; standard deviation."""

SHIFT_METRICS = ("lpips-alex", "st-lpips-alex", "lasi", "mse")


@dataclass(frozen=True)
class LayersState:
    """What is compared.

    Raises:
        ArgumentError: a setting is out of its range.
    """

    net: str = setting("alex", label="Network", help="Whose layers LPIPS compares.", group="metrics")
    copy: str = setting("blur", label="Distortion", help="Of one copy; the other has white noise.", group="start")
    layers: str = setting(
        ALL_LAYERS, label="Layers that count", help="The sum of their parts is the distance.", group="metrics"
    )

    def __post_init__(self) -> None:
        check_settings(self)
        check_choice("net", self.net, NETS)
        check_choice("copy", self.copy, COPIES)
        if self.layers != "".join(sorted(set(self.layers) & set(ALL_LAYERS))):
            raise ArgumentError("layers", f"must be some of the digits {ALL_LAYERS}, in order, got {self.layers!r:.60}")


@dataclass(frozen=True, eq=False)
class Parts:
    """A copy, and what each layer contributes to its distance.

    Attributes:
        name: of the distortion.
        strength: in its unit.
        image: (H, W, 3).
        values: (5,), whose sum is LPIPS.
        maps: for each layer where its part comes from, (h, w) at the layer's own resolution; its mean is the part.
    """

    name: str
    strength: float
    image: ImageArray
    values: npt.NDArray[np.float64]
    maps: tuple[npt.NDArray[np.float32], ...]


def equal_copies(reference: npt.ArrayLike, net: str, copy: str) -> tuple[Parts, Parts]:
    """A distorted copy, and one with noise that LPIPS rates the same within 0.01 %.

    Args:
        reference: float32 (H, W, 3) in [0, 1].
        net: a name of NETS.
        copy: a name of COPIES, whose strength is used.

    Raises:
        ArgumentError: the image or a name cannot be used.
        MetricUnavailable: the trained weights are not available.
    """
    from mad_app.metrics.lpips.layers import lpips_layers  # imports torch

    image = check_image(reference, "reference")
    check_choice("net", net, NETS)
    check_choice("copy", copy, COPIES)
    distorted = distort(image, copy, strength=COPIES[copy], seed=0)
    value = float(get_metric(f"lpips-{net}")(jnp.asarray(image), jnp.asarray(distorted)))
    (noisy,) = tune(image, f"lpips-{net}", value, ["noise"])
    named = ((copy, COPIES[copy], distorted), ("noise", noisy.strength, noisy.image))
    layers = lpips_layers(net, jnp.asarray(image), jnp.stack([picture for *_, picture in named]))
    first, second = (
        Parts(name, strength, picture, np.array([layer.value for layer in found]), tuple(one.map for one in found))
        for (name, strength, picture), found in zip(named, layers, strict=True)
    )
    return first, second


def sum_of(parts: Parts, layers: str = ALL_LAYERS) -> float:
    """The distance with some layers alone.

    Args:
        parts: of a copy.
        layers: their digits, such as "135".
    """
    return float(sum(parts.values[int(digit) - 1] for digit in layers))


def shift_against_noise(reference: npt.ArrayLike) -> dict[str, float | None]:
    """How a shift by one pixel counts for each of SHIFT_METRICS, as a multiple of weak noise.

    Args:
        reference: float32 (H, W, 3) in [0, 1].

    Returns:
        By metric, d(shifted by 1 pixel) / d(noise of 0.05); None where it is not available.
    """
    image = check_image(reference, "reference")
    copies = [distort(image, "shift", strength=SHIFT, seed=0), distort(image, "noise", strength=NOISE, seed=0)]
    values = measure_batch(jnp.asarray(image), jnp.stack(copies), SHIFT_METRICS)
    return {name: shift / noise if shift is not None and noise else None for name, (shift, noise) in values.items()}


def python_of(state: LayersState) -> str:
    """The lines that give the lesson's numbers for the image `reference`."""
    return f"""from mad_app.lessons.layers import equal_copies, shift_against_noise, sum_of

copy, noisy = equal_copies(reference, "{state.net}", "{state.copy}")  # of each .image, .values (5,), .maps
sum_of(copy, "{state.layers}"), sum_of(noisy, "{state.layers}")
ratios = shift_against_noise(reference)
"""
