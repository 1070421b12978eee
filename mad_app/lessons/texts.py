"""The texts of the lessons on level sets and of the brush."""

from mad_app.lessons import by_hand, level_sets
from mad_app.lessons.by_hand import ByHandState
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

BY_HAND = Lesson(
    name="by-hand",
    title="Can you beat a metric by hand?",
    minutes=10,
    objective="You know from trying what a metric overlooks, and what it minds.",
    text="White noise has changed the picture a little, and a metric has given it a number. Change the picture in "
    "quite another way, until the metric gives the *same number*, and let it look as different as you can. A second "
    "metric keeps the score. It only stands in for your eyes: judge for yourself whether it is right.",
    tasks=(
        "Paint, blur, shift or turn the hue, until the number is reached. On the keyboard: arrow keys move the brush, "
        "the space bar paints.",
        "Undo, and reach the same number by other means. Which of them raises the score most?",
        "Press **Let the engine try**: it keeps your number, and looks for the most and the least different picture.",
    ),
    prediction=Prediction(
        question="MSE gives 0.01 to noise of standard deviation 0.1. How much of a picture can turn from white to "
        "black at that number?",
        answers=("1 % of its pixels", "10 % of its pixels", "Half of its pixels"),
        right=0,
    ),
    seen="MSE squares every change: from white to black is a change of 1, ten times that of the noise, and costs a "
    "hundred times as much, so 1 % of the pixels use it up. A blur, a hue and a shift spread their change, and reach "
    "the number with far more pixels. Where the score and your eyes disagree, you have found a picture on which the "
    "second metric fails. The engine does by gradients what you do by hand; it knows the metrics, and nothing of cats.",
    notes=(
        "Timing: 5 minutes to paint, 1 for the prediction, 4 to compare with the engine.",
        "Ask: which change of yours does the metric mind least for how much you see of it?",
        "The engine starts at the painted picture and keeps its number, not the noise's. It makes 60 steps; with more "
        "it could go farther, and from another start elsewhere.",
        "The score is where the second metric of the painted picture lies between the engine's lowest and highest.",
        "The address holds the strokes: a link shows what was painted.",
    ),
    more=(
        "Reach the number with a single stroke.",
        "Let a neighbor paint against another metric, and compare what you changed.",
        "Score by LPIPS, and find a change that scores high and hardly shows.",
    ),
    source="[Wang & Simoncelli, Journal of Vision 2008](https://doi.org/10.1167/8.12.8)",
    state=ByHandState,
    python=by_hand.python_of,
)
