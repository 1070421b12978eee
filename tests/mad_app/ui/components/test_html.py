"""HTML is escaped once, wherever text comes from."""

import re
from pathlib import Path

from mad_app.ui import components
from mad_app.ui.components.html import Html, element, join, page_sheets, plain, sentence

EVIL = '<img src="x" onerror=alert(1)>'


def test_text_is_escaped_in_content_and_attributes_and_html_is_not() -> None:
    inner = element("b", EVIL, title=EVIL)
    assert "<img" not in inner
    assert element("p", inner) == f"<p>{inner}</p>"
    assert join(EVIL, Html("<br>")).endswith("&gt;<br>")


def test_markdown_shows_text_as_it_is() -> None:
    assert plain("*a* <b>") == r"\*a\* \<b\>"
    assert sentence("it failed: [x](y)") == r"It failed\: \[x\]\(y\)."


def test_no_style_of_a_page_touches_every_drawing_of_charts() -> None:
    sheets = {path.name: path.read_text(encoding="utf-8") for path in page_sheets()}
    assert "style.css" in sheets
    selectors = [
        one.strip() for text in sheets.values() for rule in text.split("}") for one in rule.split("{")[0].split(",")
    ]
    assert not {"svg", "path", "text", "rect", "line", "button"} & set(selectors)


def test_what_a_component_draws_has_a_name_before_its_pictures_are_decoded() -> None:
    files = sorted(Path(components.__file__).parent.glob("*.html"))
    tags = [
        tag
        for path in files
        for tag in re.findall(r"<[^>]*\brole=\"(?:img|application)\"[^>]*>", path.read_text("utf-8"))
    ]
    assert len(tags) >= 4
    assert [tag for tag in tags if 'aria-label="' not in tag] == []
    radios = [tag for path in files for tag in re.findall(r'<button[^>]*role="radio"[^>]*>', path.read_text("utf-8"))]
    assert radios
    assert [tag for tag in radios if "aria-checked=" not in tag] == []
