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
# # Expressions in time
#
# *What is there to be found, and why is it hard to find?*
#
# A facial expression is something that happens: it starts, reaches a peak and goes away. This chapter fixes the
# words for it, looks at one video of the benchmark from its first frame to its last, and compares the benchmark's
# expressions with those that people have annotated in real videos. At the end you know what a spotter has to
# deliver, and what stands in its way.

# %% tags=["parameters"]
profile: str = "cpu"  # smoke | cpu | gpu; size of data, training and evaluation
seed: int = 0  # 0..1000000; everything random follows from it
difficulty: str = "standard"  # easy | standard | hard; strength of all that is no expression
video: int = 0  # 0..2; which video's timeline is drawn, among those with both classes first

# %% tags=["hide-input"]
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from msstgcn import report
from msstgcn.datasets import statistics
from msstgcn.runner import stages

report.use_style()
data = stages.dataset(stages.profile(profile, seed=seed, difficulty=difficulty))

# %% [markdown]
# ## Onset, apex, offset
#
# The **onset** is the first frame in which a trained coder sees the movement, the **apex** the frame of its peak,
# the **offset** the last frame in which it is still to be seen. An expression is the interval from onset to offset,
# both ends included. Its class follows from its length: a **micro-expression** (ME) lasts at most half a second, a
# **macro-expression** (MaE) from half a second to some four seconds {cite}`ekman1969leakage,yan2013fast`.
#
# Muscles start and stop smoothly. The benchmark moves the skin along the smoothest possible path, the
# *minimum-jerk* curve {cite}`flash1985`, and calls the movement visible from 5 % of its own peak on.

# %% tags=["hide-input"] mystnb={"image": {"alt": "Two curves that rise and fall smoothly, a short low one and a long high one, with onset, apex and offset marked on each."}, "figure": {"caption": "A micro-expression is short and faint at once. Displacement is in percent of the distance between the outer eye corners (IOD); dots mark onset, apex and offset.", "name": "fig-course"}}
from msstgcn.datasets.script import course

fig, ax = plt.subplots()
fps = data.videos[0].fps
for label, (a, c, b), peak in (("me", (20, 25, 31), 1.0), ("mae", (50, 68, 95), 5.0)):
    wave = peak * course(110, a, c, b)
    ax.plot(np.arange(110) / fps, wave, color=report.colour(label), label={"me": "ME", "mae": "MaE"}[label])
    ax.plot(np.array([a, c, b]) / fps, wave[[a, c, b]], "o", color=report.colour(label))
ax.set(xlabel="time (s)", ylabel="displacement (% of IOD)")
ax.legend()
plt.show()

# %% [markdown]
# ## One video from end to end
#
# Below is everything that moves in one video. The upper panel shows what is labelled; the lower one what else goes
# on: blinks, sudden turns of the head, speech, swallowing, and twitches too faint for a coder to label. A spotter
# sees neither panel. It sees pixels.

# %%
both = [v for v in data.videos if {e.label for e in v.expressions} == {"me", "mae"}]
rest = [v for v in data.videos if v not in both]
chosen = (both + rest)[video]
script = chosen.script
report.glue("ch1_video", chosen.name)
report.glue("ch1_seconds", len(chosen) / chosen.fps, ".0f")
report.glue("ch1_events", len(chosen.expressions))
report.glue("ch1_nuisances", len(chosen.nuisances))

# %% tags=["hide-input"] mystnb={"image": {"alt": "Timeline of one video: coloured spans for expressions with the amplitude of their action units above, grey spans for blinks, jerks, speech, swallows and twitches below."}, "figure": {"caption": "A video as its script has it. Top: amplitude of the strongest labelled action unit, with the labelled intervals shaded. Bottom: everything that moves and is no expression.", "name": "fig-timeline"}}
fig, (top, low) = plt.subplots(2, 1, sharex=True, figsize=(7.2, 4.4), height_ratios=[2, 1.4])
t = np.arange(len(script)) / script.fps
top.plot(t, script.expression_units.max(1), color="black", lw=1)
for e in script.expressions:
    top.axvspan(e.onset / script.fps, e.offset / script.fps, color=report.colour(e.label), alpha=0.3, lw=0)
    where = (e.apex / script.fps, script.expression_units[e.apex].max())
    top.annotate("+".join(e.action_units), where, ha="center", va="bottom", fontsize=8)
kinds = ["twitch", "swallow", "speech", "jerk", "blink"]
for n in script.nuisances:
    span = (n.onset / script.fps, max(n.offset - n.onset, 1) / script.fps)
    low.broken_barh([span], (kinds.index(n.kind) - 0.35, 0.7), color=report.colour("nuisance"))
