"""One class of settings a stage. Each value stands here once, with its unit and where it comes from.

A name that is not here, a wrong type, or a value out of range is an error that says what would be right.
"""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from msstgcn.errors import InputError, unknown_name
from msstgcn.files import digest_bytes

#: A temporal kernel, in frames.
Kernel = Annotated[int, Field(ge=1, le=101)]


class Settings(BaseModel):
    """Frozen, typed settings; unknown names are refused."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

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
            first = error.errors()[0]
            name = ".".join(str(part) for part in first["loc"]) or "settings"
            wanted = first["msg"].removeprefix("Value error, ")
            raise InputError(
                f"{name} = {first['input']!r} cannot be used",
                where=where or cls.__name__,
                expected=wanted[0].lower() + wanted[1:],
            ) from None

    def but(self, **changes: Any) -> Self:
        """Return a copy with some values changed, checked like any other."""
        return type(self).make({**self.model_dump(mode="json"), **changes})

    def digest(self) -> str:
        """SHA-256 of the settings' names and values."""
        return digest_bytes(self.model_dump_json().encode())


#: What moves or changes in a synthetic video and is no expression.
Disturbance = Literal["blink", "gaze", "drift", "jerk", "speech", "swallow", "twitch", "noise", "flicker"]


class SyntheticSettings(Settings):
    """The synthetic benchmark: who, how long, how hard."""

    preset: Literal["samm-lv", "casme2"] = "samm-lv"  # whose statistics the events follow
    difficulty: Literal["easy", "standard", "hard"] = "standard"  # strength of head motion, speech, noise
    subjects: int = Field(12, ge=2, le=1000)
    videos: int = Field(4, ge=0, le=100)  # a subject; 0: as many as people of the preset's data set have
    seconds: float = Field(16.0, ge=0, le=600)  # length of a video, 2 or more; 0: lengths of that data set
    size: int = Field(480, ge=240, le=1080)  # pixels, width and height of a frame
    iod: float = Field(120.0, ge=40, le=300)  # pixels between the outer eye corners
    without: tuple[Disturbance, ...] = ()  # disturbances that are switched off
    label_jitter: int = Field(0, ge=0, le=5)  # frames that onset and offset are off by at most, as coders are
    seed: int = Field(0, ge=0)

    @model_validator(mode="after")
    def _long_enough(self) -> Self:
        if 0 < self.seconds < 2:
            raise ValueError("seconds must be 0 or at least 2")
        return self


class MotionSettings(Settings):
    """From frames to features (T, K, R, 2)."""

    flow: str = "patch-lk"  # a name in motion.FLOWS
    head: str = "rigid10"  # a name in motion.HEADS; the paper's is "nose"
    window: int = Field(17, ge=3, le=101)  # K, frames; equal to the network's receptive field
    crop: int = Field(192, ge=96, le=512)  # pixels, side of the square face crop the flow works on
    detect_every: int = Field(8, ge=1, le=256)  # frames between two face detections

    @model_validator(mode="after")
    def _window_is_odd(self) -> Self:
        if self.window % 2 == 0:
            raise ValueError("window must be an odd number of frames, so that it has a middle")
        return self


class NetworkSettings(Settings):
    """MS-STGCN, `method` section 4 of the book: 71,434 parameters as it stands."""

    channels: int = Field(64, ge=1, le=1024)
    kernels: tuple[Kernel, Kernel, Kernel, Kernel] = (3, 5, 5, 7)  # temporal, frames; receptive field 17

    @property
    def receptive_field(self) -> int:
        """Frames that one output sees."""
        return 1 + sum(kernel - 1 for kernel in self.kernels)


class LearningSettings(Settings):
    """Targets, loss and optimisation."""

    epochs: int = Field(100, ge=1, le=10_000)
    lr: float = Field(0.01, gt=0)
    lr_decay: float = Field(0.96, gt=0, le=1)  # factor an epoch
    weight_decay: float = Field(0.1, ge=0)  # on convolution weights only
    segment: int = Field(16, ge=1)  # consecutive windows that are drawn together
    segments: int = Field(32, ge=1)  # a batch
    sampling: Literal["expression", "all"] = "expression"  # segments that hold an expression, or all of them
    boundary_loss: Literal["cross-entropy", "focal"] = "cross-entropy"
    contrast: Literal["normalised", "released"] = "normalised"  # form of the contrastive loss
    lambda_contrast: float = Field(0.05, ge=0)
    temperature: float = Field(0.5, gt=0)  # of the contrastive loss
    rho: float = Field(0.7, ge=0)  # weight of the macro-expression terms
    seed: int = Field(0, ge=0)


class SpottingSettings(Settings):
    """From frame scores to intervals, and how they are matched."""

    threshold: float = Field(0.5, ge=0, le=1)  # apex probability; SAMM-LV .5, CAS(ME)^2 .55
    me_near: int = Field(2, ge=0)  # frames from the apex to the nearest onset or offset looked at, ME
    me_far: int = Field(8, ge=0)  # frames from the apex to the farthest, ME
    mae_near: int = Field(8, ge=0)  # the same for MaE, at about 30 frames a second
    mae_far: int = Field(29, ge=0)
    nms_iou: float = Field(0.5, ge=0, le=1)
    top: int | None = Field(5, ge=1)  # most spotted intervals a video and class; None for no cap
    match_iou: float = Field(0.5, gt=0, le=1)

    @model_validator(mode="after")
    def _near_before_far(self) -> Self:
        if self.me_near > self.me_far or self.mae_near > self.mae_far:
            raise ValueError("me_near and mae_near must not be larger than me_far and mae_far")
        return self
