"""The technical words of the lessons, each explained in one sentence, and where a text uses them."""

import re
from collections.abc import Iterable, Mapping

GLOSSARY: Mapping[str, str] = {
    "metric": "A function that says how far a picture is from its original; 0 if they are equal.",
    "distance": "What a metric gives for a picture and its original: 0 if they are equal, larger if they differ more.",
    "original": "The picture that all copies are compared with.",
    "level curve": "All images that a metric rates equally far from the original; in a plane, a curve.",
    "MAD competition": "Maximum Differentiation: images that one metric rates equal and another as differently as "
    "possible.",
    "MSE": "Mean squared error: the mean of the squared differences of all values.",
    "SSIM": "Structural similarity: compares local means, contrasts and patterns; its distance is 1 − SSIM.",
    "LPIPS": "Learned Perceptual Image Patch Similarity: compares what the layers of a neural network answer.",
    "ST-LPIPS": "A variant of LPIPS that tolerates shifts by a few pixels.",
    "LASI": "Linear Autoregressive Similarity Index: compares the weights that predict each value from its neighbors.",
    "gradient": "The change of all pixels that raises a metric the fastest.",
    "tangent": "The direction along a level curve: there the metric does not change.",
    "neighborhood": "The values from which LASI predicts a value: the nearest ones that come before it.",
    "causal": "Using only what comes earlier in the order of reading.",
    "weight": "The factor of a neighbor in a weighted sum.",
    "loss": "What a fit makes small: here the sum of the weighted squared errors over earlier values.",
    "ridge": "A penalty on large weights, which keeps them small where the data do not determine them.",
    "layer": "A stage of a neural network: it answers with many maps of numbers, each for a pattern.",
    "network": "A neural network: layers of filters whose numbers were found by training.",
    "noise": "A random number added to each value, here independent of all others.",
    "Wasserstein distortion": "Compares the distributions of a network's features around each place of two pictures.",
    "pooling width": "How large the neighborhood is, in pixels, whose statistics are compared.",
    "fidelity": "That every detail is where it is in the original.",
    "fixed": "Of a metric: it keeps its value while the pixels change.",
    "luma": "Brightness as a weighted sum of red, green and blue: 0.299 R + 0.587 G + 0.114 B.",
    "8 bits": "256 levels for each of red, green and blue, as most image files have them.",
    "convention": "What a program does with a picture before it measures: colors, size, range, rounding.",
}
"""By the word as a text has it; plurals and other capitals count, too."""

_WORDS = re.compile(
    r"(?<![\w-])(" + "|".join(sorted(map(re.escape, GLOSSARY), key=len, reverse=True)) + r")(?=(?:e?s)?(?![\w-]))",
    re.IGNORECASE,
)
_BY_LOWER = {word.lower(): word for word in GLOSSARY}


def split_at_words(text: str) -> list[tuple[str, str | None]]:
    """A text in pieces: each with None, or, the first time that it is a word of the glossary, with its explanation.

    Example:
        >>> [piece for piece, explained in split_at_words("A metric, or two metrics with MSE.") if explained]
        ['metric', 'MSE']
    """
    pieces: list[tuple[str, str | None]] = []
    known: set[str] = set()
    end = 0
    for found in _WORDS.finditer(text):
        word = _BY_LOWER[found[1].lower()]
        if word not in known:
            known.add(word)
            pieces += [(text[end : found.start()], None), (found[1], GLOSSARY[word])]
            end = found.end()
    return [*pieces, (text[end:], None)]


def words_in(texts: Iterable[str]) -> dict[str, str]:
    """The words of the glossary that texts use, with their explanations, in the order in which they come.

    Example:
        >>> list(words_in(["The loss of a metric", "and its gradients"]))
        ['loss', 'metric', 'gradient']
    """
    found = (_BY_LOWER[one[1].lower()] for text in texts for one in _WORDS.finditer(text))
    return {word: GLOSSARY[word] for word in dict.fromkeys(found)}
