"""The table of all metrics of one or more runs, as CSV and for LaTeX.

Values are those of the saved images, distances that are 0 for the original. In CSV they have all their digits; in LaTeX
three, as \\num of the package siunitx within rules of booktabs.
"""

import csv
import io
import math
from collections.abc import Sequence
from typing import Literal

from mad_app.figures.comparison import row_labels
from mad_app.figures.latex import PLAIN_DIGITS, to_latex
from mad_app.figures.options import SheetSettings
from mad_app.figures.text import metric_title, number
from mad_app.records import Run

TableKind = Literal["csv", "tex"]

TABLES: dict[str, TableKind] = {".csv": "csv", ".tex": "tex"}
"""Ending of a file's name → the kind of table."""

PACKAGES = "% \\usepackage{booktabs,siunitx}\n"


def table_text(runs: Sequence[Run], kind: TableKind, options: SheetSettings | None = None) -> str:
    """The table as a file; the competing metrics stand first.

    Args:
        runs: at least one.
        kind: "csv" or "tex".
        options: what the images and the runs are called.

    Raises:
        ArgumentError: another number of runs is named.
    """
    options = options or SheetSettings()
    labels = row_labels(runs, options) if len(runs) > 1 or options.rows is not None else [""]
    return (_csv if kind == "csv" else _latex)(runs, labels, options.names[1:])


def values_of(run: Run) -> dict[str, list[float | None]]:
    """Names of all metrics that were measured → their values of the start and the four images."""
    first, second = run.results[0].optimized, run.results[0].fixed
    names = dict.fromkeys([first, second, *run.results[0].start, *(n for image in run.results for n in image.reported)])
    rows = {
        name: [run.results[0].start.get(name), *(image.reported.get(name) for image in run.results)] for name in names
    }
    return {name: row for name, row in rows.items() if any(value is not None for value in row)}


def _csv(runs: Sequence[Run], labels: Sequence[str], names: Sequence[str]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*(["run"] if any(labels) else []), "metric", *names])
    for run, label in zip(runs, labels, strict=True):
        for metric, values in values_of(run).items():
            shown = ["" if value is None else repr(float(value)) for value in values]
            writer.writerow([*([label] if label else []), metric, *shown])
    return text.getvalue()


def _latex(runs: Sequence[Run], labels: Sequence[str], names: Sequence[str]) -> str:
    lines = [f"\\begin{{tabular}}{{l{'r' * len(names)}}}", "\\toprule"]
    lines.append(f"Metric & {' & '.join(map(to_latex, names))} \\\\")
    for run, label in zip(runs, labels, strict=True):
        lines.append("\\midrule")
        if label:
            lines += [f"\\rlap{{\\textit{{{to_latex(label)}}}}} \\\\"]  # which makes no column wider
        for metric, values in values_of(run).items():
            lines.append(f"{to_latex(metric_title(metric))} & {' & '.join(map(_num, values))} \\\\")
    return PACKAGES + "\n".join([*lines, "\\bottomrule", "\\end{tabular}", ""])


def _num(value: float | None) -> str:
    """Three significant digits as siunitx takes them.

    Example:
        >>> _num(0.47561), _num(1.234e-7), _num(None)
        ('\\\\num{0.476}', '\\\\num{1.23e-7}', '--')
    """
    if value is None or not math.isfinite(value):
        return "--"
    return f"\\num{{{number(value).replace('×10', 'e').translate(PLAIN_DIGITS)}}}"
