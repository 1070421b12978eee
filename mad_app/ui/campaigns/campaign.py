"""One campaign: how far it is, its matrix and its runs, live, and the buttons that start and stop it."""

from collections import Counter
from functools import lru_cache
from pathlib import Path

import streamlit as st

from mad_app.campaigns import Campaign, Outcomes, estimate, read_campaign
from mad_app.campaigns.overview import Item, Stage, items_of, matrix, varied
from mad_app.campaigns.status import FILE, Known, at_work, find_campaign
from mad_app.records.lock import can_lock
from mad_app.records.storage import stamp
from mad_app.ui.address import write_address
from mad_app.ui.campaigns.controls import processes, show_controls
from mad_app.ui.campaigns.downloads import show_downloads
from mad_app.ui.campaigns.drawing import label_of, matrix_html, progress_html, reason_of, table_html
from mad_app.ui.components.collection import date_of, index_of
from mad_app.ui.components.duration import about
from mad_app.ui.components.html import plain, sentence, show_html
from mad_app.ui.session import PageState

STATE = PageState("campaigns")
MOST_SHOWN = 20_000
"""Runs of a campaign whose matrix and table are shown."""

POLL_SECONDS, RUNS_PER_SECOND = 2.0, 1000
"""How often a campaign that runs is drawn anew: a second less often for each so many runs."""

PAGE_SIZE = 50
MOST_REASONS = 8


