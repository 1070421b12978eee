"""HTML with all text escaped: what comes from outside is shown as it is.

HTML is built by `element`, from the inside out, and has no line breaks.
"""

import html

VOID = {"br", "img", "circle", "ellipse", "line", "meta", "path", "polyline", "rect"}
"""Elements without content."""


class Html(str):
    """Text that is HTML already."""

    __slots__ = ()


def element(name: str, /, *children: str | None, **attributes: str | float | bool | None) -> Html:
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
        return Html(f"<{opened}>" if name in ("br", "img", "meta") else f"<{opened}/>")
    return Html(f"<{opened}>{join(*children)}</{name}>")


def join(*children: str | None) -> Html:
    """Pieces of HTML in a row; text is escaped.

    Example:
        >>> join("1 < 2", element("b", "3"), None)
        '1 &lt; 2<b>3</b>'
    """
    return Html(
        "".join(child if isinstance(child, Html) else html.escape(displayable(child)) for child in children if child)
    )


def displayable(text: str) -> str:
    """Text that a page can show: what no encoding knows, such as a byte of a file name, is a question mark.

    Example:
        >>> displayable("b\\udcff.png")
        'b?.png'
    """
    return text.encode("utf-8", "replace").decode()


def unbroken(text: str) -> str:
    """Text whose percentages and titles such as "1 − SSIM" stay on one line.

    Example:
        >>> unbroken("1 − SSIM off by 5 %")
        '1\\xa0−\\xa0SSIM off by 5\\xa0%'
    """
    return text.replace("1 − ", "1\u00a0−\u00a0").replace(" %", "\u00a0%")


def _attribute(key: str, value: str | float | bool | None) -> str:
    if value is None or value is False:
        return ""
    name = key.removesuffix("_").replace("_", "-")
    return f" {name}" if value is True else f' {name}="{html.escape(displayable(str(value)))}"'
