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
# # The facial graph
#
# Ten regions move, but not independently: an inner brow rises with its neighbours, a mouth corner with the lips.
# How can the network know which regions belong together, and what does that knowledge do to the motion?
#
# At the end of this chapter you know the graph, the one matrix that stands for it, what that matrix keeps and
# what it takes away, and how ten regions become three parts and the three parts one face.

# %% tags=["parameters"]
profile: str = "cpu"  # smoke | cpu | gpu; size of the data that is looked at
seed: int = 0  # 0..1000000; everything random follows from it
device: str = "auto"  # auto | cpu | cuda; where the two ways of mixing are compared
mover: int = 1  # 0..9; region that moves alone in the second figure

# %% tags=["hide-input"]
import matplotlib.pyplot as plt
import numpy as np
import torch

from msstgcn import graph, learning, report
from msstgcn.network import GraphMix
from msstgcn.runner import stages

report.use_style()

# %% [markdown]
# ## Ten regions, eleven edges
#
# Six regions lie on the brows and four around the mouth, where most action units of the data sets' expressions show.
# Edges join neighbours on the same brow and on the mouth. Three more edges tie the two
# brows and the upper lip together, so that the graph is one piece.

# %% mystnb={"image": {"alt": "A schematic face with ten numbered dots: three on each brow, four around the mouth, joined by eleven lines; the left brow, the right brow and the mouth have a colour each."}, "figure": {"caption": "The facial graph. Numbers are the order of the regions everywhere in this book; colours are the three groups that pooling joins.", "name": "fig-facial-graph"}}
ax = graph.draw()
plt.show()

# %% [markdown]
# ## One matrix for the whole graph
#
# Let $A$ hold a 1 for every edge and let $D$ be the diagonal matrix of degrees, the number of edges at each node.
# The graph acts on the motion through its symmetric normalised Laplacian
#
# $$L = I - D^{-1/2} A D^{-1/2}.$$
#
# Each node keeps its own value, and a share of its neighbours' values is taken off. So $L$ is a *difference* operator:
# it answers how a region moves compared with the regions around it. Many graph networks average over neighbours
# instead {cite}`kipf2017gcn`, and add a self loop to every node so that it counts itself. This one takes the difference; the
# $I$ in $L$ keeps the node's own value, so no self loops are added.

# %% tags=["hide-input"] mystnb={"image": {"alt": "Heat map of a ten by ten matrix: ones on the diagonal, negative values where two regions are joined, the largest of them where a region has few neighbours, zero elsewhere."}, "figure": {"caption": "The Laplacian of the facial graph. A row says how a region is compared with its neighbours: the fewer neighbours, the more each of them counts.", "name": "fig-laplacian"}}
operator = graph.FACE.laplacian().numpy()
fig, ax = plt.subplots(figsize=(5.2, 4.2))
shown = ax.imshow(operator, cmap="RdBu_r", vmin=-1, vmax=1)
for (row, column), value in np.ndenumerate(operator):
    if value:
        ax.text(
            column,
            row,
            f"{value:.2f}",
            ha="center",
            va="center",
            fontsize=7,
            color="w" if value > 0.6 else "k",
        )
ax.set(xticks=range(10), yticks=range(10), yticklabels=graph.FACE.nodes, xlabel="region")
ax.grid(False)
fig.colorbar(shown, label="weight")
plt.show()

# %% [markdown]
# ## What it keeps and what it takes away
#
# When the whole face is carried along by the head, all regions move alike. When a muscle pulls, a few regions move, some
# more than their neighbours, and the rest not at all. The Laplacian keeps such differences and takes off what neighbours
# share, of the head's motion and of an expression alike. The figure shows the two extremes.

# %% tags=["hide-input"] mystnb={"image": {"alt": "Two bar charts over the ten regions, before and after the Laplacian. Left: all regions move by one; after the Laplacian most of that is gone. Right: one region moves alone; it stays at one and its neighbours turn negative."}, "figure": {"caption": "A movement that all regions share nearly vanishes (left); a movement of one region stays, and each neighbour gets a part of it with the sign turned (right).", "name": "fig-laplacian-effect"}}
shared, alone = np.ones(10), np.eye(10)[mover]
fig, axes = plt.subplots(1, 2, sharey=True)
for ax, motion, title in zip(
    axes, (shared, alone), ("all regions move", f"region {mover} moves"), strict=True
):
    ax.bar(np.arange(10) - 0.2, motion, 0.4, label="before", color=report.colour("control"))
    ax.bar(np.arange(10) + 0.2, motion @ operator, 0.4, label="after", color=report.colour("mae"))
    ax.set(title=title, xlabel="region", xticks=range(10))
axes[0].set_ylabel("motion")
axes[1].legend()
plt.show()

