"""A new campaign: its file is uploaded or pasted, and all mistakes in it are named before anything is run."""

from pathlib import Path
from typing import NoReturn

import streamlit as st

from mad_app.campaigns import mistakes, read_campaign
from mad_app.campaigns.status import keep_campaign
from mad_app.jobs.process import ProcessEnded
from mad_app.records import RecordError
from mad_app.ui.address import write_address
from mad_app.ui.components.html import sentence
from mad_app.ui.session import PageState, ask_worker, is_host

STATE = PageState("campaigns")
LONGEST_TEXT = 1_000_000
"""Characters that can be written on the page; a file may have more (`campaigns.spec.LARGEST_FILE`)."""

MOST_PROBLEMS = 30
PATIENCE_SECONDS = 120.0
"""How long a worker may take to read the pictures."""

EXAMPLE = """\
image = ["cat", "coffee", "astronaut"]
size = 64
steps = 100
others = "none"
metrics = ["ssim", "mse", "lasi"]     # every pair of them
# seed = [0, 1, 2]                    # any setting of a competition is one value or a list
"""


def show_new(root: Path, *, opened: bool) -> None:
    """Draw the form of a new campaign, for whoever may start one."""
    with st.expander("New campaign", icon=":material/add:", expanded=opened):
        if not is_host():
            st.markdown("Only who started the server can start campaigns. Everybody can look on.")
            return
        st.markdown("A campaign is many competitions that a file describes: all combinations of the values in it.")
        messages = st.container()
        uploaded = st.file_uploader("File", type="toml", key=STATE.key("file"), help="TOML, as on the command line.")
        text = st.text_area(
            "Or write it here",
            EXAMPLE,
            key=STATE.key("text"),
            height=190,
            max_chars=LONGEST_TEXT,
            disabled=uploaded is not None,
        )
        if st.button("Check", key=STATE.key("check"), type="primary", help="Names every mistake; nothing is run yet."):
            with messages:
                _add(root, *_chosen(uploaded, text))


def _chosen(uploaded: object, text: str) -> tuple[str | None, str]:
    """The text of the campaign, None where it is none, and its name."""
    if uploaded is None:
        return text, "campaign.toml"
    content: bytes = uploaded.getvalue()  # type: ignore[attr-defined]
    name: str = uploaded.name  # type: ignore[attr-defined]
    try:
        return content.decode("utf-8"), name
    except UnicodeDecodeError:
        return None, name


def _add(root: Path, text: str | None, name: str) -> None:
    """Check a campaign, and open it if nothing is wrong with it."""
    if text is None:
        st.error(sentence(f"{name} is not UTF-8 text", capital=False))
        return
    with st.spinner("Checking pictures and metrics …"):
        problems = _problems(text)
    if problems:
        count = len(problems)
        st.error(f"{count} {'mistake' if count == 1 else 'mistakes'}:\n\n" + "\n".join(
            f"- {sentence(problem)}" for problem in problems[:MOST_PROBLEMS]))  # fmt: skip
        return
    try:
        campaign, _ = read_campaign(text, name)
        known = keep_campaign(root, campaign)
    except RecordError as error:
        st.error(sentence(str(error)))
        return
    open_campaign(known.id)


def open_campaign(identity: str) -> NoReturn:
    """Show a campaign at its address."""
    write_address({"campaign": identity})
    st.rerun()


def _problems(text: str) -> list[str]:
    """Every mistake in the text; a worker looks the pictures and metrics up, where one is free."""
    answer = ask_worker({"check": text})
    if answer is None:
        return mistakes(text)
    try:
        found: list[str] = answer.result(PATIENCE_SECONDS)["problems"]
    except (ProcessEnded, TimeoutError):
        return ["the pictures and metrics could not be checked: try again"]
    return found
