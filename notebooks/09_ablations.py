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
# # Ablations
#
# The method has many parts: a window, a graph, three scales, a loss with seven terms. The paper holds that its own
# contributions help {cite}`deng2024msstgcn`. Which parts do, on our videos? An *ablation* takes one part away, or puts
# something else in its place, trains again, and looks at what is lost.
#
# Every section below is one *study*: a question, what one would expect (written down before the first run, except where the
# section says otherwise), what came out, and a cell in which you try a variant of your own. Three of the expectations, of
# scales, edges and the boundary loss, name two outcomes; nothing can contradict those. Of the others a sentence under the
# answer of record says, by a rule, what became of them as far as F1 shows it. (What the rule reads was put down from these
# sentences when the runs were known.) The studies and all they change
# stand in `src/msstgcn/studies/ablations.py`; `msstgcn study run scales --seeds 5` runs one from the command line.

# %% tags=["parameters"]
profile: str = "cpu"  # smoke | cpu | gpu; size of data, training and evaluation
seed: int = 0  # 0..1000000; everything random follows from it
device: str = "auto"  # auto | cpu | cuda; where the network runs

# %% tags=["hide-input"]
import matplotlib.pyplot as plt
import torch

from msstgcn import graph, report
from msstgcn.runner import sections, stages, study_records

report.use_style()
common = {"profile": profile, "seed": seed, "device": device}
report.glue("ch9_spread", sections.spread_of_record("lambda"))

# %% [markdown]
# ## How to read what follows
#
# Each table compares its variants with the first, the *base*, which is the method as it stands in this book (trained for
# longer where the number of epochs is the question). A variant differs from it in one thing, which may take several settings. All
# variants are trained on the same people, tested on the same people left out, decoded and counted in the same way.
#
# - A row is a variant, a column a class; the rows of the run of record stand below those of this run, and so do the panels of
#   a figure, where the mark of the base is dark grey. The interval beside each F1 comes from drawing the subjects again and again, with
#   replacement, and the seeds of training, where there are several: the *bootstrap* {cite}`efron1979`. It says how far other people, *and* another
#   training, could have moved the number.
# - In small type below it stands the difference from the base in *points*, hundredths of F1. It is taken on the same
#   people and seeds, so that what is hard for both cancels out. Two things can move it: other people, which leaving out
#   one person at a time tells {cite}`efron1981jackknife`, and other trainings, which the seeds tell. Interval and $p$ hold
#   the difference against both, with Student's $t$, because a few seeds tell little {cite}`satterthwaite1946`.
# - The interval stands for itself. $p$ is corrected for the number of variants within one column of one table
#   {cite}`holm1979`, and a difference is bold, *told apart*, where $p < .05$ and networks trained anew were trained three
#   times or more. It is not corrected over columns and studies: if nothing in this chapter made a difference, up to one
#   column in twenty would show one all the same, and these would come in bunches, as the end of this section says.
# - *Could be resolved* is the true difference, in points, that such a comparison would have found four times in five: the
#   minimum detectable difference at a *power* of 80 %.
#   **A smaller one can well be there and not be seen.** It can also be seen, with luck: then a filled mark lies on the grey
#   bar of a figure. It is itself an estimate, made from the few trainings there are: with five it can be off by half,
#   with three by a factor of two. *None* stands where nothing can be told apart, however large,
#   and a dash where F1 differs for nobody.
# - Where a class is not found at all, F1 is 0, its interval [0, 0], and so are the differences. That says that nothing was
#   found here, and not that nothing could be.
#
# An answer claims a difference only if $p < .05$ **and each variant was trained at least three times**. Two trainings of
# one and the same network, with other seeds, differ too, and no drawing of subjects can know by
# how much. Nor do two trainings tell it well: where they happen to agree, training seems to change nothing, and $p$ is
# much too small. {glue}`ch9_spread` A run of this page trains each variant once, whatever the profile. So it shows which way a
# variant went, and claims nothing; ask for `seeds=3`, and wait three times as long, if you want it to. In the profile
# `cpu` it is also short, and networks that are trained so briefly may find hardly a micro-expression.
#
# The runs of record are made for a larger profile and have several seeds; their notes say how large each is. Where there
# is one, its rows stand in the same table, and its answer after yours. With two seeds the interval of an F1 holds only about half of the variance
# that another training brings, with five four fifths of it. After the answer of record a sentence says what the paper
# holds, where it does, and whether that agrees; one more holds the outcome against what was expected. All are trained for a short time; what that may hide,
# the section *How long to train?* says.
#
# In the cell at the end of each section, `mine` holds the settings of a variant of your own. Names, ranges and meanings
# stand in `src/msstgcn/settings/stages.py`; a wrong name is refused, with the right ones. Your row is compared with the
# base like all others. If it changes two things at once, look also at the row that changes one of them.
#
# Most studies have the same base, and share its trainings. If these happen to come out poor, many variants look better at
# once: the studies are not independent witnesses. Where a study has another size its base is trained anew, so F1 of the
# base differs; on another device even the same seeds give other networks. Compare within a table only.
#
# These are synthetic faces. A variant that gains here may lose on people, and none of the numbers can be
# put beside published ones.

