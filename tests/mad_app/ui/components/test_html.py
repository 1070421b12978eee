"""HTML is escaped once, wherever text comes from."""

from mad_app.ui.components.html import Html, element, join, plain, sentence

EVIL = '<img src="x" onerror=alert(1)>'


def test_text_is_escaped_in_content_and_attributes_and_html_is_not() -> None:
    inner = element("b", EVIL, title=EVIL)
    assert "<img" not in inner
    assert element("p", inner) == f"<p>{inner}</p>"
    assert join(EVIL, Html("<br>")).endswith("&gt;<br>")


def test_markdown_shows_text_as_it_is() -> None:
    assert plain("*a* <b>") == r"\*a\* \<b\>"
    assert sentence("it failed: [x](y)") == r"It failed\: \[x\]\(y\)."
