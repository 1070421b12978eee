"""LASI: a perceptual distance between images without training, in time linear in the number of pixels.

    import lasi

    lasi.distance(x, y)                                          # a scalar, differentiable; arrays (H, W) or (H, W, C)
    lasi.distance(x, y, data_range=(0, 1))                       # in [−1, 1], or in the range that is given
    lasi.embed(x), lasi.distance_map(x, y)

    from lasi import LASI                                        # the same for one shape, with all options

    lasi = LASI(reference.shape, neighborhood_size=10)           # arrays (H, W) or (H, W, C), best in [−1, 1]
    lasi.compute_distance(reference, image)                      # a scalar, differentiable
    lasi.compute_distance_multiple(ref=reference, a=a, b=b)      # {"a": …, "b": …}
    lasi.distance_map(reference, image)                          # where they differ, (H, W)
    lasi.embedding(reference)                                    # every element's embedding, (H, W, C, N)

    embedding = lasi.embedding(reference)                        # computed once, then
    lasi.compute_distances_to(embedding, images)                 # a batch against it

Everything works under `jax.jit`, `jax.vmap` and `jax.shard_map`, with any sharding, and has derivatives in both modes
and of any order.
"""

from lasi.functions import distance, distance_map, embed
from lasi.metric import LASI
from lasi.neighborhood import flat_neighborhood

__all__ = ["LASI", "distance", "distance_map", "embed", "flat_neighborhood"]
