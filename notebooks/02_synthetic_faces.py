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
# # Synthetic faces
#
# *Where do the videos of this book come from, and what can they stand for?*
#
# The data sets of the field show real people and may not be passed on. So that everything here can be run by
# anyone, its videos are made by a program: a procedural face, rendered frame by frame, whose every movement is
# known exactly. At the end of this chapter you know how such a frame comes about, what is known about it, and what
# it must not be taken for.

# %% tags=["parameters"]
profile: str = "cpu"  # smoke | cpu | gpu; size of data, training and evaluation
seed: int = 0  # 0..1000000; everything random follows from it
people: int = 12  # 4..60; faces on the sheet
subject: int = 3  # 0..999; the person who shows the action units
amplitude: float = 9.0  # 0..12; strength of the action units in the gallery, percent of the IOD

# %% tags=["hide-input"]
import time

import matplotlib.pyplot as plt
import numpy as np

from msstgcn import report
from msstgcn.faces import ACTION_UNITS, Camera, Face, FaceState, Pose, identity
from msstgcn.runner import stages

report.use_style()
data = stages.dataset(stages.profile(profile, seed=seed))

# %% [markdown]
# ## Different people
#
# A person is drawn from the seed and a number: proportions around those of published anthropometry, skin from the
# lightest to the darkest tone, age, freckles, stubble or beard, one of eleven hair styles, glasses for some. Person
# 7 is the same person whether a data set has ten people or a thousand.

