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
# # How protocols change the score
#
# Two papers report an F1 for the same data set. One is higher. Is its method better, or was it counted differently?
#
# Here one set of trained networks is scored under many protocols. Most count the same intervals in another way, or peek at
# the answers: what the score gains by that is worth nothing to anybody who wants to find expressions. One of them,
# choosing on other people, is honest. At the end of this chapter you know how
# much each protocol is worth on our videos, what the decoder could reach at best, and what to ask of a table before
# you believe it.

# %% tags=["parameters"]
profile: str = "cpu"  # smoke | cpu | gpu; size of data, training and evaluation
seed: int = 0  # 0..1000000; everything random follows from it
device: str = "auto"  # auto | cpu | cuda; where the network runs
epochs: int = -1  # -1..1000; passes over the training windows, -1 for the profile's
threshold: float = 0.5  # 0..1; apex probability that makes a frame a candidate

# %% tags=["hide-input"]
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from msstgcn import report, spotting
from msstgcn.datasets.statistics import statistics
from msstgcn.runner import stages
from msstgcn.studies import BASE, PROTOCOLS, epoch_verdict, inflation, protocol_table, verdict
from msstgcn.studies.wording import points, points_between

report.use_style()
chosen = stages.profile(profile, seed=seed, epochs=epochs, threshold=threshold)
run = stages.loso(chosen, device=device)
inner = stages.inner(chosen, device=device)
control = stages.loso(chosen, device=device, control="shuffled-labels")
truth, seen = stages.truth(chosen), stages.watched(run, chosen, inner)
subjects = seen.subjects

# %% [markdown]
# ## Who chooses the epoch?
#
# A network gets better and worse while it is trained, and the last epoch need not be the best one for a given person.
# There are four answers:
#
# - **fixed epoch**: training ends after a number of epochs that was fixed beforehand. This is what the rest of the
#   book reports.
# - **inner folds**: the subjects are put into groups. For a test subject, networks are trained without its group and
#   without one more group, each other group in turn, and are asked about the group that was left out in addition. The
#   epoch and the thresholds that are best for all these other people together are used for the test subject. Nothing has
#   looked at the test subject.
# - **oracle epoch, one for all**: the epoch at which the pooled test score is highest.
# - **oracle epoch of each subject**: for every test subject the epoch at which *its own* test score is highest.
#   Public code of this family does this, and prints the pooled result.
#
# An *oracle* knows the answer before it is asked. Its score cannot be had in use, because there the answers are not
# known; here every oracle is called one.
#
# We asked each network about the person that it had not seen, again and again while it was trained.

# %%
evidence = spotting.gather_evidence(seen, truth, chosen.spotting)
own = spotting.f1_of(evidence.own.sum(2))  # (subjects, epochs)
pooled = spotting.f1_of(evidence.own.sum((0, 2)))
others = spotting.f1_of(evidence.inner[:, :, 0].sum((0, 2)))
best = {name: select(evidence) for name, select in spotting.SELECTIONS.items()}
fixed = evidence.epochs[-1]
left = best["oracle-epoch-per-subject"]
half = len(evidence.epochs) // 2
report.glue("ch12_swing_pooled", np.ptp(pooled[half:]), ".2f")
report.glue("ch12_swing_subject", np.ptp(own[:, half:], axis=1).mean(), ".2f")

# %% tags=["hide-input"] mystnb={"image": {"alt": "F1 over training epochs: a thin grey line for each held-out subject, going up and down, with a mark at its highest point; a thick line for all subjects pooled; and a dashed line for the inner folds."}, "figure": {"caption": "F1 of held-out subjects while training goes on. Thin: each subject, its best epoch marked, which only an oracle knows. Thick: all of them pooled. Dashed: the inner folds, which an honest choice may look at.", "name": "fig-epochs"}}
fig, ax = plt.subplots(figsize=(7.2, 3.6))
for number, line in enumerate(own):
    at = evidence.epochs.index(left[evidence.subjects[number]].epoch)
    ax.plot(evidence.epochs, line, color="0.75", linewidth=0.8, label="each subject" if not number else None)
    mark = {"label": "oracle epoch of each subject"} if not number else {}
    ax.plot(evidence.epochs[at], line[at], "o", color=report.colour("oracle"), markersize=4, **mark)
