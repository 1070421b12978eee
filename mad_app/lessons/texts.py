"""The texts of the lessons on level sets, on fidelity and texture, and of the brush."""

from mad_app.lessons import level_sets
from mad_app.lessons.lesson import Lesson, Prediction
from mad_app.lessons.level_sets import LevelSetsState

LEVEL_SETS = Lesson(
    name="level-sets",
    title="What do level sets look like?",
    minutes=8,
    objective="You can read the level curves of real metrics, and say where one of them will fail.",
    text="A picture of thousands of pixels is a point in a space of thousands of dimensions. Three pictures span a "
    "*plane* in it: the original, the start of a competition, and one of its four results. Every place of the plane is "
    "a picture, too. The curves join pictures that a metric rates equally far from the original.",
    tasks=(
        "Move over the plane, or choose a place and use the arrow keys, and watch the picture change.",
        "Follow the **thick** curve from the start: the metric that it belongs to rates these pictures the same.",
        "Choose another image or another run; then **Two distortions of your picture**.",
    ),
    prediction=Prediction(
        question="The plane is drawn without distortion. Which shape do the level curves of MSE have in it?",
        answers=("Circles around the original", "Ellipses, stretched toward the start", "It depends on the picture."),
        right=0,
    ),
    seen="MSE is the squared length of the way from the original, so its curves are **circles** in every plane through "
    "it, except where colors beyond black or white are cut off. Other metrics have other shapes: where their curves "
    "are far apart, a picture may change much at little cost. Where the two families of curves differ in shape, one "
    "metric changes along a curve of the other, and a competition finds its ends. It is free to leave the plane, so "
    "its way is shown projected.",
    notes=(
        "Timing: 3 minutes to explore, 2 for the prediction, 3 with other planes.",
        "Ask: could two metrics have the same curves in one plane and differ in another? (Yes. A plane is a slice.)",
        "In planes of a run one metric is fixed, and its curve alone is thick. The image of the run lies on it, up to "
        "the resolution of the grid. A to D are the images of the run; hollow ones lie off the plane.",
        "With two distortions both are fixed in turn, and A to D are the best of this plane alone.",
        "Curves join 25 × 25 measured pictures by straight lines. The number below the plane is measured at the place.",
    ),
    more=(
        "Find a place that both metrics rate as the start, and that looks different.",
        "Choose noise and blur, and LASI against MSE. Toward which of them are the curves of LASI stretched?",
        "Does any metric have a second valley, away from the original?",
    ),
    source="[Wang & Simoncelli, Journal of Vision 2008](https://doi.org/10.1167/8.12.8)",
    state=LevelSetsState,
    python=level_sets.python_of,
)
