"""One class of settings a stage. Each value stands here once, with its unit and where it comes from.

A name that is not here, a wrong type, or a value out of range is an error that says what would be right.
"""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, ValidationError, model_validator
from pydantic_core import ErrorDetails

from msstgcn.errors import InputError, unknown_name
from msstgcn.files import digest_bytes

#: A temporal kernel, in frames.
Kernel = Annotated[int, Field(ge=1, le=101)]

Probability = Annotated[float, Field(ge=0, le=1)]

#: What pydantic puts into the place of an error where a setting may be one of two things.
_TAGS = ("set of regions", "own regions")
#: Frames beyond which nobody looks for the end of an expression.
_FAR = 100_000


class Settings(BaseModel):
    """Frozen, typed settings; unknown names are refused."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)

    @classmethod
    def make(cls, values: dict[str, Any] | None = None, *, where: str = "") -> Self:
        """Build from a plain dict (as JSON gives it); a problem is an `InputError` naming the setting."""
        values = values or {}
        for name in values:
            if name not in cls.model_fields:
                raise unknown_name("setting", name, cls.model_fields, where=where or cls.__name__)
        try:
            return cls.model_validate_json(json.dumps(values))
        except ValidationError as error:
            raise _refused(error.errors()[0], where or cls.__name__) from None

    def but(self, **changes: Any) -> Self:
        """Return a copy with some values changed, checked like any other."""
        return type(self).make({**self.model_dump(mode="json"), **changes})

    def digest(self, *without: str) -> str:
        """SHA-256 of the settings' names and values, some left out that a result does not depend on."""
        return digest_bytes(self.model_dump_json(exclude=set(without)).encode())


def _refused(first: ErrorDetails, place: str) -> InputError:
    """The message for what pydantic found first."""
    name = ".".join(str(part) for part in first["loc"] if part not in _TAGS)
    if first["type"] == "value_error":  # several settings that do not go together
        what = first["msg"].removeprefix("Value error, ")
        return InputError(what, where=f"{place}, {name}" if name else place)
    if first["type"] == "missing":
        return InputError(f"{name} is missing", where=place)
    wanted = first["msg"].removeprefix("Input should be ")
    what = f"{name} = {_shown(first['input'])} cannot be used"
    return InputError(what, where=place, expected=wanted[0].lower() + wanted[1:])


def _shown(value: Any) -> str:
    """A value as a message shows it: its beginning, if it is long."""
    text = repr(value)
    return text if len(text) <= 200 else f"{text[:200]} ..."


#: What moves or changes in a synthetic video and is no expression.
Disturbance = Literal[
    "blink", "gaze", "drift", "jerk", "speech", "swallow", "twitch", "noise", "flicker", "compression"
]


class SyntheticSettings(Settings):
    """The synthetic benchmark: who, how long, how hard."""

    preset: Literal["samm-lv", "casme2"] = "samm-lv"  # whose statistics the events follow
    difficulty: Literal["easy", "standard", "hard"] = "standard"  # strength of head motion, speech, noise
    subjects: int = Field(12, ge=2, le=1000)
    videos: int = Field(4, ge=0, le=100)  # a subject; 0: as many as people of the preset's data set have
    seconds: float = Field(16.0, ge=0, le=600)  # length of a video, 2 or more; 0: lengths of that data set
    size: int = Field(480, ge=240, le=1080)  # pixels, width and height of a frame
    iod: float = Field(120.0, ge=40, le=300)  # pixels between the outer eye corners
    fps: float | None = Field(
        None, ge=15, le=200
    )  # frames a second, at most those of SAMM-LV's camera; None: the preset's
    head_motion: float = Field(
        1.0, ge=0, le=5
    )  # factor on all angles of drift, jerks and nods; 0: a still head
    yaw: float = Field(0.0, ge=-30, le=30)  # degrees by which the head is turned throughout
    blink_rate: float = Field(1.0, ge=0, le=5)  # blinks a second over those of the difficulty
    gaze_rate: float = Field(1.0, ge=0, le=5)  # shifts of gaze a second over those of the difficulty
    me_intensity: float | None = Field(None, gt=0, le=3)  # peak of every ME, percent of the IOD; None: drawn
    noise: float | None = Field(None, ge=0, le=50)  # sensor, grey levels sd; None: the difficulty's
    jpeg_quality: int | None = Field(None, ge=0, le=100)  # 0: no compression; None: the difficulty's
    without: tuple[Disturbance, ...] = ()  # disturbances that are switched off, however strong they are set
    label_jitter: int = Field(0, ge=0, le=5)  # frames that onset and offset are off by at most, as coders are
    seed: int = Field(0, ge=0)

    @model_validator(mode="after")
    def _long_enough(self) -> Self:
        if 0 < self.seconds < 2:
            raise ValueError("seconds must be 0 or at least 2")
        return self


