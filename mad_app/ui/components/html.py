"""HTML and Markdown for pages, with all text escaped: what comes from outside is shown as it is.

HTML is built by `element`, from the inside out. It has no line breaks, so Streamlit's Markdown passes it on unchanged.
"""

import html
from pathlib import Path

import streamlit as st

VOID = {"br", "img", "circle", "line", "path", "polyline"}
"""Elements without content."""

_STYLES = Path(__file__).parent


class Html(str):
    """Text that is HTML already."""

    __slots__ = ()


def element(name: str, *children: str | None, **attributes: str | float | bool | None) -> Html:
    """An element of HTML or SVG.

    Args:
        name: of its tag.
        *children: its content; text that is not `Html` is escaped, None is left out.
        **attributes: those named like a Python keyword end in an underscore, and other underscores stand for hyphens;
            None and False are left out, True stands for an attribute without a value.

    Example:
        >>> element("p", "a < b", element("br"), class_="quiet", aria_label='"c"')
        '<p class="quiet" aria-label="&quot;c&quot;">a &lt; b<br></p>'
    """
    opened = "".join([name, *(_attribute(key, value) for key, value in attributes.items())])
    if name in VOID:
        return Html(f"<{opened}>" if name in ("br", "img") else f"<{opened}/>")
    return Html(f"<{opened}>{join(*children)}</{name}>")


def join(*children: str | None) -> Html:
    """Pieces of HTML in a row; text is escaped.

    Example:
        >>> join("1 < 2", element("b", "3"), None)
        '1 &lt; 2<b>3</b>'
    """
    return Html("".join(child if isinstance(child, Html) else html.escape(child) for child in children if child))


def show_html(content: Html) -> None:
    """Draw HTML in the page."""
    st.markdown(content, unsafe_allow_html=True)


def load_styles(*rules: str) -> None:
    """Put the styles of all components into the page.

    Args:
        *rules: further rules.
    """
    sheets = [path.read_text(encoding="utf-8") for path in sorted(_STYLES.glob("*.css"))]
    st.html(f"<style>{''.join([*sheets, *rules])}</style>")


def plain(text: str) -> str:
    """Text that Streamlit's Markdown shows as it is."""
    return "".join(f"\\{character}" if character in r"\`*_{}[]()<>#+-.!|$:~&" else character for character in text)


def sentence(text: str) -> str:
    """A message, which begins in lower case and has no full stop, as a sentence that Markdown shows as it is."""
    return plain(text[:1].upper() + text[1:]) + "."


def _attribute(key: str, value: str | float | bool | None) -> str:
    if value is None or value is False:
        return ""
    name = key.removesuffix("_").replace("_", "-")
    return f" {name}" if value is True else f' {name}="{html.escape(str(value))}"'
