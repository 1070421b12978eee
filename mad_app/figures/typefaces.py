"""Typefaces by name, and what Matplotlib is given so that every character of a text is set in one.

The default, DejaVu Sans, has every character that a figure needs. An installed font may lack the raised digits of a
power of ten, and Computer Modern has TeX's encoding; of both, what they lack is set by Matplotlib's own math.
"""

import functools
import itertools
import re
import unicodedata
from dataclasses import dataclass
from typing import Literal, NamedTuple

from matplotlib import font_manager
from matplotlib.textpath import text_to_path

from mad_app.errors import ArgumentError

Weight = Literal["normal", "bold"]

FONT = "DejaVu Sans"
"""The one sans serif that comes with Matplotlib, so that a page looks the same everywhere."""

LATEX = "latex"
"""Name of Computer Modern, which comes with Matplotlib."""

_RAISED = dict(zip("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789", strict=True))
_EXPONENT = re.compile(f"[{''.join(_RAISED)}]+")

_TEX_TOKEN = re.compile(f"(?P<exponent>{_EXPONENT.pattern})|.")

_TEX_MATH = {
    "<": "<", ">": ">", "|": "|", "{": r"\{", "}": r"\}", "\\": r"\backslash", "_": r"\_", "~": r"\sim",
    "−": "-", "×": r"\times", "→": r"\to", "±": r"\pm", "∞": r"\infty", "°": r"^\circ",
}  # fmt: skip
"""Characters that TeX's text fonts lack, to Matplotlib's math."""

_TEX_TEXT = {"–": "|", "—": "{", "“": "\\", "”": '"', "’": "'", "‘": "`", "…": "..."}
"""Characters that have another place in TeX's text fonts, or are made of others."""


def weight_of(bold: bool) -> Weight:
    """The weight of a text that is bold or not."""
    return "bold" if bold else "normal"


class Typeset(NamedTuple):
    """A text as Matplotlib takes it, and whether that contains math."""

    text: str
    is_math: bool


@dataclass(frozen=True)
class Typeface:
    """A typeface.

    Attributes:
        normal: names of fonts, of which the first that has a character shows it.
        bold: likewise.
        is_tex: whether the first has TeX's encoding.
    """

    normal: tuple[str, ...]
    bold: tuple[str, ...]
    is_tex: bool = False

    def families(self, weight: Weight) -> tuple[str, ...]:
        """Names of the fonts of a weight."""
        return self.bold if weight == "bold" else self.normal

    def properties(self, size: float, weight: Weight) -> font_manager.FontProperties:
        """What Matplotlib is asked for; of TeX's fonts, the bold one is another family."""
        return font_manager.FontProperties(
            family=list(self.families(weight)),
            size=size,
            weight="normal" if self.is_tex else weight,
            math_fontfamily="cm" if self.is_tex else None,
        )

    def typeset(self, text: str, weight: Weight = "normal") -> Typeset:
        """A text in one line, with "?" for what cannot be shown."""
        line = " ".join(text.split())
        if self.is_tex:
            return _typeset_tex(line, bold=weight == "bold")
        shown = "".join(c if ord(c) in _characters(self.normal) else "?" for c in line)
        own = _characters(self.normal[:1])
        if any(c in _RAISED and ord(c) not in own for c in shown) and all(c in _RAISED or ord(c) in own for c in shown):
            return Typeset(_EXPONENT.sub(_raise, shown.replace("$", r"\$")), True)
        return Typeset(shown, False)

    def measure(self, text: str, size: float, weight: Weight) -> float:
        """Width of a text in inches, `size` in points."""
        return size * _measure(self, text, weight)


DEFAULT_TYPEFACE = Typeface((FONT,), (FONT,))

_TEX = Typeface(("cmr10",), ("cmb10",), is_tex=True)


@functools.cache
def font_names() -> tuple[str, ...]:
    """Names of the fonts that are installed or come with Matplotlib, in the order of the alphabet."""
    return tuple(sorted({font.name for font in font_manager.fontManager.ttflist}))


def typeface_called(name: str | None) -> Typeface:
    """The typeface of a name; None is the default. Raises ArgumentError if there is none of that name."""
    if name is None or name.casefold() == FONT.casefold():
        return DEFAULT_TYPEFACE
    if name.casefold() == LATEX:
        return _TEX
    known = {font.casefold(): font for font in font_names()}
    found = known.get(name.casefold())
    if found is None:
        near = [font for font in font_names() if name.casefold().split()[:1] == font.casefold().split()[:1]]
        hint = f"; there are {', '.join(near[:5])}" if near else ""
        raise ArgumentError("font", f"must be {LATEX} or the name of an installed font, got {name!r:.60}{hint}")
    return Typeface((found, FONT), (found, FONT))


def _typeset_tex(line: str, *, bold: bool) -> Typeset:
    """A line for a font with TeX's encoding: what that lacks becomes math, accents are left out."""
    parts: list[tuple[bool, str]] = []
    for found in _TEX_TOKEN.finditer(line.replace(" → ", "→")):  # math has its own space around arrows
        if exponent := found["exponent"]:
            parts.append((True, f"^{{{''.join(_RAISED[c] for c in exponent)}}}"))
        elif found[0] in _TEX_MATH:
            parts.append((True, f"{{{_TEX_MATH[found[0]]}}}"))  # in braces, without space of its own around it
        else:
            parts.append((False, _TEX_TEXT.get(found[0]) or _in_ascii(found[0])))
    groups = [(math, [text for _, text in group]) for math, group in itertools.groupby(parts, lambda part: part[0])]
    if not any(math for math, _ in groups):
        return Typeset("".join("".join(texts) for _, texts in groups), False)
    texts = (_math(" ".join(texts), bold) if math else "".join(texts).replace("$", r"\$") for math, texts in groups)
    return Typeset("".join(texts), True)


def _math(text: str, bold: bool) -> str:
    return rf"$\mathbf{{{text}}}$" if bold else f"${text}$"


def _in_ascii(character: str) -> str:
    plain = unicodedata.normalize("NFKD", character).encode("ascii", "ignore").decode()
    return plain if plain.isprintable() and plain and not set(plain) & set(_TEX_MATH) else "?"


def _raise(found: re.Match[str]) -> str:
    digits = "".join(_RAISED[c] for c in found[0]).replace("-", "−")
    return rf"$^{{\mathregular{{{digits}}}}}$"


@functools.lru_cache(maxsize=4096)
def _measure(typeface: Typeface, text: str, weight: Weight) -> float:
    """Width in inches for each point of the size, which is the same for all sizes, as it is taken without hinting."""
    typeset = typeface.typeset(text, weight)
    properties = typeface.properties(1, weight)
    measured = text_to_path.get_text_width_height_descent(typeset.text, properties, ismath=typeset.is_math)
    return float(measured[0]) / 72


@functools.cache
def _characters(families: tuple[str, ...]) -> frozenset[int]:
    """Which characters one of these fonts has."""
    paths = (font_manager.findfont(font_manager.FontProperties(family=name)) for name in families)
    return frozenset().union(*(font_manager.get_font(path).get_charmap() for path in paths))
