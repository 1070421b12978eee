"""Text that every page, file and terminal can show."""

import unicodedata

LONGEST_SENTENCE = 600
"""Characters of a message that quotes what was given."""

UNPRINTABLE = ("Cc", "Cs")
"""Categories of characters that no text may hold: control characters and halves of surrogate pairs."""


def readable(text: str) -> str:
    """Text that can be encoded and printed: what cannot be is "\\N{REPLACEMENT CHARACTER}".

    Example:
        >>> readable("b\\udcff.png") == readable("b\\x00.png") == "b\\ufffd.png"
        True
    """
    if text.isprintable():
        return text
    return "".join("\ufffd" if unicodedata.category(one) in UNPRINTABLE else one for one in text)


def encodable(text: str) -> str:
    """Text without halves of surrogate pairs, as names of files that are not UTF-8 have; lines stay lines.

    Example:
        >>> encodable("b\\udcff.png\\n") == "b\\ufffd.png\\n"
        True
    """
    return text if text.isascii() else "".join("\ufffd" if "\ud800" <= one <= "\udfff" else one for one in text)


def quotable(sentence: str) -> str:
    """A message that quotes what was given, as a terminal and a page can show it: in the middle of a long one is "…".

    Example:
        >>> quotable("no picture: " + "x" * 10_000).count("x") < LONGEST_SENTENCE, quotable("no\x1b picture")
        (True, 'no\ufffd picture')
    """
    if len(sentence) > LONGEST_SENTENCE:
        half = LONGEST_SENTENCE // 2
        sentence = f"{sentence[:half]} … {sentence[-half:]}"
    return readable(sentence)
