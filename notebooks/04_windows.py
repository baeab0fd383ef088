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
# *What does the network see of one frame, and why does it take so many others to see it?*
#
# A micro-expression moves the skin by a few tenths of a pixel from one frame to the next, which stands only a few times
# above the error of the flow. This chapter shows how a window around each frame makes it visible, why the window is as long as the network's
# receptive field, which frames of it are compared, and what expressions and their impostors look like in it. At the end
# you can read a feature as a picture, and know by how much a window magnifies.

# %% tags=["parameters"]
profile: str = "cpu"  # smoke | cpu | gpu; size of the data set
seed: int = 0  # 0..1000000; everything random follows from it
frame: int = -1  # -1..100000; middle of the window that is shown, -1 for the apex of the strongest expression
variant: str = "adjacent-only"  # from-first | adjacent-only | short-only | long-only; tried at the end
step: int = 1  # 1..4; stride of the window that is tried at the end, frames

# %% tags=["hide-input"]
from dataclasses import replace

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.patches import Arc

from msstgcn import motion, report, spotting
from msstgcn.datasets import DIFFICULTIES, script
from msstgcn.faces import HALVES, Camera, Face, FaceState, identity
from msstgcn.motion import bench, look, truth, windows
from msstgcn.report import frames
from msstgcn.runner import stages
from msstgcn.settings import MotionSettings

report.use_style()

# %% tags=["hide-input"]
chosen = stages.profile(profile, seed=seed)
videos = stages.dataset(chosen).videos
features = stages.features(chosen)
K = chosen.motion.window
BROW, MOUTH = 0, 6

# %% [markdown]
# ## A window is what the network sees at once
#
# The network slides four temporal kernels over its input and pads nothing. Kernels of $k_1, \dots, k_4$ frames
# together see $1 + \sum_i (k_i - 1)$ frames, its *receptive field* $\mathrm{RF}$.

# %%
field = chosen.network.receptive_field
report.glue("ch4_kernels", ", ".join(map(str, chosen.network.kernels)))
report.glue("ch4_field", field)
report.glue("ch4_seconds", field / videos[0].fps, ".2f")
assert field == K, "the window is to be as long as the receptive field"

# %% [markdown]
# With kernels of {glue}`ch4_kernels` frames that makes {glue}`ch4_field` frames, {glue}`ch4_seconds` s here: a
# little longer than the longest micro-expression. Every frame of the video gets one window, centred on it. A shorter window would
# leave the network's edge empty, a longer one would let in frames that it cannot reach. At the ends of a video the
# first or last frame is repeated, or, if the setting `edges` says so, those windows are masked.
#
# Inside a window the flow always runs from the window's **first** frame to **each** of its frames: short-term flow for
# the near ones, long-term flow for the far ones. Everything in a window is compared with its first frame, so what has to
# be worked out about that frame, the *template* of [chapter 3](03_faces_and_flow.ipynb), is worked out once and serves all
# later frames.

# %% tags=["hide-input"] mystnb={"image": {"alt": "A grid with one row for each of the first windows of a video and one column for each position in the window; the cells hold frame numbers, with frame zero repeated at the top left."}, "figure": {"caption": "The frames of the first twelve windows of a video. Each row is a window, centred on its own frame (outlined); its first entry is the frame all its flow starts from. The first frame of the video is repeated where a window would begin before it.", "name": "fig-window-frames"}}
numbers = windows.window_frames(12 + K, K)[:12]
figure, ax = plt.subplots(figsize=(7.2, 3.4))
ax.imshow(numbers, cmap="Blues", aspect="auto")
for (t, k), number in np.ndenumerate(numbers):
    weight, ink = "bold" if k == K // 2 else "normal", "white" if number > 14 else "black"
    ax.text(k, t, number, ha="center", va="center", fontsize=7, fontweight=weight, color=ink)
