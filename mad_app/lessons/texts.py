"""The texts of the lessons on level sets, on texture, on LASI and LPIPS together, and of the brush."""

from mad_app.lessons import by_hand, level_sets, texture, together
from mad_app.lessons.by_hand import ByHandState
from mad_app.lessons.lesson import Lesson, Prediction
from mad_app.lessons.level_sets import LevelSetsState
from mad_app.lessons.texture import TextureState
from mad_app.lessons.together import TogetherState

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
    seen="MSE depends on the length of the way from the original alone, so its curves are **circles** in every plane "
    "through it, except where colors beyond black or white are cut off. Other metrics have other shapes: where their "
    "curves are far apart, a picture may change much at little cost. Where the two families of curves differ in shape, "
    "one metric changes along a curve of the other, and a competition finds its ends. It is free to leave the plane, "
    "so its way is shown projected.",
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
    objective="You can say from experience what a metric overlooks, and what it minds.",
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

TEXTURE = Lesson(
    name="texture",
    title="Fidelity or texture?",
    minutes=7,
    objective="You can say which of two copies is nearer, and why the answer depends on how widely a metric pools.",
    text="Copy A has lost some detail. Copy B has all of it, in slightly other places. *Wasserstein distortion* looks "
    "at what the features of a neural network are around each place: at a *pooling width* of σ = 1 pixel at the place "
    "itself, at 16 pixels only at their means and deviations over a neighborhood. The first asks for *fidelity*, the "
    "second for the same texture.",
    tasks=(
        "Predict, then move **Pooling width σ** from 1 to 16 (arrow keys work). Watch which copy is called nearer.",
        "Raise **Strength of A**. Where does the order flip now?",
        "Choose *Shuffled blocks* for copy B, on the picture “Grass”, then on “Chelsea the cat”.",
    ),
    prediction=Prediction(
        question="You raise σ from 1 to 16 pixels. What happens to the distances of the two copies?",
        answers=("Both fall, each in its own way.", "A’s falls, and B’s rises.", "Both rise."),
        right=0,
    ),
    seen="Both curves **fall**: the statistics of two neighborhoods never differ more than their values do place by "
    "place. The copy whose details only *moved* usually falls faster, since other details of the same kind are the "
    "same texture. Detail that **blur** took away is missing at every σ. Where the curves cross, the order flips, and "
    "the same metric prefers the other copy. On a texture even shuffled blocks come near; on a picture of things they "
    "do not, because there the statistics themselves change from place to place.",
    notes=(
        "Timing: 2 minutes to look at the copies, 1 for the prediction, 4 for other copies and pictures.",
        "Ask: for which use would you choose σ = 1, and for which σ = 16? (A medical picture; grass in a game.)",
        "At the start (blur against warp, 96 pixels) the order flips on every photograph that comes with the program.",
        "With shuffled blocks and usual blur it flips on grass, gravel and bricks, and on none of the other "
        "photographs.",
        "The authors let σ grow with the distance from where a viewer looks; here it is the same everywhere.",
        "Where the curves cross is found between the 17 widths of the slider, by straight lines over log σ.",
    ),
    more=(
        "Find a pair for which nothing flips, and say why.",
        "Choose noise for copy A. Why does its distance fall with σ, too?",
        "Which of your copies would you call nearer, and from which distance to the screen?",
    ),
    source="[Qiu, Wagner, Ballé & Theis, CISS 2024](https://arxiv.org/abs/2310.03629)",
    state=TextureState,
    python=texture.python_of,
)

TOGETHER = Lesson(
    name="together",
    title="Would both together fail?",
    minutes=8,
    objective="You can measure whether a sum of two metrics fails less than each of them, and say why it still fails.",
    text="LASI and LPIPS fail on different pictures. So would a sum, LASI + α LPIPS, fail less? In a competition one "
    "metric is *fixed*: it keeps its value while another one is made as high and as low as possible. Here the "
    "*failure* of the fixed metric is that highest value divided by the lowest: 1 would be none. Picture, start and "
    "steps are the same in every competition; only the fixed metric differs.",
    tasks=(
        "Look at the pairs: the fixed metric rates the two pictures of a row the same. Do they look the same?",
        "Predict, then move **Weight α**. At which α is the failure smallest?",
        "Choose another metric under **Drive apart**, another picture, or *Your picture, live*.",
    ),
    prediction=Prediction(
        question="LASI + α LPIPS keeps its value. What may LASI and LPIPS do in the meantime?",
        answers=("Nothing: both keep their values.", "One may rise as the other falls.", "Both may rise together."),
        right=1,
    ),
    seen="Only the **sum** is fixed, so one part may rise as the other falls: compare their values below the pictures. "
    "But neither part can exceed the whole, LASI the sum, LPIPS the sum divided by α; fixing one metric alone leaves "
    "the other without such a limit. A sum is still a single number for thousands of pixels, so a competition has "
    "nearly as many directions to move in as before. Whether it fails less than each part is a question for "
    "measurement: the sentence and the bars answer it for this picture and this metric.",
    notes=(
        "Timing: 3 minutes to look at the pairs, 1 for the prediction, 4 for α and other metrics.",
        "Each failure is a lower bound: it is what 100 steps found (40 in a live run), and more steps can raise it.",
        "So bars that differ by a few percent do not rank two metrics, and the best α of one picture is not that of "
        "another.",
        "Ask: what happens at a very small α, and at a very large one? (The sum becomes LASI alone, or LPIPS alone.)",
        "With LASI or LPIPS under Drive apart, that metric cannot be fixed as well, so its own row is missing.",
        "Live runs wait in the server’s queue like all others, and are shared by everybody who asks for the same.",
    ),
    more=(
        "Find a metric and a picture for which the sum fails more than one of its parts.",
        "In the pair of the sum, which of the two parts gave way?",
        "Let LASI + 2 LPIPS + SSIM compete on the page Compete: type the sum as a metric.",
    ),
    source="[Severo, Theis & Ballé, ICLR 2024](https://arxiv.org/abs/2310.05986)",
    state=TogetherState,
    python=together.python_of,
)
