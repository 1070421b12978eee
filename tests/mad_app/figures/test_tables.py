"""Tables of all metrics as CSV and LaTeX."""

import csv
import io
import re

import pytest

from mad_app.errors import ArgumentError
from mad_app.figures.options import sheet_settings
from mad_app.figures.tables import table_text

from .sheet_runs import broken_run, make_sheet_run

RUN = make_sheet_run((16, 16), scale=1.234e-7)


def test_the_table_as_csv_has_every_value_with_all_its_digits() -> None:
    rows = list(csv.DictReader(io.StringIO(table_text([RUN], "csv"))))
    assert [row["metric"] for row in rows[:2]] == ["lasi", "lpips-alex"]
    for row in rows:
        values = [RUN.results[0].start[row["metric"]], *(image.reported[row["metric"]] for image in RUN.results)]
        assert [float(row[name]) for name in ("start", "A", "B", "C", "D")] == values


def test_the_table_for_latex_has_numbers_of_siunitx_and_equally_many_cells() -> None:
    text = table_text([RUN, broken_run()], "tex", sheet_settings(rows="my_cat,dog", labels="a,b,c,50 %"))
    head, *lines = [line for line in text.splitlines() if line.endswith(r"\\")]
    assert head == r"Metric & start & a & b & c & 50 \% \\"
    values = [line for line in lines if "rlap" not in line]
    assert {line.count("&") for line in values} == {5}
    assert r"\textit{my\_cat}" in text
    assert re.fullmatch(r"LASI & \\num\{1\.23e-7\} & .*", values[0])
    assert "--" in text
    for cell in re.findall(r"\\num\{([^}]*)\}", text):
        assert re.fullmatch(r"\d+(\.\d+)?(e-?\d+)?", cell)
    assert text.count(r"\midrule") == 2


def test_names_are_for_as_many_runs_as_there_are() -> None:
    with pytest.raises(ArgumentError, match="rows must name 1 run, got 2 names"):
        table_text([RUN], "csv", sheet_settings(rows="a,b"))