ax.add_patch(plt.Rectangle((K // 2 - 0.5, -0.5), 1, 12, fill=False, linewidth=1.4))
ax.set(xlabel="position in the window, k", ylabel="window of frame t", yticks=range(12))
ax.grid(visible=False)
plt.show()

# %% [markdown]
# An expression lasts as long at 200 frames a second as at 30. So a window may also be given in seconds (the setting
# `window_seconds`), and its number of frames follows from each video's frame rate. Or it keeps its number of frames
# and takes only every second, third or seventh one: that is its *stride*.

# %% tags=["hide-input"]
same = field / videos[0].fps
rows = []
for rate in (25.0, 200 / 7, 30.0, 100.0, 200.0):
    own = str(MotionSettings(window_seconds=same).at(rate).window) if same * rate < 100 else "–"
    strided = round(rate / (200 / 7))
    rows.append((f"{rate:.2f}", own, max(1, strided), K * max(1, strided) / rate))
caption = f"A window of {same:.2f} s in frames (a dash: more than the 101 that are allowed), and the stride at which {K} span about as much."
columns = ["frames a second", "frames of the window", "stride", f"seconds that {K} frames then span"]
report.table(pd.DataFrame(rows, columns=columns), name="window_lengths", digits=2, caption=caption)

# %% [markdown]
# ## Which frames are compared
#
# From the first frame to each is the paper's choice. Is it the right one? Three variants make it a question that can be
# asked: compare each frame with its next only; keep only the first half of the comparisons; or only the second.

# %% tags=["hide-input"] mystnb={"image": {"alt": "Four rows of nine dots joined by arcs: from the first dot to all others; from each to its next; from the first to the near ones; from the first to the far ones."}, "figure": {"caption": "Which pairs of frames each variant compares, in a window of nine frames. Below each name, how many flows a frame of the video costs. The far frames of `long-only` are followed through the near ones, so it saves none.", "name": "fig-pairs"}}
few = 9
starts = np.arange(20)[:, None] + 1j * (np.arange(20)[:, None] + np.arange(few))  # from + i to
figure, axes = plt.subplots(1, 4, figsize=(7.2, 1.5))
for ax, pairs in zip(axes, ("from-first", "adjacent-only", "short-only", "long-only"), strict=True):
    steps = windows.steps_of(few, pairs)
    window = windows.gather(starts[:, :steps], few, pairs=pairs, left_out=np.nan)[few // 2]
    for pair in window[~np.isnan(window)]:
        a, b = pair.real, pair.imag
        ax.add_patch(
            Arc(((a + b) / 2, 0), b - a, 0.75 * (b - a), theta1=0, theta2=180, color=report.colour("mae"))
        )
    ax.plot(range(few), np.zeros(few), "o", color="black", ms=3)
    ax.set(xlim=(-0.5, few - 0.5), ylim=(-0.4, 3.6))
    ax.set_title(f"{pairs}\n{steps - 1} flows", fontsize=9)
    ax.axis("off")
plt.show()

# %% [markdown]
# ## What a window magnifies
#
# An expression rises over several frames. From one frame to the next it adds a little; from the window's first frame
# it adds up. The error of the flow grows, too, since pictures further apart are harder to compare, but by less than errors of added
# steps would: each displacement is measured on the pictures anew. So up to some lag the signal stands out
# more and more.
#
# The faces are synthetic, so the true motion of the skin is known. *Signal* is the root mean square of the true motion
# between two frames that lie on either side of a frame of a micro-expression, in the region that moves most.
# Micro-expressions of the eyelids alone, and those near which something else moves brows or mouth, are left out, if there
# are others. *Noise* is that of the measurement's error, in all regions, in windows where nothing but the head's drift happens (or,
# if the videos are too short to have any, in windows without a micro-expression).

# %% tags=["hide-input"]
LAGS = [lag for lag in (1, 2, 4, 8, 16) if lag < K]
wanted = [truth.skin_motion(video, K) for video in videos]


def covered(video, events, reach):
    """Frames of a video that lie in one of some events, or so many frames around it."""
    frames = np.zeros(len(video), bool)
    for one in events:
        frames[max(0, one.onset - reach) : one.offset + reach + 1] = True
    return frames


# %% tags=["hide-input"]
micro = [[one for one in video.expressions if one.label == "me"] for video in videos]
alone = [[e for e in truth.undisturbed(v, K // 2) if e.label == "me"] for v in videos]
shown = [
    [e for e in own if not spotting.is_eye_only(e.action_units)] for own in alone
]  # no region lies on a lid
chosen_ones = shown if any(shown) else micro
inside = [np.flatnonzero(covered(video, own, 0)) for video, own in zip(videos, chosen_ones, strict=True)]

# %% tags=["hide-input"]
busy = [covered(video, [*video.expressions, *video.nuisances], K // 2) for video in videos]
quiet = [~part & found.mask for part, found in zip(busy, features, strict=True)]
if not any(part.any() for part in quiet):  # very short videos have no quiet second
    calm = [~covered(video, own, 0) for video, own in zip(videos, micro, strict=True)]
    quiet = [part & found.mask for part, found in zip(calm, features, strict=True)]

# %% tags=["hide-input"]
rows = []
for lag in LAGS:
    shift = K // 2 - lag // 2  # to the window whose first frame lies as far before as the later one behind
    pairs = [np.clip(i + shift, 0, len(w) - 1) for i, w in zip(inside, wanted, strict=True)]
    moved = np.concatenate([w[pair, lag] for w, pair in zip(wanted, pairs, strict=True)])
    parts = zip(features, wanted, quiet, strict=True)
    error = np.concatenate([(f.flow[rest, lag] - w[rest, lag]) for f, w, rest in parts])
    signal = (
        np.sqrt((moved**2).sum(axis=-1).max(axis=-1).mean()) if len(moved) else np.nan
    )  # the strongest node
    noise = np.sqrt((error**2).sum(axis=-1).mean())
    rows.append([lag, float(signal), float(noise), float(signal / noise)])
lags = pd.DataFrame(rows, columns=["lag, frames", "signal, % IOD", "noise, % IOD", "signal / noise"])
report.table(lags, name="window_lags", caption="Micro-expressions against noise, by lag in the window.")

# %% tags=["hide-input"]
best = int(np.nan_to_num(lags["signal / noise"]).argmax())
report.glue("ch4_gain_signal", lags.iloc[best, 1] / lags.iloc[0, 1], ".1f")
report.glue("ch4_gain_noise", lags.iloc[best, 2] / lags.iloc[0, 2], ".1f")
report.glue("ch4_gain", lags.iloc[best, 3] / lags.iloc[0, 3], ".1f")
report.glue("ch4_lag", lags.iloc[best, 0], ".0f")

# %% [markdown]
# Signal stands highest above noise at a lag of {glue}`ch4_lag` frames. From a lag of one frame to there the signal grows by a
# factor of {glue}`ch4_gain_signal` and the noise by {glue}`ch4_gain_noise`, so that their ratio is
# {glue}`ch4_gain` times what it was. This is the magnification that the paper {cite}`deng2024msstgcn` speaks of: nothing is
# amplified, the motion is only seen for longer. Over the longest lag many a micro-expression has come and gone: both
# pictures then show a face at rest, so the signal falls again, while the noise does not. Short lags are kept because they say *when*: a jump between two
# neighbouring entries of a window is sudden, a slope is slow.
#
# ## Why not add up short steps?
#
# The displacement over a whole window could also be had by adding steps of one frame, each far cheaper to
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
# Measured directly the error is {glue}`ch4_direct` % of the IOD, added up it is {glue}`ch4_summed` %. (Both include that a
# patch moves less than the landmark that it is compared with.) It is the variant
# *adjacent-only* that leaves this sum to the network.
#
# ## What an expression looks like, and what its impostors look like
#
# One window is a table of {glue}`ch4_field` frames by ten regions by two directions. As a picture, it has a row for each region.
# Here are five of them, of the same person: two expressions, then a blink, a jerk and speech, each alone, with the
# rest of the face still.

# %% tags=["hide-input"]
LONG = 5 * K
person = Face(identity(seed, 1), Camera())
rest_units = np.zeros((LONG, len(HALVES)))


def impostor(**strengths):
    """States of a face at rest with one disturbance, around its middle, and the frame of that."""
    off = {name: 0.0 for name in ("blink_every", "gaze_every", "jerk_every", "speech_every", "swallow_every")}
    none = replace(DIFFICULTIES["standard"], drift=(0.0, 0.0, 0.0), twitch_every=0.0, **off)
    written = script.write_script("samm-lv", replace(none, **strengths), LONG, bench.FPS, seed, 1, 0)
    written = replace(written, expression_units=rest_units)
    inner = [n for n in written.nuisances if n.onset > K and n.offset < LONG - K] or written.nuisances
    event = inner[0]
    middle = int(np.clip((event.onset + event.offset) // 2, K, LONG - K - 1))
    return [written.state(i) for i in range(LONG)], middle


def acted(unit, peak, onset, apex, offset):
    """States of a face that shows one action unit, and the frame of its apex."""
    course = peak * script.course(LONG, onset, apex, offset)
    return [FaceState({unit: level}) for level in course.tolist()], apex


# %% tags=["hide-input"]
shown_states = {
    "ME: AU 4, 1 %": acted("4", 1.0, 36, 41, 46),
    "MaE: AU 12, 6 %": acted("12", 6.0, 30, 42, 65),
    "blink": impostor(blink_every=1.5),
    "jerk": impostor(jerk_every=1.5),
    "speech": impostor(speech_every=1.5),
}
pictures = {}
for name, (states, middle) in shown_states.items():
    around = range(middle - K, middle + K + 1)
    greys, landmarks = look.follow([person.render(states[i], seed, i) for i in around])
    pictures[name] = bench.nodes(greys, landmarks, chosen.motion)[K]  # (K, 10, 2)

# %% tags=["hide-input"] mystnb={"image": {"alt": "Five columns of two colour maps. The micro-expression darkens the brow rows only, the macro-expression those of the mouth corners, the blink the brow rows for a shorter time and one of them in a sudden jump, the jerk all rows a little, speech the lip rows in waves."}, "figure": {"caption": "One window of each: rows are regions, columns frames of the window, red is to the right or down. Each column has a scale of its own, written above it.", "name": "fig-impostors"}}
names = [region.name for region in motion.NODES]
figure, axes = plt.subplots(2, len(pictures), figsize=(7.2, 4.4), sharex=True, sharey=True)
for column, (name, window) in zip(axes.T, pictures.items(), strict=True):
    most = float(np.abs(window).max())
    for ax, part in zip(column, (0, 1), strict=True):
        ax.imshow(window[..., part].T, cmap="RdBu_r", vmin=-most, vmax=most, aspect="auto")
        ax.grid(visible=False)
    column[0].set_title(f"{name}\n$\\pm${most:.1f} %", fontsize=8)
    column[1].set_xlabel("k")
for ax, title in zip(axes[:, 0], ("u, to the right", "v, downwards"), strict=True):
    ax.set_yticks(range(10), names, fontsize=6)
    ax.set_ylabel(title)
plt.show()

# %%
brows, mouth = slice(0, 6), slice(6, 10)
rows = [
    (name, *(float(np.hypot(*w[:, part].T).max()) for part in (brows, mouth))) for name, w in pictures.items()
]
caption = "Largest displacement in each of these windows, % of the IOD."
columns = ["what", "brows", "mouth"]
report.table(pd.DataFrame(rows, columns=columns), name="impostors", digits=2, caption=caption)

# %% [markdown]
# Each leaves a picture of its own, and that is what the network has to learn. (The percentages in the names are those of
# the landmark that moves most. A region gives one displacement for a whole patch, most of which moves less.)
#
# The **expressions** take hold of a few regions that belong together, and leave the others white: both brows come down,
# or both mouth corners go up and apart. A **blink** should leave no trace at all, since no region lies on a lid. But a
# patch of a brow reaches down to the crease above the eye, and the lid takes it along: in the picture, a blink is a frown
# that is over sooner. Where the lid covers what a patch was looking at, the patch can slip for a frame or two: then one
# row alone jumps. In size a blink is no smaller than a faint frown, as the table says, so its course in time has to give
# it away. A **jerk** turns the whole head; the head-motion model has taken that out, and what is left is as faint as the
# scale above it says. **Speech** has the rhythm of syllables. The lips part and meet again, upper and lower in opposite
# directions, and the brows know nothing of it.
#
# ## A video, as features
#
# Over a whole video the last entry of every window shows the long-term motion of each frame's surroundings. The film
# runs through the seconds around the strongest expression; the line below the face marks the frame. The curves are those
# of {glue}`ch4_drawn`.

# %%
events = [
    (s, n, e) for n, v in enumerate(videos) for e, s in zip(v.expressions, v.script.intensities, strict=True)
]
peaks = [float(np.abs(wanted[n][e.apex]).max()) for _, n, e in events]
number, event = events[int(np.argmax(peaks))][1:] if events else (0, None)
shown, video = features[number], videos[number]
middle = frame if frame >= 0 else (event.apex if event else len(shown) // 2)
middle = min(middle, len(shown) - 1)
span = range(max(0, middle - round(3 * video.fps)), min(len(video), middle + round(3 * video.fps)))

# %% tags=["hide-input"]
curves = Figure(figsize=(3.2, 1.3), dpi=100, layout="none")
axes = curves.add_axes((0.16, 0.2, 0.82, 0.72))
time = np.arange(len(shown)) / shown.fps
strongest = int(np.abs(wanted[number][middle]).max(axis=(0, 2)).argmax())
nodes = {"left": BROW if strongest > 5 else MOUTH, "mouth": strongest}
for shade, node in nodes.items():
    up, name = -shown.flow[:, K - 1, node, 1], motion.NODES[node].name
    axes.plot(time, up, color=report.colour(shade), linewidth=1.0, label=name)
report.glue("ch4_drawn", " and ".join(motion.NODES[node].name for node in nodes.values()))
for one in video.expressions:
    axes.axvspan(
        one.onset / video.fps, one.offset / video.fps, color=report.colour(one.label), alpha=0.3, lw=0
    )
for one in video.nuisances:
    axes.axvspan(
        one.onset / video.fps, one.offset / video.fps, ymax=0.06, color=report.colour("nuisance"), lw=0
    )

# %% tags=["hide-input"]
axes.set(xlim=(span.start / video.fps, span.stop / video.fps))
axes.set_ylabel("up, % of IOD", fontsize=7, labelpad=1)
axes.legend(fontsize=7, loc="upper right", ncols=2)
axes.tick_params(labelsize=7)
# %% tags=["hide-input"] mystnb={"figure": {"caption": "Six seconds of a video, and under the face the upward motion of the region that moves most in the expression (green) and of another one (blue), from the first to the last frame of each window. Bands: labelled expressions, micro (orange) and macro (blue). Grey at the bottom: blinks, speech, jerks and other things that are no expression.", "name": "fig-motion-film"}}
picked = range(span.start, span.stop, 2)
under = frames.with_cursor(curves, axes, [i / video.fps for i in picked])
faces = (frames.cut(video.frame(i), (240, 245), 165, 320) for i in picked)
film = (frames.below(face, line, gap=0) for face, line in zip(faces, under, strict=True))
alt = (
    "A face in motion above two curves; the curves rise and fall within the coloured bands as the face moves."
)
report.clip(film, fps=video.fps / 2, alt=alt, poster=len(picked) // 2, quality=40)

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
# ## Change something
#
# The cell below measures the seconds of the film anew with other settings. It shows the window of the frame in the
# middle, as the network gets it now and as it would get it then. Change `but(...)` as you like: `pairs`, `stride`,
# `window`, `head="nose"`, `regions="14"`. A setting that cannot be is refused, with the reason.

# %%
tried = chosen.motion.but(pairs=variant, stride=step)

# %% tags=["hide-input"] mystnb={"image": {"alt": "Two colour maps of the vertical displacement in one window side by side, the usual one growing to the right and the changed one."}, "figure": {"caption": "The same frame in two windows, vertical displacement: as usual (left), and with what was changed (right). Red is down.", "name": "fig-changed"}}
wide = range(max(0, middle - 2 * K * step), min(len(video), middle + 2 * K * step + 1))
greys, landmarks = look.follow(video.frames(wide.start, wide.stop))
both = [
    bench.nodes(greys, landmarks, settings)[middle - wide.start, ..., 1]
    for settings in (chosen.motion, tried)
]
figure, axes = plt.subplots(1, 2, figsize=(7.2, 2.9))
changed = {k: v for k, v in tried.model_dump().items() if v != chosen.motion.model_dump()[k]}
titles = ("as usual", ", ".join(f"{k} = {v}" for k, v in changed.items()) or "nothing changed")
for ax, window, title, settings in zip(axes, both, titles, (chosen.motion, tried), strict=True):
    most = float(np.abs(window).max())
    ax.imshow(window.T, cmap="RdBu_r", vmin=-most, vmax=most, aspect="auto")
    regions = motion.region_set(settings.regions)
    ax.set_yticks(range(len(regions)), [region.name for region in regions], fontsize=7)
    ax.set_title(f"{title}: $\\pm${most:.2f} %", fontsize=9)
    ax.set_xlabel("position in the window, k")
    ax.grid(visible=False)
plt.show()

# %% [markdown]
# ## Try it
#
# 1. With `adjacent-only`, the entries are smaller and stand out less, yet nothing is missing from them: the network could add them
#    up. Why might that be harder to learn than it sounds? (Look at the table of lags, and at the two errors below it.)
# 2. `msstgcn run 04 -p variant=from-first -p step=2` looks twice as far. Which expressions gain, which lose, and what would
#    have to change in the network?
# 3. Set `frame` to the middle of one of the grey marks under {numref}`fig-motion-film`, and compare its window with those
#    of {numref}`fig-impostors`. Which rows give it away?
