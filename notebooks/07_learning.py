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
# # Learning
#
# A coder wrote down three frames for each expression: onset, apex, offset. How does a network learn from that,
# and how do we make sure that it is never asked about a face it has learned from?
#
# At the end of this chapter you know the targets, the loss and its seven terms, leave-one-subject-out training,
# and what the contrastive term does to the embedding.

# %% tags=["parameters"]
profile: str = "cpu"  # smoke | cpu | gpu; size of data, training and evaluation
seed: int = 0  # 0..1000000; everything random follows from it
device: str = "auto"  # auto | cpu | cuda; where the network runs
epochs: int = -1  # -1..1000; passes over the training windows, -1 for the profile's
dataset: str = "synthetic"  # synthetic | samm-lv | casme2 | folder; the videos, or how they lie on disk
root: str = ""  # text; folder of the data set on disk
repair: str = "authors"  # authors | offset-at-apex | mirrored | apex-plus-20 | drop; of its labels

# %% tags=["hide-input"]
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import torch

from msstgcn import learning, report
from msstgcn.network import focal, term_weights
from msstgcn.runner import sources, stages

report.use_style()
chosen = stages.profile(profile, seed=seed, epochs=epochs, dataset=dataset, root=root, repair=repair)
videos = stages.features(chosen)

# %% [markdown]
# ## From three frames to a target for every frame
#
# Nobody can say to the frame when a movement begins, so a frame counts as *onset* or *offset* if it is close:
# within one frame for a micro-expression, within three for a macro-expression. The apex score falls off smoothly,
# $\exp(-(t - c)^2 / (2 \cdot 4^2))$ in frame $t$ around an apex at $c$, and is zero beyond the same reach. *Action* is 1 from
# onset to offset. Each class has its own targets, because both can happen at once.

# %% tags=["hide-input"] mystnb={"image": {"alt": "Targets over time around one expression: short blocks at onset and offset, a small peak at the apex, a long block of action between onset and offset."}, "figure": {"caption": "The targets around one macro-expression.", "name": "fig-targets"}}
video, event = next((v, e) for v in videos for e in v.expressions if e.label == "mae")
target = learning.targets(video.expressions, len(video.flow))
frames = np.arange(max(event.onset - 15, 0), min(event.offset + 16, len(video.flow)))
fig, ax = plt.subplots()
ax.fill_between(
    frames, target.action[frames, 1], step="mid", color=report.colour("action"), alpha=0.3, label="action"
)
for value, name in ((0, "onset"), (1, "offset")):
    ax.step(frames, target.boundary[frames, 1] == value, where="mid", color=report.colour(name), label=name)
ax.plot(frames, target.apex[frames, 1], color=report.colour("apex"), label="apex score")
ax.set(xlabel="frame", ylabel="target")
ax.legend(ncols=4, loc="upper center", bbox_to_anchor=(0.5, 1.2))
plt.show()

# %% [markdown]
# ## The loss
#
# Most frames show nothing. A loss that treats all frames alike is content with a network that never sees
# anything. The *focal* loss {cite}`lin2017focal` weighs frames by how wrong the network still is about them. With $y$
# the target and $p$ the probability that the network gives, a frame adds
#
# $$
# \begin{cases}
# -\alpha\,|y - p|^{\gamma} \log p & \text{where } y > 0, \\
# -(1 - \alpha)\,|y + e - p|^{\gamma} \log (1 - p) & \text{where } y = 0,
# \end{cases}
# $$ (eq-focal)
#
# with $\gamma = 1$. The weight $\alpha$ goes to the few frames with a positive target: 0.90 for the apex, so that all others
# weigh 0.10, and 0.80 for action. The margin $e = 0.16$ is the method's own: a frame in which
# nothing happens costs nothing at $p = 0$, and nothing at $p = e$.

# %% tags=["hide-input"] mystnb={"image": {"alt": "Two pairs of curves of loss against predicted probability. Cross-entropy is high everywhere away from the right answer; the focal loss is lower, and much lower for frames without an expression."}, "figure": {"caption": "Loss of one frame against the probability that the network gives. Where nothing happens (right), the focal loss forgives more: there are so many such frames.", "name": "fig-focal"}}
p = torch.linspace(0.01, 0.99, 99)
fig, axes = plt.subplots(1, 2, sharey=True)
for ax, y, title in zip(axes, (1.0, 0.0), ("an apex (y = 1)", "no apex (y = 0)"), strict=True):
    value = focal(p.logit()[:, None], torch.full((99, 1), y), 0.9)
    ax.plot(p, -torch.log(p if y else 1 - p), color=report.colour("control"), label="cross-entropy")
    ax.plot(p, value, color=report.colour("me"), label="focal")
    ax.set(title=title, xlabel="probability of an apex")
axes[0].set_ylabel("loss")
axes[1].legend()
plt.show()

