"""Luma: the weighted sum of gamma-encoded red, green and blue that older standards call gray."""

import torch

from mad_app.metrics.on_device import constant

REC_601 = (0.299, 0.587, 0.114)
"""Of ITU-R BT.601, on sRGB values in [0, 1], full range: what Matlab's rgb2gray gives, without its rounding to 8 bits.
Video's range of 16 to 235, or the weights of Rec. 709, move a value by several per cent."""


def luma(images: torch.Tensor) -> torch.Tensor:
    """The Rec. 601 luma (N, 1, H, W) of images (N, 3, H, W), in the same range."""
    return (images * constant(REC_601, images.device)[:, None, None]).sum(dim=1, keepdim=True)