ax.plot(evidence.epochs, pooled, color=report.colour("truth"), linewidth=2.4, label="all subjects")
ax.plot(evidence.epochs, others, "--", color=report.colour("honest"), linewidth=2, label="inner folds")
ax.set(xlabel="epochs of training", ylabel="overall F1", ylim=(0, 1))
ax.xaxis.get_major_locator().set_params(integer=True)
fig.legend(loc="outside upper left", ncols=4)
plt.show()

# %% [markdown]
# In the second half of the training the thick line moves over {glue}`ch12_swing_pooled` of F1, a thin line on average
# over {glue}`ch12_swing_subject`. Each thin line rests on one person's few expressions, so part of its ups and downs is
# luck. Whoever picks the top of each collects that luck, and one person's luck is no use to the next.
#
# ## What each protocol is worth
#
# Choosing is one way to raise a score. Counting is another:
#
# - **many-to-one**: several spotted intervals on one true expression are all hits.
# - **class-agnostic**: a spotted micro-expression may hit a true macro-expression, and the other way round.
# - **only videos with the class**: what was spotted in videos without the class does not count as a false alarm. In
#   use nobody knows which videos those are.
# - **drop onset 0**: true expressions that begin with the video are left out, as some code does that reads 0 as
#   *missing*.
# - **IoU without the +1**: an interval from frame 3 to frame 5 is taken to be 2 frames long.
#
# These are not oracles, and some are sensible for other questions. We call them *lenient*, as most of them are; the last
# is stricter, because an IoU comes out a little smaller without the +1. A score counted in one of
# these ways must not stand beside one that was not.

# %%
scores = {}
for name, protocol in PROTOCOLS.items():
    asked = chosen.model_copy(update={"spotting": chosen.spotting.but(**protocol.changes)})
    scores[name] = stages.scores(run, asked, inner)
gains = inflation(scores, subjects, seed=seed)
table = protocol_table(scores, subjects, seed=seed)
shown = table[["protocol", "kind", "ME F1", "MaE F1"]].copy()
shown["F1, 95 % interval"] = [report.interval(r.F1, r.low, r.high) for r in table.itertuples()]
shown["points added"] = [
    "–" if name == BASE else f"{points(gain.value)} {points_between(gain.low, gain.high)}"
    for name, gain in gains.items()
]
report.table(shown, name="protocols", caption="One set of trained networks, scored under every protocol.")

# %% tags=["hide-input"] mystnb={"image": {"alt": "Horizontal bars, one for each protocol, of the F1 points it adds to the honest score, with intervals; coloured as honest, lenient or oracle."}, "figure": {"caption": "F1 points that each protocol adds to the honest score of the same networks, with 95 % intervals from resampling subjects. A bar whose interval reaches zero is no finding; many-to-one, class-agnostic, leaving videos out and one oracle epoch for all can never lower F1, and leaving out the +1 can never raise it.", "name": "fig-inflation"}}
rows = table[table["protocol"] != BASE].iloc[::-1]
fig, ax = plt.subplots(figsize=(7.2, 3.8))
error = np.abs(rows[["points low", "points high"]].to_numpy() - rows[["points"]].to_numpy()).T
ax.barh(
    rows["protocol"], rows["points"], xerr=error, capsize=3, color=[report.colour(k) for k in rows["kind"]]
)
ax.axvline(0, color="0.3", linewidth=0.8)
handles = [plt.Rectangle((0, 0), 1, 1, color=report.colour(kind)) for kind in ("honest", "lenient", "oracle")]
fig.legend(handles, ("honest", "lenient", "oracle"), loc="outside upper right", ncols=3)
ax.set_xlabel("F1 points added")
plt.show()