# %% [markdown]
# ## How long a window?
#
# *Question:* {glue}`ch9_window_question`
#
# The network gives one verdict on the frame in the middle of a window, and the paper makes the window as long as what
# the network can see: its *receptive field*, 17 frames or six tenths of a second. It calls this *receptive field
# adaptive*: choose another network and the window follows. Here kernels and window change together.
#
# *Expected:* {glue}`ch9_window_expected`

# %%
window = stages.study("window", profile, seed=seed, device=device)
sections.study_section(window, caption="Windows of other lengths, with a network that sees as much.")

# %% tags=["hide-input"] mystnb={"image": {"alt": "For overall, micro- and macro-expressions, F1 with intervals over windows of 5, 11, 17 and 25 frames; the interval of the base is a grey band."}, "figure": {"caption": "F1 over the length of the window, with a network that sees as much. The grey band is the base's interval; filled marks are told apart from it.", "name": "fig-window"}}
report.sweep(window.table(), window.study, record=sections.of_record(window))
plt.show()

# %% [markdown]
# **Answer.** {glue}`ch9_window_answer` {glue}`ch9_window_more`
#
# {glue}`ch9_window_note` {glue}`ch9_window_record`
#
# {glue}`ch9_window_held`
#
# Not only what is seen changes: longer kernels have more weights. What a longer window gains may be theirs, and this
# study cannot tell the two apart. [Chapter 10](10_robustness.ipynb) lets the same network see more seconds: 17 frames at
# a slower rate.

# %%
report.table(
    window.costs[["variant", "parameters"]], name="ablation_window_size", caption="Weights to train."
)

# %% [markdown]
# *Your turn.* The kernels $k_1$ to $k_4$ may be split otherwise as long as $1 + \sum_i (k_i - 1)$ stays the window; another sum with the
# window left as it is is refused, and the message says what would fit.

# %%
mine = {"kernels": [3, 3, 5, 9]}
own = stages.study("window", **common, add={"mine": mine})
report.outcomes(own.table(), sections.of_record(own))

# %% [markdown]
# ## Must the network see all of it?
#
# *Question:* {glue}`ch9_window_mismatch_question`
#
# The other half of the paper's claim is that window and receptive field should *match*. With a shorter field the last
# block leaves several steps of time, and the embedding becomes their mean; for a longer one the window's first and
# last frames are repeated. Neither is allowed unless it is asked for (`window_fit="any"`). As in the section before, a
# shorter field also has fewer weights; this study cannot tell the two apart.
#
# *Expected:* {glue}`ch9_window_mismatch_expected`

# %%
mismatch = stages.study("window-mismatch", profile, seed=seed, device=device)
sections.study_section(
    mismatch, caption="Networks that see less, or could see more, than the window of 17 frames."
)

# %% tags=["hide-input"] mystnb={"image": {"alt": "For overall, micro- and macro-expressions, F1 with intervals over receptive fields of 5, 11, 17 and 25 frames in windows of 17; the interval of the base is a grey band."}, "figure": {"caption": "F1 over the receptive field of the network, all on windows of 17 frames. The grey band is the base's interval; filled marks are told apart from it.", "name": "fig-window-mismatch"}}
report.sweep(mismatch.table(), mismatch.study, record=sections.of_record(mismatch))
plt.show()

# %% [markdown]
# **Answer.** {glue}`ch9_window_mismatch_answer` {glue}`ch9_window_mismatch_more`
#
# {glue}`ch9_window_mismatch_note` {glue}`ch9_window_mismatch_record`
#
# {glue}`ch9_window_mismatch_held`
#
# The table below has the errors of the ends of hits, which are what was expected to suffer. Only what was found has such
# errors, so the rows do not rest on the same expressions.

# %%
report.table(
    sections.ends_of(mismatch),
    name="ablation_mismatch_ends",
    caption="Errors of the ends of hits, frames; late if positive. Middle half: from lower to upper quartile; size: the sign left out.",
    digits=1,
)

# %% [markdown]
# *Your turn.* A field of 9 frames, four equal kernels.

# %%
mine = {"kernels": [3, 3, 3, 3], "window_fit": "any"}
own = stages.study("window-mismatch", **common, add={"mine": mine})
report.outcomes(own.table(), sections.of_record(own))

# %% [markdown]
# ## Which frames are compared?
#
# *Question:* {glue}`ch9_pairs_question`
#
# Inside a window the flow runs from the first frame to each of the others: short-term flow for the near ones,
# long-term for the far ones. A faint movement is then seen accumulated. Most methods compare each frame with the next.
#
# *Expected:* {glue}`ch9_pairs_expected`

# %%
pairs = stages.study("pairs", profile, seed=seed, device=device)
sections.study_section(
    pairs,
    caption="Flow from the first frame of the window to all, from each frame to the next, and halves of the window.",
)