# %% tags=["hide-input"] mystnb={"image": {"alt": "A sheet of rendered portraits that differ in skin tone, age, hair, beard and glasses."}, "figure": {"caption": "The first people of this seed, in colour. The benchmark's own videos are grey, like those of the data set they mirror.", "name": "fig-people"}}
columns = 6 if people >= 6 else people
rows = -(-people // columns)
fig, axes = plt.subplots(rows, columns, figsize=(7.2, 1.25 * rows), squeeze=False)
for number, ax in enumerate(axes.flat):
    ax.axis("off")
    if number < people:
        small = Camera(size=240, iod=60.0, colour=True, noise=0.0)
        ax.imshow(Face(identity(seed, number), small).render(FaceState())[:210, 24:216])
plt.show()

# %% [markdown]
# ## Action units
#
# The Facial Action Coding System {cite}`ekman1978facs` describes what a face does by *action units* (AU), roughly
# one a muscle. Each unit here is a smooth field of displacements over the face. Its amplitude is the displacement
# of the landmark that it moves most, in percent of the inter-ocular distance (IOD), so that one number means the
# same on every face. Left and right halves are separate, and carry the person's own sides: `L12` lifts the lip
# corner on the *right* of the picture.

# %% tags=["hide-input"] mystnb={"image": {"alt": "One person showing eleven different action units, from raised brows to a dropped jaw, beside the face at rest."}, "figure": {"caption": "Some action units, at an amplitude that nobody could overlook. Micro-expressions have a tenth of it.", "name": "fig-units"}}
face = Face(identity(seed, subject), Camera(size=240, iod=60.0, noise=0.0))
shown = ["rest", "1", "2", "4", "6", "9", "12", "L12", "15", "20", "26", "43"]
fig, axes = plt.subplots(2, 6, figsize=(7.2, 3.1))
for ax, name in zip(axes.flat, shown, strict=True):
    units = {} if name == "rest" else {name: amplitude}
    ax.imshow(face.render(FaceState(units))[62:192, 62:178], vmin=0, vmax=255)
    about = ACTION_UNITS[name.lstrip("LR")].name if units else "at rest"
    ax.set_title(f"AU {name}\n{about}" if units else "\nat rest", fontsize=7)
    ax.axis("off")
plt.show()

# %% [markdown]
# ## From a moment to a picture
#
# The face is a plane with depth: a point $(x, y)$ of the face at rest has the height $z(x, y)$. With the
# displacement $D$ of all action units together, head rotation $R$, scale $s$ and shift $t$, it is seen at
#
# $$ p = s\, R_{1:2} \begin{pmatrix} (x, y) + D(x, y) \\ z(x, y) \end{pmatrix} + t . $$
#
# To paint a picture one must go the other way: which point of the face is seen at pixel $p$? The renderer solves
# this by Newton's method on every fourth pixel and interpolates between. Eyeballs lie under lids, teeth behind
# lips; the lower lip and the jaw have a displacement field of their own, because no single smooth field can open a
# mouth.

# %%
state = FaceState({"12": 3.0, "L4": 2.0}, pose=Pose(5, -3, 2))
big = Face(identity(seed, subject), Camera())
big.render(state)
started = time.process_time()
for frame in range(20):
    big.render(state, seed, frame)
report.glue("ch2_fps", 20 / (time.process_time() - started), ".0f")

# %% [markdown]
# On the machine that made this page, one core renders {glue}`ch2_fps` frames of 480 by 480 pixels a second.

# %% [markdown]
# ## What is known about a frame
#
# The same forward map that defines the picture gives the truth about it: the 68 landmarks to a fraction of a pixel,
# the amplitude of every action unit, the pose of the head. Below is a frame of the benchmark at the apex of an
# expression, then where the skin has moved since its onset. The head's own motion, there for every pixel, is much
# of it.

# %%
found = [(v, e) for v in data.videos for e in v.expressions]
clear = {"1", "2", "4", "9", "10", "12", "14", "15", "17", "20", "26"}
found.sort(key=lambda pair: (pair[1].label != "mae", pair[1].action_units[0].lstrip("LR") not in clear))
video, event = found[0]
now, before = video.truth(event.apex), video.truth(event.onset)
report.glue("ch2_event", "+".join(event.action_units))

# %% tags=["hide-input"] mystnb={"image": {"alt": "Left, a grey video frame with 68 landmark dots on brows, eyes, nose, mouth and jaw. Right, the same frame with arrows at the landmarks showing their motion since the onset."}, "figure": {"caption": "A frame at the apex of an expression with its true landmarks (left), and their displacement since the onset, drawn ten times too long (right).", "name": "fig-truth"}}
fig, axes = plt.subplots(1, 2, figsize=(7.2, 3.6))
for ax in axes:
    ax.imshow(video.frame(event.apex), vmin=0, vmax=255)
    ax.axis("off")
x, y = now.landmarks.T
axes[0].plot(x, y, ".", color=report.colour("apex"), ms=3)
u, v = (now.landmarks - before.landmarks).T
axes[1].quiver(
    x, y, 10 * u, 10 * v, angles="xy", scale_units="xy", scale=1, color=report.colour("apex"), width=0.005
)
plt.show()

# %% [markdown]
# The expression shown is AU {glue}`ch2_event`.

# %% [markdown]
# ## What gets in the way
#
# Faces are never still. The script of a video adds blinks about every four seconds, shifts of gaze, a slow drift of
# the head, sudden turns, speech, swallowing, twitches below the threshold of labelling, sensor noise and flicker.
# Three named difficulties fix their strengths once and for all; they were set before any model was trained.

# %% tags=["hide-input"] mystnb={"image": {"alt": "Four stacked curves over one video: yaw of the head, lid closure, jaw and lip motion of speech and swallowing, and light."}, "figure": {"caption": "What is no expression in one video: the head turns by degrees, the lids close, the jaw moves, the light flickers.", "name": "fig-nuisances"}}
script = video.script
t = np.arange(len(script)) / script.fps
curves = {
    "head yaw (°)": script.pose[:, 0],
    "lid closure": script.blink.max(1),
    "other units (% IOD)": script.other_units.max(1),
    "light": script.light,
}
fig, axes = plt.subplots(4, 1, sharex=True, figsize=(7.2, 4.6))
for ax, (name, values) in zip(axes, curves.items(), strict=True):
    ax.plot(t, values, color="black", lw=1)
    ax.set_ylabel(name, fontsize=8)
axes[-1].set_xlabel("time (s)")
plt.show()

# %% [markdown]
# How large is all this beside an expression? Over all videos, the point between the brows moves through the picture
# by the amount below within half a second. A micro-expression moves the skin by no more than that; what gives it
# away is that one part moves *against the rest of the face*.

# %%
lag, moves = round(0.5 * video.fps), []
for v in data.videos[:3]:
    points = v.landmarks()[::lag, 27]
    moves.append(np.linalg.norm(np.diff(points, axis=0), axis=1) * 100 / v.settings.iod)
report.glue("ch2_drift", np.median(np.concatenate(moves)), ".1f")

# %% [markdown]
# The median motion of the nose bridge in half a second is {glue}`ch2_drift` % of the IOD. Micro-expressions have .4
# to 2 % at their apex, macro-expressions 3 to 10 %.

# %% [markdown]
# ## What synthetic data cannot show
#
# - A method that works here has shown that it can find such movements under such disturbances. It has **not** shown
#   that it works on people.
# - The faces have skin without pores or wrinkles that fold, hair that does not move by itself, one kind of light and a
#   still background. Optical flow has an easier life than in a laboratory recording.
# - Action units are smooth fields with fixed shapes. Real muscles differ from person to person.
# - Labels are exact. Human coders disagree by a frame or two and overlook what is faint.
# - How often and how strongly people show which movement is modelled on one data set, with its subjects and its
#   inducement. It says nothing about what anybody felt {cite}`barrett2019`.
#
# What they do offer is a ground truth that no real data set has, as much of it as wanted, under conditions that can
# be switched one by one.

# %% [markdown]
# **Try it.** `msstgcn run 02 -p subject=8 -p amplitude=2` shows the gallery at the strength of a strong
# micro-expression. Which units can you still tell from rest?
