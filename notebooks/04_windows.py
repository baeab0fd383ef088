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
# # Windows
#
# A micro-expression moves the skin by a few tenths of a pixel from one frame to the next: less than the error of any
# flow. This chapter shows how a window around each frame makes it visible, why the window is as long as the network's
# receptive field, and what the network's input looks like, with expressions and blinks in it. At the end you can read
# a feature as a picture, and know by how much a window magnifies.

# %% tags=["parameters"]
profile: str = "cpu"  # smoke | cpu | gpu; size of the data set
seed: int = 0  # 0..1000000; everything random follows from it
frame: int = -1  # -1..100000; middle of the window that is shown, -1 for the apex of the strongest expression

# %% tags=["hide-input"]
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from msstgcn import motion, report
from msstgcn.motion import truth
from msstgcn.motion.windows import window_frames
from msstgcn.runner import stages

report.use_style()
chosen = stages.profile(profile, seed=seed)
videos = stages.dataset(chosen).videos
features = stages.features(chosen)
K = chosen.motion.window
BROW, MOUTH = 0, 6

# %% [markdown]
# ## A window is what the network sees at once
#
# The network slides four temporal kernels over its input and pads nothing. Kernels of $k_1, \dots, k_4$ frames
# together see $1 + \sum_i (k_i - 1)$ frames, its *receptive field*.

# %%
field = chosen.network.receptive_field
report.glue("ch4_kernels", ", ".join(map(str, chosen.network.kernels)))
report.glue("ch4_field", field)
report.glue("ch4_seconds", field / videos[0].fps, ".2f")
assert field == K, "the window is to be as long as the receptive field"

# %% [markdown]
# With kernels of {glue}`ch4_kernels` frames that makes {glue}`ch4_field` frames, {glue}`ch4_seconds` s here: about as
# long as the longest micro-expression. Every frame of the video gets one window, centred on it. A shorter window would
# leave the network's edge empty, a longer one would let in frames that it cannot reach. At the ends of a video the
# first or last frame is repeated.
#
# Inside a window the flow always runs from the window's **first** frame to **each** of its frames: short-term flow for
# the near ones, long-term flow for the far ones. All windows that start with the same frame share its template, so the
# work is done once for each start.

# %% tags=["hide-input"] mystnb={"image": {"alt": "A grid with one row for each of the first windows of a video and one column for each position in the window; the cells hold frame numbers, with frame zero repeated at the top left."}, "figure": {"caption": "The frames of the first twelve windows of a video. Each row is a window, centred on its own frame (outlined); its first entry is the frame all its flow starts from. The first frame of the video is repeated where a window would begin before it.", "name": "fig-window-frames"}}
frames = window_frames(12 + K, K)[:12]
figure, ax = plt.subplots(figsize=(7.2, 3.4))
ax.imshow(frames, cmap="Blues", aspect="auto")
for (t, k), number in np.ndenumerate(frames):
    weight, ink = "bold" if k == K // 2 else "normal", "white" if number > 14 else "black"
    ax.text(k, t, number, ha="center", va="center", fontsize=7, fontweight=weight, color=ink)