# %% tags=["hide-input"] mystnb={"image": {"alt": "For overall, micro- and macro-expressions, one line each variant: its difference in F1 from the base with interval, over a grey bar of differences that the comparison would have missed more often than once in five times."}, "figure": {"caption": "Which pairs of frames the flow compares: difference of each variant from the base, in points of F1 (hundredths). Filled: told apart from the base. The grey bar spans differences that the comparison would not have found four times in five; it has no end where nothing can be told apart.", "name": "fig-pairs-compared"}}
report.forest(pairs.table(), record=sections.of_record(pairs))
plt.show()

# %% [markdown]
# **Answer.** {glue}`ch9_pairs_answer` {glue}`ch9_pairs_more`
#
# {glue}`ch9_pairs_note` {glue}`ch9_pairs_record`
#
# {glue}`ch9_pairs_held`
#
# What was expected speaks of micro-expressions. For them alone: {glue}`ch9_pairs_answer_me` {glue}`ch9_pairs_record_me`

# %% [markdown]
# *Your turn.* Do differences of neighbouring frames need the mixing of regions? Compare your row with *adjacent only*.
# Features that another variant has measured already are not measured again.

# %%
mine = {"pairs": "adjacent-only", "operator": "none"}
own = stages.study("pairs", **common, add={"mine": mine})
report.outcomes(own.table(), sections.of_record(own))

# %% [markdown]
# ## What is the head model worth?
#
# *Question:* {glue}`ch9_head_model_question`
#
# The paper moves the face's box along with the tip of the nose and takes off what is left of the nose's mean flow. This
# book fits a rigid movement to ten points that hardly move but with the head ([chapter 3](03_faces_and_flow.ipynb)).
# [Chapter 8](08_spotting_and_scoring.ipynb) puts dense flow with the nose, the paper's way, beside both.
#
# *Expected:* {glue}`ch9_head_model_expected`

# %%
head = stages.study("head-model", profile, seed=seed, device=device)
sections.study_section(
    head, caption="The head's movement taken out by a rigid fit, by the nose alone, and not at all."
)

# %% tags=["hide-input"] mystnb={"image": {"alt": "For overall, micro- and macro-expressions, one line each variant: its difference in F1 from the base with interval, over a grey bar of differences that the comparison would have missed more often than once in five times."}, "figure": {"caption": "How the head's movement is taken out: difference of each variant from the base, in points of F1 (hundredths). Filled: told apart from the base. The grey bar spans differences that the comparison would not have found four times in five; it has no end where nothing can be told apart.", "name": "fig-head-model"}}
report.forest(head.table(), record=sections.of_record(head))
plt.show()

# %% [markdown]
# **Answer.** {glue}`ch9_head_model_answer` {glue}`ch9_head_model_more`
#
# {glue}`ch9_head_model_note` {glue}`ch9_head_model_record`
#
# {glue}`ch9_head_model_held`
#
# Does the nose undo anything of what the head does? The paper holds that it does. That compares two rows of which neither
# is the base:

# %%
undone = {"nose against nothing": ("nose (the paper's)", "nothing")}
report.glue("ch9_undone", sections.pairs_told(head, undone))
report.glue("ch9_head_alarms", sections.alarms_told(head, ["nothing"]))
caption = (
    "F1 with the nose as head model minus F1 with none, in points; with a star where the two are told apart."
)
report.table(sections.pairs_shown(head, undone, "pair"), name="nose_against_nothing", caption=caption)

# %% [markdown]
# {glue}`ch9_undone`
#
# What was expected speaks of false alarms. {glue}`ch9_head_alarms` Counted over people and seeds they stand below, beside the hits: whoever spots
# less has fewer of both. Whether the mouth suffers most is not looked at here;
# [chapter 3](03_faces_and_flow.ipynb) measures signal over noise there, model by model.

# %%
report.table(
    sections.alarms(head),
    name="ablation_head_alarms",
    caption="What was found, taken for an expression, and missed.",
)

# %% [markdown]
# *Your turn.* Without a head model the Laplacian might be a second line of defence
# ([chapter 5](05_facial_graph.ipynb) saw nothing of it where the head is out already): take it away as well.

# %%
mine = {"head": "none", "operator": "adjacency"}
own = stages.study("head-model", **common, add={"mine": mine})
report.outcomes(own.table(), sections.of_record(own))

# %% [markdown]
# ## Three scales, two, or one?
#
# *Question:* {glue}`ch9_scales_question`
#
# Facial local graph pooling (FLGP) makes three parts of the ten regions, and one face of the three parts. That is the
# paper's main idea for the graph. With two scales the three parts stay until the end and the embedding is the mean over them;
# with one, the ten regions do. The number of weights is the same in all three, because the temporal kernels are
# shared by the nodes. More changes with the scales: with two, the last maximum, over the parts, becomes a mean; with one
# there is no maximum at all, and the second block mixes ten regions instead of three parts. This study cannot take these
# apart.
#
# *Expected:* {glue}`ch9_scales_expected`

# %%
scales = stages.study("scales", profile, seed=seed, device=device)
sections.study_section(scales, caption="Spatial scales of the graph.")

