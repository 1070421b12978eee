"""The lessons, in the order in which they are taught."""

from mad_app.lessons import conventions, equal_distance, layers, neighborhood, two_pixels
from mad_app.lessons.conventions import NumbersState
from mad_app.lessons.equal_distance import EqualState
from mad_app.lessons.layers import LayersState
from mad_app.lessons.lesson import Lesson, Prediction
from mad_app.lessons.neighborhood import LasiState
from mad_app.lessons.texts import BY_HAND, LEVEL_SETS, TEXTURE, TOGETHER
from mad_app.lessons.two_pixels import PlaneState

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
        "Under *Look at*, choose **All pixels**: where is the picture hard to predict? Then **Two pictures**: point at "
        "the places where the weights differ most.",
    ),
    prediction=Prediction(
        question="You raise N from 1 to 50. What happens to the loss, the weighted error over all earlier values?",
        answers=("It always falls.", "It always rises.", "It falls, then rises again."),
        right=0,
    ),
    seen="The **loss** falls with every neighbor that is added, since a further weight can be 0 and so never has to "
    "hurt the fit. The **error at one pixel** need not fall: the weights were fitted to earlier values, not to this "
    "one. Under *All pixels* the same is measured for the whole picture. Severo et al. found that a larger N also "
    "agrees better with people, at a cost that grows with N³. In smooth areas the nearest neighbors share the weight; "
    "along an edge, the neighbors along it take over.",
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
    "distortion was made stronger or weaker until the metric gave the same number as for white noise, to 0.1 %; where "
    "none of its strengths does, the copy says “not reached”. For this metric no copy is better than another. Your "
    "eyes may disagree.",
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
        "A gray picture has no hue to turn: its copy says “not reached”, as no strength gives the number.",
    ),
    more=(
        "Find a metric for which the shift by a few pixels is as bad as strong noise, and one that hardly minds it.",
        "Choose the picture “Gradients”. Which distortions can no longer reach the number?",
        "Press P to hide the controls beside the page, for a talk.",
    ),
    source="[Wang & Bovik, IEEE Signal Processing Magazine 2009](https://doi.org/10.1109/MSP.2008.930649)",
    state=EqualState,
    python=equal_distance.python_of,
)

_MAD = Lesson(
    name="mad",
    title="What is MAD?",
    minutes=10,
    objective="You can explain how a MAD competition finds the images on which two metrics disagree most.",
    text="An image of two pixels is a point in a plane. A metric measures how far a point is from the original; the "
    "points that it rates equal form a *level curve*. A MAD competition starts at one image. It holds one metric "
    "fixed, so it may only move along that metric's curve, and makes the other as high and as low as it can.",
    tasks=(
        "Press **From the start**, then **One step** a few times, then **Play**. A and B move along the blue curve, C "
        "and D along the orange one.",
        "Switch on **Slow, with gradient**: dashed the gradient, solid its part along the curve, dotted the way back.",
        "Drag the start, and choose other metrics.",
    ),
    prediction=Prediction(
        question="A has moved along the blue curve until orange is as high as possible. How do both curves lie at A?",
        answers=("They cross at a right angle.", "They touch.", "They do not meet."),
        right=1,
    ),
    seen="Where a point comes to rest, the curves of both metrics **touch**, or it has met the border of black and "
    "white, or a corner of a curve. If they crossed, the point could go on along its own curve and still gain. A and B "
    "have the same value of the second metric, C and D of the first. The more the two families of curves differ in "
    "shape, the farther apart the pairs end: that is what MAD measures. A real picture has thousands of pixels instead "
    "of two, but the same happens there.",
    notes=(
        "Timing: 4 minutes with the steps, 2 for the prediction, 4 with other metrics and starts.",
        "Ask: what would happen if both metrics had the same curves? (Nothing: no point could move.)",
        "Expected: MSE against L1 comes to rest at corners of the diamond, where L1 has no tangent.",
        "The curves of 1 − SSIM are long where both pixels change alike: it minds brightness less than contrast. Near "
        "black and white a point may stop at the border instead.",
        "The steps are those of the real engine in small: gradient, projection onto the tangent, Newton retraction.",
    ),
    more=(
        "Find a start where A and B end at nearly the same place.",
        "Choose 1 − SSIM and MSE. In which direction may an image go far at little cost?",
        "Which metric of the four would you trust for a picture of text, and why?",
    ),
    source="[Wang & Simoncelli, Journal of Vision 2008](https://doi.org/10.1167/8.12.8)",
    state=PlaneState,
    python=two_pixels.python_of,
    picture=False,
)

