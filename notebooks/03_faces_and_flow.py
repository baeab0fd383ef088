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
# # Faces and flow
#
# How far did the corner of the mouth move between two frames, when it moved by less than a pixel and the head moved by
# more? This chapter goes from a frame to that number: find the face, mark its landmarks, measure the displacement of
# ten regions, and take the head's own motion out. At the end you know what optical flow is, why the dense kind is
# mostly wasted here, what a direct measurement of ten patches costs instead, and how well both agree with the exact
# truth that only a synthetic face has.

# %% tags=["parameters"]
profile: str = "cpu"  # smoke | cpu | gpu; size of the data set the example is taken from
seed: int = 0  # 0..1000000; everything random follows from it
lag: int = 8  # 1..16; frames between the two pictures that are compared
clip: int = 56  # 48..400; frames of the short clip on which the methods are compared

# %% tags=["hide-input"]
import cv2
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from msstgcn import motion, report
from msstgcn.motion import bench, look, truth
from msstgcn.runner import stages
from msstgcn.settings import MotionSettings

report.use_style()
chosen = stages.profile(profile, seed=seed)
videos = stages.dataset(chosen).videos

# %% [markdown]
# ## A face and its landmarks
#
# The example is the strongest expression of brows or mouth in the data set. Its video is searched for a face by
# dlib's detector {cite}`king2009dlib`, which compares histograms of gradient directions {cite}`dalal2005hog` with a
# template. The detector is asked only every few frames. In between, the 68 landmarks, which a cascade of regression trees
# {cite}`kazemi2014` puts onto the face, carry the search along, and on any doubt the detector is asked at once.