# %% tags=["hide-input"] mystnb={"image": {"alt": "For overall, micro- and macro-expressions, one line each variant: its difference in F1 from the base with interval, over a grey bar of differences that the comparison would have missed more often than once in five times."}, "figure": {"caption": "Number of spatial scales: difference of each variant from the base, in points of F1 (hundredths). Filled: told apart from the base. The grey bar spans differences that the comparison would not have found four times in five; it has no end where nothing can be told apart.", "name": "fig-scales"}}
report.forest(scales.table(), record=sections.of_record(scales))
plt.show()

# %% [markdown]
# **Answer.** {glue}`ch9_scales_answer` {glue}`ch9_scales_more`
#
# {glue}`ch9_scales_note` {glue}`ch9_scales_record`

# %% [markdown]
# *Your turn.* Two scales with another matrix between the nodes.

# %%
mine = {"scales": 2, "operator": "adjacency"}
own = stages.study("scales", **common, add={"mine": mine})
report.outcomes(own.table(), sections.of_record(own))

# %% [markdown]
# ## The largest or the mean?
#
# *Question:* {glue}`ch9_pooling_question`
#
# Pooling takes the largest value of each group. A mean would be the obvious other choice, but not just anywhere. In the
# triangle of the three parts each row of the Laplacian sums to zero, and so does each column,
#
# $$\sum_j L_{ij} = \sum_i L_{ij} = 0,$$
#
# so what it makes of any three values adds up to zero: the mean over the parts right after the Laplacian is nothing at
# all, whatever the face does, and batch normalisation cannot bring it back. The mean is therefore taken of what the rectifier leaves. For the maximum the
# order makes no difference.
#
# *Expected:* {glue}`ch9_pooling_expected`

# %%
pooling = stages.study("pooling", profile, seed=seed, device=device)
sections.study_section(
    pooling, caption="Pooling by the largest node of a group, and by the mean of the rectified nodes."
)

# %% tags=["hide-input"] mystnb={"image": {"alt": "For overall, micro- and macro-expressions, one line each variant: its difference in F1 from the base with interval, over a grey bar of differences that the comparison would have missed more often than once in five times."}, "figure": {"caption": "How the nodes of a group become one: difference of each variant from the base, in points of F1 (hundredths). Filled: told apart from the base. The grey bar spans differences that the comparison would not have found four times in five; it has no end where nothing can be told apart.", "name": "fig-pooling"}}
report.forest(pooling.table(), record=sections.of_record(pooling))
plt.show()

# %% [markdown]
# **Answer.** {glue}`ch9_pooling_answer` {glue}`ch9_pooling_more`
#
# {glue}`ch9_pooling_note` {glue}`ch9_pooling_record`
#
# {glue}`ch9_pooling_held`

# %%
after_laplacian = (
    torch.randn(1000, 3, generator=torch.Generator().manual_seed(seed)).double() @ graph.PARTS.laplacian()
)
report.glue("ch9_dead_mean", after_laplacian.mean(-1).abs().max().item(), ".0e")
report.glue("ch9_rectified_mean", after_laplacian.relu().mean(-1).mean().item(), ".2f")

# %% [markdown]
# In numbers, on a thousand random faces of three parts: the mean over the parts right after the Laplacian is at most
# {glue}`ch9_dead_mean`, which is rounding, and after the rectifier it is {glue}`ch9_rectified_mean` on average.

# %% [markdown]
# *Your turn.* With the adjacency, what the parts have in common survives the mixing. Compare your row with *mean*.

# %%
mine = {"pooling": "mean", "operator": "adjacency"}
own = stages.study("pooling", **common, add={"mine": mine})
report.outcomes(own.table(), sections.of_record(own))

# %% [markdown]
# ## What mixes the regions?
#
# *Question:* {glue}`ch9_operator_question`
#
# The method mixes the nodes with the symmetric normalised Laplacian $I - D^{-1/2} A D^{-1/2}$, the *difference* between
# a region and its neighbours. Graph convolutions usually take $\tilde{D}^{-1/2} (A + I) \tilde{D}^{-1/2}$, with
# $\tilde{D}$ the degrees of $A + I$: roughly a *mean* of a region and its neighbours
# {cite}`kipf2017gcn`. Nothing at all is the third choice, and a matrix that is learned, from the Laplacian on, the
# fourth: {glue}`ch9_more_weights` weights more.
#
# *Expected:* {glue}`ch9_operator_expected`

# %%
operator = stages.study("operator", profile, seed=seed, device=device)
weights = operator.costs.set_index("variant")["parameters"]
report.glue("ch9_more_weights", int(weights["learned"] - weights["Laplacian"]))
sections.study_section(operator, caption="Matrices that mix the nodes of the graph.")

# %% tags=["hide-input"] mystnb={"image": {"alt": "For overall, micro- and macro-expressions, one line each variant: its difference in F1 from the base with interval, over a grey bar of differences that the comparison would have missed more often than once in five times."}, "figure": {"caption": "What mixes the nodes: difference of each variant from the base, in points of F1 (hundredths). Filled: told apart from the base. The grey bar spans differences that the comparison would not have found four times in five; it has no end where nothing can be told apart.", "name": "fig-operator"}}
report.forest(operator.table(), record=sections.of_record(operator))
plt.show()