# %%
left = np.square(shared @ operator).sum() / np.square(shared).sum()
report.glue("ch5_shared_left", 100 * left, ".1f")

# %% [markdown]
# Of the energy of a shared movement {glue}`ch5_shared_left` % is left: not nothing, because regions have
# different numbers of neighbours and the square roots of those numbers do not cancel. What cancels exactly is the
# movement in which each region moves by the square root of its degree.
#
# That could be a second line of defence against head motion, after the head model of [chapter
# 3](03_faces_and_flow.ipynb). Does it show on the features of this data set? Take the last frame of each window,
# and compare the energy of the motion inside expressions with the energy outside.

# %%
videos = stages.features(stages.profile(profile, seed=seed))
motion = np.concatenate([video.flow[:, -1] for video in videos])  # (all frames, R, 2)
inside = np.concatenate([learning.targets(v.expressions, len(v.flow)).contrast > 0 for v in videos])
mixed = np.einsum("trc,rw->twc", motion, operator)
for name, values in (("before", motion), ("after", mixed)):
    energy = np.square(values).mean((1, 2))
    report.glue(f"ch5_ratio_{name}", energy[inside].mean() / energy[~inside].mean(), ".2f")

# %% [markdown]
# Inside expressions the motion has {glue}`ch5_ratio_before` times the energy of the motion outside before the
# Laplacian, and {glue}`ch5_ratio_after` times after it. A second line of defence would make the second number the larger
# one. But the head model has taken the head out of these features before, and little is left to be defended against; what
# the Laplacian is worth to the score, [chapter 9](09_ablations.ipynb) asks.
#
# ## The same thing, the slow way
#
# Graph libraries compute this by message passing: every node sends its value along its edges. For a graph of ten
# nodes that never changes, one product with a dense matrix says the same. PyTorch Geometric {cite}`fey2019pyg`
# takes the same graph and serves as the judge.

# %%
joined = graph.FACE.data()
joined

# %%
from timeit import repeat

from torch_geometric.nn import SimpleConv
from torch_geometric.utils import get_laplacian

place = learning.device(device)
index, weight = (
    part.to(place)
    for part in get_laplacian(joined.edge_index, normalization="sym", num_nodes=joined.num_nodes)
)
x = torch.randn(64, 8, 17, 10, generator=torch.Generator().manual_seed(seed)).to(place)  # (N, C, T, V)
passing, dense = SimpleConv(aggr="sum"), GraphMix(graph.FACE).to(place)


def passed(x: torch.Tensor) -> torch.Tensor:
    nodes_first = x.flatten(0, 2).t().contiguous()  # (V, N C T), as message passing wants it
    return passing(nodes_first, index, weight).t().reshape(x.shape)


torch.set_num_threads(1)  # both on one core, where there is no graphics card
report.glue("ch5_gap", (passed(x) - dense(x)).abs().max().item(), ".0e")
slow = min(repeat(lambda: passed(x).sum().item(), number=5, repeat=5))
fast = min(repeat(lambda: dense(x).sum().item(), number=5, repeat=5))
report.glue("ch5_speed", slow / fast, ".1f")

# %% tags=["hide-input"]
report.glue("ch5_place", "one core" if place.type == "cpu" else "its graphics card")

# %% [markdown]
# On random values the two differ by {glue}`ch5_gap` at most: the rounding of single precision. On the machine that
# made this page, message passing took {glue}`ch5_speed` times as long as the dense product, on {glue}`ch5_place`.
#
# ## Three scales
#
# A smile is seen at a mouth corner, in the mouth and in the whole face. *Facial local graph pooling* (FLGP) lets
# the network look at all three: it takes the largest value over the three regions of a brow, over those of the
# other brow, and over the four of the mouth, and gets a graph of three nodes, a triangle. Once more, and the face
# is one node. Time is not touched.

# %%
triangle = graph.PARTS.laplacian()
np.round(triangle.numpy(), 2), np.round(torch.linalg.eigvalsh(triangle).numpy(), 2)

# %% [markdown]
# The triangle's Laplacian has the eigenvalues 0, 3/2 and 3/2. The 0 belongs to what all three parts have in
# common: the second graph layer removes exactly that, and passes on only how brows and mouth differ. So two
# numbers describe the three nodes after it, a fact that makes training cheaper in [chapter 7](07_learning.ipynb).
# A single node has $L = [1]$: there is nothing left to compare.
#
# :::{admonition} Try it
# :class: tip
# Add an edge between an outer brow and the mouth corner below it, and see which rows change. Change `mover` in
# the parameters and run the chapter again.
# :::

# %%
changed = graph.FacialGraph(graph.FACE.nodes, (*graph.FACE.edges, (2, 6)))
np.flatnonzero(np.abs(changed.laplacian().numpy() - operator).max(1) > 1e-9)
