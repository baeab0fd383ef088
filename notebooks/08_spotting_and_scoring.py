# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Spotting and scoring
#
# The network gives ten numbers a frame. A reader wants intervals: from this frame to that frame there was a
# micro-expression. How does the one become the other, and how good is the result?
#
# At the end of this chapter you know how intervals are decoded, how they are counted as right or wrong, what our
# network reaches, and how far that number can be trusted.

# %% tags=["parameters"]
profile: str = "cpu"  # smoke | cpu | gpu; size of data, training and evaluation
seed: int = 0  # 0..1000000; everything random follows from it
device: str = "auto"  # auto | cpu | cuda; where the network runs
epochs: int = -1  # -1..1000; passes over the training windows, -1 for the profile's
threshold: float = -1.0  # -1..1; apex probability that makes a frame a candidate, -1 for the data set's
match_iou: float = 0.5  # 0.1..1; least overlap of a hit
dataset: str = "synthetic"  # synthetic | samm-lv | casme2 | folder; the videos, or how they lie on disk
root: str = ""  # text; folder of the data set on disk
repair: str = "authors"  # authors | offset-at-apex | mirrored | apex-plus-20 | drop; of its labels

# %% tags=["hide-input"]
import time

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from msstgcn import report, spotting
from msstgcn.runner import sections, sources, stages, study_records
from msstgcn.studies import answer, foreseen_told, published, recall_table, study

report.use_style()
changes = {"epochs": epochs, "threshold": threshold, "match_iou": match_iou}
chosen = stages.profile(profile, seed=seed, dataset=dataset, root=root, repair=repair, **changes)
run = stages.loso(chosen, device=device)
control = stages.loso(chosen, device=device, control="shuffled-labels")
truth, spotted = stages.truth(chosen), stages.predictions(run, chosen)

# %% [markdown]
# ## From probabilities to intervals
#
# For each class, every frame whose apex probability exceeds a threshold $h$ is a candidate apex. Its onset is the
# frame with the largest onset probability some frames before (2 to 8 for a micro-expression, 8 to 29 for a
# macro-expression), its offset likewise after. The candidate stays if onset beats offset at its onset, and offset
# beats onset at its offset. Its score is the product of the three probabilities. Of candidates that overlap by
# more than half only the best stays, and at most five are kept for each class and video. A frame on which no face
# could be used is never an onset, an apex or an offset.
#
# Here is the held-out video with the most expressions.

# %%
video = truth[truth["video"].isin(run.probabilities)]["video"].value_counts().index[0]
table = run.probabilities[video]
events, found = truth[truth["video"] == video], spotted[spotted["video"] == video]
started = time.perf_counter()
for values in run.probabilities.values():
    spotting.spot_video(values, chosen.spotting)
seconds = (time.perf_counter() - started) / len(run.probabilities)
report.glue("ch8_decoding", 1000 * seconds, ".1f")
found[["class", "onset", "apex", "offset", "score"]].round(3)

# %% tags=["hide-input"] mystnb={"image": {"alt": "Two panels over the frames of one video, micro- and macro-expression: curves of onset, apex and offset probability, with bars of true intervals and of spotted intervals under them."}, "figure": {"caption": "Probabilities over one held-out video. Black bars: true expressions. Green bars: what was spotted from these curves.", "name": "fig-decoding"}}
fig, axes = plt.subplots(2, 1, sharex=True, figsize=(7.6, 4.4))
for number, (ax, label, title) in enumerate(zip(axes, ("me", "mae"), ("micro", "macro"), strict=True)):
    for name, column in (("onset", 3 * number), ("apex", 6 + number), ("offset", 3 * number + 1)):
        ax.plot(table[:, column], color=report.colour(name), linewidth=0.9, label=name)
    for rows, level, name in ((events, -0.1, "truth"), (found, -0.22, "spotted")):
        for row in rows[rows["class"] == label].itertuples():
            ax.plot(
                [row.onset, row.offset],
                [level] * 2,
                color=report.colour(name),
                linewidth=5,
                solid_capstyle="butt",
            )
    ax.axhline(chosen.spotting.threshold, color="0.6", linewidth=0.8, linestyle=":")
    ax.set(title=f"{title}-expression", ylim=(-0.3, 1.02), ylabel="probability")
axes[0].legend(ncols=3, loc="upper right")
axes[1].set_xlabel("frame")
plt.show()

# %% [markdown]
# Decoding takes {glue}`ch8_decoding` milliseconds a video: it can be tried with other thresholds and caps at no cost.
#
# ## What the decoder could reach at best
#
# The rules lose some expressions by themselves: those longer or shorter than the search allows, those on the edge
# of a video, and the sixth of a class in one video. Give the decoder the true targets as if they were
# probabilities, and score what comes out.