# %% [markdown]
# **Answer.** {glue}`ch9_operator_answer` {glue}`ch9_operator_more`
#
# {glue}`ch9_operator_note` {glue}`ch9_operator_record`
#
# {glue}`ch9_operator_held`

# %% [markdown]
# *Your turn.* Half the channels, and the mean over neighbours: compare your row with *adjacency*.

# %%
mine = {"operator": "adjacency", "channels": 32}
own = stages.study("operator", **common, add={"mine": mine})
report.outcomes(own.table(), sections.of_record(own))

# %% [markdown]
# ## The face's edges, or any?
#
# *Question:* {glue}`ch9_edges_question`
#
# The eleven edges follow the face: along the brows, around the mouth, over the nose. If that is knowledge, edges drawn at
# random should do worse. The random graphs keep the number of edges at every region, so that only *which* regions are
# joined differs: pairs of edges swap their ends again and again {cite}`maslov2002specificity`.
#
# *Expected:* {glue}`ch9_edges_expected`

# %%
edges = stages.study("edges", profile, seed=seed, device=device)
sections.study_section(
    edges, caption="The facial graph and two random ones with as many edges at every region."
)

# %% tags=["hide-input"] mystnb={"image": {"alt": "For overall, micro- and macro-expressions, one line each variant: its difference in F1 from the base with interval, over a grey bar of differences that the comparison would have missed more often than once in five times."}, "figure": {"caption": "Which regions are joined: difference of each variant from the base, in points of F1 (hundredths). Filled: told apart from the base. The grey bar spans differences that the comparison would not have found four times in five; it has no end where nothing can be told apart.", "name": "fig-edges"}}
report.forest(edges.table(), record=sections.of_record(edges))
plt.show()

# %% [markdown]
# **Answer.** {glue}`ch9_edges_answer` {glue}`ch9_edges_more`
#
# {glue}`ch9_edges_note` {glue}`ch9_edges_record`

# %% tags=["hide-input"] mystnb={"image": {"alt": "Three schematic faces with ten regions each, joined by the edges of the facial graph and of two random graphs that cross the face."}, "figure": {"caption": "The facial graph, and the two random ones. Every region keeps its number of edges.", "name": "fig-random-graphs"}}
fig, axes = plt.subplots(1, 3, figsize=(7.6, 3.6))
drawn = {"facial": graph.FACE} | {f"random {n}": graph.random_graph(graph.FACE, n) for n in (1, 2)}
for ax, (name, one) in zip(axes, drawn.items(), strict=True):
    graph.draw(ax, labels=False, graph=one).set_title(name)
    ax.get_legend().remove()
plt.show()

# %% [markdown]
# *Your turn.* One more random graph. Two or three say little about all random graphs, and the run of record has no more:
# a claim about all of them would need many.

# %%
mine = {"graph": "random", "graph_seed": 3}
own = stages.study("edges", **common, add={"mine": mine})
report.outcomes(own.table(), sections.of_record(own))

# %% [markdown]
# ## How much contrast?
#
# *Question:* {glue}`ch9_lambda_question`
#
# The supervised contrastive loss pulls frames of one kind together in the embedding and pushes others away. The paper
# weighs it with $\lambda = .05$.
#
# *Expected:* {glue}`ch9_lambda_expected`

# %%
contrast = stages.study("lambda", profile, seed=seed, device=device)
sections.study_section(contrast, caption="Weights of the contrastive loss.")

# %% tags=["hide-input"] mystnb={"image": {"alt": "For overall, micro- and macro-expressions, F1 with intervals over the weight of the contrastive loss, from 0 to .5; the interval of the base is a grey band."}, "figure": {"caption": "F1 over the weight of the contrastive loss. The grey band is the base's interval; filled marks are told apart from it.", "name": "fig-lambda"}}
report.sweep(contrast.table(), contrast.study, record=sections.of_record(contrast))
plt.show()

# %% [markdown]
# **Answer.** {glue}`ch9_lambda_answer` {glue}`ch9_lambda_more`
#
# {glue}`ch9_lambda_note` {glue}`ch9_lambda_record`
#
# {glue}`ch9_lambda_held`

# %% [markdown]
# *Your turn.* Weight and temperature work together: a low temperature makes the slopes of the
# term steeper while the kinds are mixed, and lets them fade once these have parted.

# %%
mine = {"lambda_contrast": 0.01, "temperature": 0.25}
own = stages.study("lambda", **common, add={"mine": mine})
report.outcomes(own.table(), sections.of_record(own))

# %% [markdown]
# ## At what temperature?
#
# *Question:* {glue}`ch9_temperature_question`
#
# The temperature $\tau$ divides the similarity of two embeddings before the exponential: the lower, the more do the
# most similar frames decide. The paper does not say it; the released code has .5.
#
# *Expected:* {glue}`ch9_temperature_expected`

# %%
temperature = stages.study("temperature", profile, seed=seed, device=device)
sections.study_section(temperature, caption="Temperatures of the contrastive loss.")