low.set(yticks=range(len(kinds)), yticklabels=kinds, xlabel="time (s)")
top.set(ylabel="displacement (% of IOD)")
top.margins(y=0.15)
plt.show()

# %% [markdown]
# Video {glue}`ch1_video` lasts {glue}`ch1_seconds` seconds and holds {glue}`ch1_events` expressions, but
# {glue}`ch1_nuisances` other events. That is the first difficulty: what moves is mostly *not* an expression. The
# second is size. At the benchmark's scale, one percent of the IOD is little more than one pixel, and the head alone
# moves the whole picture by as much ([chapter 2](02_synthetic_faces.ipynb) measures it).

# %% [markdown]
# ## How often, how long, where the peak lies
#
# The benchmark's expressions are drawn from what has been counted in the annotations of SAMM Long Videos
# {cite}`yap2020sammlv`: durations, position of the apex, combinations of action units, share of one-sided
# movements, number of expressions a video. The table sets both side by side. The smaller the profile, the rougher
# the match: people differ in how much their faces move, so a handful of them says little about the average.

# %% tags=["hide-input"]
real = statistics(data.videos[0].settings.preset)
minutes = sum(len(v) / v.fps for v in data.videos) / 60
rows = []
for label, name in (("me", "ME"), ("mae", "MaE")):
    found = [e for v in data.videos for e in v.expressions if e.label == label]
    spans = np.array([e.offset - e.onset for e in found] or [np.nan], float)
    place = np.array([e.apex - e.onset for e in found] or [np.nan], float) / spans
    a, b = real[label]["apex"]
    rows += [
        (name, "per minute", real[label]["per_minute"], len(found) / minutes),
        (name, "mean duration (s)", real[label]["duration_mean"], spans.mean() / fps),
        (name, "mean position of the apex (0 onset, 1 offset)", a / (a + b), place.mean()),
    ]

# %%
frame = pd.DataFrame(rows, columns=["class", "quantity", "SAMM Long Videos", "benchmark"])
caption = "Expressions of the benchmark beside the real annotations they are modelled on."
report.table(frame, name="annotation_statistics", digits=2, caption=caption)

# %% tags=["hide-input"] mystnb={"image": {"alt": "Two cumulative distributions of duration, one a class; steps for the benchmark run close to the dots of the real quantiles."}, "figure": {"caption": "Durations: steps are the benchmark's expressions, dots the quantiles of the real annotations. The classes hardly overlap, because duration is what defines them.", "name": "fig-durations"}}
fig, ax = plt.subplots()
for label, name in (("me", "ME"), ("mae", "MaE")):
    seconds = [(e.offset - e.onset) / v.fps for v in data.videos for e in v.expressions if e.label == label]
    if seconds:
        ax.ecdf(seconds, color=report.colour(label), label=f"{name}, benchmark")
    quantiles = real[label]["duration_quantiles"]
    share = [float(q) / 100 for q in quantiles]
    ax.plot(list(quantiles.values()), share, "o", color=report.colour(label), label=f"{name}, real", ms=4)
ax.set(xscale="log", xlabel="duration (s)", ylabel="share of expressions")
ax.set_xticks([0.2, 0.5, 1, 2, 5, 10, 20], ["0.2", "0.5", "1", "2", "5", "10", "20"])
ax.legend()
plt.show()

# %% [markdown]
# ## Why spotting is hard
#
# Frames that belong to an expression are rare, those of micro-expressions rarest. A detector that looks at single
# frames starts from the shares below; one that always says *nothing happens* is right most of the time, and
# useless.

# %%
total = sum(len(v) for v in data.videos)
for label in ("me", "mae"):
    inside = sum(len(e) for v in data.videos for e in v.expressions if e.label == label)
    report.glue(f"ch1_share_{label}", 100 * inside / total, ".1f")

# %% [markdown]
# Micro-expressions fill {glue}`ch1_share_me` % of all frames, macro-expressions {glue}`ch1_share_mae` %. A spotted
# interval counts only if it overlaps a true one of its class by half (their intersection is at least half of their
# union): for an ME of ten frames, an error of four frames at one end is already too much. [Chapter
# 8](08_spotting_and_scoring.ipynb) says exactly how that is counted.
#
# All videos here are synthetic. They follow the statistics of real ones, but nobody's face is in them, and no
# figure in this book can be compared with figures on real data. [Chapter 2](02_synthetic_faces.ipynb) shows what
# they can and cannot stand for.

# %% [markdown]
# **Try it.** Run this chapter with `difficulty=easy` (`msstgcn run 01 -p difficulty=easy`): which rows of the
# timeline vanish, and which stay?