# %%
report.glue("ch12_base", scores[BASE].overall.f1, ".3f")
report.glue("ch12_oracle", epoch_verdict(gains["oracle epoch of each subject"], fixed, left))
short_names = {"inner folds choose": "inner", "oracle epoch, one for all": "global", "many-to-one": "many",
               "class-agnostic": "agnostic", "only videos with the class": "only", "drop onset 0": "zero",
               "IoU without the +1": "plus", list(PROTOCOLS)[-1]: "all"}  # fmt: skip
for name, short in short_names.items():
    report.glue(f"ch12_{short}", verdict(name, gains[name]))

# %% [markdown]
# The honest score is {glue}`ch12_base`. Beside it, in F1 points (hundredths):
#
# - {glue}`ch12_oracle`. One oracle epoch for all {glue}`ch12_global`.
# - Choosing epoch and thresholds on inner folds {glue}`ch12_inner`. That is the honest price, or gain, of choosing.
#   The inner networks learn from fewer people, so their best epoch need not be that of the full training.
# - Many-to-one {glue}`ch12_many`.
# - Class-agnostic {glue}`ch12_agnostic`. A false alarm in one class and a miss in the other become one hit, counted for the
#   class of the true expression, so both classes can gain.
# - Only videos with the class {glue}`ch12_only`.
# - Dropping onset 0 {glue}`ch12_zero`, and leaving out the +1 {glue}`ch12_plus`.
# - The oracle epoch of each subject with many-to-one and only videos with the class {glue}`ch12_all`.
#
# The intervals come from drawing subjects anew, for both protocols at once, with the chosen epochs kept as they are.
# They say what other people would do to the difference, not what another training would. Each stands for itself, and
# none is corrected for their number: of twenty protocols that in truth change nothing, one would still seem to add
# something or to take it away, and with a dozen people two. An oracle that picks one epoch for all can never score below the fixed one, because
# the fixed one is among those it picks from. Nor can counting many to one, or whatever the class: every pair that was
# allowed still is. Nor can leaving videos out, which takes away nothing but false alarms. Leaving out the +1 can only
# lower a score, because no overlap counts for more.
#
# Here is what was chosen. Inner folds choose once for each group of subjects, so the people of a group share a choice; the last column is chosen
# person by person, and an epoch that differs from one to the next without any pattern is what chance looks like.

# %%
inside = best["inner-fold"]
picked = pd.DataFrame(
    {
        "subject": list(evidence.subjects),
        "fixed epoch": fixed,
        "inner folds: epoch": [inside[s].epoch for s in evidence.subjects],
        "inner folds: ME threshold": [inside[s].thresholds[0] for s in evidence.subjects],
        "inner folds: MaE threshold": [inside[s].thresholds[1] for s in evidence.subjects],
        "oracle epoch, one for all": [best["oracle-epoch-global"][s].epoch for s in evidence.subjects],
        "oracle epoch of each subject": [left[s].epoch for s in evidence.subjects],
    }
)
report.table(picked, name="chosen_epochs", caption="What each protocol chose for each subject.", digits=2)

# %% [markdown]
# ## The same oracle on the control
#
# The *control* of chapter 8 was trained on labels that had been moved in time. Whatever an oracle finds in it
# was not learned from labels that go with the motion.

# %%
peeking = chosen.spotting.but(**PROTOCOLS["oracle epoch of each subject"].changes)
blind = {
    BASE: stages.scores(control, chosen),
    "oracle epoch of each subject": stages.scores(control, chosen.model_copy(update={"spotting": peeking})),
}
luck = inflation(blind, subjects, seed=seed)["oracle epoch of each subject"]
report.glue("ch12_control", blind[BASE].overall.f1, ".3f")
report.glue("ch12_control_oracle", blind["oracle epoch of each subject"].overall.f1, ".3f")
report.glue("ch12_luck", verdict("oracle epoch of each subject", luck))

# %% [markdown]
# The honest score of the control is {glue}`ch12_control`. With the oracle epoch of each subject it is
# {glue}`ch12_control_oracle`: the oracle {glue}`ch12_luck`.
#
# ## What nobody can reach
#
# The decoder looks for an onset and an offset within fixed spans around an apex, and keeps at most five intervals of
# a class in a video. So it loses some expressions however good the network is. On our videos this can be tried:
# the true targets go in as if they were probabilities.

