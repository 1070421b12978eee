"""What is raised where a metric fails during a competition, and such errors in one sentence."""

import contextlib
import re
import sysconfig
import traceback
from collections.abc import Iterator
from pathlib import Path

MESSAGE_LENGTH = 200
"""Most characters of an error's own message that are quoted."""

OUT_OF_MEMORY = (
    "the device has no memory left: choose a smaller picture, a metric that needs less (lpips-alex instead of "
    "lpips-vgg, lasi:N with a smaller N), or let fewer competitions run at a time (MAD_APP_JOBS)"
)
"""What to say where `is_out_of_memory`."""

_SIGNS = ("RESOURCE_EXHAUSTED", "out of memory", "ALLOC_FAILED")
"""In the messages of XLA; of PyTorch and CUDA; of cuDNN and cuBLAS."""
_FRAME = re.compile(r'File "([^"]+)", line (\d+)')
"""A line of a stack trace."""
_FRAMEWORKS = {"jax", "jaxlib", "numpy", "torch"}


class MetricFailed(RuntimeError):
    """A metric raised an error, or returned something else than a distance, in a competition that had begun.

    Attributes:
        metric: its name.
        problem: what it did, with the line of the user's program, such as "raised KeyError: 'x', mine.py line 3".
    """

    def __init__(self, metric: str, problem: str) -> None:
        super().__init__(metric, problem)
        self.metric = metric
        self.problem = problem

    def __str__(self) -> str:
        return f"the metric {self.metric} failed: it {self.problem}"


@contextlib.contextmanager
def failures_of(metric: str, doing: str = "") -> Iterator[None]:
    """Turn an error in the body into a MetricFailed.

    Args:
        metric: its name.
        doing: what it was asked, for the message, such as "for an image of 64 × 64 pixels".
    """
    try:
        yield
    except (MetricFailed, KeyboardInterrupt):
        raise
    except BaseException as error:  # the user's own code runs here, and may raise anything
        raised = f"raised {describe_error(error)}"
        raise MetricFailed(metric, f"{raised}, {doing}" if doing else raised) from error


@contextlib.contextmanager
def failures_in_callbacks(metrics: str) -> Iterator[None]:
    """Turn what a callback of JAX raised, which JAX reports as its own error, into a MetricFailed.

    Args:
        metrics: names of those that are computed in the body.
    """
    try:
        yield
    except (RuntimeError, ValueError) as error:  # JAX's own is of either, depending on its version
        text = _message(error)
        if "callback" not in text.partition("\n")[0] or "Traceback" not in text or isinstance(error, MetricFailed):
            raise
        lines = [(Path(file), number) for file, number in _FRAME.findall(text) if _is_of_user(file)]
        at = f", {lines[-1][0].name} line {lines[-1][1]}" if lines else ""
        raise MetricFailed(metrics, f"raised {_shortened(text.strip().splitlines()[-1])}{at}, in a callback") from error


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error, or one that it was raised from, is that a device or the machine has no memory left.

    Example:
        >>> is_out_of_memory(RuntimeError("RESOURCE_EXHAUSTED: Out of memory while trying to allocate 8 bytes."))
        True
        >>> is_out_of_memory(RuntimeError("INTERNAL: no such kernel"))
        False
    """
    found: BaseException | None = error
    while found is not None:
        if isinstance(found, MemoryError):
            return True
        of_framework = isinstance(found, RuntimeError) and not isinstance(found, MetricFailed)
        if of_framework and any(sign in _message(found) for sign in _SIGNS):
            return True
        found = found.__cause__ or found.__context__
    return False


def describe_error(error: BaseException) -> str:
    """Type, first line of the message, and the line of the user's program, such as "KeyError: 'x', mine.py line 3"."""
    name = type(error).__name__
    if isinstance(error, SyntaxError):
        text = f"{name}: {error.msg}"
        return f"{text}, {Path(error.filename).name} line {error.lineno}" if error.filename else text
    lines = _message(error).strip().splitlines()
    text = f"{name}: {_shortened(lines[0])}" if lines else name
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if _is_of_user(frame.filename)]
    return f"{text}, {Path(frames[-1].filename).name} line {frames[-1].lineno}" if frames else text


def _message(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:  # an error of the user's own type, whose text cannot be made
        return ""


def _shortened(line: str) -> str:
    return line if len(line) <= MESSAGE_LENGTH else f"{line[:MESSAGE_LENGTH].rstrip()} …"


def _is_of_user(file: str) -> bool:
    """Whether a file is neither of Python, nor of a framework, nor of this package."""
    path = Path(file)
    standard = file.startswith(sysconfig.get_path("stdlib")) and "site-packages" not in path.parts
    ours = path.is_relative_to(Path(__file__).parent)
    return not (standard or ours or file.startswith("<") or _FRAMEWORKS.intersection(path.parts))