# %% tags=["hide-input"] mystnb={"image": {"alt": "For overall, micro- and macro-expressions, F1 with intervals over temperatures from .1 to 2; the interval of the base is a grey band."}, "figure": {"caption": "F1 over the temperature of the contrastive loss. The grey band is the base's interval; filled marks are told apart from it.", "name": "fig-temperature"}}
report.sweep(temperature.table(), temperature.study, record=sections.of_record(temperature))
plt.show()

# %% [markdown]
# **Answer.** {glue}`ch9_temperature_answer` {glue}`ch9_temperature_more`
#
# {glue}`ch9_temperature_note` {glue}`ch9_temperature_record`
#
# {glue}`ch9_temperature_held`

# %% [markdown]
# *Your turn.* A low temperature and twice the weight.

# %%
mine = {"temperature": 0.1, "lambda_contrast": 0.1}
own = stages.study("temperature", **common, add={"mine": mine})
report.outcomes(own.table(), sections.of_record(own))

# %% [markdown]
# ## Which loss for the boundaries?
#
# *Question:* {glue}`ch9_boundary_loss_question`
#
# The paper speaks of a focal loss for onset and offset, the released code holds one and uses cross-entropy. A focal loss
# turns away from what is easy, and nearly all frames are an easy *none*. Ours is $-(1 - p)^2 \log p$, with $p$ the
# probability of what is true; the exponent is our choice, since nothing public settles it. It is smaller than the
# cross-entropy everywhere, so boundaries weigh less against the other terms, too.
#
# *Expected:* {glue}`ch9_boundary_loss_expected`

# %%
boundary = stages.study("boundary-loss", profile, seed=seed, device=device)
sections.study_section(boundary, caption="Losses on onset and offset.")

# %% tags=["hide-input"] mystnb={"image": {"alt": "For overall, micro- and macro-expressions, one line each variant: its difference in F1 from the base with interval, over a grey bar of differences that the comparison would have missed more often than once in five times."}, "figure": {"caption": "The loss on boundaries: difference of each variant from the base, in points of F1 (hundredths). Filled: told apart from the base. The grey bar spans differences that the comparison would not have found four times in five; it has no end where nothing can be told apart.", "name": "fig-boundary-loss"}}
report.forest(boundary.table(), record=sections.of_record(boundary))
plt.show()

# %% [markdown]
# **Answer.** {glue}`ch9_boundary_loss_answer` {glue}`ch9_boundary_loss_more`
#
# {glue}`ch9_boundary_loss_note` {glue}`ch9_boundary_loss_record`

# %% [markdown]
# *Your turn.* The focal loss without contrast.

# %%
mine = {"boundary_loss": "focal", "lambda_contrast": 0.0}
own = stages.study("boundary-loss", **common, add={"mine": mine})
report.outcomes(own.table(), sections.of_record(own))

# %% [markdown]
# ## Micro against macro
#
# *Question:* {glue}`ch9_rho_question`
#
# The terms of macro-expressions carry the weight $\rho = .7$: a boundary or action term of theirs weighs .7 of the same
# term of micro-expressions. Their apex term weighs .7, too, where that of micro-expressions weighs 1.8
# ([chapter 7](07_learning.ipynb)). There are fewer micro-expressions, and their frames are fewer still.
#
# *Expected:* {glue}`ch9_rho_expected`

# %%
rho = stages.study("rho", profile, seed=seed, device=device)
sections.study_section(rho, caption="Weights of the macro-expression terms.")

# %% tags=["hide-input"] mystnb={"image": {"alt": "For overall, micro- and macro-expressions, F1 with intervals over the weight of the macro-expression terms, from .3 to 1.5; the interval of the base is a grey band."}, "figure": {"caption": "F1 over the weight of the macro-expression terms. The grey band is the base's interval; filled marks are told apart from it.", "name": "fig-rho"}}
report.sweep(rho.table(), rho.study, record=sections.of_record(rho))
plt.show()

# %% [markdown]
# **Answer.** {glue}`ch9_rho_answer` {glue}`ch9_rho_more`
#
# {glue}`ch9_rho_note` {glue}`ch9_rho_record`
#
# {glue}`ch9_rho_held`
#
# What one class gains the other may lose:
#
# - {glue}`ch9_rho_answer_me` {glue}`ch9_rho_record_me`
# - {glue}`ch9_rho_answer_mae` {glue}`ch9_rho_record_mae`

# %% [markdown]
# *Your turn.* Any setting of learning can be added.

# %%
mine = {"rho": 0.5, "boundary_loss": "focal"}
own = stages.study("rho", **common, add={"mine": mine})
report.outcomes(own.table(), sections.of_record(own))

# %% [markdown]
# ## What do the parts add?
#
# *Question:* {glue}`ch9_components_question`
#
# The reader of the paper would like one table: the spatio-temporal graph network alone, with pooling, with contrast, with
# both. The numbers that we know from the paper do not separate pooling from contrast. Every difference in the table is from
# *full*: the row *+ FLGP* shows what is lost without contrast, *+ contrastive* what is lost without pooling. What each of them adds alone
# stands below it. The last row
# is the contrastive loss as it was released, on embeddings of any length and seven times as heavy
# ([chapter 7](07_learning.ipynb)); what weight alone does, the study of lambda shows.
#
# *Expected:* {glue}`ch9_components_expected`

