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
# # The network
#
# A window of 17 frames and ten regions goes in; what is said about its middle frame comes out. What happens in
# between, and why is the window exactly 17 frames long?
#
# At the end of this chapter you can follow the shapes through the network by hand, you know where its parameters
# are, and you have seen which frames and regions a trained network looks at.

# %% tags=["parameters"]
profile: str = "cpu"  # smoke | cpu | gpu; size of data, training and evaluation
seed: int = 0  # 0..1000000; everything random follows from it
device: str = "auto"  # auto | cpu | cuda; where the network runs
epochs: int = -1  # -1..1000; passes over the training windows, -1 for the profile's

# %% tags=["hide-input"]
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import torch

from msstgcn import graph, learning, report
from msstgcn.network import FORWARD_ORDER, MSSTGCN, OUTPUTS, load_reference
from msstgcn.runner import stages

report.use_style()

# %% [markdown]
# ## Four blocks and a head
#
# MS-STGCN {cite}`deng2024msstgcn` comes from graph networks for moving skeletons {cite}`yan2018stgcn`. Each block
# convolves along time, and the first two also mix along the graph and pool it:
#
# | block | what it does, in order |
# |---|---|
# | ST-GCN 1 | convolve 3 frames, mix ten regions, normalise, rectify, pool to three parts |
# | ST-GCN 2 | convolve 5 frames, mix three parts, normalise, rectify, pool to the face |
# | TCN 3 | convolve 5 frames, normalise, rectify |
# | TCN 4 | convolve 7 frames, normalise, rectify: the *embedding* $z$ |
# | head | one linear map from the embedding to ten outputs |
#
# The paper pools first and rectifies then; for a maximum that is the same, and for a mean it is not
# ([chapter 9](09_ablations.ipynb)). There is no padding, no residual path and no dropout. Kernels start from Kaiming's normal distribution
# {cite}`he2015delving`; that biases start at zero is our choice, since nothing public settles it.

# %%
chosen = stages.profile(profile, seed=seed, epochs=epochs)
network = MSSTGCN(chosen.network).eval()
x, rows = torch.zeros(1, 2, chosen.motion.window, 10), []
for name, block in network.named_children():
    before, x = tuple(x.shape[1:]), block(x)
    size = sum(parameter.numel() for parameter in block.parameters())
    rows.append((name, before, tuple(x.shape[1:]), size))
layers = pd.DataFrame(rows, columns=["block", "in: channel, time, node", "out", "parameters"])
report.glue("ch6_parameters", network.parameter_count, ",")
report.table(layers, name="network_layers", caption="Shapes and parameters of each block.")

# %% [markdown]
# {glue}`ch6_parameters` parameters in all: little, for a network that is to see what people miss. The ten outputs
# are two choices among {onset, offset, none}, one for each class, and four scores: how near a frame is to an
# apex, and whether it lies inside an expression, again for each class.
#
# ## Why seventeen
#
# Without padding a kernel of $k_i$ frames takes $k_i - 1$ frames off. Four kernels of 3, 5, 5 and 7 see $1 + 2 + 4 +
# 4 + 6 = 17$ frames: the *receptive field*. The window of [chapter 4](04_windows.ipynb) is made just as long, so
# the network uses every frame of it and needs no other. A window of any other length is refused.

# %% tags=["hide-input"] mystnb={"image": {"alt": "Four rows of bars over 17 frames; the bar of each block is wider than the one before: 3, 7, 11 and 17 frames."}, "figure": {"caption": "How many frames of the window one value sees after each block.", "name": "fig-receptive-field"}}
seen = 1 + np.cumsum([kernel - 1 for kernel in chosen.network.kernels])
fig, ax = plt.subplots(figsize=(7.2, 2.2))
ax.barh([f"block {n}" for n in (1, 2, 3, 4)], seen, left=-(seen / 2), color=report.colour("mae"))
for row, frames in enumerate(seen):
    ax.text(0, row, f"{frames} frames", ha="center", va="center", color="white")