# %% [markdown]
# Boundaries are a choice among three, so they get a cross-entropy. (The paper's text speaks of focal loss there
# too; what its authors have made public uses cross-entropy. Both are available; cross-entropy is our default.)
#
# The last term does not look at the outputs but at the embedding: the *supervised contrastive* loss
# {cite}`khosla2020supcon` pulls frames of the same kind together and pushes others apart. The kinds are neutral,
# macro- and micro-expression. With embeddings $z$ of unit length, and $P_i$ the other frames of the batch that are of the
# kind of frame $i$, frame $i$ adds
#
# $$ -\frac{1}{|P_i|} \sum_{j \in P_i} \Big( \frac{z_i^{\top} z_j}{\tau}
#   - \log \sum_{l \ne i} \exp \frac{z_i^{\top} z_l}{\tau} \Big). $$ (eq-contrast)
#
# All seven terms are means over the frames of a batch. Together
#
# $$\mathcal{L} = 1.8\,\mathrm{apex}_{ME} + \mathrm{bound}_{ME} + 0.1\,\mathrm{act}_{ME}
#   + \rho\,(\mathrm{apex}_{MaE} + \mathrm{bound}_{MaE} + 0.1\,\mathrm{act}_{MaE}) + \lambda\,\mathrm{con}.$$
#
# ## Never the same face twice
#
# Faces differ more than expressions do. So for each subject a network is trained on all the others and asked
# about this one alone: *leave-one-subject-out*. Batches are {glue}`ch7_segments` segments of {glue}`ch7_segment`
# consecutive windows; AdamW {cite}`loshchilov2019adamw` takes the steps, and the learning rate $\eta$ shrinks a little
# each epoch.

# %%
run = stages.loso(chosen, device=device)
history = run.history
for name, value in (("segments", chosen.learning.segments), ("segment", chosen.learning.segment)):
    report.glue(f"ch7_{name}", value)
report.glue("ch7_folds", len(run.folds))
report.glue("ch7_epochs", chosen.learning.epochs)
report.glue("ch7_windows", sum(len(video.flow) for video in videos), ",")
report.glue("ch7_sampling", chosen.learning.sampling)
report.glue("ch7_data", sources.videos_are(chosen))

# %% [markdown]
# Here {glue}`ch7_folds` networks saw {glue}`ch7_windows` windows of {glue}`ch7_data`, less those of their own
# subject, for {glue}`ch7_epochs` epochs (sampling: {glue}`ch7_sampling` segments).
#
# Some things here are not the paper's, and each is a setting that brings the paper's way back.
#
# - Its authors draw only segments that hold some expression. With `sampling = "all"` the network also meets blinks,
#   speech and stillness; the profiles `cpu` and `gpu` use it.
# - Motion is that of ten patches instead of dense flow (`flow`), and the head is taken out of it by a model of the rigid
#   head instead of the nose alone (`head`, [chapter 3](03_faces_and_flow.ipynb)).
# - The contrastive term works on embeddings of unit length (`contrast`, below).
# - The paper trains for a hundred epochs (`epochs`).

# %% tags=["hide-input"] mystnb={"image": {"alt": "Curves over epochs of five weighted terms of the loss, averaged over the folds, with a band from the lowest to the highest fold; those of apexes and boundaries fall, the contrastive one hardly."}, "figure": {"caption": "Five of the seven weighted terms of the training loss, those of action left out: mean over the folds, and the range of the folds.", "name": "fig-history"}}
terms = ["apex_me", "boundary_me", "apex_mae", "boundary_mae", "contrast"]
weights = dict(zip(history.columns[3:10], term_weights(chosen.learning), strict=True))
fig, ax = plt.subplots()
for term in terms:
    table = weights[term] * history.pivot_table(term, "epoch", "subject")
    (line,) = ax.plot(table.index + 1, table.mean(axis=1), marker=".", label=term.replace("_", " "))
    ax.fill_between(table.index + 1, table.min(axis=1), table.max(axis=1), color=line.get_color(), alpha=0.15)
ax.set(xlabel="epoch", ylabel="weighted loss", yscale="log")
ax.xaxis.get_major_locator().set_params(integer=True)
ax.legend(ncols=3, loc="upper center", bbox_to_anchor=(0.5, 1.25))
plt.show()

# %% [markdown]
# The contrastive term hardly falls, and it cannot fall far. Were all frames of a kind at one point, and the other kinds
# opposite, equation {eq}`eq-contrast` would still leave about $\log |P_i|$: hundreds of neutral frames share their kind
# with one another. So look at what the term does to the embedding, not at its size.
#
# ## What the contrastive term does
#
# We train one fold in three ways: without the contrastive term, with it on embeddings of unit length (our
# default), and in the form that was released with the method: raw embeddings, and the loss scaled up sevenfold.
# Then we look at embeddings of the subject that none of the three has seen.