ax.add_patch(plt.Rectangle((K // 2 - 0.5, -0.5), 1, 12, fill=False, linewidth=1.4))
ax.set(xlabel="position in the window, k", ylabel="window of frame t", yticks=range(12))
ax.grid(visible=False)
plt.show()

# %% [markdown]
# ## What a window magnifies
#
# An expression rises over several frames. From one frame to the next it adds a little; from the window's first frame
# it adds up. The error of the flow does not add up: each displacement is measured on the pictures anew. So the longer
# the lag, the more the signal stands out, until the head's own motion grows as well.
#
# The faces are synthetic, so the true motion of the skin is known. *Signal* is its root mean square inside
# micro-expressions, *noise* that of the measurement's error in windows where nothing but the head's drift happens (or,
# if the videos are too short to have any, in windows without a micro-expression).

# %% tags=["hide-input"]
LAGS = [lag for lag in (1, 2, 4, 8, 16) if lag < K]
wanted = [truth.skin_motion(video, K) for video in videos]
inside, quiet = [], []
for video, found in zip(videos, features, strict=True):
    busy = np.zeros(len(video), bool)
    event = np.zeros(len(video), bool)
    for one in [*video.expressions, *video.nuisances]:
        busy[max(0, one.onset - K // 2) : one.offset + K // 2 + 1] = True
    for one in video.expressions:
        event[one.onset : one.offset + 1] |= one.label == "me"
    inside.append(event & found.mask)
    quiet.append(~busy & found.mask)
if not any(part.any() for part in quiet):  # very short videos have no quiet second
    quiet = [~event & found.mask for event, found in zip(inside, features, strict=True)]

# %% tags=["hide-input"]
rows = []
for lag in LAGS:
    moved = np.concatenate([w[event, lag] for w, event in zip(wanted, inside, strict=True)])
    parts = zip(features, wanted, quiet, strict=True)
    error = np.concatenate([(f.flow[rest, lag] - w[rest, lag]) for f, w, rest in parts])
    signal = (
        np.sqrt((moved**2).sum(axis=-1).max(axis=-1).mean()) if len(moved) else np.nan
    )  # the strongest node
    noise = np.sqrt((error**2).sum(axis=-1).mean())
    rows.append([lag, float(signal), float(noise), float(signal / noise)])
lags = pd.DataFrame(rows, columns=["lag, frames", "signal, % IOD", "noise, % IOD", "signal / noise"])
report.glue("ch4_gain_signal", lags.iloc[-2, 1] / lags.iloc[0, 1], ".1f")
report.glue("ch4_gain_noise", lags.iloc[-2, 2] / lags.iloc[0, 2], ".1f")
report.glue("ch4_lag", lags.iloc[-2, 0], ".0f")
report.table(lags, name="window_lags", caption="Micro-expressions against noise, by lag in the window.")

# %% [markdown]
# From a lag of one frame to one of {glue}`ch4_lag`, the signal grows by a factor of {glue}`ch4_gain_signal` and the
# noise by {glue}`ch4_gain_noise`. This is the magnification that the paper {cite}`deng2024msstgcn` speaks of: nothing is
# amplified, the motion is only seen for longer. At the longest lag a micro-expression is often over again, and the
# signal shrinks: what moved is back at its place. Short lags are kept because they say *when*: a jump between two
# neighbouring entries of a window is sudden, a slope is slow.
#
# ## Why not add up short steps?
#
# The displacement over sixteen frames could also be had by adding sixteen steps of one frame, each far cheaper to
# believe in. But then errors add up as well. Both against the truth, over all windows:

# %% tags=["hide-input"]
direct, summed = [], []
for found, true in zip(features, wanted, strict=True):
    last = np.arange(K // 2, len(found) - K // 2)  # windows that hold no repeated frame
    steps = np.stack([found.flow[np.clip(last + j, 0, len(found) - 1), 1] for j in range(K - 1)]).sum(axis=0)
    good = (
        found.mask[last]
        & found.mask[np.clip(last + K - 2, 0, len(found) - 1)]
        & (last + K - 2 < len(found) - K // 2)
    )
    direct.append((found.flow[last, K - 1] - true[last, K - 1])[good])
    summed.append((steps - true[last, K - 1])[good])
root = [np.sqrt(np.mean(np.concatenate(part) ** 2)) for part in (direct, summed)]
report.glue("ch4_direct", root[0], ".3f")
report.glue("ch4_summed", root[1], ".3f")

# %% [markdown]
# Measured directly the error is {glue}`ch4_direct` % of the IOD, added up it is {glue}`ch4_summed` %.
#
# ## The feature of a frame as a picture

# %%
events = [
    (s, n, e) for n, v in enumerate(videos) for e, s in zip(v.expressions, v.script.intensities, strict=True)
]
peaks = [float(np.abs(wanted[n][e.apex]).max()) for _, n, e in events]
number, event = events[int(np.argmax(peaks))][1:] if events else (0, None)
shown = features[number]
middle = frame if frame >= 0 else (event.apex if event else len(shown) // 2)
middle = min(middle, len(shown) - 1)

# %% tags=["hide-input"] mystnb={"image": {"alt": "Two colour maps side by side, horizontal and vertical displacement, with ten rows for the regions and seventeen columns for the frames of the window; some rows darken towards the right."}, "figure": {"caption": "One window, 17 frames by ten regions by two directions: all that the network sees of this frame. The first column is zero, because everything is measured from there; what moves grows to the right.", "name": "fig-one-window"}}
names = [region.name for region in motion.NODES]
most = np.abs(shown.flow[middle]).max()
figure, axes = plt.subplots(1, 2, figsize=(7.2, 3.2), sharey=True)
for ax, part, title in zip(axes, (0, 1), ("u, to the right", "v, downwards"), strict=True):
    image = ax.imshow(shown.flow[middle, :, :, part].T, cmap="RdBu_r", vmin=-most, vmax=most, aspect="auto")
    ax.set(title=title, xlabel="position in the window, k", yticks=range(10), yticklabels=names)
    ax.grid(visible=False)
bar = figure.colorbar(image, ax=axes, label="% of IOD")
plt.show()

# %% [markdown]
# Over a whole video the last entry of every window shows the long-term motion of each frame's surroundings. Expressions
# stand out, and so do other things: a blink pulls at the brows, speech moves the mouth. Telling them apart is the
# network's task.

# %% tags=["hide-input"] mystnb={"image": {"alt": "Two curves over time, vertical motion of an inner brow and a mouth corner; coloured bands mark micro- and macro-expressions, short grey marks at the bottom mark blinks and speech."}, "figure": {"caption": "Displacement from the first to the last frame of each window at a brow and a mouth corner. Bands: labelled expressions, micro (orange) and macro (blue). Grey marks: blinks, speech, jerks and other things that are no expression.", "name": "fig-roi-motion"}}
time = np.arange(len(shown)) / shown.fps
figure, axes = plt.subplots(2, 1, figsize=(7.2, 3.8), sharex=True)
for ax, node in zip(axes, (BROW, MOUTH), strict=True):
    ax.plot(time, shown.flow[:, K - 1, node, 1], color=report.colour("truth"), linewidth=0.9)
    for one in shown.expressions:
        begin, end = one.onset / shown.fps, one.offset / shown.fps
        ax.axvspan(begin, end, color=report.colour(one.label), alpha=0.3, linewidth=0)
    low = ax.get_ylim()[0]
    for one in videos[number].nuisances:
        begin, end = one.onset / shown.fps, one.offset / shown.fps
        ax.plot([begin, end], [low, low], color=report.colour("nuisance"), linewidth=5)
    ax.set(ylabel=f"{names[node]}\nv, % of IOD", xlabel="time, s" if node == MOUTH else "")
plt.show()

# %%
usable = np.concatenate([found.mask for found in features])
lost = np.concatenate([found.quality[found.mask].ravel() for found in features]) == 0
report.glue("ch4_usable", 100 * usable.mean(), ".1f")
report.glue("ch4_lost", 100 * lost.mean(), ".2f")

# %% [markdown]
# Not every window can be used: where the face is lost or the picture is cut, a mask says so, and no later stage looks
# there. Here {glue}`ch4_usable` % of the windows are usable. In them {glue}`ch4_lost` % of the patches were lost; they
# keep their last displacement and are marked by a quality of zero.
#
# **Try it.** Set `frame` to the middle of one of the grey marks in {numref}`fig-roi-motion`, and compare the picture of
# a blink with that of the expression. Which rows give it away?
