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
# *Where do the videos of this book come from, what is known about them, and what can they stand for?*
#
# The data sets of the field show real people and may not be passed on. So that everything here can be run by
# anyone, its videos are made by a program: a procedural face, drawn frame by frame, whose every movement is
# known exactly. This chapter takes it apart: who the people are, how a face is made to move, what gets in the way of
# an expression, what is known about each frame, whether a program that has only seen people takes it for a face, and
# what it must not be taken for.

# %% tags=["parameters"]
profile: str = "cpu"  # smoke | cpu | gpu; size of the data set that examples are taken from
seed: int = 0  # 0..1000000; everything random follows from it
people: int = -1  # -1..60; faces on the sheet, and half as many for the detector; -1: as many as the data set has, but 4 at least
subject: int = 3  # 0..999; the person who shows the action units
amplitude: float = 9.0  # 0..12; strength of the action units in the gallery, percent of the IOD

# %% tags=["hide-input"]
import time
from dataclasses import asdict, replace
from typing import get_args

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from msstgcn import motion, report
from msstgcn.datasets import DIFFICULTIES, script, synthetic
from msstgcn.faces import ACTION_UNITS, HALVES, Camera, Face, FaceState, Pose, anatomy, identity, skin
from msstgcn.files import digest_bytes
from msstgcn.motion.bench_detector import bench_detector
from msstgcn.report import frames
from msstgcn.runner import stages
from msstgcn.settings import SyntheticSettings
from msstgcn.settings.stages import Disturbance

report.use_style()
data = stages.dataset(stages.profile(profile, seed=seed))
people = max(4, len(data.subjects)) if people < 1 else people

# %% [markdown]
# ## Different people
#
# A person is drawn from the seed and a number: proportions around those of published anthropometry
# {cite}`farkas1994`, skin from the lightest to the darkest tone, age, freckles, stubble or beard, one of eleven hair
# styles, glasses for some. Person 7 is the same person whether a data set has ten people or a thousand.

