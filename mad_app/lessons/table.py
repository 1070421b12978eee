"""The lessons, in the order in which they are taught."""

from mad_app.lessons import equal_distance, neighborhood
from mad_app.lessons.equal_distance import EqualState
from mad_app.lessons.lesson import Lesson, Prediction
from mad_app.lessons.neighborhood import LasiState

_LASI_PAPER = "[Severo, Theis & Ballé, ICLR 2024](https://arxiv.org/abs/2310.05986)"

_LASI = Lesson(
    name="lasi",
    title="What does LASI look at?",
    minutes=8,
    objective="You can say what LASI compares when it compares two pictures, and why it needs no training.",
    text="LASI goes through a picture as you read: row by row, from left to right. It predicts each value from the N "
    "nearest values that it has already seen, its *neighborhood*, as a weighted sum. The weights are those that would "
    "have predicted the earlier values best, the nearer ones counting more. These weights, not the pixel values, are "
    "what LASI compares between two pictures.",
    tasks=(
        "Click a pixel in a smooth area, then one on an edge (or use the arrow keys). Watch which neighbors get the "
        "large weights.",
        "Move **Neighbors N** from 1 to 50.",
    ),
    prediction=Prediction(
        question="You raise N from 1 to 50. What happens to the loss, the weighted error over all earlier values?",
        answers=("It always falls.", "It always rises.", "It falls, then rises again."),
        right=0,
    ),
    seen="The **loss** falls with every neighbor that is added, since a further weight can be 0 and so never has to "
    "hurt the fit. The **error at one pixel** need not fall: the weights were fitted to earlier values, not to this "
    "one. Severo et al. found that a larger N also agrees better with people, at a cost that grows with N³. In smooth "
    "areas the nearest neighbors share the weight; along an edge, the neighbors along it take over.",
    notes=(
        "Timing: 3 minutes of clicking, 2 for the prediction, 3 to discuss the two curves.",
        "Ask: why is no pixel below or to the right ever used? (It is *causal*: it uses only what has been read.)",
        "Ask: why do the other colors of the same pixel get large weights? (Color channels rise and fall together.)",
        "Expected: most students answer the prediction by overfitting, “falls, then rises”. That is true of new data, "
        "and it is what the error at a single pixel may show; the loss is of the data that was fitted.",
        "The ridge penalizes large weights, so the loss without the penalty could in principle rise slightly.",
    ),
    more=(
        "Find a pixel whose prediction gets worse from N = 10 to N = 50.",
        "Raise the ridge to 100. Which weights vanish first?",
        "Choose the picture “Zone plate”. Where is the prediction bad, and why?",
    ),
    source=_LASI_PAPER,
    state=LasiState,
    python=neighborhood.python_of,
)

_EQUAL = Lesson(
    name="equal",
    title="Same distance, different look",
    minutes=7,
    objective="You can show that one number does not say how a picture looks.",
    text="All eight copies around the original have the same distance to it, for the metric that you choose. Each "
    "distortion was made stronger or weaker until the metric gave the same number as for white noise, to 0.1 %. For "
    "this metric no copy is better than another. Your eyes may disagree.",
    tasks=(
        "Look at the copies with the same MSE. Which one would you rather keep, and which one is spoiled?",
        "Choose **1 − SSIM** under *Equal for*, then LPIPS. Which copies change most?",
    ),
    prediction=Prediction(
        question="All eight copies have the same MSE. How far apart are their values of 1 − SSIM?",
        answers=("They are about the same.", "They differ by a few percent.", "They differ several times over."),
        right=2,
    ),
    seen="MSE adds up squared differences, wherever they are and whatever they form. A change of **brightness** or "
    "**contrast** alters every pixel a little and is hardly seen; **blur** and **JPEG** remove the detail that you "
    "look for. 1 − SSIM compares local structure, so it ranks the copies in another order. Make it the equal one, and "
    "brightness may not reach the number at any strength. Every metric has such blind spots; MAD competitions look for "
    "the worst ones.",
    notes=(
        "Timing: 2 minutes to look, 2 for the prediction, 3 for other metrics. Let students rank the copies first.",
        "This is Figure 2 of Wang & Bovik (2009), live: there the picture is Einstein, and MSE is the metric.",
        "Ask: for which purpose would MSE be the right metric? (Noise in a measurement, not how a picture looks.)",
        "JPEG and shift come in whole steps. Between two of them the copy is mixed from both, so that the number fits.",
        "A gray picture has no hue to turn: its copy says “at most”, since no strength reaches the number.",
    ),
    more=(
        "Find a metric for which the shift by a few pixels is as bad as strong noise, and one that hardly minds it.",
        "Choose the picture “Gradients”. Which distortions can no longer reach the number?",
        "Press P for a slide of the wheel alone.",
    ),
    source="[Wang & Bovik, IEEE Signal Processing Magazine 2009](https://doi.org/10.1109/MSP.2008.930649)",
    state=EqualState,
    python=equal_distance.python_of,
)

LESSONS: dict[str, Lesson] = {lesson.name: lesson for lesson in (_EQUAL, _LASI)}
"""Every lesson by its name in an address, in the order of the page."""