_LPIPS = Lesson(
    name="lpips",
    title="What does LPIPS look at?",
    minutes=8,
    objective="You can say where LPIPS finds a difference, and in which layer of its network.",
    text="LPIPS shows both pictures to a network that was trained to name objects, and compares what five of its "
    "layers answer at each place. Early layers see edges and colors, late ones larger patterns. The distance is the "
    "sum of the five parts. The two copies here have the same LPIPS: the noise was tuned to fit the other distortion.",
    tasks=(
        "Compare the two rows: which layers make up the distance of each copy?",
        "Switch layers off under *Layers that count* until one copy is clearly nearer, then until the other one is.",
        "Choose VGG-16, and another distortion.",
    ),
    prediction=Prediction(
        question="Shift the picture by one pixel, which you can hardly see. Which metric minds it least, compared with "
        "weak noise?",
        answers=("LPIPS", "ST-LPIPS", "LASI"),
        right=1,
    ),
    seen="The two copies have one number, yet it comes from **different layers and places**: with some layers off, "
    "their order changes. The numbers below say how a shift by one pixel counts beside weak noise. **ST-LPIPS** was "
    "built to tolerate shifts and minds it least; **LASI** compares with which weights neighbors predict a pixel, and "
    "these change little from one pixel to the next; **LPIPS** depends on the picture, because its network skips "
    "pixels; **MSE** minds it most, as it compares pixel by pixel.",
    notes=(
        "Timing: 3 minutes for the rows, 2 for the switches, 3 for the shift.",
        "Ask: is a metric that ignores shifts better? (For looks, yes; for registering two pictures, no.)",
        "With AlexNet, blur is found by layer 2 above all, and noise by the later layers as well.",
        "On “Eileen Collins” LPIPS minds the shift more than the noise; on most other pictures less.",
        "The maps have the layers' own resolution: each of their cells stands for a patch of the picture.",
    ),
    more=(
        "Find a set of layers for which the blurred copy is twice as far as the noisy one.",
        "Which layer minds a change of hue?",
        "How do the maps of layer 5 differ between AlexNet and VGG-16?",
    ),
    source="[Zhang et al., CVPR 2018](https://arxiv.org/abs/1801.03924), "
    "[Ghildyal & Liu, ECCV 2022](https://arxiv.org/abs/2207.13686)",
    state=LayersState,
    python=layers.python_of,
)

_NUMBERS = Lesson(
    name="numbers",
    title="Where do numbers lie?",
    minutes=8,
    objective="You can say what has to be stated beside a number of a metric, so that somebody else gets the same.",
    text="A paper reports “SSIM 0.63”. Another program gives another number for the same two pictures, because it does "
    "something else before it compares them: it keeps only *luma*, halves the picture, expects another range of "
    "values, rounds to 8 bits, or cuts off the border. Copy B was tuned to be farther from the original than copy A, "
    "as this program measures. The rows are the same pair in other conventions.",
    tasks=(
        "Predict, then look at the pictures of each row: they are all that the metric sees.",
        "Raise **B is farther by** until no convention flips the order.",
        "Choose other distortions: find a pair whose order flips with *The middle alone*.",
    ),
    prediction=Prediction(
        question="Another program measures the same two copies with the same metric, on luma alone. What may change?",
        answers=("Nothing.", "The numbers, but not which copy is nearer.", "The numbers, and which copy is nearer."),
        right=2,
    ),
    seen="Each convention discards something. **Luma** sees little of a change of hue, and averages noise that differs "
    "between R, G and B. **Halving** averages fine noise away and leaves blur. A **wrong range** multiplies MSE by "
    "255² and keeps its order; SSIM and LPIPS change in no such simple way. **8 bits** matter only where differences "
    "are about as small as a level, 1/255. The **middle** is another picture. So a number can be compared only with "
    "numbers of the same convention.",
    notes=(
        "Timing: 2 minutes to read, 1 for the prediction, 5 to find pairs that flip.",
        "At the start (1 − SSIM, blur against noise) the order flips with luma alone on every photograph that comes "
        "with the program, and with half the size on most.",
        "Ask: which row would you report? (Any, if you say which; best the one of the metric's authors.)",
        "The authors' program for SSIM uses luma, and averages over blocks from 384 pixels on. Others do neither.",
        "The wrong range is real: for values in [0, 1], some programs took SSIM's range to be 2 unless they were told; "
        "LPIPS expects −1 to 1 unless it is asked to scale.",
    ),
    more=(
        "Choose MSE, brightness against noise, and strength 0.02. Why does the order flip with *8 bits*?",
        "For MSE, which of the five rows can never flip the order, whatever the pair?",
        "Look up a paper that reports SSIM or LPIPS. How many of these five things does it state?",
    ),
    source="[Venkataramanan et al., IEEE Access 2021](https://doi.org/10.1109/ACCESS.2021.3056504)",
    state=NumbersState,
    python=conventions.python_of,
)

LESSONS: dict[str, Lesson] = {
    lesson.name: lesson for lesson in (_MAD, LEVEL_SETS, _EQUAL, _LASI, _LPIPS, TEXTURE, TOGETHER, BY_HAND, _NUMBERS)
}
"""Every lesson by its name in an address, in the order of the page."""