# %%
ceiling = spotting.decoder_ceiling(stages.features(chosen), chosen.spotting)
report.glue("ch8_ceiling", ceiling.overall.f1, ".2f")
report.glue("ch8_match_iou", chosen.spotting.match_iou)
ceiling.table().round(3)

# %% [markdown]
# A network that gives exactly its targets would reach an F1 of {glue}`ch8_ceiling` through this decoder.
# [Chapter 12](12_protocols.ipynb) asks the same of the real data sets.
#
# ## What counts as right
#
# A spotted interval is a hit (TP) if its intersection over union (IoU) with a true interval of its class, counted in
# frames, is at least {glue}`ch8_match_iou`. Each true interval can be hit once: of all ways to pair them, take the one with
# the most pairs {cite}`kuhn1955`. What is left over on one side is a false alarm (FP), on the other a miss (FN).
# Counts are added over all videos, also over those where nothing happens, before $F_1 = 2\,\mathrm{TP} /
# (2\,\mathrm{TP} + \mathrm{FP} + \mathrm{FN})$ is taken.
#
# ## The result
#
# Every video was judged by the network that never saw its subject, after a number of epochs that was fixed
# beforehand. The *control* was trained in the same way on labels that had been moved by a random part of
# their video, so that they no longer go with the motion. It shows what this training makes of labels that say nothing:
# it spotted {glue}`ch8_silent` intervals, where the network spotted {glue}`ch8_spoke`. What guessing reaches is another question; [chapter 11](11_baselines.ipynb) asks it. Intervals in brackets come from resampling
# subjects {cite}`efron1979`. The table is about {glue}`ch8_data`.
#
# The last column is what public code of this family would print for the same networks: for every subject the epoch
# that is best *for that subject's own score*. It is an **oracle**: nobody can pick that epoch without knowing the
# answer. [Chapter 12](12_protocols.ipynb) takes such protocols apart.

# %%
subjects = stages.watched(run, chosen).subjects
peeking = chosen.model_copy(update={"spotting": chosen.spotting.but(selection="oracle-epoch-per-subject")})
trained = {"MS-STGCN": run, "control: shuffled labels": control}
scores = {name: stages.scores(one, chosen) for name, one in trained.items()}
measured = {name: spotting.results_table(one, subjects, seed=seed) for name, one in scores.items()}
results = []
for name, table in measured.items():
    best_case = spotting.results_table(stages.scores(trained[name], peeking), subjects, seed=seed)
    shown = table.drop(columns=["F1", "low", "high"])
    shown.insert(0, "trained", name)
    for title, one in (("F1, 95 % interval", table), ("oracle F1, 95 % interval", best_case)):
        shown[title] = [report.interval(r.F1, r.low, r.high) for r in one.itertuples()]
    results.append(shown)
main = pd.concat(results, ignore_index=True)
words = sources.videos_are(chosen)
report.glue("ch8_data", words)
report.table(main, name="main_results", caption=f"Leave-one-subject-out on {words}.")

# %% tags=["hide-input"]
for short, one in zip(("spoke", "silent"), scores.values(), strict=True):
    report.glue(f"ch8_{short}", one.overall.tp + one.overall.fp)

# %%
counts = [spotting.subject_counts(one, subjects) for one in scores.values()]
beside = spotting.compare(*counts, seed=seed)
gain = beside.difference
report.glue("ch8_f1", scores["MS-STGCN"].overall.f1, ".3f")
report.glue("ch8_control", scores["control: shuffled labels"].overall.f1, ".3f")
report.glue("ch8_gain", report.interval(gain.value, gain.low, gain.high))
report.glue("ch8_p", beside.p, ".2g")
could = (
    f"a true difference of {beside.resolvable:.3f} or more would have been found four times in five; a smaller one "
    "can be there and stay unseen"
    if np.isfinite(beside.resolvable)
    else "no difference, however large, can be told from chance"
)
report.glue("ch8_could", could)
report.glue("ch8_subjects", len(counts[0]))

# %% tags=["hide-input"]
apart = beside.p <= 0.05 and not gain.low <= 0 <= gain.high
verdict = (
    f"other people would hardly make these two networks change places: the {'network' if gain.low > 0 else 'control'} "
    "is better"
    if apart
    else "this run cannot tell which of these two networks is better"
)
report.glue("ch8_verdict", verdict)

# %% [markdown]
# Overall F1 is {glue}`ch8_f1`, that of the control {glue}`ch8_control`. The difference, on the same subjects, is
# {glue}`ch8_gain`. If the two were equally good, their results could be swapped for any subject; swapping them at
# random gives a difference at least as large with a probability of {glue}`ch8_p` (a *permutation test*
# {cite}`phipson2010`). So {glue}`ch8_verdict`. With these
# {glue}`ch8_subjects` subjects, {glue}`ch8_could`. All this is about these two trainings: what others would say, only
# several seeds can show, as the run of record has them.

