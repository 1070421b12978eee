"""The engine: Maximum Differentiation competitions between two metrics."""

from mad_app.competition.compete import compete
from mad_app.competition.constraints import Parametrization, parametrization
from mad_app.competition.quantization import quantize_at_level
from mad_app.competition.settings import (
    CORNERS,
    DEFAULT_SOLVER,
    MAX_DRIFT,
    Corner,
    Reason,
    Settings,
    SolverOptions,
    Step,
)

__all__ = [
    "CORNERS",
    "DEFAULT_SOLVER",
    "MAX_DRIFT",
    "Corner",
    "Parametrization",
    "Reason",
    "Settings",
    "SolverOptions",
    "Step",
    "compete",
    "parametrization",
    "quantize_at_level",
]
