"""Text that LaTeX sets as it is, for any engine, without packages."""

import re

from mad_app.figures.text import typeset_powers

_LATEX = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "−": "$-$",
    "×": r"$\times$",
    "→": r"$\to$",
    "<": "$<$",
    ">": "$>$",
    "|": "$|$",
    "–": "--",
    "…": r"\dots{}",
    "²": "$^2$",
    '"': "''",
    **{character: f"\\{character}" for character in "&%$#_{}"},
}
_LAST_LETTER = 0x24F
"""Letters beyond those of Latin scripts need LaTeX packages that a text may not have."""

PLAIN_DIGITS = str.maketrans("−⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "--0123456789")
"""Raised digits and typeset minus signs to what programs read."""

_POWER = re.compile(r"(?:(\d(?:\.\d+)?)×)?10([⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+)")
"""A number such as 9.21×10⁻⁴ or 10⁻⁴."""


def to_latex(text: str) -> str:
    """Text that LaTeX sets as it is; what it could not set without packages becomes a question mark.

    Example:
        >>> to_latex("my_photo 50 % → 1 − SSIM, 9.21×10⁻⁴")
        'my\\\\_photo 50 \\\\% $\\\\to$ 1 $-$ SSIM, $9.21\\\\times10^{-4}$'
    """
    words, done = [], 0
    line = typeset_powers(" ".join(text.split()))
    for power in _POWER.finditer(line):
        mantissa = rf"{power[1]}\times" if power[1] else ""
        words += [_set(line[done : power.start()]), rf"${mantissa}10^{{{power[2].translate(PLAIN_DIGITS)}}}$"]
        done = power.end()
    return "".join([*words, _set(line[done:])])


def _set(text: str) -> str:
    """Text without powers of ten."""
    return "".join(_LATEX.get(character) or _latin(character) for character in text)


def _latin(character: str) -> str:
    return character if character.isascii() or (character.isalpha() and ord(character) <= _LAST_LETTER) else "?"