class DiskSettings(Settings):
    """A data set that lies on disk."""

    dataset: str  # how it lies there: a name in datasets.LAYOUTS_ON_DISK
    root: str = Field(min_length=1)  # its folder
    repair: str = "authors"  # how annotations are mended: a name in datasets.REPAIRS


class RegionSettings(Settings):
    """A region of the user's own: a landmark of the 68-point scheme, and an offset along the face's axes."""

    name: str = Field(min_length=1, max_length=40)
    landmark: int = Field(ge=0, le=67)  # counted from 0
    dx: float = Field(0.0, ge=-1.5, le=1.5)  # inter-ocular distances, from landmark 36 towards 45
    dy: float = Field(0.0, ge=-1.5, le=1.5)  # inter-ocular distances, down the face
    depth: float | None = Field(None, ge=-1.5, le=1.5)  # towards the camera; None: the landmark's usual depth


def _kind(value: Any) -> str | None:
    """The tag of `Regions` that a value belongs to; None for what is neither."""
    if isinstance(value, str):
        return "set of regions"
    return "own regions" if isinstance(value, list | tuple) else None


#: A named set of regions, or the user's own: at most 255, for the network's compiled loops note the region of a
#: maximum in one byte, and the number 255 there says that there is none.
Regions = Annotated[
    Annotated[str, Tag("set of regions")]
    | Annotated[tuple[RegionSettings, ...], Field(max_length=255), Tag("own regions")],
    Discriminator(
        _kind,
        custom_error_type="regions",
        custom_error_message='The name of a set in quotation marks, such as "22", or a list of regions',
    ),
]
#: Which pairs of frames a window compares; `motion.windows` gives the formulas.
Pairs = Literal["from-first", "adjacent-only", "short-only", "long-only"]


class MotionSettings(Settings):
    """From frames to features (T, K, R, 2)."""

    flow: str = "patch-lk"  # a name in motion.FLOWS
    flow_device: Literal["auto", "cpu", "cuda"] = (
        "auto"  # where patch-lk-torch computes; the others use the CPU
    )
    head: str = "rigid10"  # a name in motion.HEADS; the paper's is "nose"
    regions: Regions = "10"  # a name in motion.REGION_SETS; 10 are the nodes of the facial graph
    window: int = Field(17, ge=3, le=101)  # K, frames, odd; equal to the network's receptive field
    window_seconds: float | None = Field(None, gt=0, le=60)  # instead: K follows from each video's frame rate
    stride: int = Field(
        1, ge=1, le=64
    )  # frames from one frame of a window to its next: every s-th is looked at
    pairs: Pairs = "from-first"  # the others are for studies
    edges: Literal["repeat", "mask"] = (
        "repeat"  # windows over the video's ends: repeat its end frames, or mask
    )
    crop: int = Field(192, ge=96, le=512)  # pixels, side of the square face crop the flow works on
    detect_every: int = Field(8, ge=1, le=256)  # frames between two face detections
    landmark_noise: float = Field(
        0.0, ge=0, le=10
    )  # sd added to x and y of every landmark, percent of the IOD
    landmark_offset: float = Field(
        0.0, ge=-20, le=20
    )  # all landmarks moved down the face, percent of the IOD

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.window % 2 == 0:
            raise ValueError("window must be an odd number of frames, so that it has a middle")
        if not isinstance(self.regions, str):
            names = [region.name for region in self.regions]
            if not names:
                raise ValueError("regions must hold at least one region")
            twice = next((name for name in names if names.count(name) > 1), None)
            if twice is not None:
                raise ValueError(f"regions must have different names, and {twice!r} stands twice")
        return self

    def at(self, fps: float) -> Self:
        """Return the settings for a video of that frame rate, with the window's length in frames.

        Where `window_seconds` is set, K is the odd number of frames nearest to ``window_seconds * fps / stride``,
        and at least 3.

        Raises
        ------
        InputError
            If that makes more than 101 frames.
        """
        if self.window_seconds is None:
            return self
        frames = max(3, 2 * round((self.window_seconds * fps / self.stride - 1) / 2) + 1)
        if frames > 101:
            raise InputError(
                f"window_seconds = {self.window_seconds:g} makes a window of {frames} frames",
                where=f"a video of {fps:g} frames a second",
                expected="at most 101 frames",
                do="make the window shorter, or the stride larger",
            )
        return self.but(window=frames, window_seconds=None)