def show_campaign(root: Path, known: Known) -> None:
    """Draw a campaign that is opened."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.title(plain(known.status.name), width="stretch")
        st.button(
            "All campaigns",
            key=STATE.key("all"),
            icon=":material/arrow_back:",
            on_click=write_address,
            args=({},),
            help="Back to the list.",
        )
    if not can_lock(root):
        st.info("The runs lie on a file system without locks: run one campaign at a time, from one machine.")
    live, large = known.running or processes().is_alive(known.id), known.status.runs > MOST_SHOWN
    has_result = not large and any(item.entry for item in _items(root, known)[1])
    pause = POLL_SECONDS + known.status.runs / RUNS_PER_SECOND
    st.fragment(_draw, run_every=pause if live else None)(root, known.id, live, has_result)
    if not large:  # beside what is drawn anew, where a click may come between two drawings
        show_downloads(known, lambda: _items(root, known)[1], has_result=has_result)


def _draw(root: Path, identity: str, was_live: bool, had_result: bool) -> None:
    """Draw all that changes while it runs; the whole page when it begins, ends or has its first result."""
    known = find_campaign(root, identity)
    if known is None:
        st.info("This campaign is no longer here.")
        return
    if (known.running or processes().is_alive(identity)) != was_live:
        st.rerun()
    if known.status.runs > MOST_SHOWN:
        _show_large(known, was_live)
        return
    campaign, items = _items(root, known)
    if not had_result and any(item.entry for item in items):
        st.rerun()
    counts = Counter(item.stage for item in items)
    runs = index_of(root).entries().runs
    begun = bool(counts[Stage.FAILED]) or any(entry.request_id in campaign.requests for entry in runs)
    left = _estimate(campaign, items, _outcomes(root))
    st.markdown(_standing(known, counts[Stage.DONE], left, live=was_live, begun=begun))
    show_html(progress_html(counts))
    _show_problems(known)
    show_controls(root, known, counts, live=was_live, begun=begun)
    _show_runs(campaign, items)


def _items(root: Path, known: Known) -> tuple[Campaign, list[Item]]:
    """A campaign, and its runs as they are now."""
    campaign, outcomes = _campaign(known.folder / FILE, stamp(known.folder / FILE)), _outcomes(root)
    outcomes.refresh()
    computed = at_work(root, known.status.handed_out) if known.running else set[str]()
    return campaign, items_of(campaign, index_of(root).entries().runs, outcomes.lines, computed)


def _show_large(known: Known, live: bool) -> None:
    """A campaign that has too many runs for a page."""
    status = known.status
    waiting = status.runs - status.done - status.failed
    counts = {Stage.DONE: status.done, Stage.FAILED: status.failed, Stage.WAITING: waiting}
    begun = waiting < status.runs
    st.markdown(_standing(known, status.done, f"{waiting} runs are left." if waiting else "", live=live, begun=begun))
    show_html(progress_html(counts))
    _show_problems(known)
    show_controls(known.folder.parents[2], known, counts, live=live, begun=begun)
    st.caption(f"Campaigns of more than {MOST_SHOWN} runs are shown without their matrix and table.")


def _standing(known: Known, done: int, left: str, *, live: bool, begun: bool) -> str:
    """What it does, in a sentence."""
    status = known.status
    if status.waiting_for_room and live:
        return "**Paused: there is no room on the disk.** It goes on by itself when there is room."
    if live and not known.running:
        return "**Starting.** Pictures and metrics are checked first."
    if known.stopping:
        return "**Stopping.** The runs at work end after their step."
    if live:
        rest = f", {about(status.seconds_left)} left" if status.seconds_left is not None else ""
        return f"**Running{rest}.** You may leave this page."
    if done == status.runs:
        return f"**Complete.** {done} runs, added {date_of(status.created, st.context.timezone)}."
    return f"**{'Stopped' if begun else 'Not started'}.** {left}" if left else "**Ended.** Some runs failed."


def _estimate(campaign: Campaign, items: list[Item], outcomes: Outcomes) -> str:
    """What is left, and what it will take, in a sentence; empty where nothing is."""
    left = [item.id for item in items if item.stage not in (Stage.DONE, Stage.FAILED)]
    if not left:
        return ""
    pixels = {name: campaign.requests[name].size ** 2 for name in left}
    found = estimate(campaign, left, pixels, outcomes)
    time = f", {about(found.seconds)} of one worker" if found.seconds is not None else ""
    size = f"{found.bytes / 1e9:.1f} GB" if found.bytes >= 1e9 else f"{max(found.bytes / 1e6, 1):.0f} MB"
    return f"{len(left)} runs are left: about {size}{time}."


def _show_problems(known: Known) -> None:
    if known.status.problems:
        st.error("It could not be started:\n\n" + "\n".join(f"- {sentence(one)}" for one in known.status.problems))


def _show_runs(campaign: Campaign, items: list[Item]) -> None:
    """The matrix, why runs failed, and the table."""
    names = varied(campaign)
    st.header("Matrix")
    rows, columns = _axes(names, campaign.id)
    found = matrix(items, rows, columns)
    show_html(matrix_html(found, rows, columns))
    several = any(len(cell.items) > 1 for cells in found.values() for cell in cells.values())
    shown = "the greatest ratio of its runs" if several else "the ratio of its run"
    st.caption(f"Each cell has {shown}: how many times as far from the original the optimized metric rates one image "
               "of the most separated pair as the other. It opens the run.")  # fmt: skip
    reasons = Counter(item.reason for item in items if item.reason)
    if reasons:
        st.header("Why runs failed")
        lines = [f"- {plain(reason_of(text))} ({count} {'run' if count == 1 else 'runs'})"
                 for text, count in reasons.most_common(MOST_REASONS)]  # fmt: skip
        st.markdown("\n".join(lines))
    st.header("Runs")
    _show_table(items, names)


def _axes(names: list[str], identity: str) -> tuple[str, str]:
    """What the rows and the columns of the matrix are; chosen where more than two things vary."""
    if len(names) < 3:
        return names[0], names[-1]
    with st.container(horizontal=True):  # the first choices are the defaults: a value set here may miss the browser
        rows = _axis("Rows", names, identity)
        return rows, _axis("Columns", [name for name in names if name != rows], identity)


def _axis(label: str, names: list[str], identity: str) -> str:
    key = STATE.key(f"{label.lower()}-{identity}")
    return st.selectbox(label, names, key=key, format_func=label_of, width=220)


def _show_table(items: list[Item], names: list[str]) -> None:
    """The runs of a stage, a part of them at a time."""
    stages = [stage for stage in Stage if any(item.stage is stage for item in items)]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        stage = st.pills(
            "State", stages, key=STATE.key("stage"), format_func=lambda one: one.value, label_visibility="collapsed"
        )
        found = [item for item in items if stage is None or item.stage is stage]
        pages = max(1, -(-len(found) // PAGE_SIZE))
        page = 1
        if pages > 1:
            STATE["page"] = min(max(int(STATE.get("page", 1)), 1), pages)
            page = st.number_input(f"Part of {pages}", 1, pages, key=STATE.key("page"), width=130)
    show_html(table_html(found[(page - 1) * PAGE_SIZE : page * PAGE_SIZE], names))


@lru_cache(maxsize=8)
def _campaign(path: Path, version: object) -> Campaign:
    """The campaign of a file; read again for another version."""
    del version
    return read_campaign(path.read_text(encoding="utf-8", errors="replace"))[0]


@lru_cache(maxsize=8)
def _outcomes(root: Path) -> Outcomes:
    """Those of a folder, of which only what is new is read."""
    return Outcomes(root)