# %% tags=["hide-input"] mystnb={"image": {"alt": "Bars of F1 for micro-, macro-expressions and overall, for the trained network and for the control with shuffled labels, with intervals."}, "figure": {"caption": "F1 by class with 95 % intervals from resampling subjects: the network, and the control trained on labels that were moved in time.", "name": "fig-main"}}
fig, ax = plt.subplots(figsize=(7.2, 3.2))
for place, ((name, table), colour) in enumerate(zip(measured.items(), ("spotted", "control"), strict=True)):
    error = np.abs(table[["low", "high"]].to_numpy() - table[["F1"]].to_numpy()).T
    spots = np.arange(3) + 0.36 * place - 0.18
    ax.bar(spots, table["F1"], 0.34, yerr=error, capsize=3, color=report.colour(colour), label=name)
ax.set(xticks=range(3), xticklabels=table["class"], ylabel="F1")
fig.legend(loc="outside upper left", ncols=2)
plt.show()

# %% [markdown]
# ## A longer run, made once
#
# The table above is small enough to be made again on a laptop. The same question was asked once in a larger run from
# several seeds, and its figures are kept with the project. {glue}`ch8_main_note` Intervals of F1 now come
# from resampling subjects *and* seeds; those of differences and their $p$ allow for both, too, in the way that
# [chapter 9](09_ablations.ipynb) explains. Differences are in *points*, hundredths of F1, and bold where the two are *told
# apart*; the last row says which true difference the run would have found four times in five.
#
# The oracle is in a row of its own, and its difference from the honest row is what picking the epoch on the test subject
# adds. The control alone leaves out groups of people in turn, instead of one person at a time: whom else it learned from
# matters little to labels that say nothing.
#
# *What we expected.* {glue}`ch8_main_expected`

# %% tags=["hide-input"]
kept = {name: study_records.study_record(name) for name in ("main", "motion")}
tables = {name: None if one is None else one.table() for name, one in kept.items()}
for name, one in kept.items():
    report.glue(f"ch8_{name}_note", study_records.study_note(name))
    found = "" if one is None else answer(one.study, tables[name])
    report.glue(f"ch8_{name}_answer", found)
    report.glue(f"ch8_{name}_answer_me", "" if one is None else answer(one.study, tables[name], "ME"))
    report.glue(f"ch8_{name}_expected", study(name).expected)
    report.glue(f"ch8_{name}_held", "" if one is None else foreseen_told(one.study, tables[name]))
caption = (
    "The main result from the run of record, on synthetic videos: not to be compared with published figures."
)
tables["main"] if tables["main"] is None else report.outcomes(
    None, tables["main"], name="main_of_record", caption=caption
)

# %% tags=["hide-input"] mystnb={"image": {"alt": "For overall, micro- and macro-expressions: the difference in F1 of the oracle and of the control from the network, with intervals, and a line at zero; a grey bar behind each."}, "figure": {"caption": "What the oracle adds and what the control lacks, in points of F1, in the run of record. Filled marks are told apart from the network. A grey bar spans differences that the comparison would not have found four times in five.", "name": "fig-main-record"}}
sections.forest_of_record("main")
plt.show()

# %% [markdown]
# {glue}`ch8_main_answer`
#
# {glue}`ch8_main_held`
#
# Some expressions move nothing but eyelids, and no region lies on an eyelid ([chapter 3](03_faces_and_flow.ipynb)). Those
# that are not found count as missed in every F1 of this book; here they stand apart.

# %% tags=["hide-input"]
caption = (
    "Share of the expressions found in the run of record, those of the eyelids alone apart; added over seeds."
)
kept["main"] and report.table(recall_table(kept["main"].events), name="main_recall", caption=caption)

# %% [markdown]
# ## Do faster features spot as well?
#
# [Chapter 3](03_faces_and_flow.ipynb) measured ten patches directly, which is faster than dense flow, compared the errors of both,
# and took the head out with a better model than the nose. That is worth nothing if the network spots less with them. So it
# was trained on the patches with either model of the head, and on dense flow with the nose, which is the paper's way; all on
# the same videos, folds and seeds.
#
# *What we expected.* {glue}`ch8_motion_expected`
#
# {glue}`ch8_motion_note`

# %% tags=["hide-input"]
caption = "Flow methods and head-motion models, from the run of record."
tables["motion"] if tables["motion"] is None else report.outcomes(
    None, tables["motion"], name="motion_of_record", caption=caption
)