# %%
components = stages.study("components", profile, seed=seed, device=device)
sections.study_section(components, caption="Components of the method.")

# %% tags=["hide-input"] mystnb={"image": {"alt": "For overall, micro- and macro-expressions, one line each variant: its difference in F1 from the base with interval, over a grey bar of differences that the comparison would have missed more often than once in five times."}, "figure": {"caption": "Pooling and contrast, one at a time: difference of each variant from the base, in points of F1 (hundredths). Filled: told apart from the base. The grey bar spans differences that the comparison would not have found four times in five; it has no end where nothing can be told apart.", "name": "fig-components"}}
report.forest(components.table(), record=sections.of_record(components))
plt.show()

# %% [markdown]
# **Answer.** {glue}`ch9_components_answer` {glue}`ch9_components_more`
#
# {glue}`ch9_components_note` {glue}`ch9_components_record`
#
# {glue}`ch9_components_held`
#
# And what does each add alone, to a network that has neither?

# %%
bare = "ST-GCN only"
alone = {"pooling alone": ("+ FLGP", bare), "contrast alone": ("+ contrastive", bare)}
report.glue("ch9_alone", sections.pairs_told(components, alone))
caption = "F1 with pooling, or with contrast, minus F1 with neither, in points; with a star where the two are told apart."
report.table(sections.pairs_shown(components, alone, "what is added"), name="parts_alone", caption=caption)

# %% [markdown]
# {glue}`ch9_alone`
#
# The paper's case rests on micro-expressions. For them alone, in this run: {glue}`ch9_components_answer_me`
# {glue}`ch9_components_record_me`
#
# Two networks stand in two studies: *+ contrastive* here is *one scale* of the study of scales, and *+ FLGP* is *0* of the
# study of lambda. What those say of micro-expressions:
#
# - {glue}`ch9_scales_record_me`
# - {glue}`ch9_lambda_record_me`
#
# A variant that is behind after a few epochs may only be slower.
#
# The paper says how contrast should help: near boundaries, and between the two classes. So here are the errors of the ends
# of hits, too. Only what was found has such errors, so the rows do not rest on the same expressions. How often one class
# was taken for the other, the runs of record do not hold.

# %%
report.table(
    sections.ends_of(components),
    name="ablation_components_ends",
    caption="Errors of the ends of hits, frames; late if positive. Middle half: from lower to upper quartile; size: the sign left out.",
    digits=1,
)

# %% [markdown]
# F1 hides which expressions are missed. Those that move nothing but eyelids stand apart:

# %%
report.table(
    sections.recalls(components),
    name="ablation_components_recall",
    caption=f"Share of the expressions found, those of the eyelids alone apart. {sections.RECALL_CAPTION}",
)

# %%
full = components.events[components.events["variant"] == components.study.base]
for name, own in (("eyes", full[full["eye_only"]]), ("others", full[~full["eye_only"]])):
    report.glue(f"ch9_found_{name}", f"{own['hit'].sum()} of {len(own)}")

# %% [markdown]
# In this run the full method found {glue}`ch9_found_eyes` of the expressions that move nothing but eyelids, and
# {glue}`ch9_found_others` of all others. No region lies on an eyelid; what is missed there counts as missed in every F1 of this
# chapter.

# %% [markdown]
# *Your turn.* Pool once, without contrast.

# %%
mine = {"scales": 2, "lambda_contrast": 0.0}
own = stages.study("components", **common, add={"mine": mine})
report.outcomes(own.table(), sections.of_record(own))

# %% [markdown]
# ## Which segments?
#
# *Question:* {glue}`ch9_segments_question`
#
# Training draws segments of 16 windows. As released, only those that hold some expression are drawn; in a trial before
# this book was written, training on all of them gained more than anything else. So what is expected below was no blind
# guess. In between, each epoch draws as many segments without an expression as there are with one (*1 neutral each*), or
# half as many (*1 neutral in 2*).
#
# Fewer segments make an epoch shorter, and after so few epochs every step still counts (see *How long to train?*). So
# one variant draws segments with an expression for 27 epochs: in the profiles `cpu` and `gpu` about as many steps as all
# segments give in the epochs of the other variants, with a learning rate that falls as far. It was added, and its outcome
# expected, after the first run of record of the others. The two variants in between have no such twin: how much of what
# they lose is steps, this study cannot say.
#
# *Expected:* {glue}`ch9_segments_expected`

# %%
segments = stages.study("segments", profile, seed=seed, device=device)
sections.study_section(segments, caption="Segments that training draws from.")

# %% tags=["hide-input"] mystnb={"image": {"alt": "For overall, micro- and macro-expressions, one line each variant: its difference in F1 from the base with interval, over a grey bar of differences that the comparison would have missed more often than once in five times."}, "figure": {"caption": "Segments to train on: difference of each variant from the base, in points of F1 (hundredths). Filled: told apart from the base. The grey bar spans differences that the comparison would not have found four times in five; it has no end where nothing can be told apart.", "name": "fig-segments"}}
report.forest(segments.table(), record=sections.of_record(segments))
plt.show()