# %%
SEEN = {"1", "2", "4", "10", "12", "14", "15", "17", "20"}  # action units of brows and mouth
labels = [(v, e, s) for v in videos for e, s in zip(v.expressions, v.script.intensities, strict=True)]
events = [(s, v, e) for v, e, s in labels if SEEN & {unit.strip("LR") for unit in e.action_units}]
_, video, event = max(events, key=lambda found: found[0]) if events else (0, videos[0], None)
apex = event.apex if event else len(video) // 2
first = min(max(0, apex - clip // 2), max(0, len(video) - clip))
greys, landmarks = look.follow(video.frames(first, min(first + clip, len(video))))
here = max(0, apex - first - lag)
there = min(here + lag, len(greys) - 1)

# %% tags=["hide-input"] mystnb={"image": {"alt": "A rendered face in grey levels, once with 68 landmarks as dots, once with ten numbered circles on brows and mouth and ten unnumbered ones on nose and temples."}, "figure": {"caption": "Left: the 68 landmarks that dlib finds. Right: the ten regions the network will see (numbered in the order of the graph's nodes), and the ten that say what the head does (blue).", "name": "fig-landmarks"}}
pictures, grid = look.crop_pair([greys[here], greys[there]], landmarks[[here, there]])
marks = grid.to_grid(landmarks[here])
figure, (left, right) = plt.subplots(1, 2, figsize=(7.2, 3.7))
look.draw_face(left, pictures[0], marks)
look.draw_face(right, pictures[0])
look.draw_regions(right, marks)
look.draw_regions(right, marks, motion.RIGID10, colour="#56B4E9", numbered=False)
plt.show()

# %% [markdown]
# Landmarks say *where* to measure, never *how far* something moved. They tremble from frame to frame even where the
# face stands still, because each frame is searched anew.

# %%
true_marks = np.array([video.truth(first + i).landmarks for i in range(len(greys))])
tremble = np.nanstd(np.diff(landmarks - true_marks, axis=0)) / video.settings.iod * 100
apart = np.linalg.norm(landmarks - true_marks, axis=-1) / video.settings.iod
report.glue("ch3_landmark_error", np.nanmean(apart), ".3f")
report.glue("ch3_tremble", tremble, ".2f")

# %% [markdown]
# Here they lie {glue}`ch3_landmark_error` inter-ocular distances (IOD) from the truth on average, and tremble by
# {glue}`ch3_tremble` % of the IOD from one frame to the next. A micro-expression moves the skin by 0.4 to 2 %. So the
# landmarks place the regions in the first frame of a window, and what follows is measured on the picture itself.
#
# ## What optical flow is
#
# A point of the skin keeps its brightness, more or less, while it moves. If $I(x, t)$ is the brightness at place $x$,
# then
#
# $$I(x + d,\ t + 1) = I(x,\ t)$$
#
# defines the displacement $d$. One equation cannot fix the two components $(u, v)$ of $d$, so every method takes the
# neighbourhood along: Farnebäck {cite}`farneback2003` fits a parabola to it, Lucas and Kanade {cite}`lucas1981` ask for
# one $d$ for a whole patch. *Dense* flow answers for every pixel.

# %% tags=["hide-input"] mystnb={"image": {"alt": "The face crop of the same person twice, with small arrows of dense optical flow over it, longest where the expression or the head moves the skin."}, "figure": {"caption": "Dense Farnebäck flow from the first picture to the one some frames later, drawn six times too long. Left as measured, right after the mean of the nose region is subtracted: most of what moved was the head.", "name": "fig-dense-flow"}}
flow = look.dense_flow(*pictures)
nose = np.round(motion.region_points(marks, motion.NOSE)).astype(int)
head = np.mean([flow[y - 10 : y + 11, x - 10 : x + 11].mean(axis=(0, 1)) for x, y in nose], axis=0)
figure, axes = plt.subplots(1, 2, figsize=(7.2, 3.7))
for ax, field in zip(axes, (flow, flow - head), strict=True):
    look.draw_face(ax, pictures[0])
    look.draw_flow(ax, field)
plt.show()

# %% [markdown]
# ## Why dense flow is waste here
#
# The network sees only the mean flow of ten regions. A window has 17 frames, so each frame of a video starts 16 dense
# flows of some 37,000 pixels, and of each the regions keep ten numbers.
#
# The direct way asks for these numbers only. For a patch with the template $T$ (the window's first frame), weights $w$
# and a later picture $I$, seek the $d$ at which
#
# $$r(d) = H^{-1} \sum_x w(x)\, g'(x)\, I(x + d) = 0, \qquad H = \sum_x w\, g' g'^{\top} .$$
#
# Here $g'$ is the gradient of the *template*, without what the template itself and a constant explain of it; so the
# light may change its strength and contrast. As $g'$ and $H$ belong to the template, they are computed once and serve
# all 16 later frames: this is the inverse-compositional form {cite}`baker2004`. Each step is
# $d \leftarrow d - r(d)$, on two levels of resolution, beginning where the patch was a frame ago.
#
# Both ways, timed on this clip and on one core:

# %%
cv2.setNumThreads(1)
starts = min(32, len(greys) - 17)
dense = bench.cost(greys, landmarks, MotionSettings(flow="farneback", head="nose"), starts=4)
direct = bench.cost(greys, landmarks, MotionSettings(), starts=starts)
report.glue("ch3_dense_ms", dense, ".0f")
report.glue("ch3_direct_ms", direct, ".2f")
report.glue("ch3_speedup", dense / direct, ".0f")

# %% [markdown]
# A window took {glue}`ch3_dense_ms` ms the dense way and {glue}`ch3_direct_ms` ms the direct way, twenty patches, head
# model and all: {glue}`ch3_speedup` times less. (Timings differ from run to run and from machine to machine.)
# `msstgcn bench motion` measures this with more care, and the noise of both methods besides.
#
# ## Do they agree with the truth?
#
# The face is synthetic, so the displacement of each landmark with the head held still is known exactly. The table
# compares flow methods and head-motion models with it, over all windows of the clip. The method
# called *truth* is a perfect flow: what remains there is the head model's error alone.

# %% tags=["hide-input"]
COMBINATIONS = [("farneback", "nose")]
COMBINATIONS += [(name, model) for name in ("patch-lk", "truth") for model in ("none", "nose", "rigid10")]
wanted = truth.skin_motion(video)[first : first + len(greys)]
span = slice(8, len(greys) - 8)  # windows that lie within the clip
rows = []
for name, model in COMBINATIONS:
    true = true_marks if name == "truth" else None
    found = bench.nodes(greys, landmarks, MotionSettings(flow=name, head=model), truth=true)[span]
    error = np.sqrt(np.nanmean((found - wanted[span]) ** 2, axis=(0, 1, 3)))  # (R,)
    r = np.corrcoef(found[:, 1:].ravel(), wanted[span][:, 1:].ravel())[0, 1]
    rows.append([name, model, error[:6].mean(), error[6:].mean(), r])
names = ["flow", "head motion", "error at the brows, % IOD", "error at the mouth, % IOD", "correlation"]
agreement = pd.DataFrame(rows, columns=names)
report.table(agreement, name="flow_agreement", caption="Measured against true motion of the skin, one clip.")

# %%
by = agreement.set_index(["flow", "head motion"])["error at the mouth, % IOD"]
report.glue("ch3_mouth_nose", by["patch-lk", "nose"], ".2f")
report.glue("ch3_mouth_rigid", by["patch-lk", "rigid10"], ".2f")
report.glue("ch3_mouth_dense", by["farneback", "nose"], ".2f")

# %% [markdown]
# ## What the head does
#
# Subtracting the nose's mean is right for a head that shifts, and blind to one that turns: the tip of the nose lies
# half an IOD in front of the eyes, so a turn moves it more than the brows or the mouth. `rigid10` fits six numbers a
# frame to ten regions that hardly move of themselves: shift, roll, size and two turns in depth,
#
# $$u = a x - b y + t_x + p z, \qquad v = b x + a y + t_y + q z,$$
#
# with $z$ the depth of each region on a generic head. Regions that disagree with the rest, as the temples do in a
# blink, are weighted down. With the same patches the error at the mouth is {glue}`ch3_mouth_nose` % of the IOD after
# the nose model, and {glue}`ch3_mouth_rigid` % after `rigid10`; dense flow with the nose model, the way the paper's
# text describes, has {glue}`ch3_mouth_dense` %.

# %% tags=["hide-input"] mystnb={"image": {"alt": "Three panels, one for each head-motion model, with the vertical motion of brow and mouth over time; the curves follow the black true curve closest in the last one."}, "figure": {"caption": "Vertical displacement of a mouth corner eight frames into its window, for each head-motion model on the same patches, over the true motion of the skin (black). What the models leave over is the head's.", "name": "fig-head-models"}}
figure, axes = plt.subplots(1, 3, figsize=(7.2, 2.6), sharey=True)
time = np.arange(first, first + len(greys))[span] / video.fps
for ax, model in zip(axes, ("none", "nose", "rigid10"), strict=True):
    found = bench.nodes(greys, landmarks, MotionSettings(head=model))[span]
    ax.plot(time, found[:, 8, 6, 1], color=report.colour("mouth"))
    ax.plot(time, wanted[span][:, 8, 6, 1], color=report.colour("truth"), linewidth=0.9)
    ax.set(title=model, xlabel="time, s", ylabel="v, % of IOD" if model == "none" else "")
plt.show()

# %% [markdown]
# The unit, percent of the inter-ocular distance, makes faces of any size comparable. All of this is measured on
# synthetic faces: on real ones the depths vary more, hair covers temples and the skin is not painted on. The dense way
# with the nose model therefore stays one setting away.
#
# **Try it.** Set `lag` to 1 and look at {numref}`fig-dense-flow` again: between neighbouring frames there is next to
# nothing to see. Why that is, and what a window does about it, is [the next chapter](04_windows.ipynb).
