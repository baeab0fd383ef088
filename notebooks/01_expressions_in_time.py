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
# *What is there to be found, when do two people agree that they found the same, and why is it hard?*
#
# A facial expression is something that happens: it starts, reaches a peak and goes away. This chapter shows one
# before it defines one. It then fixes the words, says when two intervals agree, compares the expressions of this book's
# videos with those that people have annotated in real ones, and ends with what stands in a spotter's way.

# %% tags=["parameters"]
profile: str = "cpu"  # smoke | cpu | gpu; size of the data set whose statistics are shown
seed: int = 0  # 0..1000000; everything random follows from it
difficulty: str = "standard"  # easy | standard | hard; strength of all that is no expression
video: int = 0  # 0..5; which video is looked at, among those with both classes
slower: int = 4  # 1..8; how many times the slow film is slowed down
larger: int = 6  # 1..10; how many times its movement is made larger

# %% tags=["hide-input"]
from dataclasses import replace

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from msstgcn import report
from msstgcn.datasets import describe, fit, script, statistics, synthetic
from msstgcn.faces import HALVES
from msstgcn.report import annotations, frames
from msstgcn.runner import stages
from msstgcn.settings import SyntheticSettings
from msstgcn.timeline import Interval, iou_matrix

report.use_style()
examples = synthetic(SyntheticSettings(seed=seed, difficulty=difficulty)).videos

# %% [markdown]
# ## Watch first
#
# The film below is ten seconds out of one of the book's videos. Nobody you see here exists: the face is drawn by a
# program, and [chapter 2](02_synthetic_faces.ipynb) shows how. Play it once and look at the face only. What moved? Then
# play it again and look at the strip under the face, on which a line runs along. Orange and blue bars mark what you
# were supposed to find; the grey marks below them are everything else that happened.

# %% tags=["hide-input"]
SECONDS = 10
both = [v for v in examples if {e.label for e in v.expressions} == {"me", "mae"}]
chosen = both[video % len(both)]
fps, length = chosen.fps, min(len(chosen), round(SECONDS * chosen.fps))
inside = [sum(s <= e.onset and e.offset < s + length for e in chosen.expressions) for s in range(len(chosen))]
first = int(np.argmax(inside[: len(chosen) - length + 1]))
strip = Figure(figsize=(3.2, 0.64), dpi=100, layout="none")
axes = strip.add_axes((0.03, 0.34, 0.94, 0.62))
for e in (*chosen.expressions, *chosen.nuisances):
    span = (e.onset / fps, (e.offset - e.onset + 1) / fps)
    label = getattr(e, "label", "nuisance")
    axes.broken_barh([span], (0, 0.35) if label == "nuisance" else (0.45, 0.5), color=report.colour(label))
axes.set(xlim=(first / fps, (first + length) / fps), ylim=(0, 1), yticks=[])
axes.tick_params(labelsize=7)
axes.grid(visible=False)

# %% tags=["hide-input"] mystnb={"figure": {"caption": "Ten seconds of a video, every second frame. Under the face: macro-expressions (blue), micro-expressions (orange), and events that are no expression (grey).", "name": "fig-watch"}}
shown = range(first, first + length, 2)
strips = frames.with_cursor(strip, axes, [i / fps for i in shown])
faces = (frames.cut(chosen.frame(i), (240, 245), 175, 320) for i in shown)
alt = "A grey face that blinks, sways and now and then shows an expression, above a time line with a running cursor."
film = (frames.below(face, under, gap=0) for face, under in zip(faces, strips, strict=True))
report.clip(film, fps=fps / 2, alt=alt, quality=45)

# %% [markdown]
# If you found the blue bars and missed the orange ones, nothing is wrong with your eyes. People who are trained for it
# go through a video frame by frame to find them {cite}`yan2013fast`. That is the work a spotter is to take over.
#
# ## Onset, apex, offset
#
# The **onset** $a$ is the first frame in which a trained coder sees the movement, the **apex** $c$ the frame of its
# peak, the **offset** $b$ the last frame in which it is still to be seen. An expression is the interval $[a, b]$, both
# ends included, so it has $n = b - a + 1$ frames. Its class follows from its length: a **micro-expression** (ME) lasts
# at most half a second, give or take a frame, a **macro-expression** (MaE) from half a second to some four seconds {cite}`ekman1969leakage,yan2013fast`.
#
# Muscles start and stop smoothly. The benchmark moves the skin along the smoothest possible path, the
# *minimum-jerk* curve {cite}`flash1985`, and calls the movement visible from 5 % of its own peak on.