# %% [markdown]
# **Answer.** {glue}`ch9_segments_answer` {glue}`ch9_segments_more`
#
# {glue}`ch9_segments_note` {glue}`ch9_segments_record`
#
# {glue}`ch9_segments_held`
#
# Do as many steps give back what short epochs lose? That compares two rows of which neither is the base:

# %%
long, released = "with expression only, 27 epochs", "with expression only (as released)"
longer = {"27 epochs against as released": (long, released)}
report.glue("ch9_longer", sections.pairs_told(segments, longer))
report.glue("ch9_too_much", sections.alarms_told(segments, [released]))
caption = "F1 after 27 epochs on segments with an expression minus F1 as released, in points; with a star where the two are told apart."
report.table(sections.pairs_shown(segments, longer, "pair"), name="steps_given_back", caption=caption)

# %% [markdown]
# {glue}`ch9_longer`
#
# Does it spot too much? {glue}`ch9_too_much` Counted over people and seeds:

# %%
report.table(
    sections.alarms(segments),
    name="ablation_segments_alarms",
    caption="What was found, taken for an expression, and missed.",
)

# %% [markdown]
# *Your turn.* Two segments without an expression for each one with one.

# %%
mine = {"neutral": 2.0}
own = stages.study("segments", **common, add={"mine": mine})
report.outcomes(own.table(), sections.of_record(own))

# %% [markdown]
# ## How long to train?
#
# *Question:* {glue}`ch9_epochs_question`
#
# The paper trains for 100 epochs. More epochs fit the training subjects better; whether they spot better in others is
# another question. The learning rate falls by the same factor with each epoch, however many follow. So a short training
# is the start of a long one: the study trains once, as long as its longest variant, and looks at the held-out videos on
# the way.
#
# *Expected:* {glue}`ch9_epochs_expected`

# %%
epochs = stages.study("epochs", profile, seed=seed, device=device)
sections.study_section(epochs, caption="Numbers of epochs.")

# %% tags=["hide-input"] mystnb={"image": {"alt": "For overall, micro- and macro-expressions, F1 with intervals over 4, 8, 16 and 32 epochs; the interval of the base is a grey band."}, "figure": {"caption": "F1 over the number of epochs. The grey band is the base's interval; filled marks are told apart from it.", "name": "fig-training-length"}}
report.sweep(epochs.table(), epochs.study, record=sections.of_record(epochs))
plt.show()

# %% [markdown]
# **Answer.** {glue}`ch9_epochs_answer` {glue}`ch9_epochs_more`
#
# {glue}`ch9_epochs_note` {glue}`ch9_epochs_record`
#
# {glue}`ch9_epochs_held`

# %% tags=["hide-input"]
report.glue("ch9_young", sections.still_improving(study_records.study_record("epochs")))

# %% [markdown]
# {glue}`ch9_young`

# %% [markdown]
# *Your turn.* Fewer epochs, and a learning rate that falls faster.

# %%
mine = {"epochs": 8, "lr_decay": 0.8}
own = stages.study("epochs", **common, add={"mine": mine})
report.outcomes(own.table(), sections.of_record(own))

# %% [markdown]
# ## All runs of record on one page
#
# The table below has one line a study: its base with overall F1 and seeds of training, which variants were told apart from the base and by how
# many points, which were not, which in a class and not, in that direction, overall, and the differences that the study could have resolved. The
# notes above say how large each run was.

# %%
seen = sections.seen_in_records(9)
caption = "What the runs of record of this chapter saw, on synthetic videos: differences from the base in points of overall F1."
report.glue("ch9_told", sections.told_in_records(9))
report.table(seen, name="ablations_of_record", caption=caption)

# %% [markdown]
# ## What to take with you
#
# Which parts help, on our videos? A part helps where a variant without it is worse. {glue}`ch9_told`
#
# Read the row *could be resolved* before you read F1. A part of a method that makes no visible difference here is not
# shown to be useless: if it makes one, these people and these short trainings did not show it. And whoever claims a gain
# of a few points on a data set of thirty subjects must show an interval, too, and more than one training.
#
# Not everything that one would like to know of the method was asked. Contrast needs both classes in a batch, so its gain
# may depend on the size of the batch and on how rare an expression is; no study varies these. The longest window and the
# longest training of the sweeps are not the paper's limits but ours, and where F1 still rises at the end of a sweep, the
# best value may lie beyond it.
#
# What holds whatever the run: pooling by a mean cannot follow the triangle's Laplacian without a rectifier between
# them. [Chapter 10](10_robustness.ipynb)
# turns from the method to the videos.
#
# :::{admonition} Exercises
# :class: tip
# 1. Which questions could the runs of record have answered? Compare what *could be resolved* with the differences, and
#    with what you would call a difference that matters.
# 2. Holm's correction depends on the number of variants. Run a study with `only=["..."]` for one variant and compare $p$.
# 3. Run one study with three seeds, `stages.study("scales", profile, seeds=3)`. How far apart are the seeds?
#    `result.counts.groupby(["variant", "seed"])[["tp", "fp", "fn"]].sum()` has the counts of each.
# :::
