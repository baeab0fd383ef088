"""Ablations: what each part of the method is worth."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msstgcn.studies.study import Study, as_many_steps

#: Sizes of studies that measure the motion anew for each variant: on a laptop one video a subject, and more epochs on
#: it.
_ONE_VIDEO: Mapping[str, Mapping[str, Any]] = {"cpu": {"videos": 1, "epochs": 12}}

#: Kernels whose receptive field is a window of so many frames, grown and shrunk in the method's proportions. The first
#: stays at three where it can, so that windows differ in what the network sees and little else.
KERNELS: dict[int, tuple[int, int, int, int]] = {5: (3, 2, 2, 1), 11: (3, 3, 3, 5), 25: (3, 7, 7, 11)}

#: Share of the segments of the synthetic videos that hold an expression.
_EXPRESSIVE = 0.3

_WINDOW = (
    Study(
        "window",
        9,
        "How long should a window be, with a network that sees just as much?",
        "Seventeen frames should do best: the longest micro-expression of half a second just fits, while five frames "
        "hold a part of a movement only, and in twenty-five the head drifts further and neighbours come in.",
        {
            "17 frames": {},
            **{f"{k} frames": {"window": k, "kernels": list(kernels)} for k, kernels in KERNELS.items()},
        },
        sweep="window, frames",
        places={"17 frames": 17, "5 frames": 5, "11 frames": 11, "25 frames": 25},
        sizes=_ONE_VIDEO,
        paper="its window of 17 frames is long enough to magnify motion and short enough to keep out large "
        "movements of the head",
        beaten=("5 frames", "11 frames", "25 frames"),
        foreseen={"overall": {"worse": ("5 frames", "11 frames", "25 frames")}},
    ),
    Study(
        "window-mismatch",
        9,
        "Must the network's receptive field be the window?",
        "A shorter field should lose the time of onset and offset, because an average over its places no longer says "
        "where in the window something moved; a longer one should change little, since it sees ends repeated.",
        {
            "17 of 17 frames": {},
            **{
                f"{k} of 17 frames": {"kernels": list(kernels), "window_fit": "any"}
                for k, kernels in KERNELS.items()
            },
        },
        sweep="receptive field, frames, in a window of 17",
        places={"17 of 17 frames": 17, "5 of 17 frames": 5, "11 of 17 frames": 11, "25 of 17 frames": 25},
        paper="the window should be as long as the network's receptive field",
        beaten=("5 of 17 frames", "11 of 17 frames", "25 of 17 frames"),
        foreseen={"overall": {"worse": ("5 of 17 frames", "11 of 17 frames"), "alike": ("25 of 17 frames",)}},
    ),
    Study(
        "pairs",
        9,
        "Which pairs of frames should the flow compare?",
        "From the window's first frame to all of them should do best, since it sees a slow movement accumulate; from "
        "each frame to the next should cost faint micro-expressions, and half of the pairs something of both.",
        {
            "first to all": {},
            "short-term only": {"pairs": "short-only"},
            "long-term only": {"pairs": "long-only"},
            "adjacent only": {"pairs": "adjacent-only"},
        },
        sizes=_ONE_VIDEO,
        paper="short- and long-term flow together magnify faint motion",
        beaten=("short-term only", "long-term only", "adjacent only"),
        foreseen={
            "overall": {"worse": ("short-term only", "long-term only", "adjacent only")},
            "ME": {"worse": ("adjacent only",)},
        },
    ),
    Study(
        "head-model",
        9,
        "What is it worth to take the head's movement out?",
        "Without it, false alarms should rise with every turn of the head; the paper's nose should undo most of it and "
        "a rigid fit more, above all at the mouth, where the nose's movement is not the mouth's.",
        {"rigid fit": {}, "nose (the paper's)": {"head": "nose"}, "nothing": {"head": "none"}},
        sizes=_ONE_VIDEO,
        foreseen={"overall": {"worse": ("nose (the paper's)", "nothing")}},
    ),
)

_GRAPH = (
    Study(
        "scales",
        9,
        "Does it help to see the face at three scales?",
        "The paper says so. Pooling also throws away which region moved; where that decides, fewer scales could do as "
        "well.",
        {"three scales": {}, "two scales": {"scales": 2}, "one scale": {"scales": 1}},
        paper="seeing the face at three scales helps",
        beaten=("two scales", "one scale"),
    ),
    Study(
        "pooling",
        9,
        "Should pooling take the largest region of a group, or the mean?",
        "The largest: expressions often move one region of a group, and a mean dilutes it.",
        {"max": {}, "mean": {"pooling": "mean"}},
        foreseen={"overall": {"worse": ("mean",)}},
    ),
    Study(
        "operator",
        9,
        "What should mix the regions: differences, means, nothing, or a matrix that is learned?",
        "Little should change: the Laplacian takes out what neighbours have in common, which helps against the head, "
        "but the head is taken out already, and a learned matrix can become any of the others.",
        {
            "Laplacian": {},
            "adjacency": {"operator": "adjacency"},
            "none": {"operator": "none"},
            "learned": {"operator": "learned"},
        },
        foreseen={"overall": {"alike": ("adjacency", "none", "learned")}},
    ),
    Study(
        "edges",
        9,
        "Does it matter which regions are joined?",
        "If the facial graph carries knowledge, random graphs with as many edges at every region should do worse; if "
        "it only mixes, they should not.",
        {
            "facial": {},
            **{f"random {n}": {"graph": "random", "graph_seed": n} for n in (1, 2)},
        },
    ),
)

_LAMBDAS, _TEMPERATURES, _RHOS = (0.0, 0.005, 0.01, 0.1, 0.5), (0.1, 0.25, 1.0, 2.0), (0.3, 0.5, 1.0, 1.5)
_LOSS = (
    Study(
        "lambda",
        9,
        "How much should the contrastive loss weigh?",
        "A little should help to tell the classes apart, as the paper has it at .05; at ten times that it should crowd "
        "out the terms that say when something happens.",
        {"0.05": {}, **{f"{value:g}": {"lambda_contrast": value} for value in _LAMBDAS}},
        sweep="weight lambda of the contrastive loss",
        places={"0.05": 0.05, **{f"{value:g}": value for value in _LAMBDAS}},
        paper="the contrastive loss helps",
        beaten=("0",),
        foreseen={"overall": {"worse": ("0", "0.5")}},
    ),
    Study(
        "temperature",
        9,
        "At what temperature should frames be contrasted?",
        "It should hardly matter, because the term weighs so little; a low temperature looks at the most similar "
        "frames alone, which are neighbours.",
        {"0.5": {}, **{f"{value:g}": {"temperature": value} for value in _TEMPERATURES}},
        sweep="temperature tau",
        places={"0.5": 0.5, **{f"{value:g}": value for value in _TEMPERATURES}},
        foreseen={"overall": {"alike": [f"{value:g}" for value in _TEMPERATURES]}},
    ),
    Study(
        "boundary-loss",
        9,
        "Should onset and offset be learned with cross-entropy, as released, or with a focal loss, as the paper says?",
        "The focal loss turns to the hard frames, and boundaries are rare: it could help, or only follow the noise of "
        "where a boundary is said to lie.",
        {"cross-entropy": {}, "focal": {"boundary_loss": "focal"}},
    ),
    Study(
        "rho",
        9,
        "How much should macro-expressions weigh against micro-expressions?",
        "More weight should help the class that gets it and cost the other, with little change overall around .7.",
        {"0.7": {}, **{f"{value:g}": {"rho": value} for value in _RHOS}},
        sweep="weight rho of the macro-expression terms",
        places={"0.7": 0.7, **{f"{value:g}": value for value in _RHOS}},
        foreseen={
            "overall": {"alike": ("0.5", "1")},
            "ME": {"better": ("0.3", "0.5"), "worse": ("1", "1.5")},
            "MaE": {"worse": ("0.3", "0.5"), "better": ("1", "1.5")},
        },
    ),
)

#: Of the one training whose looks are the variants: its end is the longest, and the others lie on its way.
_ALL_EPOCHS: Mapping[str, Any] = {"epochs": 32, "watch": 4}

_WHOLE = (
    Study(
        "components",
        9,
        "What do pooling and contrast add, one at a time and together?",
        "The paper names both as what makes it better, so each should add something. The contrastive loss as it was "
        "released works on embeddings of any length and should cost micro-expressions.",
        {
            "full": {},
            "ST-GCN only": {"scales": 1, "lambda_contrast": 0.0},
            "+ FLGP": {"lambda_contrast": 0.0},
            "+ contrastive": {"scales": 1},
            "full, contrast as released": {"contrast": "released"},
        },
        paper="pooling and contrast both help",
        beaten=("ST-GCN only", "+ FLGP", "+ contrastive"),
        foreseen={
            "overall": {"worse": ("ST-GCN only", "+ FLGP", "+ contrastive")},
            "ME": {"worse": ("full, contrast as released",)},
        },
    ),
    Study(
        "segments",
        9,
        "On which segments should it train?",
        "On all of them: who has seen only expressions has never seen a blink that is none, and spots too much. As "
        "many steps should give back what is lost by short epochs alone, and not the rest.",
        {
            "all": {"sampling": "all"},
            "1 neutral each": {"neutral": 1.0},
            "1 neutral in 2": {"neutral": 0.5},
            "with expression only, 27 epochs": {"sampling": "expression", **as_many_steps(_EXPRESSIVE)},
            "with expression only (as released)": {"sampling": "expression"},
        },
        foreseen={
            "overall": {
                "worse": (
                    "1 neutral each",
                    "1 neutral in 2",
                    "with expression only, 27 epochs",
                    "with expression only (as released)",
                )
            }
        },
    ),
    Study(
        "epochs",
        9,
        "How long should it train?",
        "Most is learned in the first passes; then F1 should level off, and the fit to the training subjects no longer "
        "help with others.",
        {"16 epochs": {"epochs": 16}, **{f"{n} epochs": {"epochs": n} for n in (32, 8, 4)}},
        sweep="epochs",
        places={"16 epochs": 16, "4 epochs": 4, "8 epochs": 8, "32 epochs": 32},
        trained="longest",
        sizes={"cpu": {"videos": 1}},
        taught={"smoke": {"epochs": 16, "watch": 4}, "cpu": _ALL_EPOCHS, "gpu": _ALL_EPOCHS},
        foreseen={"overall": {"alike": ("32 epochs",)}},
    ),
)

#: In the order in which the chapter tells them.
ABLATIONS: tuple[Study, ...] = (*_WINDOW, *_GRAPH, *_LOSS, *_WHOLE)