# %%
spans = {"as it stands": {}, "no cap": {"top": None}, "MaE spans twice as far": {"mae_far": 58}}
spans["no cap, MaE spans twice as far"] = {"top": None, "mae_far": 58}
videos, rows = stages.features(chosen), []
for name, changes in spans.items():
    best_case = spotting.decoder_ceiling(videos, chosen.spotting.but(**changes))
    parts = (best_case.me, best_case.mae, best_case.overall)
    rows.append((name, *(part.f1 for part in parts), best_case.overall.fn))
columns = ["decoder", "ME F1", "MaE F1", "overall F1", "missed"]
ceilings = pd.DataFrame(rows, columns=columns)
report.table(
    ceilings, name="decoder_ceilings", caption="A perfect network through the decoder, on our videos."
)

# %% [markdown]
# For the real data sets we need no video. Their annotations have been counted
# ([chapter 1](01_expressions_in_time.ipynb)), and from the lengths of the expressions, the
# places of their apexes and their number in each video follows what this decoder can reach at best.

# %%
real = {"SAMM-LV": statistics("samm-lv"), "CAS(ME)²": statistics("casme2")}
bounds = spotting.real_ceilings(real, chosen.spotting)
report.glue("ch12_ceiling", ceilings["overall F1"].iloc[0], ".2f")
both = bounds[bounds["class"] == "both"].set_index("data set")
mae = bounds[bounds["class"] == "MaE"].set_index("data set")
for short, name in (("samm", "SAMM-LV"), ("casme", "CAS(ME)²")):
    report.glue(f"ch12_{short}_cap", 100 * mae.loc[name, "beyond the cap"], ".0f")
    report.glue(f"ch12_{short}_spans", 100 * mae.loc[name, "beyond the spans"], ".0f")
    report.glue(f"ch12_{short}_best", both.loc[name, "best F1"], ".2f")
report.table(bounds, name="real_ceilings", caption="What the decoder can reach at best on real data sets.")

# %% [markdown]
# On our videos a network that gives exactly its targets would reach {glue}`ch12_ceiling`. For the real data sets we ask for
# less: an expression counts as lost only if no onset and offset that the decoder may choose around its labelled apex could
# hit it. So the figures that follow are rough estimates of the best case, and not to be compared with ours. On SAMM-LV the cap alone puts
# {glue}`ch12_samm_cap` % of the macro-expressions out of reach, and the spans {glue}`ch12_samm_spans` %; on CAS(ME)²
# it is {glue}`ch12_casme_cap` % and {glue}`ch12_casme_spans` %. The best overall F1 through this decoder is then about
# {glue}`ch12_samm_best` and {glue}`ch12_casme_best`. Lengths and apex positions were taken as independent here, and
# durations between the published quantiles were interpolated.
#
# The cap has a use: it keeps false alarms down where videos are short and hold few expressions. In long videos it costs
# what the table says. It is a setting, and like all settings it must be chosen without the test subjects.
#
# ## What to ask of a table
#
# 1. **Who chose the epoch, the thresholds, the cap?** If the answer is "the best result", ask on whose data.
# 2. **Can one true expression be hit twice? By the wrong class?** The counts tell: hits and misses must add up to
#    the number of true expressions.
# 3. **Were all videos scored**, also those in which nothing happens?
# 4. **How far would the score move with other people?** A gain whose interval reaches zero is no finding.
#
# And when you report: fix everything before you look at the test subjects, or choose it on inner folds; count as the
# challenge does; give the counts and not only F1; print oracles, if at all, in a column of their own with that word
# above it. `msstgcn score` counts any method's predictions in each of these ways, and tests whether two of them
# differ.
#
# :::{admonition} Try it
# :class: tip
# Train for fewer epochs, `msstgcn run 12 -p epochs=6`. Do the thin lines move more or less at the end, and what
# does the oracle of each subject gain from it?
# :::