# %%
subject = max(run.folds, key=lambda s: sum(len(v.expressions) for v in videos if v.subject == s))
others = [video for video in videos if video.subject != subject]
own = [video for video in videos if video.subject == subject]
variants = {"without": {"lambda_contrast": 0.0}, "normalised": {}, "released": {"contrast": "released"}}
start, folds = learning.seed_of(chosen.learning.seed, "fold", subject), {}
for name, changes in variants.items():
    recipe = chosen.learning.but(**changes)
    folds[name] = learning.train_fold(others, chosen.network, recipe, device=device, seed=start)

# %% tags=["hide-input"]
kind = np.concatenate([learning.targets(v.expressions, len(v.flow)).contrast for v in own])
embeddings, rows = {}, []
for name, fold in folds.items():
    z = np.concatenate([learning.embed(fold.weights, v, network=chosen.network) for v in own])
    unit = z / np.maximum(np.linalg.norm(z, axis=1, keepdims=True), 1e-12)
    alike = [unit[kind == k].mean(0) @ unit[kind == k].mean(0) for k in range(3) if (kind == k).any()]
    apart = unit[kind > 0].mean(0) @ unit[kind == 0].mean(0)
    embeddings[name] = z
    rows.append(
        (name, np.linalg.norm(z, axis=1).mean(), np.mean(alike), apart, fold.history["total"].iloc[0])
    )
columns = ["contrastive term", "length", "cosine within a kind", "cosine to neutral", "first epoch's loss"]
contrast = pd.DataFrame(rows, columns=columns)
report.table(
    contrast, name="contrast_forms", caption="Embeddings of a held-out subject after three kinds of training."
)

# %% tags=["hide-input"]
cosines = contrast.set_index("contrastive term")[["cosine within a kind", "cosine to neutral"]]
gained = (cosines - cosines.loc["without"]).round(2).drop("without")
for name, (within, neutral) in gained.iterrows():
    report.glue(f"ch7_{name}_within", f"{within:+.2f}")
    report.glue(f"ch7_{name}_neutral", f"{neutral:+.2f}")
    apart = "draws a kind together and pushes it from neutral" if neutral < 0 else "draws all frames together"
    report.glue(f"ch7_{name}_does", apart if within > 0 else "does not draw a kind together")

# %% tags=["hide-input"] mystnb={"image": {"alt": "Three scatter plots of embeddings in two dimensions, one a kind of training, with neutral, macro- and micro-expression frames in different colours."}, "figure": {"caption": "Embeddings of the held-out subject, along their two main directions. Grey: neutral frames; blue: macro-expressions; orange: micro-expressions.", "name": "fig-embedding"}}
fig, axes = plt.subplots(1, 3, figsize=(7.6, 2.8))
for ax, (name, z) in zip(axes, embeddings.items(), strict=True):
    centred = z - z.mean(0)
    plane = centred @ np.linalg.svd(centred, full_matrices=False)[2][:2].T
    order = np.random.default_rng(seed).permutation(len(plane))  # so that no kind hides the others
    colours = np.array([report.colour(name) for name in ("control", "mae", "me")])
    ax.scatter(*plane[order].T, s=4, c=colours[kind[order].astype(int)])
    ax.set(title=name, xticks=[], yticks=[])
plt.show()

# %% [markdown]
# Read the two columns of cosines together: a term that does what it says raises the first and lowers the second. With
# the normalised form they change by {glue}`ch7_normalised_within` and {glue}`ch7_normalised_neutral`, with the released
# one by {glue}`ch7_released_within` and {glue}`ch7_released_neutral`. So here the normalised form
# {glue}`ch7_normalised_does`, and the released one {glue}`ch7_released_does`. This is one subject after one short training; what
# the term does to the score, [chapter 9](09_ablations.ipynb) asks.
#
# The released form has a flaw. It puts embeddings into {eq}`eq-contrast` as long as they are. So that no exponential
# overflows, it first subtracts the largest product of each row; so that the logarithm is never one of zero, it adds a tiny
# number to the sum. When training begins embeddings are long, and the largest product is nearly always that of a frame with
# *itself*, far above all others. The other exponentials are then much smaller than the tiny number: the logarithm no longer
# depends on them, nothing pushes unlike frames apart, and only the pull between like frames remains. On embeddings of unit
# length this cannot happen.
#
# ## How it is made fast
#
# The plain loop trains one network after the other. On a graphics card ours trains all of them as one program, on a CPU
# as many at a time as there are cores. Both use what is exact: mixing over the graph commutes with convolving in time, so it is done once for all epochs; the statistics
# of the first normalisation follow from the inputs' covariance; and the triangle's Laplacian leaves two of three
# components ([chapter 5](05_facial_graph.ipynb)). Tests hold weights and losses to those of the plain loop.
#
# :::{admonition} Try it
# :class: tip
# Train the fold above for one epoch with twice the learning rate, and look at its history.
# :::

# %%
quick = chosen.learning.but(epochs=1, lr=2 * chosen.learning.lr)
learning.train_fold(others, chosen.network, quick, device=device, seed=start).history.round(3).T
