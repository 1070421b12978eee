"""The engine: Maximum Differentiation competitions between two metrics."""

from mad_app.competition.compete import compete
from mad_app.competition.constraints import admissible
from mad_app.competition.quantization import round_to_level
from mad_app.competition.settings import CORNERS, Corner, Reason, Settings, Step

__all__ = ["CORNERS", "Corner", "Reason", "Settings", "Step", "admissible", "compete", "round_to_level"]
