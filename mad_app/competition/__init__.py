"""The engine: Maximum Differentiation competitions between two metrics."""

from mad_app.competition.at_start import Range, levels_in_reach, values_at_start
from mad_app.competition.compete import compete, compile_step
from mad_app.competition.constraints import Parametrization, parametrization
from mad_app.competition.explain import ARROWS, ExplainedStep, explain_step
from mad_app.competition.quantization import quantize_at_level
from mad_app.competition.settings import (
    CORNERS,
    DEFAULT_SOLVER,
    MAX_DRIFT,
    Corner,
    Reason,
    Restoration,
    Settings,
    SolverOptions,
    Step,
)

__all__ = [
    "ARROWS",
    "CORNERS",
    "DEFAULT_SOLVER",
    "MAX_DRIFT",
    "Corner",
    "ExplainedStep",
    "Parametrization",
    "Range",
    "Reason",
    "Restoration",
    "Settings",
    "SolverOptions",
    "Step",
    "compete",
    "compile_step",
    "explain_step",
    "levels_in_reach",
    "parametrization",
    "quantize_at_level",
    "values_at_start",
]