ax.set(xlabel="frames from the middle of the window", xlim=(-9, 9))
ax.invert_yaxis()
ax.grid(False)
plt.show()

# %% [markdown]
# ## Where a trained network looks
#
# A slope answers this: by how much does an output change when a region moves a little more in one frame of the
# window? We take networks that were trained without the subject they look at ([chapter 7](07_learning.ipynb)),
# the frames where that subject's expressions peak, and the mean size of the slope of the apex output.

# %%
run, slopes = stages.loso(chosen, device=device), {"me": [], "mae": []}
for video in stages.features(chosen):
    trained = learning.load_network(run.folds[video.subject].weights, chosen.network)
    for event in video.expressions:
        windows = torch.from_numpy(video.flow[[event.apex]]).permute(0, 3, 1, 2).requires_grad_()
        trained(windows)[0][0, OUTPUTS.index(f"{event.label} apex")].backward()
        slopes[event.label].append(windows.grad[0].norm(dim=0).numpy())  # (K, R)

# %% tags=["hide-input"] mystnb={"image": {"alt": "Two heat maps, micro- and macro-expression, of regions against frames of the window; brighter where the apex output depends more on the motion of that region in that frame."}, "figure": {"caption": "How strongly the apex output depends on each region in each frame, averaged over held-out apexes. The window is centred: frame 8 is the one in question. Flow runs from frame 0, where it is always zero: the first column shows a slope that no video uses. Each panel has a scale of its own.", "name": "fig-where-it-looks"}}
fig, axes = plt.subplots(1, 2, sharey=True, figsize=(7.6, 3.4))
for ax, (label, title) in zip(axes, (("me", "micro-expression"), ("mae", "macro-expression")), strict=True):
    image = np.mean(slopes[label], axis=0).T if slopes[label] else np.zeros((10, 17))
    shown = ax.imshow(image, aspect="auto", cmap="viridis")
    ax.set(title=title, xlabel="frame of the window")
    ax.grid(False)
    fig.colorbar(shown, ax=ax)
axes[0].set(yticks=range(10), yticklabels=graph.FACE.nodes)
plt.show()

# %%
for label, own in slopes.items():
    mean = np.mean(own, axis=0) if own else np.zeros((chosen.motion.window, 10))
    frame, region = np.unravel_index(mean[1:].argmax(), mean[1:].shape)  # frame 0 never moves
    report.glue(f"ch6_frame_{label}", int(frame) + 1)
    report.glue(f"ch6_region_{label}", graph.FACE.nodes[region])

# %% [markdown]
# These networks depend most on frame {glue}`ch6_frame_me` of *{glue}`ch6_region_me`* for a micro-expression, and on frame
# {glue}`ch6_frame_mae` of *{glue}`ch6_region_mae`* for a macro-expression. After a short training that says where these
# networks look, and little of where one has to look.
#
# ## Weights from elsewhere
#
# Whoever holds weights of this architecture can use them: the convolutions keep the shape (out, in, time, 1), and
# `load_reference` takes plain arrays in forward order. A wrong number or shape is refused by name. Here a trained
# network goes out as arrays and comes back.

# %%
fold = next(iter(run.folds.values()))
arrays = [fold.weights[name].numpy() for name in FORWARD_ORDER]
again = load_reference(arrays, chosen.network)
video = next(v for v in stages.features(chosen) if v.subject == fold.subject)
same = np.array_equal(
    learning.predict(again, video), learning.predict(fold.weights, video, network=chosen.network)
)
f"{len(arrays)} arrays, same predictions: {same}"

# %% [markdown]
# :::{admonition} Try it
# :class: tip
# Build the network for windows of 11 frames: which kernels fit? Count the parameters.
# :::

# %%
from msstgcn.settings import NetworkSettings

smaller = NetworkSettings(kernels=(3, 3, 3, 5))
smaller.receptive_field, MSSTGCN(smaller).parameter_count
