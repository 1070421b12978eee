"""Principal distortions: the small changes of a picture that metrics disagree about most.

from mad_app.directions import eigen_distortions, principal_distortions

found = principal_distortions("cat", ["lasi", "lpips-alex"])
found.images, found.sensitivities, found.figure("figure.pdf"), found.save("directions")
"""

from mad_app.directions.compute import eigen_distortions, picture_from, principal_distortions, search_distortions
from mad_app.directions.findings import CHANGE, MetricSensitivity
from mad_app.directions.result import Distortions, load_distortions
from mad_app.directions.search import Pair, SearchSettings, principal_directions, principal_pairs

__all__ = [
    "CHANGE",
    "Distortions",
    "MetricSensitivity",
    "Pair",
    "SearchSettings",
    "eigen_distortions",
    "load_distortions",
    "picture_from",
    "principal_directions",
    "principal_distortions",
    "principal_pairs",
    "search_distortions",
]