class NetworkSettings(Settings):
    """MS-STGCN, `method` section 4 of the book: 71,434 parameters as it stands. What follows `kernels` is for studies.

    Notes
    -----
    ``graph``: which regions are joined. ``random`` has as many edges at every node as the facial graph, drawn by
    ``graph_seed``; the co-occurrence graphs weigh an edge by how often action units move both of its regions together
    (`graph.cooccurrence_graph`), in the annotations of each fold's training subjects or, to show what that leaks, of
    all. The triangle of the three parts stays.

    ``operator``: what mixes the nodes. The method's I - D^-1/2 A D^-1/2; D^-1/2 (A + I) D^-1/2 (Kipf and Welling
    2017); nothing; or a matrix that is trained, from the Laplacian on.

    ``scales``: 3 as the method pools, regions to parts to face; 2 pools once and 1 never: then the three parts, or
    all regions, stay, and the embedding is the mean over them. The number of parameters is the same.

    ``pooling``: the mean is taken of what the rectifier leaves. A mean before it would be nothing at all: the
    columns of the triangle's Laplacian sum to zero. For the maximum the order makes no difference.

    ``spatial``: ``flat`` has no nodes. The two components of all R regions are the channels that the first of four
    temporal convolutions takes: as many blocks, kernels and channels C, and 2 (R - 1) C k_1 weights more (for ten
    regions 5 %).

    ``window_fit``: with ``any``, a receptive field r shorter than the window K leaves K - r + 1 steps, and the
    embedding is their mean; for a longer one the window's end frames are repeated. ``exact`` refuses both.
    """

    channels: int = Field(64, ge=1, le=1024)
    kernels: tuple[Kernel, Kernel, Kernel, Kernel] = (3, 5, 5, 7)  # temporal, frames; receptive field 17
    regions: Regions = "10"  # those of the features: a name in graph.EDGES, or the user's own
    graph: Literal["facial", "random", "cooccurrence", "cooccurrence-all"] = (
        "facial"  # which regions are joined
    )
    graph_seed: int = Field(0, ge=0)  # of a random graph
    operator: Literal["laplacian", "adjacency", "none", "learned"] = "laplacian"  # what mixes the nodes
    scales: Literal[3, 2, 1] = 3  # regions, parts and face; regions and parts; regions alone
    pooling: Literal["max", "mean"] = "max"  # of the nodes of a group
    spatial: Literal["graph", "flat"] = "graph"  # nodes and edges, or all regions as channels
    window_fit: Literal["exact", "any"] = "exact"  # whether the window must be the receptive field

    @property
    def receptive_field(self) -> int:
        """Frames that one output sees."""
        return 1 + sum(kernel - 1 for kernel in self.kernels)

    @model_validator(mode="after")
    def _has_what_it_names(self) -> Self:
        changed = [
            name
            for name in ("graph", "operator", "scales", "pooling")
            if getattr(self, name) != type(self).model_fields[name].default
        ]
        if self.spatial == "flat" and changed:
            raise ValueError(f"{changed[0]} must be left as it is, because spatial='flat' has no graph")
        if self.scales == 1 and self.pooling == "mean":
            raise ValueError("pooling must be 'max', because scales=1 pools nothing")
        if self.operator == "none" and self.graph != "facial":
            raise ValueError("graph must be 'facial', because operator='none' uses no edges")
        if self.operator == "learned" and self.graph.startswith("cooccurrence"):
            raise ValueError(
                "operator must be 'laplacian' or 'adjacency', because a co-occurrence graph is fixed"
            )
        return self


