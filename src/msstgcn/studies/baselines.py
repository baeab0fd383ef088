"""Baselines: other methods on the same features, folds, protocol and decoder."""

from __future__ import annotations

from msstgcn.studies.study import CONTROL, METHOD, Study

_COOCCURRENCE = {"graph": "cooccurrence", "operator": "adjacency"}

#: In the order in which the chapter tells them.
BASELINE_STUDIES: tuple[Study, ...] = (
    Study(
        "baselines",
        11,
        "What does the network find that simpler methods do not, and at what cost?",
        "The network lies far above the floors and the control, and above flow-peaks, which sees how much moves but "
        "not what; roi-tcn and cooccurrence-gcn come close to it, since they read the same windows with as many "
        "layers, although the paper puts its multi-scale graph ahead of a graph of co-occurrences.",
        {
            "MS-STGCN": {},
            "cooccurrence-gcn": _COOCCURRENCE,
            "roi-tcn": {"spatial": "flat"},
            "flow-peaks": {METHOD: "flow-peaks"},
            "random": {METHOD: "random"},
            "always-on": {METHOD: "always-on"},
            "control: shuffled labels": {CONTROL: "shuffled-labels"},
        },
        paper="its network is ahead of methods that follow the amount of motion, and of graphs of co-occurrences",
        beaten=("flow-peaks", "cooccurrence-gcn"),
        foreseen={
            "overall": {
                "worse": ("flow-peaks", "random", "always-on", "control: shuffled labels"),
                "alike": ("cooccurrence-gcn", "roi-tcn"),
            }
        },
    ),
    Study(
        "leak",
        11,
        "What does a network gain when the edges of its graph are counted over the test subject's labels, too?",
        "Nothing that can be seen: one subject changes the weights of the edges by little, and they say nothing of "
        "when anything happens; it is a leak all the same, and with few subjects or rare units it grows.",
        {
            "edges from training subjects": _COOCCURRENCE,
            "edges from all subjects": {**_COOCCURRENCE, "graph": "cooccurrence-all"},
        },
        foreseen={"overall": {"alike": ("edges from all subjects",)}},
    ),
)
