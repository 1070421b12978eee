"""Commands about metrics: measure two files, and list what there is."""

import contextlib
import json
import sys
from collections.abc import Iterable, Mapping, Sequence

import click
import jax.numpy as jnp

from mad_app.cli.options import Command
from mad_app.cli.running import metric_here
from mad_app.errors import ArgumentError
from mad_app.images import Decoded, read_image
from mad_app.metrics import (
    LISTED_METRICS,
    MetricDescription,
    describe_metrics,
    describe_value_metrics,
    listed_specs,
    measure_batch,
    measured_by_default,
    spec_of,
)
from mad_app.metrics.devices import find_devices
from mad_app.metrics.registry import is_listed
from mad_app.runs.materialize import refused_as


@click.command(cls=Command)
@click.argument("reference", metavar="REF")
@click.argument("image", metavar="IMG")
@click.option(
    "--metric",
    "names",
    multiple=True,
    help="Only this one; may be repeated.  [default: all that are installed]",
)
@click.option("--json", "as_json", is_flag=True, help="One object: metric name to value, or null.")
def measure(reference: str, image: str, names: tuple[str, ...], as_json: bool) -> None:
    """Measure how far one picture is from another.

    REF and IMG are files of equal size. A value that is not available is –, or null with --json.
    """
    decoded = _read("reference", reference), _read("image", image)
    for file, notes in zip((reference, image), (one.notes for one in decoded), strict=True):
        click.echo("".join(f"{file}: {note}\n" for note in notes), err=True, nl=False)
    pictures = [one.image for one in decoded]
    (height, width, _), (rows, columns, _) = pictures[0].shape, pictures[1].shape
    if (rows, columns) != (height, width):
        sizes = f"{image} has {columns} × {rows} pixels, but {reference} has {width} × {height}"
        raise ArgumentError("image", f"{sizes}: both must be of one size")
    asked = names or tuple(measured_by_default())
    with contextlib.redirect_stdout(sys.stderr):
        own = [metric_here(name) for name in asked if not is_listed(name)]
        listed = [name for name in asked if is_listed(name)]
        measured = measure_batch(jnp.asarray(pictures[0]), jnp.asarray(pictures[1])[None], listed, also=own)
    values = {name: distances[0] for name, distances in measured.items()}
    click.echo(json.dumps(values, indent=2) if as_json else _values_table(values, min(height, width)))
    if not as_json:
        click.echo("\n".join(_conventions(listed)), err=True)


def _read(argument: str, file: str) -> Decoded:
    with refused_as(argument):
        return read_image(file)


@click.command(cls=Command)
def metrics() -> None:
    """List the metrics and whether they are available here.

    Below them stands what JAX and PyTorch compute on, and why one of them cannot use a GPU of this machine.
    """
    rows, notes = [("name", "framework", "smallest", "available", "source")], []
    for known in describe_metrics():
        row, limits = known.spec, known.spec.parameter
        rows.append((row.name, row.framework, f"{row.minimum_size} px", "yes" if known.available else "no", row.source))
        if limits:
            notes.append(f"{row.name}:N sets its {limits.meaning}, a {limits.describe()}.")
        if known.reason:
            notes.append(f"{row.name} is not available: {known.reason}.")
    notes += [_value_metric_note(known) for known in describe_value_metrics()]
    notes.append("\n".join(_conventions(LISTED_METRICS)))
    notes.append("A sum of metrics competes as lasi+0.5*lpips-alex; each weight is a number above 0.")
    notes.append("A function of your own, in JAX or PyTorch, competes as package.module:function.")
    devices = find_devices()
    notes += [devices.sentence(), *devices.problems]
    click.echo("\n\n".join([_table(rows), *notes]))


def _value_metric_note(known: MetricDescription) -> str:
    if known.reason:
        return f"{known.spec.name}, which would be measured but cannot compete, is not available: {known.reason}."
    return f"{known.spec.name} is measured but cannot compete: {known.spec.no_gradient}."


def _conventions(names: Iterable[str]) -> list[str]:
    """How each of these listed metrics is computed."""
    return [f"{spec.name}: {spec.describe_convention()}." for spec in listed_specs(names)]


def _values_table(values: Mapping[str, float | None], size: int) -> str:
    """Metrics and their values, or why a value is not available."""
    rows = []
    for name, value in values.items():
        row = spec_of(name) if is_listed(name) else None
        if value is not None:
            text = f"{value:.6g}"
        elif row and size < row.minimum_size:
            text = f"–  needs pictures of at least {row.minimum_size} pixels"
        else:
            text = f"–  {(row and row.missing()) or 'could not be computed, or is not a finite number'}"
        rows.append((name, text))
    return _table(rows)


def _table(rows: Sequence[tuple[str, ...]]) -> str:
    """Rows of text in columns."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join("  ".join(map(str.ljust, row, widths)).rstrip() for row in rows)