class LearningSettings(Settings):
    """Targets, loss and optimisation."""

    epochs: int = Field(100, ge=1, le=10_000)
    lr: float = Field(0.01, gt=0)
    lr_decay: float = Field(0.96, gt=0, le=1)  # factor an epoch
    weight_decay: float = Field(0.1, ge=0)  # on convolution weights only
    segment: int = Field(16, ge=1)  # consecutive windows that are drawn together
    segments: int = Field(32, ge=1)  # a batch
    sampling: Literal["expression", "all"] = "expression"  # segments that hold an expression, or all of them
    neutral: float | None = Field(
        None, ge=0, le=1000
    )  # segments without an expression for each one with one, drawn anew each epoch; None: as `sampling` says
    boundary_loss: Literal["cross-entropy", "focal"] = "cross-entropy"
    contrast: Literal["normalised", "released"] = "normalised"  # form of the contrastive loss
    lambda_contrast: float = Field(0.05, ge=0)
    temperature: float = Field(0.5, gt=0)  # of the contrastive loss
    rho: float = Field(0.7, ge=0)  # weight of the macro-expression terms
    watch: int = Field(0, ge=0)  # epochs between two looks at the held-out videos; 0: only at the end
    folds: int = Field(
        0, ge=0, le=1000
    )  # groups of subjects that are left out in turn; 0: one subject at a time
    inner_groups: int = Field(4, ge=3, le=100)  # of subjects, for what is chosen without the test subject
    seed: int = Field(0, ge=0)

    @model_validator(mode="after")
    def _more_than_one_fold(self) -> Self:
        if self.folds == 1:
            raise ValueError("folds must be 0 or at least 2: with one, nobody is left to train on")
        return self


class SpottingSettings(Settings):
    """From frame scores to intervals, and how they are matched."""

    threshold: float = Field(0.5, ge=0, le=1)  # apex probability; SAMM-LV .5, CAS(ME)^2 .55
    me_threshold: float | None = Field(None, ge=0, le=1)  # that of ME alone; None for `threshold`
    mae_threshold: float | None = Field(None, ge=0, le=1)  # that of MaE alone; None for `threshold`
    me_near: int = Field(
        2, ge=0, le=_FAR
    )  # frames from the apex to the nearest onset or offset looked at, ME
    me_far: int = Field(8, ge=0, le=_FAR)  # frames from the apex to the farthest, ME
    mae_near: int = Field(8, ge=0, le=_FAR)  # the same for MaE, at about 30 frames a second
    mae_far: int = Field(29, ge=0, le=_FAR)
    nms_iou: float = Field(0.5, ge=0, le=1)
    top: int | None = Field(5, ge=1)  # most spotted intervals a video and class; None for no cap
    peak_fraction: float | None = Field(
        None, gt=0, lt=1
    )  # of flow-peaks: how far from mean to maximum its threshold lies; None: chosen on the other subjects
    selection: str = "fixed-epoch"  # who chooses epoch and thresholds; a name in spotting.SELECTIONS
    thresholds_tried: tuple[Probability, ...] = (
        0.2,
        0.3,
        0.4,
        0.6,
        0.7,
        0.8,
    )  # beside the set ones, by inner-fold
    matching: str = "one-to-one"  # what counts as a hit; a name in spotting.MATCHINGS
    rows: str = "keep-all"  # what is scored; a name in spotting.ROWS
    match_iou: float = Field(0.5, gt=0, le=1)  # least IoU of a hit
    inclusive: bool = True  # IoU counts both end frames, as MEGC does; some peers leave the +1 out

    @property
    def thresholds(self) -> tuple[float, float]:
        """Apex probability that ME and MaE candidates must exceed."""
        me, mae = self.me_threshold, self.mae_threshold
        return self.threshold if me is None else me, self.threshold if mae is None else mae

    @model_validator(mode="after")
    def _near_before_far(self) -> Self:
        if self.me_near > self.me_far or self.mae_near > self.mae_far:
            raise ValueError("me_near and mae_near must not be larger than me_far and mae_far")
        return self