# %% tags=["hide-input"] mystnb={"image": {"alt": "Two curves that rise and fall smoothly, a short low one and a long high one, with onset, apex and offset marked on each."}, "figure": {"caption": "A micro-expression is short and faint at once. Displacement is in percent of the distance between the outer eye corners (IOD); dots mark onset, apex and offset.", "name": "fig-course"}}
fig, ax = plt.subplots()
for label, name, (a, c, b), peak in (("me", "ME", (20, 25, 31), 1.0), ("mae", "MaE", (50, 68, 95), 5.0)):
    wave = peak * script.course(110, a, c, b)
    ax.plot(np.arange(110) / fps, wave, color=report.colour(label), label=name)
    ax.plot(np.array([a, c, b]) / fps, wave[[a, c, b]], "o", color=report.colour(label))
    for frame, word, side in ((a, "onset", "right"), (c, "apex", "center"), (b, "offset", "left")):
        gap = {"right": -0.05, "center": 0.0, "left": 0.05}[side]
        ax.text(frame / fps + gap, wave[frame] + 0.15, word, ha=side, color=report.colour(label), fontsize=9)
ax.set(xlabel="time (s)", ylabel="displacement (% of IOD)")
ax.legend()
plt.show()

# %% [markdown]
# Here are one of each, at the speed at which they happen. The frame around a face lights up from onset to offset.

# %% tags=["hide-input"]
CLEAR = {"1", "2", "4", "9", "10", "12", "15", "20"}  # units that move brows or mouth; 43 closes the eyes
events = [(v, e, s) for v in examples for e, s in zip(v.expressions, v.script.intensities, strict=True)]
units = [[unit.lstrip("LR") for unit in event.action_units] for _, event, _ in events]
clear = [f for f, moved in zip(events, units, strict=True) if moved[0] in CLEAR and "43" not in moved]
micro = max((f for f in clear or events if f[1].label == "me"), key=lambda f: f[2])
macro = max((f for f in clear or events if f[1].label == "mae" and len(f[1]) < 2 * fps), key=lambda f: f[2])
around = round(0.6 * fps)  # frames before onset and after offset
frames_shown = len(macro[1]) + 2 * around
starts = [min(max(0, e.onset - around), len(v) - frames_shown) for v, e, _ in (macro, micro)]
for name, (_, event, intensity) in (("mae", macro), ("me", micro)):
    report.glue(f"ch1_{name}_units", "+".join(event.action_units))
    report.glue(f"ch1_{name}_peak", intensity, ".1f")
    report.glue(f"ch1_{name}_ms", 1000 * len(event) / fps, ".0f")


# %% tags=["hide-input"] mystnb={"figure": {"caption": "A macro-expression (left) and a micro-expression (right) at real speed: of each class the strongest in the benchmark's first 48 videos among those that begin with a unit of brows or mouth, leave the eyes open and, for the macro-expression, last less than two seconds.", "name": "fig-speed"}}
def tile(v, event, i):
    lit = report.colour(event.label) if event.onset <= i <= event.offset else None
    return frames.framed(frames.cut(v.frame(i), (240, 245), 160, 230), lit)


