"""What a web page says of a record beside its viewer: settings, the other metrics, and how it was made, as HTML."""

from collections.abc import Mapping
from typing import Any

from mad_app.figures.text import LETTERS, metric_title, number, outcome_sentence, reported_drift_sentence
from mad_app.figures.web_page.markup import Html, element, join, unbroken
from mad_app.metrics import listed_specs
from mad_app.records import Run, without_folders
from mad_app.request import REQUEST_SETTINGS

NOT_MEASURED = "– means no value: a metric is not installed, needs a larger picture, or gave no finite number."


def details_html(run: Run) -> Html:
    """All that is said of a record."""
    return join(
        element("h2", "Result"),
        element("p", f"{reported_drift_sentence(run)} {outcome_sentence(run)}"),
        *(element("p", f"{fault[:1].upper()}{fault.partition(':')[0][1:]}.") for fault in run.faults),
        element("h2", "All metrics"),
        other_metrics_html(run),
        element("h2", "Settings"),
        _settings_table(run.settings),
        element("h2", "Origin"),
        *(element("p", text) for text in _origin(run)),
    )


def other_metrics_html(run: Run) -> Html:
    """The values of every metric for the start and the four images, as a table."""
    competing = {run.results[0].optimized, run.results[0].fixed}
    rows, complete = [], True
    for name in run.results[0].final:
        values = [run.results[0].start.get(name), *(result.reported.get(name) for result in run.results)]
        texts = [number(value) for value in values]
        complete = complete and number(None) not in texts
        cells = [element("td", text) for text in texts]
        mark = "mad-competing" if name in competing else None
        rows.append(element("tr", element("th", unbroken(metric_title(name))), *cells, class_=mark))
    heads = [element("th", head) for head in ("Distance to the original", "Start", *LETTERS)]
    table = (element("thead", element("tr", *heads)), element("tbody", *rows))
    note = None if complete else element("p", NOT_MEASURED, class_="mad-quiet")
    return element("div", element("table", *table, class_="mad-table"), note, class_="mad-scroll")


def _settings_table(settings: Mapping[str, Any]) -> Html:
    """Every setting under its label; a file by its name alone."""
    rows = []
    for name, value in without_folders(settings).items():
        declared = REQUEST_SETTINGS.get(name)
        label = declared.label if declared else name.replace("_", " ").capitalize()
        rows.append(
            element("tr", element("th", label), element("td", _value(value, declared.none if declared else "")))
        )
    return element("div", element("table", element("tbody", *rows), class_="mad-table"), class_="mad-scroll")


def _value(value: object, none: str) -> str:
    if value is None:
        return none or "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _origin(run: Run) -> list[str]:
    """Time, device, versions, the record, and the sources of its metrics."""
    versions = ", ".join(f"{name} {version}" for name, version in run.versions.items() if version)
    record = f" Record {run.id}, {run.created[:16].replace('T', ' ')} UTC." if run.id else ""
    made = f"Computed in {run.seconds:.0f} s on {run.device}{f' with {versions}' if versions else ''}.{record}"
    return [made, *(f"{spec.title}: {spec.source}" for spec in listed_specs(run.results[0].final))]
