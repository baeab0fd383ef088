"""What is shown of a study in a section of the book, beside the run of record."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from msstgcn import report, studies
from msstgcn.runner.study_records import study_note, study_record, trained_for
from msstgcn.spotting import bootstrap_f1, boundary_table
from msstgcn.studies import (
    METRICS,
    SIZES,
    STUDIES,
    WITHOUT_MOTION,
    StudyResult,
    agreement,
    answer,
    broken,
    capital,
    compared,
    foreseen_told,
    in_a_class,
    joined,
    names_of,
    points,
    points_told,
    quoted,
    recall_table,
    remarks,
    resolved,
    told_apart,
)
from msstgcn.studies.outcome import counts_array

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure
    from pandas.io.formats.style import Styler


#: Variants that `told_in_records` names of each kind.
_MOST = 4
#: How the names of glued answers end that are about one class.
_ENDINGS = {metric: "" if metric == "overall" else f"_{metric.lower()}" for metric in METRICS}


def study_section(result: StudyResult, *, caption: str) -> Styler:
    """Register what a section says of a study, and return the table to show.

    For a study ``head-model`` of chapter 9 the prose finds ``ch9_head_model_question`` and ``..._expected``,
    ``..._note`` (what the run of record was), ``..._answer`` and ``..._record`` (what the reader's run and the run of
    record answer overall, and whether the latter agrees with the paper; empty if there is no record), the two for one
    class, as in ``..._answer_me`` and ``..._record_mae``, ``..._more`` (what else the reader's run has shown), and
    ``..._held`` (what became, in the run of record, of what was expected).

    Parameters
    ----------
    result : StudyResult
        The reader's run.
    caption : str
        Of the table, which is written as ``study_head_model``.

    Returns
    -------
    Styler
        Rows of the reader's run, and under them those of the run of record.
    """
    study = result.study
    own, kept = result.table(), study_record(study.name)
    recorded = None if kept is None else kept.table()
    start = f"ch{study.chapter}_{study.key}"
    said = {"question": study.question, "expected": study.expected, "note": study_note(study.name)}
    said |= {f"answer{end}": answer(study, own, metric) for metric, end in _ENDINGS.items()}
    empty = ["held", *(f"record{end}" for end in _ENDINGS.values())]
    said |= {"more": remarks(study, own)} | dict.fromkeys(empty, "")
    if kept is not None and recorded is not None:
        for metric, end in _ENDINGS.items():
            said[f"record{end}"] = f"Of record: {answer(kept.study, recorded, metric)}"
        agrees = agreement(study, recorded, epochs=trained_for(study.name))
        said["record"] = " ".join(filter(None, (said["record"], remarks(kept.study, recorded), agrees)))
        said["held"] = foreseen_told(study, recorded)
    for name, text in said.items():
        report.glue(f"{start}_{name}", text)
    return report.outcomes(own, recorded, name=f"study_{study.key}", caption=caption)


def of_record(result: StudyResult) -> pd.DataFrame | None:
    """The table of the run of record of the same study, for its figure; None if there is none."""
    kept = study_record(result.study.name)
    return None if kept is None else kept.table()


def forest_of_record(name: str) -> Figure:
    """`report.forest` of the run of record of a study, or a picture that says that there is none."""
    import matplotlib.pyplot as plt

    kept = study_record(name)
    if kept is not None:
        return report.forest(kept.table())
    figure, ax = plt.subplots(figsize=(7.6, 1))
    ax.text(0.5, 0.5, study_note(name), ha="center", va="center")
    ax.set_axis_off()
    return figure


def seen_in_records(chapter: int) -> pd.DataFrame:
    """What the runs of record of a chapter's studies have seen.

    Returns
    -------
    DataFrame
        One row a study that has a record. Columns ``study``; ``base`` with its overall F1 and interval, and the number
        of seeds; ``better``, ``worse`` and ``not told apart``: variants with their difference in points of overall
        F1; ``in a class``: what was told apart in a class and not, in that direction, overall; ``could be resolved``:
        points of F1, see `studies.resolved`.
    """
    import pandas as pd

    rows = []
    for study, table in _tables_of_record(chapter):
        overall = table[table["class"] == "overall"]
        base = overall.iloc[0]
        kinds: dict[str, list[str]] = {"better": [], "worse": [], "not told apart": []}
        for (_, row), apart in zip(overall.iloc[1:].iterrows(), told_apart(overall)[1:], strict=True):
            kind = "not told apart" if not apart else "better" if row["difference"] > 0 else "worse"
            kinds[kind].append(f"{quoted(row['variant'])} {points(row['difference'])}")
        kinds["in a class"] = [
            f"{quoted(row['variant'])} {points(row['difference'])} in {row['class']}"
            for _, row in in_a_class(table).iterrows()
        ]
        shown = {kind: "; ".join(names) or "–" for kind, names in kinds.items()}
        f1 = report.interval(base["F1"], base["low"], base["high"])
        least = resolved(overall["resolvable"])
        named = f"{base['variant']}: {f1}, {report.counted(base['seeds'], 'seed')}"
        rows.append({"study": study, "base": named, **shown, "could be resolved": least})
    return pd.DataFrame(rows)


def _tables_of_record(chapter: int) -> list[tuple[str, pd.DataFrame]]:
    """Studies of a chapter that have a run of record, with its table."""
    names = [study.name for study in STUDIES.values() if study.chapter == chapter]
    return [(name, kept.table()) for name in names if (kept := study_record(name)) is not None]


def told_in_records(chapter: int) -> str:
    """How many variants of a chapter's studies the runs of record told apart from their base, and which by most.

    About overall F1, and about studies that change how something is made or done, not how it is counted; then the
    studies in which nothing was told apart. Empty if there is no record.
    """
    import pandas as pd

    parts = [
        rows[rows["class"] == "overall"].iloc[1:].assign(study=name)
        for name, rows in _tables_of_record(chapter)
        if not _counts_only(name)
    ]
    if not parts:
        return ""
    table = pd.concat(parts, ignore_index=True)
    apart = table[told_apart(table)].sort_values("difference", ascending=False, kind="stable")
    better, worse = apart[apart["difference"] > 0], apart[apart["difference"] < 0]
    said = [
        f"In the runs of record {report.counted(len(table), 'variant')} stand beside the base of their study: "
        f"{len(better)} better in overall F1, {len(worse)} worse, {len(table) - len(apart)} not told apart from it."
    ]
    for most, rows in (("gain most", better.head(_MOST)), ("lose most", worse[::-1].head(_MOST))):
        if len(rows):
            named = [
                f"{quoted(row['variant'])} of {row['study']} ({points(row['difference'])} points)"
                for _, row in rows.iterrows()
            ]
            said.append(f"Those that {most}: {joined(named)}.")
    silent = [name for name in dict.fromkeys(table["study"]) if name not in set(apart["study"])]
    if silent:
        said.append(f"Nothing was told apart overall in {joined(silent)}.")
    return " ".join(said)


def _counts_only(name: str) -> bool:
    """Whether a study's variants differ in how hits are counted, and in nothing that is made or done."""
    return {*itertools.chain(*STUDIES[name].variants.values())} == {"match_iou"}


def told_where_broken(chapter: int) -> str:
    """Where the method breaks in overall F1, see `studies.broken`, in the runs of record of a chapter's studies."""
    said = []
    for name, table in _tables_of_record(chapter):
        overall = table[table["class"] == "overall"]
        where = overall[broken(overall)]
        if len(where) and not _counts_only(name):
            said.append(f"{name}: {names_of(where)}")
    return f"{'; '.join(said)}." if said else "nowhere in the runs of record."


def still_improving(kept: StudyResult | None) -> str:
    """What the study of epochs says of all others: whether their networks would have improved with more.

    Parameters
    ----------
    kept : StudyResult, optional
        The run of record of ``epochs``; None, and an answer without a word, where there is none.
    """
    if kept is None:
        return ""
    usual, places = SIZES["gpu"]["epochs"], kept.study.places
    longest = max(places, key=lambda name: places[name])
    as_usual = next((name for name in places if places[name] == usual), None)
    if as_usual is None or longest == as_usual:
        return ""  # a record of other epochs
    pair = kept.pairs({"longer": (longest, as_usual)})
    overall = pair[pair["class"] == "overall"]
    seen = f"In the run of record: {studies.pairs_told(pair, {'longer': (longest, as_usual)})}"
    if not told_apart(overall).all() or overall["difference"].iloc[0] <= 0:
        return seen
    return (
        f"{seen} So most of the other studies, whose networks are trained for {usual} epochs in full size or for as "
        "many as their notes say, compare networks that would still have improved. What pays only late cannot be "
        "seen in them."
    )


def spotted_by(result: StudyResult, variant: str) -> str:
    """How many intervals a variant spotted, and the base, counted over people and seeds, in words.

    Of the reader's run, and of the run of record where there is one.
    """
    kept = of_record(result)
    runs = {"this run": result.table()} | ({} if kept is None else {"the run of record": kept})
    parts = []
    for run, table in runs.items():
        spotted = table[table["class"] == "overall"].set_index("variant")[["TP", "FP"]].sum(axis=1)
        if variant in spotted:
            parts.append(
                f"in {run} {quoted(variant)} spotted {report.counted(spotted[variant], 'interval')} where "
                f"{quoted(result.study.base)} spotted {spotted[result.study.base]}"
            )
    said = "; ".join(parts) or f"{quoted(variant)} was not run"
    return f"{capital(said)}."


def simpler(result: StudyResult, names: Sequence[str]) -> str:
    """How methods that assume less do beside the base of a study, with their weights, a sentence each.

    One that is better overall shows, on these videos, that what the base assumes beyond it is no gain; that is said.

    Parameters
    ----------
    result : StudyResult
        The reader's run; what is said is that of record where there is one.
    names : sequence of str
        Variants of the study.
    """
    run, most = larger(result)
    weights, base = most.costs.set_index("variant")["parameters"], most.study.base
    table = most.table()
    rows = table[table["variant"].isin(names)].assign(apart=told_apart(table))
    said = [
        f"“{name}”, with {weights[name]:,} weights to train against {weights[base]:,}, {_beside(own, base)}"
        for name, own in rows.groupby("variant", sort=False)
    ]
    return f"In {called(run)}: {' '.join(said)}" if said else ""


def _beside(rows: pd.DataFrame, base: str) -> str:
    """How one variant does beside the base, metric by metric: the end of a sentence, and what it means."""
    by_word: dict[str, list[str]] = {"better than": [], "worse than": [], "not told apart from": []}
    for _, row in rows.iterrows():
        by_word[compared(row["difference"], row["apart"])].append(
            f"{METRICS[row['class']]} ({points_told(row)})"
        )
    parts = [f"is {word} {quoted(base)} in {' and '.join(there)}" for word, there in by_word.items() if there]
    overall = rows[rows["class"] == "overall"].iloc[0]
    if not (overall["apart"] and overall["difference"] > 0):
        return f"{'; it '.join(parts)}."
    gain = f"What {quoted(base)} assumes beyond it brought no gain in overall F1 on these videos"
    room = [
        f"{METRICS[row['class']]} for one of {points(-row['diff low'])[1:]} points"
        for _, row in rows.iterrows()
        if not row["apart"] and row["diff low"] < 0
    ]
    left = f", while the 95 % interval leaves room in {joined(room)}" if room else ""
    return f"{'; it '.join(parts)}. {gain}{left}."


def larger(result: StudyResult) -> tuple[str, StudyResult]:
    """The run of record of the same study where there is one, else the reader's, and what a table calls it."""
    kept = study_record(result.study.name)
    return ("this run", result) if kept is None else ("of record", kept)


def called(run: str) -> str:
    """What a sentence calls the run that `larger` gives."""
    return "the run of record" if run == "of record" else run


def ends_of(result: StudyResult) -> pd.DataFrame:
    """Errors of the ends of every variant's hits: `spotting.boundary_table`, one variant under the other.

    Returns
    -------
    DataFrame
        Columns ``run`` (of record where there is one, else this run) and ``variant``, then those of that table.
    """
    import pandas as pd

    run, most = larger(result)
    events = most.events.assign(outcome=["hit" if hit else "nothing spotted" for hit in most.events["hit"]])
    by_variant = events.groupby("variant", sort=False)
    parts = [boundary_table(own).assign(run=run, variant=name) for name, own in by_variant]
    found = pd.concat(parts, ignore_index=True)
    return found[["run", "variant", *found.columns.drop(["run", "variant"])]]


def alarms(result: StudyResult) -> pd.DataFrame:
    """What every variant found, missed and took for an expression, counted over people and seeds.

    Returns
    -------
    DataFrame
        Columns ``run`` (of record where there is one, else this run), ``variant``, and for each class its ``hits``,
        ``false alarms`` and ``missed``.
    """
    run, most = larger(result)
    table = most.table()
    found = table[["variant"]].drop_duplicates()
    found.insert(0, "run", run)
    for label in ("ME", "MaE"):
        own = table[table["class"] == label].set_index("variant")
        for count, name in (("TP", "hits"), ("FP", "false alarms"), ("FN", "missed")):
            found[f"{label} {name}"] = found["variant"].map(own[count])
    return found.reset_index(drop=True)


def alarms_told(result: StudyResult, names: Sequence[str]) -> str:
    """By how much some variants take more, or less, for an expression than the base of a study does, in words.

    Parameters
    ----------
    result : StudyResult
        The reader's run; what is said is that of record where there is one.
    names : sequence of str
        Variants of the study; those that were not run are left out.
    """
    run, most = larger(result)
    table = most.table().set_index(["variant", "class"])["FP"]
    there = [name for name in names if name in most.study.variants]
    said = [
        f"with {quoted(name)} there are {_change(table[name, 'ME'], table[most.study.base, 'ME'])} false "
        f"micro-expressions and {_change(table[name, 'MaE'], table[most.study.base, 'MaE'])} false macro-expressions"
        for name in there
    ]
    than = f"than with {quoted(most.study.base)}; that is counted and not tested"
    return f"In {called(run)} {', '.join(said)} {than}." if said else ""


def _change(number: int, before: int) -> str:
    """How a number stands to another, in words: ``12 % more``."""
    if not before:
        return f"{number} more"
    change = 100 * (number / before - 1)
    return f"{abs(change):.0f} % {'more' if change > 0 else 'fewer'}"


def pairs_shown(result: StudyResult, pairs: Mapping[str, tuple[str, str]], name: str) -> pd.DataFrame:
    """Differences between pairs of variants, as a table to show.

    Parameters
    ----------
    result : StudyResult
    pairs : mapping of str to (str, str)
        As `StudyResult.pairs` takes them; those of which a variant was not run are left out.
    name : str
        Title of the column that says which pair a row is.

    Returns
    -------
    DataFrame
        Columns ``run`` (of record where there is one, else this run) and `name`, then for each class the difference in
        points with interval and p, and a star where the two are told apart; the last row says which true differences
        could have been resolved.
    """
    import pandas as pd

    run, there, table = _pairs(result, pairs)
    texts = [report.difference_text(row) for row in table.to_dict("records")]
    table["shown"] = [
        f"{text} *" if star else text for text, star in zip(texts, told_apart(table), strict=True)
    ]
    shown = {}
    for title in METRICS:
        own = table[table["class"] == title]
        shown[title] = [*own["shown"], resolved(own["resolvable"])] if there else []
    names = [*there, "could be resolved, points"] if there else []
    return pd.DataFrame({"run": [run] * len(names), name: names, **shown})


def pairs_told(result: StudyResult, pairs: Mapping[str, tuple[str, str]]) -> str:
    """Say which of two variants is better in overall F1, for pairs as `pairs_shown` takes them; empty for none."""
    run, there, table = _pairs(result, pairs)
    return f"In {called(run)}: {studies.pairs_told(table, there)}" if there else ""


def _pairs(
    result: StudyResult, pairs: Mapping[str, tuple[str, str]]
) -> tuple[str, dict[str, tuple[str, str]], pd.DataFrame]:
    """Which run is shown, the pairs that it has, and their differences."""
    run, most = larger(result)
    there = {one: pair for one, pair in pairs.items() if set(pair) <= set(most.study.variants)}
    return run, there, most.pairs(there)


#: What the captions of tables of recall end with.
RECALL_CAPTION = "Expressions are added over seeds; no interval where fewer than two people show any."


def recalls(result: StudyResult) -> pd.DataFrame:
    """Recall of every variant, class and kind of expression, as `recall_shown` has it.

    Returns
    -------
    DataFrame
        Its column ``run`` says whose rows they are: of record where there is one, else this run.
    """
    run, most = larger(result)
    return recall_shown(recall_table(most.events).assign(run=run))


def recall_shown(found: pd.DataFrame) -> pd.DataFrame:
    """`studies.recall_table` as a table to show: recall and interval in one column, ``run`` first where it has one."""
    rows = found[["recall", "low", "high"]].to_numpy(float)
    texts = [report.interval(*row) if np.isfinite(row).all() else f"{row[0]:.3f}" for row in rows]
    shown = found.drop(columns=["recall", "low", "high"]).assign(**{"recall, 95 % interval": texts})
    return shown[["run", *shown.columns.drop("run")]] if "run" in shown else shown


def cost_shown(result: StudyResult) -> pd.DataFrame:
    """What every variant costs, as a table to show.

    Returns
    -------
    DataFrame
        Columns ``run`` (of record where there is one, else this run), ``variant, parameters``, ``features [s]`` and
        ``training [s]``, seconds of all videos and folds; no features for methods that do not look at them.
    """
    run, most = larger(result)
    free = [name for name, own in most.study.variants.items() if own.get("method") in WITHOUT_MOTION]
    shown = most.costs.assign(
        features_s=most.costs["features_s"].where(~most.costs["variant"].isin(free), 0.0)
    )
    shown = shown.rename(columns={"features_s": "features [s]", "training_s": "training [s]"})
    shown.insert(0, "run", run)
    return shown


def spread_of_record(name: str) -> str:
    """How far overall F1 of a study's base scatters over its trainings and over people, in the run of record, in words.

    Two standard deviations in points: of the seeds' F1, and of the F1 of one training when its people are drawn
    again, which is the length of its interval over 3.92. Empty where there is no record of several seeds.
    """
    kept = study_record(name)
    if kept is None:
        return ""
    counts = counts_array(kept.counts, kept.study.base, ("me", "mae"))
    if len(counts) == 1:
        return ""
    one_each = [bootstrap_f1(own) for own in counts]
    over_seeds = np.std([one.value for one in one_each], ddof=1)
    over_people = np.mean([one.high - one.low for one in one_each]) / (2 * 1.96)
    return (
        f"In the run of record of the study {name}, F1 of {len(counts)} trainings of the base has a standard deviation "
        f"of {100 * over_seeds:.1f} points; that of one training, with people drawn again, one of "
        f"{100 * over_people:.1f} points."
    )