top = frames.header(["macro-expression", "micro-expression"], 464)
steps = (
    [(v, e, start + i) for (v, e, _), start in zip((macro, micro), starts, strict=True)]
    for i in range(frames_shown)
)
film = (frames.below(top, frames.beside(*(tile(*one) for one in both)), gap=0) for both in steps)
alt = "Two faces side by side; the left one moves plainly for a second or two, the right one hardly and briefly."
report.clip(film, fps=fps, alt=alt, poster=around + len(micro[1]) // 2)

# %% [markdown]
# The macro-expression is AU {glue}`ch1_mae_units` and moves the skin by {glue}`ch1_mae_peak` % of the IOD in
# {glue}`ch1_mae_ms` ms. The micro-expression is AU {glue}`ch1_me_units`, {glue}`ch1_me_peak` % in
# {glue}`ch1_me_ms` ms; at this benchmark's scale, one percent is little more than one pixel. ("AU" names an action unit,
# see the next chapter.)
#
# A drawn face can be asked what no recording can answer: how would the same moment look if the expression alone had
# been stronger? Below, the same micro-expression is slowed down. On the left it is as filmed. On the right its movement
# is made larger, and nothing else: head, lids and light are the same.

# %% tags=["hide-input"] mystnb={"figure": {"caption": "The micro-expression slowed down: as filmed (left), and with its movement made larger (right).", "name": "fig-magnified"}}
v, event, _ = micro


def enlarged(i):
    units = larger * v.script.expression_units[i] + v.script.other_units[i]
    state = replace(v.script.state(i), action_units=dict(zip(HALVES, units.tolist(), strict=True)))
    lit = report.colour("me") if event.onset <= i <= event.offset else None
    return frames.framed(frames.cut(v.face.render(state, seed, i), (240, 245), 160, 230), lit)


near = range(max(0, event.onset - 5), min(len(v), event.offset + 6))
top = frames.header(["as filmed", f"{larger} times larger"], 464)
film = (frames.below(top, frames.beside(tile(v, event, i), enlarged(i)), gap=0) for i in near)
alt = (
    "The same face twice in slow motion; on the right the movement that is hard to see on the left is plain."
)
report.clip(film, fps=fps / slower, alt=alt, poster=event.apex - near.start)

# %% [markdown]
# ## One video from end to end
#
# These are all events of the video in {numref}`fig-watch`. The upper panel shows what
# is labelled; the lower one what else happens: blinks, sudden turns of the head, speech, swallowing, and twitches too
# faint for a coder to label. The eyes wander and the head drifts all the time; neither is drawn, nor counted below. A
# spotter sees neither panel. It sees pixels.

# %% tags=["hide-input"] mystnb={"image": {"alt": "Timeline of one video: coloured spans for expressions with the amplitude of their action units above, grey spans for blinks, jerks, speech, swallows and twitches below."}, "figure": {"caption": "A video as its script has it. Top: amplitude of the strongest labelled action unit, on a scale that keeps the faint ones visible, with the labelled intervals shaded. Bottom: events that are no expression; shifts of gaze and the drift of the head go on all the time and are not drawn.", "name": "fig-timeline"}}
fig, (top, low) = plt.subplots(2, 1, sharex=True, figsize=(7.2, 4.4), height_ratios=[2, 1.4])
units = chosen.script.expression_units.max(axis=1)
top.plot(np.arange(len(units)) / fps, units, color="black", lw=1)
for e in chosen.expressions:
    top.axvspan(e.onset / fps, e.offset / fps, color=report.colour(e.label), alpha=0.3, lw=0)
    top.annotate(
        "+".join(e.action_units), (e.apex / fps, units[e.apex]), ha="center", va="bottom", fontsize=8
    )
kinds = ["twitch", "swallow", "speech", "jerk", "blink"]
for n in chosen.nuisances:
    span = (n.onset / fps, max(n.offset - n.onset, 1) / fps)
    low.broken_barh([span], (kinds.index(n.kind) - 0.35, 0.7), color=report.colour("nuisance"))
low.set(yticks=range(len(kinds)), yticklabels=kinds, xlabel="time (s)")
top.set_yscale("symlog", linthresh=1)
top.set(ylabel="displacement (% of IOD)", ylim=(0, 25), yticks=[0, 0.5, 1, 2, 5, 10, 20])
top.set_yticklabels(["0", "0.5", "1", "2", "5", "10", "20"])
plt.show()

# %%
report.glue("ch1_video", chosen.name)
report.glue("ch1_seconds", len(chosen) / fps, ".0f")
report.glue("ch1_events", len(chosen.expressions))
report.glue("ch1_nuisances", len(chosen.nuisances))

# %% [markdown]
# Video {glue}`ch1_video` lasts {glue}`ch1_seconds` seconds and holds {glue}`ch1_events` expressions, but
# {glue}`ch1_nuisances` other events. That is the first difficulty: what moves is mostly *not* an expression.
#
# ## When do two intervals agree?
#
# A spotter answers with intervals, and hardly any will match a label to the frame. How near is near enough? The field
# divides the frames that two intervals share by those that either holds, the *intersection over union*:
#
# $$ \mathrm{IoU} = \frac{|[a, b] \cap [a', b']|}{|[a, b] \cup [a', b']|} . $$
#
# It is 1 for equal intervals and 0 for separate ones. A spotted interval counts if the IoU is at least one half.
# ([Chapter 8](08_spotting_and_scoring.ipynb) says how spotted and true intervals are paired.) Change the numbers and
# see:

# %%
label, spotted = Interval(20, 30), Interval(23, 33)
round(label.iou(spotted), 3)

# %% [markdown]
# Suppose the spotted interval has the right length $n$ and starts $\delta$ frames too late. Then $n - \delta$ frames are
# shared and $n + \delta$ are held by either, so
#
# $$ \mathrm{IoU} = \frac{n - \delta}{n + \delta} \ge \frac12 \quad\Longleftrightarrow\quad \delta \le \frac n3 . $$
#
# One third of the length: for a long expression this is generous, for a short one it is a frame or two more than the
# disagreement of two coders. The figure draws it for both ends at once.

# %%
median = {label: statistics("samm-lv")[label]["duration_quantiles"]["50"] for label in ("me", "mae")}
lengths = {label: round(seconds * fps) for label, seconds in median.items()}
off = np.arange(-40, 41)
starts, ends = np.meshgrid(off, off)
agree = {}
for label, n in lengths.items():
    found = np.stack([100 + starts, np.maximum(100 + n - 1 + ends, 100 + starts)], axis=-1).reshape(-1, 2)
    agree[label] = iou_matrix([(100, 100 + n - 1)], found).reshape(off.size, off.size)
    report.glue(f"ch1_{label}_length", n)
    report.glue(f"ch1_{label}_slack", int(n / 3))

# %% tags=["hide-input"] mystnb={"image": {"alt": "Two coloured areas around zero on axes of onset error and offset error; the one of micro-expressions is much smaller than the one of macro-expressions, and a small square, two frames to each side, sits in its middle."}, "figure": {"caption": "Inside a coloured area a spotted interval counts: how many frames its onset and its offset may be off, for an expression of median length. The square is two frames either way, for scale: two careful coders can differ by as much.", "name": "fig-agreement"}}
fig, ax = plt.subplots(figsize=(4.6, 4.4))
for label, name in (("me", "ME"), ("mae", "MaE")):
    ax.contourf(off, off, agree[label], [0.5, 1.01], colors=[report.colour(label)], alpha=0.35)
    ax.plot([], [], "s", color=report.colour(label), alpha=0.5, label=f"{name}, {lengths[label]} frames")
ax.add_patch(plt.Rectangle((-2, -2), 4, 4, fill=False, color="black"))
ax.set(xlabel="onset too late by (frames)", ylabel="offset too late by (frames)", aspect="equal")
ax.set(xlim=(-36, 24), ylim=(-24, 36))
ax.legend(loc="lower right")
plt.show()

# %% [markdown]
# The median micro-expression has {glue}`ch1_me_length` frames at this frame rate, and may be shifted by
# {glue}`ch1_me_slack` of them. The median macro-expression has {glue}`ch1_mae_length` and may be shifted by
# {glue}`ch1_mae_slack`.

# %% [markdown]
# ## What has been counted in real videos
#
# Two data sets of long videos are used throughout the field. **SAMM Long Videos** {cite}`yap2020sammlv` is filmed at
# 200 frames a second, in grey; its videos are short and dense. **CAS(ME)²** {cite}`qu2018casme2` is filmed at 30, in
# colour; its videos are long and sparse. Neither may be passed on, but their annotations have been counted, and the
# benchmark has a *preset* for each that draws from what was counted: durations, position of the apex, combinations of
# action units, share of one-sided movements, lengths of videos, number of expressions in them, and how much people differ
# in it.
#
# The table puts 30 people of either preset beside the data set it mirrors. No picture is needed for that: what happens
# in a video is decided before a frame of it is drawn.

# %% tags=["hide-input"]
ROWS = [
    "videos without events, share", "video length, 50 % are below (s)", "gap between events, 50 % are below (s)",
    "overlapping events, share", "events a minute", "events a video, mean", "events a video, variance", "duration, mean (s)",
    "duration, sd (s)", "duration, 50 % are below (s)", "apex position, mean", "apex position, sd",
    "one-sided, share", "most frequent action units",
]  # fmt: skip
TITLES = {"samm-lv": "SAMM-LV", "casme2": "CAS(ME)²"}
drawn, side_by_side = {}, []
for preset, title in TITLES.items():
    drawn[preset] = fit.draw(preset, subjects=30, seed=seed)
    one = describe.describe(drawn[preset], preset).set_index(["class", "quantity"])
    side_by_side.append(one.rename(columns={"real": title, "here": f"preset {preset}"}))

# %%
table = pd.concat(side_by_side, axis=1).reset_index()
table = table[table["quantity"].isin(ROWS)]
table["class"] = table["class"].map({"me": "ME", "mae": "MaE", "all": "all"})
table = table[["class", "quantity", "SAMM-LV", "preset samm-lv", "CAS(ME)²", "preset casme2"]]
caption = "Annotations of the two real data sets, and 30 people of the preset that mirrors each."
report.table(table, name="annotation_statistics", digits=2, caption=caption)

# %% tags=["hide-input"] mystnb={"image": {"alt": "Eight panels, micro-expressions above and macro-expressions below: durations, positions of the apex, events in a video and action units; coloured steps and bars run close to black dots and dashes."}, "figure": {"caption": "SAMM Long Videos in black, its preset in colour. Durations overlap little between the classes, because duration is what defines them.", "name": "fig-samm-lv"}}
annotations.annotation_figure(drawn["samm-lv"], "samm-lv")

# %% tags=["hide-input"] mystnb={"image": {"alt": "The same eight panels for the other data set; its micro-expressions are nearly all between 0.35 and 0.55 seconds long."}, "figure": {"caption": "CAS(ME)² in black, its preset in colour. Its micro-expressions are longer and more alike than those of SAMM Long Videos, and most videos hold none.", "name": "fig-casme2"}}
annotations.annotation_figure(drawn["casme2"], "casme2")

# %% [markdown]
# Do they fit? Each quantity is put to a test that would notice if the generator drew from something else than what was
# counted. Five seeds of 30 people answer, and the five answers are combined into one {cite}`liu2020cauchy`. That one is
# small when any of the five is, and large when any is near 1: look for small values, a large one says little. With
# {glue}`ch1_tests` tests one of them will be small by chance. The columns *corrected* allow for that, for each data set by
# itself {cite}`holm1979`; there, a value below {glue}`ch1_level` would be a reason to look
# for a mistake.

# %% tags=["hide-input"]
found = {preset: fit.fit_over_seeds(preset) for preset in TITLES}
frame = found["samm-lv"][["class", "quantity", "test"]].copy()
frame["class"] = frame["class"].map({"me": "ME", "mae": "MaE", "all": "all"})
for preset, title in TITLES.items():
    frame[f"p, {title}"], frame[f"corrected, {title}"] = found[preset]["p"], found[preset]["p, Holm"]
report.glue("ch1_smallest_p", min(float(one["p"].min()) for one in found.values()), ".3f")
report.glue("ch1_smallest_corrected", min(float(one["p, Holm"].min()) for one in found.values()), ".2f")
report.glue("ch1_tests", sum(int(one["p"].notna().sum()) for one in found.values()))
report.glue("ch1_level", fit.LEVEL)
sets = [fit.draw("samm-lv", subjects=30, seed=one) for one in range(5)]
rates = [60 * describe.counts_of(one, "mae").sum() / sum(len(v) / v.fps for v in one) for one in sets]
report.glue("ch1_rate_low", min(rates), ".1f")
report.glue("ch1_rate_high", max(rates), ".1f")

# %%
caption = "Fit of the generator's annotations to the real ones: p of each test, over five seeds of 30 people."
report.table(frame, name="annotation_fit", digits=3, caption=caption)

# %% [markdown]
# The smallest $p$ is {glue}`ch1_smallest_p`, and {glue}`ch1_smallest_corrected` when corrected. Two things in the
# table before differ more than the others. Macro-expressions in SAMM-LV spread wider in duration: a few of the real ones
# go on for many seconds, and here none fills more than four fifths of its video. The test of durations does not
# see that; it asks only about those that fit. And where the number of expressions differs, people are the reason. They
# differ much in how lively they are, and 30 are few: over the five seeds, the macro-expressions a minute of the preset
# range from {glue}`ch1_rate_low` to {glue}`ch1_rate_high`.
#
# Read the fit with care. The generator was *made* from these figures, so that durations fit is no discovery. What the
# tests watch over is all that happens to a duration on its way into a video: it becomes a whole number of frames, must
# end before the video does, and finds its place taken. And none of it says that an expression *looks* right; that is a
# question to the next chapter.
#
# A data set of the size that is used for training is smaller, so it fits more roughly: people differ in how much their
# faces move, and a handful of them says little about the average. This is the one that this page was made with:

# %%
data = stages.dataset(stages.profile(profile, seed=seed, difficulty=difficulty))
against = describe.nearest_preset(data.videos)
own = describe.describe(data.videos, against).query("quantity not in ['events', 'subjects', 'videos']")
own = own.rename(columns={"here": data.name, "real": TITLES[against]})
own["class"] = own["class"].map({"me": "ME", "mae": "MaE", "all": "all"})
caption = f"{len(data.videos)} videos of {len(data.subjects)} people beside {TITLES[against]}."
report.table(own, name="data_set_statistics", digits=2, caption=caption)

# %% [markdown]
# ## Why spotting is hard
#
# Four things come together. **Micro-expressions are rare**, and most of a video holds no expression at all. A detector that looks at single frames
# starts from the shares below; one that always says *nothing happens* is right most of the time, and useless.

# %% tags=["hide-input"]
total = sum(len(v) for v in examples)
kinds = {"blink": 0, "twitch": 0, "jerk": 0, "speech": 0, "swallow": 0}
happened = [("ME", e) for v in examples for e in v.expressions if e.label == "me"]
happened += [("MaE", e) for v in examples for e in v.expressions if e.label == "mae"]
happened += [(n.kind, n) for v in examples for n in v.nuisances]
rows = []
for kind in ["ME", "MaE", *kinds]:
    spans = [n.offset - n.onset + 1 for name, n in happened if name == kind]
    each = float(np.mean(spans)) / fps if spans else float("nan")
    rows.append((kind, 60 * fps * len(spans) / total, each, 100 * sum(spans) / total))
columns = ["what", "a minute", "mean length (s)", "share of frames (%)"]
moves = pd.DataFrame(rows, columns=columns)
report.glue("ch1_share_me", rows[0][3], ".1f")
report.glue("ch1_share_mae", rows[1][3], ".1f")
others = sum(row[1] for row in rows[2:])
report.glue("ch1_others", others / rows[0][1], ".0f")
report.glue("ch1_blinks", 100 * rows[2][1] / others, ".0f")

# %%
caption = f"What moves in the benchmark's first {len(examples)} videos, difficulty {difficulty}."
report.table(moves, name="what_moves", digits=1, caption=caption)

# %% [markdown]
# Micro-expressions fill {glue}`ch1_share_me` % of all frames, macro-expressions {glue}`ch1_share_mae` %.
#
# **Other things are not rare.** For each micro-expression there are {glue}`ch1_others` events that are none.
# {glue}`ch1_blinks` % of them are blinks: as short as a micro-expression, and far larger.
#
# **What is to be seen is small**, often smaller than a pixel, while the head alone moves the whole picture by more
# ([chapter 2](02_synthetic_faces.ipynb) measures it).
#
# **The answer has to be exact**, by {numref}`fig-agreement`: a third of a length of some ten frames.
#
# All videos here are synthetic. They follow the statistics of real ones, but nobody's face is in them, and no figure in
# this book can be compared with figures on real data.

# %% [markdown]
# ## Try it
#
# 1. Run this chapter with `msstgcn run 01 -p difficulty=easy`. Which rows of {numref}`fig-timeline` vanish, and which
#    stay? What else becomes easier is in no row: look at the table of difficulties in
#    [chapter 2](02_synthetic_faces.ipynb).
# 2. In the cell with `Interval(20, 30)`, keep the middle of the spotted interval where it should be and make it longer.
#    How many times too long may it be before it no longer counts? Show that the answer does not depend on $n$.
# 3. `msstgcn run 01 -p larger=1 -p slower=1` shows {numref}`fig-magnified` as a spotter gets it. At which factor do you
#    see the movement without being told where?