# %% tags=["hide-input"] mystnb={"image": {"alt": "A sheet of rendered portraits that differ in skin tone, age, hair, beard and glasses."}, "figure": {"caption": "The first people of this seed, in colour. The benchmark's own videos are grey or in colour, like those of the data set that they mirror.", "name": "fig-people"}}
cast = [Face(identity(seed, number), Camera(colour=True)) for number in range(people)]
columns = min(people, 6)
rows = -(-people // columns)
fig, axes = plt.subplots(rows, columns, figsize=(7.2, 7.6 / columns * rows), squeeze=False)
for number, ax in enumerate(axes.flat):
    ax.axis("off")
    if number < people:
        portrait = cast[number].render(FaceState(), seed, number)
        ax.imshow(frames.cut(portrait, (240, 235), 180, 220))
plt.show()

# %% [markdown]
# ## From a point of the skin to a pixel
#
# A face is built in four steps, and {numref}`fig-anatomy` shows what each of them adds.
#
# 1. **Paint.** The face at rest is a picture on a plane: skin, brows, lips, hair, lit once. A point of it is
#    $\mathbf{x} = (x, y)$, measured in inter-ocular distances (IOD) from the middle between the eyes.
# 2. **Depth.** Over the plane stands a height $\zeta(\mathbf{x})$: an ellipsoid with a nose, brow ridges, sockets,
#    cheekbones and a chin on it. Without it, a turning head would be a turning photograph.
# 3. **Movement.** Muscles shift the skin along the face by $\Delta(\mathbf{x})$, the sum of all action units.
# 4. **Pose and camera.** The head turns by a rotation, of which the picture sees the two rows $Q$; $\kappa$ is the
#    number of pixels of one IOD, and $\mathbf{o}$ says where the head is.
#
# Together, the point is seen at
#
# $$ \pi(\mathbf{x}) = \kappa\, Q \begin{pmatrix} \mathbf{x} + \Delta(\mathbf{x}) \\ \zeta(\mathbf{x}) \end{pmatrix}
# + \mathbf{o} . $$ (eq-projection)

# %% tags=["hide-input"]
who = identity(seed, subject)
face = Face(who, Camera())
x, y = skin.grid(40)
paint = skin.texture(who)
turned = FaceState({"12": 6.0, "L4": 5.0}, pose=Pose(14, -6, 4))
spots = np.stack(np.meshgrid(np.arange(-0.6, 0.61, 0.15), np.arange(-0.5, 1.2, 0.15)), -1).reshape(-1, 2)
at, gone = (face.project(spots, FaceState(units)) for units in ({}, turned.action_units))

# %% tags=["hide-input"] mystnb={"image": {"alt": "Four pictures of the same person: a flat painted face without eyes, a relief map of its height, the face at rest with arrows at one brow and the mouth corners, and the face turned, smiling and frowning."}, "figure": {"caption": "What a frame is made of: paint, depth (brighter is nearer to the camera), movement (arrows three times as long as they are), and pose with the noise of the camera. Eyes lie in a layer below the paint.", "name": "fig-anatomy"}}
_, axes = plt.subplots(1, 4, figsize=(7.2, 2.5))
axes[0].imshow((paint[..., :3] / 255 * paint[..., 3:] + 1 - paint[..., 3:])[100:680, 60:540])
axes[1].imshow(anatomy.depth(x, y, who.landmarks(), who.nose_height)[20:136, 12:108], vmin=-0.3, vmax=1.2)
axes[2].imshow(face.render(FaceState()), vmin=0, vmax=255)
axes[2].quiver(
    *at.T, *(3 * (gone - at)).T, angles="xy", scale_units="xy", scale=1, color=report.colour("apex")
)
axes[3].imshow(face.render(turned), vmin=0, vmax=255)
for ax, title in zip(axes, ("1 paint", "2 depth", "3 movement", "4 pose, camera"), strict=True):
    ax.set_title(title, fontsize=9)
    ax.axis("off")
for ax in axes[2:]:
    ax.set(xlim=(96, 384), ylim=(418, 70))
plt.show()

# %% [markdown]
# Equation {eq}`eq-projection` says where a point of the skin is seen. To paint a picture one must go the other way:
# which point of the skin is seen at this pixel? There is no formula for that, since $\Delta$ and $\zeta$ may be
# anything smooth. The renderer solves the equation by Newton's method on every fourth pixel and interpolates between.
# Eyeballs lie under lids, teeth behind lips; the lower lip and the jaw have a displacement field of their own, because
# no single smooth field can open a mouth.

# %%
started = time.process_time()
for frame in range(20):
    face.render(turned, seed, frame)
report.glue("ch2_fps", 20 / (time.process_time() - started), ".0f")

# %% [markdown]
# On the machine that made this page, one core renders {glue}`ch2_fps` frames of 480 by 480 pixels a second.
#
# ## Action units
#
# The Facial Action Coding System {cite}`ekman1978facs` describes what a face does by *action units* (AU), roughly
# one a muscle. Each unit here is a smooth field of displacements over the face. Its **amplitude** is the displacement
# of the landmark that it moves most, in percent of the IOD, so that one number means the same on every face and for
# every unit.
#
# Left and right halves are separate, and carry the person's own sides: `L12` lifts the lip corner on the *right* of the
# picture. The gallery makes use of it. In each picture the left half is at rest and the right half shows the unit, so
# that the two can be compared.


# %% tags=["hide-input"]
def gallery(units, top, bottom, columns=4):
    """Each unit on the person's left side, with arrows from where the skin was at rest; rows shown in IOD."""
    grid = np.meshgrid(np.arange(0.05, 0.62, 0.09), np.arange(top + 0.05, bottom, 0.09))
    spots = np.stack(grid, axis=-1).reshape(-1, 2)
    at = face.project(spots, FaceState())
    left, right = face.project(np.array([[-0.62, top], [0.62, bottom]]), FaceState())
    lines = -(-len(units) // columns)
    _, axes = plt.subplots(lines, columns, figsize=(7.2, lines * (0.25 + 1.42 * (bottom - top))))
    for ax, name in zip(axes.flat, units, strict=True):
        acting = FaceState({f"L{name}": amplitude})
        ax.imshow(face.render(acting), vmin=0, vmax=255)
        move = face.project(spots, acting) - at
        far = np.hypot(*move.T) > 1.0
        shown = (*at[far].T, *move[far].T)
        ax.quiver(*shown, angles="xy", scale_units="xy", scale=1, color=report.colour("apex"), width=0.008)
        ax.set(xlim=(left[0], right[0]), ylim=(right[1], left[1]))
        ax.set_title(f"{name}  {ACTION_UNITS[name].name}", fontsize=8)
        ax.axis("off")


# %% tags=["hide-input"] mystnb={"image": {"alt": "Eight close-ups of brows and eyes; in each the right half shows one action unit, with arrows, and the left half is at rest."}, "figure": {"caption": "Units of brows and eyes, on the right half of each picture, at an amplitude that nobody could overlook. Arrows lead from where a point of the skin was at rest to where it is. Points of the eyeball have no arrow.", "name": "fig-upper-units"}}
gallery(["1", "2", "4", "5", "6", "7", "9", "43"], -0.52, 0.32)
plt.show()

# %% tags=["hide-input"] mystnb={"image": {"alt": "Twelve close-ups of nose, mouth and chin; in each the right half shows one action unit, with arrows, and the left half is at rest."}, "figure": {"caption": "Units of nose, mouth and chin, shown in the same way. Those of the chin and of the pressed or parted lips act on both sides in a person; one half is drawn here for comparison only.", "name": "fig-lower-units"}}
gallery(["10", "12", "14", "15", "17", "18", "20", "23", "24", "25", "26", "38"], 0.22, 1.2)
plt.show()

# %% [markdown]
# Is the amplitude what it claims to be? For each half of each unit, move the face by 1 % and ask the ground truth how
# far the landmark went that moved most:

# %%
rest = face.landmarks(FaceState())
most = []
for name in HALVES:
    moved = np.hypot(*(face.landmarks(FaceState({name: 1.0})) - rest).T)
    most.append(100 * float(moved.max()) / face.camera.iod)
report.glue("ch2_units", len(ACTION_UNITS))
report.glue("ch2_least", min(most), ".2f")
report.glue("ch2_most", max(most), ".2f")

# %% [markdown]
# Over the two halves of all {glue}`ch2_units` units, the answer lies between {glue}`ch2_least` and {glue}`ch2_most` %.
#
# ## Moving pictures
#
# Below are one expression and three things that are none, all of the same person and at real speed. A blink is over in
# a third of a second. Speech opens the jaw and widens or rounds the lips. A jerk turns the head by a degree or two, and
# with it every pixel of the face.

# %% tags=["hide-input"]
PARTS = get_args(Disturbance)


def alone(part):
    """Videos in which that disturbance is the only one."""
    others = tuple(one for one in PARTS if one != part)
    return synthetic(SyntheticSettings(seed=seed, subjects=2, videos=2, without=others)).videos


def at_rest(video, i):
    """The face at frame i without its expressions."""
    other = dict(zip(HALVES, video.script.other_units[i].tolist(), strict=True))
    return replace(video.script.state(i), action_units=other)


def shown(part, length):
    """States around the longest such event."""
    found = [(n.offset - n.onset, v, n) for v in alone(part) for n in v.nuisances if n.kind == part]
    _, video, event = max(found, key=lambda one: one[0])
    start = max(0, min((event.onset + event.offset - length) // 2, len(video) - length))
    return [at_rest(video, i) for i in range(start, start + length)]


# %% tags=["hide-input"] mystnb={"figure": {"caption": "AU 12, which draws the lip corners up, a blink, speech and a jerk of the head, each alone, at real speed.", "name": "fig-moving"}}
small, fps = Face(who, Camera(size=240, iod=60.0)), data.videos[0].fps
length = round(2.5 * fps)
smile = [FaceState({"12": level}) for level in 7 * script.course(length, 15, 32, 55)]
states = [smile, shown("blink", length), shown("speech", length), shown("jerk", length)]
films = [
    [frames.cut(small.render(s, seed, i), (120, 122), 80, 170) for i, s in enumerate(one)] for one in states
]
tops = frames.header(["AU 12", "blink"], 344), frames.header(["speech", "jerk"], 344)
pages = (
    frames.below(tops[0], frames.beside(a, b), tops[1], frames.beside(c, d), gap=0)
    for a, b, c, d in zip(*films, strict=True)
)
alt = "The same face four times: the lip corners rise and fall; the eyes blink; the mouth speaks; the head turns."
report.clip(pages, fps=fps, alt=alt, poster=32, quality=40)

# %% [markdown]
# ## What gets in the way, and its switches
#
# Faces are never still. The script of a video adds blinks, shifts of gaze, a slow drift of the head, sudden turns,
# speech, swallowing, twitches below the threshold of labelling, noise of the sensor, flicker of the light, and the JPEG
# files in which both real data sets come. Three
# named difficulties fix how often and how strong. They were set from the literature before any model was trained, and
# are not changed to suit a result.


# %% tags=["hide-input"]
def written(value):
    return " / ".join(f"{v:g}" for v in value) if isinstance(value, tuple) else f"{value:g}"


NAMES = {
    "blink_every": "blinks, every (s)", "gaze_every": "shifts of gaze, every (s)",
    "drift": "drift of the head: yaw / pitch / roll, sd (°)", "jerk_every": "jerks, every (s)",
    "jerk": "jerk: yaw / pitch / roll, sd (°)", "speech_every": "speech, every (s)",
    "speech": "speech: least / most (% IOD)", "swallow_every": "swallowing, every (s)",
    "nod": "nod while swallowing (° for 1 % IOD)", "twitch_every": "twitches, every (s)",
    "twitch": "twitch: least / most (% IOD)", "compression": "quality of the JPEG files",
    "noise": "noise of the sensor, sd (grey levels)", "flicker": "flicker: frame to frame / slow, share of the light",
}  # fmt: skip
levels = {name: asdict(level) for name, level in DIFFICULTIES.items()}
rows = [[NAMES.get(part, part), *(written(levels[name][part]) for name in levels)] for part in levels["hard"]]
caption = "Strength of everything that is no expression; 0 means never, or none."
report.table(pd.DataFrame(rows, columns=["what", *levels]), name="difficulties", caption=caption)

# %% [markdown]
# Each of these can also be switched off by itself, and the others stay as they were, to the last bit: every part has
# a random stream of its own. The setting `without` does that, as in `SyntheticSettings(without=("blink",))`.
#
# Film {numref}`fig-switches` shows two and a half seconds of one script, expressions included, three times, acted by the
# person of the gallery.

# %% tags=["hide-input"]
ways = {"all off": {"without": PARTS}, "standard": {}, "hard": {"difficulty": "hard"}}
sets = [SyntheticSettings(seed=seed, **way) for way in ways.values()]
scripts = [synthetic(one).videos[0].script for one in sets]
large = max(zip(scripts[0].intensities, scripts[0].expressions, strict=True), default=(0, None))[1]
middle = large.apex if large else len(scripts[0]) // 2
start = max(0, min(middle - length // 2, len(scripts[0]) - length))

# %% tags=["hide-input"] mystnb={"figure": {"caption": "The same expressions of the same person: with everything switched off, at the standard difficulty, and at the hard one.", "name": "fig-switches"}}
shown_by = [
    Face(who, Camera(size=240, iod=60.0, noise=level.noise, jpeg=level.compression))
    for level in map(script.disturbances, sets)
]
films = [
    [
        frames.cut(face_of.render(one.state(i), seed, i), (120, 122), 84, 150)
        for i in range(start, start + length)
    ]
    for face_of, one in zip(shown_by, scripts, strict=True)
]
top = frames.header(list(ways), 458)
pages = (frames.below(top, frames.beside(*three), gap=0) for three in zip(*films, strict=True))
alt = "The same expression on the same face three times; the left face does nothing else, the right one sways most."
report.clip(pages, fps=fps, alt=alt, poster=length // 2, quality=50)

# %% [markdown]
# How large is all this beside an expression? The faces know. With each disturbance alone, the table gives the motion of
# an inner brow and a mouth corner within half a second, which 19 of 20 moments stay below. It does so twice: as seen in
# the picture, and with the motion of the nose taken off, which is how the paper {cite}`deng2024msstgcn` takes out the
# head.

# %% tags=["hide-input"]
BROW, MOUTH, NOSE = [21, 22], [48, 54], [region.landmark for region in motion.NOSE]
STEP, LAG = 2, 2 * round(0.25 * fps)  # frames: every second one is looked at, half a second apart


def motion_of(part):
    """95th percentile over all moments of such an event: brow, mouth; in the picture, then against the nose."""
    found = []
    for video in alone(part):
        marks = np.stack([face.landmarks(at_rest(video, i)) for i in range(0, len(video), STEP)])
        moves = (marks[LAG // STEP :] - marks[: -(LAG // STEP)]) * 100 / face.camera.iod
        busy = np.full(len(moves), part == "drift")
        for n in video.nuisances:
            busy[max(0, n.onset - LAG) // STEP : n.offset // STEP + 1] = True
        own = moves - moves[:, NOSE].mean(axis=1, keepdims=True)
        found.append([np.hypot(*one[busy][:, k].T).ravel() for one in (moves, own) for k in (BROW, MOUTH)])
    each = [np.concatenate(one) for one in zip(*found, strict=True)]
    return [float(np.percentile(one, 95)) if len(one) else float("nan") for one in each]


# %%
kinds = ["drift", "jerk", "blink", "speech", "swallow", "twitch"]
columns = ["alone", "brow", "mouth", "brow, less the nose", "mouth, less the nose"]
sizes = pd.DataFrame([[kind, *motion_of(kind)] for kind in kinds], columns=columns)
for name, (low, high) in script.INTENSITY.items():
    report.glue(f"ch2_{name}", f"{low:g} to {high:g}")
report.glue("ch2_drift", sizes.iloc[0, 2], ".1f")
report.glue("ch2_drift_left", sizes.iloc[0, 4], ".1f")
caption = "Motion within half a second, % of the IOD; 95 % of all moments stay below."
report.table(sizes, name="size_of_disturbances", digits=2, caption=caption)

# %% [markdown]
# A blink moves no landmark of brow or mouth, so its row is zero here; what it does to a *measurement* there is another
# matter, which [chapter 4](04_windows.ipynb) shows. A twitch strikes one of many places, so most of them are below any
# single one.
#
# A micro-expression has {glue}`ch2_me` % at its apex, a macro-expression {glue}`ch2_mae` %; only eyes that close move
# further. So the drift of a head that its owner believes to hold still carries the mouth through the picture, in one
# moment out of twenty, by {glue}`ch2_drift` % or more: about as far as the largest micro-expression. Taking off the nose leaves {glue}`ch2_drift_left` %: the mouth lies less far in front of
# the neck, about which the head turns, than the nose does, so a turn moves it less. [Chapter 3](03_faces_and_flow.ipynb) takes that out as well.

# %% [markdown]
# ## What is known about a frame
#
# Equation {eq}`eq-projection` defines the picture and gives the truth about it. For each frame there are the 68 landmarks
# to a fraction of a pixel, the amplitude of every half unit, the pose of the head and the closure of the lids
# (`video.truth(i)`, `video.script`), and the displacement of any point of the skin, which is exact optical flow
# (`face.flow`). For each video
# there are the expressions, exact, or off by a frame or two as a coder's are (the setting `label_jitter`), and a list of
# everything else that happened.
#
# The truth can also be taken apart. {numref}`fig-truth` asks how the skin has moved from onset to apex of an
# expression, and how it would have moved had the head kept still.

# %%
CLEAR = {"1", "2", "4", "9", "10", "12", "14", "15", "17", "20", "26"}
found = [(v, e) for v in synthetic(SyntheticSettings(seed=seed)).videos for e in v.expressions]
found.sort(key=lambda pair: (pair[1].label != "mae", pair[1].action_units[0].lstrip("LR") not in CLEAR))
video, event = found[0]
before, now = video.script.state(event.onset), video.script.state(event.apex)
pixels = np.stack(np.meshgrid(np.arange(92, 392, 14.0), np.arange(90, 410, 14.0)), axis=-1)
flows = [video.face.flow(before, after, pixels) for after in (now, replace(now, pose=before.pose))]
report.glue("ch2_event", "+".join(event.action_units))

# %% tags=["hide-input"] mystnb={"image": {"alt": "A grey video frame three times: with 68 landmark dots on brows, eyes, nose, mouth and jaw; with arrows of the motion of skin and hair since the onset; and with the arrows that remain without the head's motion, around the mouth."}, "figure": {"caption": "A frame at the apex of an expression with its true landmarks (left), the exact flow since the onset, four times too long (middle), and the part of it that is not the head's (right).", "name": "fig-truth"}}
fig, axes = plt.subplots(1, 3, figsize=(7.2, 2.7))
for ax, title in zip(axes, ("landmarks", "motion since onset", "without the head"), strict=True):
    ax.imshow(video.frame(event.apex), vmin=0, vmax=255)
    ax.set(xlim=(90, 390), ylim=(410, 90))
    ax.set_title(title, fontsize=9)
    ax.axis("off")
axes[0].plot(*video.face.landmarks(now).T, ".", color=report.colour("apex"), ms=3)
for ax, flow in zip(axes[1:], flows, strict=True):
    arrows = (*np.moveaxis(pixels, -1, 0), *np.moveaxis(4 * flow, -1, 0))
    ax.quiver(*arrows, angles="xy", scale_units="xy", scale=1, color=report.colour("apex"), width=0.005)
plt.show()

# %% [markdown]
# The expression shown is AU {glue}`ch2_event`.
#
# ## The same seed, the same bytes
#
# A result that cannot be had again is a rumour. So a frame depends on its settings, its seed and its number, and on
# nothing else: not on the frames that were drawn before it, not on how many people a data set has, not on the machine.

# %%
few, many = (synthetic(SyntheticSettings(seed=seed, subjects=n)).videos for n in (3, 300))
alone_drawn = few[1].frame(40)
after_others = list(many[1].frames(30, 41))[-1]
report.glue("ch2_same", "the same" if np.array_equal(alone_drawn, after_others) else "not the same")
report.glue("ch2_digest", digest_bytes(alone_drawn.tobytes())[:16])

# %% [markdown]
# Here frame 40 of the second video was drawn out of a set of three people, at once, and out of a set of 300, after ten
# other frames. The two are {glue}`ch2_same`. The SHA-256 of its pixels begins with
# {glue}`ch2_digest`; with this seed it should do so on your machine too.
#
# ## Does a face detector take it for a face?
#
# The next chapter finds faces with dlib's detector {cite}`king2009dlib` and marks them with its landmark predictor
# {cite}`kazemi2014`. Both have learned from photographs of people and have never seen a drawn face. That makes them
# judges of a kind: if they fail here, the faces are too far from people for anything that follows.
#
# The people before them are none of those above. They come from a seed that nobody looked at while the faces were being
# made, for whoever tunes a face until a detector likes it has a face that the detector likes. Each is seen straight on and
# turned by 15 degrees, in nine poses, each time with two other action units. The error of the predictor is the mean
# distance between its 68 points and the true ones.

# %%
tested = max(2, people // 2)
judged = bench_detector(identities=tested)
rows = [
    ("pictures", str(judged["pictures"])),
    ("with exactly one face (%)", f"{100 * judged['one_face_share']:.1f}"),
    ("error of the points, mean (% of IOD)", f"{100 * judged['mean_error_iod']:.1f}"),
    ("without the jaw", f"{100 * judged['brows_eyes_nose_mouth_error_iod']:.1f}"),
    ("95 % of the pictures are below", f"{100 * judged['error_95_iod']:.1f}"),
    ("the worst", judged["worst"][0] if judged["worst"] else "none"),
]
caption = f"What dlib makes of {tested} people in nine poses."
report.table(pd.DataFrame(rows, columns=["quantity", "value"]), name="detected_faces", caption=caption)

# %%
report.glue("ch2_found", 100 * judged["one_face_share"], ".0f")
report.glue("ch2_pictures", judged["pictures"])
report.glue("ch2_error", 100 * judged["mean_error_iod"], ".1f")

# %% [markdown]
# In {glue}`ch2_found` % of the {glue}`ch2_pictures` pictures it finds exactly one face, and the points are off by
# {glue}`ch2_error` % of the IOD. This error has two parts, and neither is only the predictor's fault: the tremble of the
# predictor, and a difference of opinion about where, say, a brow begins, which differs between data sets of people too.
# Passing this test does not make the faces real. It says that they are near enough for the tools of the field to work.
#
# ## What synthetic data cannot show
#
# Four kinds of claims are often mixed up. This data can support the first two.
#
# - **That a measurement is right.** Yes: the truth is exact, and there is as much of it as wanted.
# - **What disturbs a method, and how much.** Yes, for the disturbances modelled here, because they can be switched one
#   by one. What is not modelled does not disturb: hands, hair that falls, sweat, a second face, a change of posture.
# - **How well a method works on people.** No. A method that fails here would hardly work there, but the converse does not
#   hold: the skin here has no pores and no wrinkles that fold, the light is of one kind and the background still. Optical
#   flow has an easier life than in a laboratory recording.
# - **What people feel or hide.** Not at all, and neither could videos of people {cite}`barrett2019`.
#
# Some simplifications are less easy to see in a picture, and weigh as much:
#
# - Action units are smooth fields with fixed shapes. Real muscles differ from person to person, and units that act
#   together are more than their sum.
# - Every expression follows the same minimum-jerk course. Real ones hesitate, tremble and come in steps.
# - Labels are exact. Human coders disagree by a frame or two and overlook what is faint, so a spotter that is trained on
#   them has to live with their errors; here it has not.
# - Expressions come at random. In people they come for a reason, often together with a look, a nod or a word.
# - Who shows what how often is modelled on two data sets, with their few subjects and the films that these were shown.
#
# So no score in this book can be set beside a score on recordings of people. What can be compared is one method with
# another, under the same conditions, with the reason for the difference at hand.

# %% [markdown]
# ## Try it
#
# 1. `msstgcn run 02 -p subject=8 -p amplitude=2` shows the gallery at the strength of a strong micro-expression. Which
#    units can you still tell from rest, and do the arrows help?
# 2. In the cell above {numref}`fig-moving`, replace `{"12": level}` by `{"L12": level, "4": 0.5 * level}`. Before you run
#    it, say which half of the picture will smile.
# 3. Table `size_of_disturbances` measures half a second. Let its cell look at a seventh of one, `LAG = 4`: how does the
#    drift's share change? What does this say about the choice of a window, the subject of [chapter 4](04_windows.ipynb)?