# %% tags=["hide-input"] mystnb={"image": {"alt": "For overall, micro- and macro-expressions: the difference in F1 of each way to measure motion from the first, with intervals, over grey bars of differences that the comparison would have missed more often than once in five times."}, "figure": {"caption": "Flow methods and head models in the run of record: difference from the base, in points of F1. Filled marks are told apart from it; a grey bar spans what the comparison would not have found four times in five.", "name": "fig-motion-record"}}
sections.forest_of_record("motion")
plt.show()

# %% [markdown]
# {glue}`ch8_motion_answer`
#
# {glue}`ch8_motion_held`
#
# Of micro-expressions alone: {glue}`ch8_motion_answer_me`
#
# Where no difference was seen, this does not say that they spot *as well*: each row's interval tells how much better or
# worse it could still be.
#
# The first row differs from the last in two things, flow and model of the head. The flow alone, with the same model:

# %% tags=["hide-input"]
alone = {"patches against dense flow": ("patch-lk, nose", "farneback, nose (the paper's)")}
caption = "F1 with patches minus F1 with dense flow, both with the nose, in points; with a star where the two are told apart."
report.glue("ch8_alone", sections.pairs_told(kept["motion"], alone) if kept["motion"] else "")
kept["motion"] and report.table(
    sections.pairs_shown(kept["motion"], alone, "pair"), name="flow_alone", caption=caption
)

# %% [markdown]
# {glue}`ch8_alone`

# %% [markdown]
# ## Where the errors are
#
# F1 says how many, not why. A spotted interval that is no hit can be a second one on the same expression, one of the
# right place but the wrong class, a near miss whose ends are off, or nothing at all.

# %%
spotted_so, events_so = spotting.outcomes(spotted, truth, iou=match_iou)
fates = spotting.outcome_table(spotted_so, events_so)
wrong = spotted_so[spotted_so["outcome"] != "hit"]
report.glue("ch8_wrong", len(wrong))
kinds = {
    "duplicates": "duplicate",
    "confused": "other class",
    "near": "near miss",
    "nothing": "nothing there",
}
for short, kind in kinds.items():
    report.glue(f"ch8_{short}", (wrong["outcome"] == kind).sum())
report.table(fates, name="outcomes", caption="What became of each spotted and of each true interval.")

# %% [markdown]
# Among the {glue}`ch8_wrong` spotted intervals that are no hits, {glue}`ch8_duplicates` are duplicates, {glue}`ch8_confused` are of
# the wrong class, {glue}`ch8_near` touch an expression of their class but overlap it too little, and with
# {glue}`ch8_nothing` there is no expression of their class at all.
#
# The hits have their ends somewhere near the true ones. Errors are in frames, late if positive.

# %%
ends = spotting.boundary_table(spotted_so)
report.table(
    ends, name="boundaries", caption="How far the ends of hits are from the true ends, frames.", digits=1
)

# %% [markdown]
# Last, the curves before any decoding. *Average precision* (AP) sorts all frames by a probability and asks how pure
# the upper part of the list is, from the first frame down to the last. Two lists for each class: frames inside an
# expression by their action probability, and frames at an apex, as wide as the training targets, by their apex
# probability. Chance would reach the share of such frames.

# %%
parts = [spotting.frame_table(one.probabilities, truth).assign(trained=n) for n, one in trained.items()]
frames = pd.concat(parts, ignore_index=True)
frames = frames[["trained", *(column for column in frames.columns if column != "trained")]]
report.table(frames, name="frame_measures", caption="Average precision (AP) frame by frame.")

# %% [markdown]
# ## What others have published, on real videos
#
# :::{warning}
# The next table quotes publications, public code and reports, some of them at second hand, as its last column says. Its
# figures are for recordings of real
# people, under protocols that differ. {glue}`ch8_caution` The table is here to show the order of magnitude of this
# task, not to rank anything.
# :::

# %%
others = published().rename(columns={"mae_f1": "MaE F1", "me_f1": "ME F1", "overall_f1": "overall F1"})
same = others["dataset"] == sources.title(chosen)
others, caution = (
    (others[same], "Beside a run on the same recordings they still compare protocols as much as methods.")
    if same.any()
    else (others, f"They are not comparable with scores on {words}.")
)
report.glue("ch8_caution", caution)
caption = "Published results on real data sets, under protocols that differ from ours."
report.table(others, name="published_results", caption=caption)

# %% [markdown]
# Two more warnings for readers of such tables. Public code of this family prints the oracle that our own table has
# in its last column, and does not call it one. And no figure in the table comes with an interval: how much it would
# change with other subjects, or with another seed, cannot be read off it.
#
# :::{admonition} Try it
# :class: tip
# Ask for less overlap. How many of the near misses become hits?
# :::

# %%
loose = spotting.score(spotted, truth, iou=0.3, videos=list(subjects))
report.table(
    spotting.results_table(loose, subjects, seed=seed), caption="The same intervals, asked for less overlap."
)
