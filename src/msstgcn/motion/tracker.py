"""Follow one face through a video: dlib's detector now and then, its 68-point predictor on every frame.

The detector (histograms of oriented gradients, Dalal & Triggs 2005, as dlib has it) costs 3 to 14 ms a
frame and says little more than "still there". So it looks every few frames only, and only around the last
place. Between two looks the box is carried along by the landmarks (Kazemi & Sullivan 2014), which cost half
a millisecond. Whenever the landmarks jump, change size, or sit on something that no longer looks like the
face, the detector looks at once: on doubt, detect.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import dlib
import numpy as np
from numpy.typing import NDArray

from msstgcn.errors import InputError
from msstgcn.motion.detector import load_predictor
from msstgcn.motion.regions import iod

MIN_IOD = 30.0  #: pixels between the outer eye corners below which no measurement is made
_SEARCH = (
    110  # pixels: width to which the last box is scaled before the detector looks around it (its least is 80)
)
_WIDEST = 800  # pixels: a wider frame is shrunk to this for a look at all of it
_JUMP, _GROWTH, _LIKENESS = 0.35, 1.25, 0.5  # IOD a frame, factor a frame, correlation: beyond these is doubt
_CHIP = 24  # pixels: side of the small picture of the face that is compared for likeness

Box = tuple[float, float, float, float]  # left, top, right, bottom, pixels
Grey = NDArray[np.uint8]


@dataclass(frozen=True)
class Face:
    """The face of one frame.

    Parameters
    ----------
    landmarks : ndarray of float32, shape (68, 2)
        (x, y), pixels.
    track : int
        Counts the unbroken stretches in which the same face is followed; a window must lie within one.
    """

    landmarks: NDArray[np.float32]
    track: int


class FaceTracker:
    """Find and follow one face; feed it the frames in order.

    Parameters
    ----------
    predictor : Path
        File of the 68-point predictor.
    detect_every : int
        Frames between two looks of the detector while nothing is in doubt.
    name : str
        The video's name, for messages.
    """

    def __init__(self, predictor: Path, detect_every: int = 8, name: str = "video") -> None:
        self._detect = dlib.get_frontal_face_detector()
        self._predict = load_predictor(predictor)
        self._every, self._name = detect_every, name
        self._frame = -1
        self._track = -1
        self._looked = 0  # frame of the last look
        self._lost = True
        self._box: Box | None = None  # last known place; kept when the face is lost
        self._points = np.zeros((68, 2), np.float32)
        self._chip = np.zeros((_CHIP, _CHIP), np.float32)

    def step(self, grey: Grey) -> Face | None:
        """Return the face of the next frame, None if it shows no usable one.

        Parameters
        ----------
        grey : ndarray of uint8, shape (H, W)

        Raises
        ------
        InputError
            If there are several faces and none to continue from, or the first face is too small.
        """
        self._frame += 1
        due = self._lost or self._frame - self._looked >= self._every
        if not due:
            assert self._box is not None
            points = self._landmarks(grey, self._box)
            if self._plausible(grey, points):
                return self._accept(grey, points)
        return self._look(grey)

    def _look(self, grey: Grey) -> Face | None:
        """Ask the detector; continue, begin anew, or give up this frame."""
        self._looked = self._frame
        box = self._around(grey) if self._box is not None else None
        follows = box is not None and not self._lost
        if box is None:
            found = self._everywhere(grey)
            near = [one for one in found if self._near(one)]
            if len(near) != 1 and len(found) > 1:
                raise InputError(
                    f"{len(found)} faces and no way to tell which one to follow",
                    where=f"{self._name}, frame {self._frame}",
                    expected="one face, or one that was followed until here",
                    do="crop the video to the face in question",
                )
            if not found:
                self._lost = True
                return None
            box = near[0] if near else found[0]
            follows = bool(near) and not self._lost
        points = self._landmarks(grey, box)
        size = float(iod(points))
        if size < MIN_IOD:
            if self._track < 0:
                raise InputError(
                    f"the face is too small: {size:.0f} pixels between the outer eye corners",
                    where=f"{self._name}, frame {self._frame}",
                    expected=f"at least {MIN_IOD:.0f} pixels, better 80",
                    do="use a video of higher resolution; enlarging this one adds no detail",
                )
            self._lost = True
            return None
        if not (follows and self._plausible(grey, points)):
            self._track += 1
        self._lost = False
        self._chip = _chip(grey, points)
        self._relation = _relation(box, points)
        return self._accept(grey, points)

    def _accept(self, grey: Grey, points: NDArray[np.float32]) -> Face:
        self._points = points
        self._box = _carried(self._relation, points)
        return Face(points, self._track)

    def _landmarks(self, grey: Grey, box: Box) -> NDArray[np.float32]:
        shape = self._predict(grey, dlib.rectangle(*(round(edge) for edge in box)))
        return np.array([(part.x, part.y) for part in shape.parts()], dtype=np.float32)

    def _plausible(self, grey: Grey, points: NDArray[np.float32]) -> bool:
        """Whether the landmarks moved no more than a head can, and still sit on the same face."""
        before, now = float(iod(self._points)), float(iod(points))
        if now < MIN_IOD or not 1 / _GROWTH < now / before < _GROWTH:
            return False
        if float(np.hypot(*(points.mean(axis=0) - self._points.mean(axis=0)))) > _JUMP * before:
            return False
        return float((_chip(grey, points) * self._chip).mean()) > _LIKENESS

    def _near(self, box: Box) -> bool:
        """Whether a box could be the last known one a moment later."""
        if self._box is None:
            return False
        width, other = box[2] - box[0], self._box[2] - self._box[0]
        apart = np.hypot(
            box[0] + box[2] - self._box[0] - self._box[2], box[1] + box[3] - self._box[1] - self._box[3]
        )
        return bool(apart / 2 < 0.5 * other and 0.6 < width / other < 1.6)

    def _around(self, grey: Grey) -> Box | None:
        """Look around the last known place, at the scale at which the detector is quickest."""
        assert self._box is not None
        left, top, right, bottom = self._box
        width = right - left
        x0, y0 = max(0, round(left - 0.5 * width)), max(0, round(top - 0.5 * width))
        x1, y1 = round(right + 0.5 * width), round(bottom + 0.5 * width)
        part = grey[y0:y1, x0:x1]
        scale = _SEARCH / width
        if min(part.shape) * scale < 80:
            return None
        small = cv2.resize(part, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        found = [
            (
                one.left() / scale + x0,
                one.top() / scale + y0,
                one.right() / scale + x0,
                one.bottom() / scale + y0,
            )
            for one in self._detect(small, 0)
        ]
        near = [one for one in found if self._near(one)]
        return near[0] if len(near) == 1 else None

    def _everywhere(self, grey: Grey) -> list[Box]:
        """Look at the whole frame; while no face has been found yet, for small ones too."""
        scale = min(1.0, _WIDEST / max(grey.shape))
        small = (
            grey if scale == 1 else cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        )
        found = self._detect(small, 0)
        if not found and self._track < 0 and self._frame % self._every == 0:
            found = self._detect(small, 1)
        return [
            tuple(edge / scale for edge in (one.left(), one.top(), one.right(), one.bottom()))
            for one in found
        ]


def _relation(box: Box, points: NDArray[np.float32]) -> NDArray[np.float64]:
    """Where the detector's box lies against the landmarks: offset of its centre and its half width, IOD."""
    centre = np.array([(box[0] + box[2]) / 2, (box[1] + box[3]) / 2])
    return np.array([*(centre - points[17:].mean(axis=0)), (box[2] - box[0]) / 2]) / iod(points)


def _carried(relation: NDArray[np.float64], points: NDArray[np.float32]) -> Box:
    """Put the box where the landmarks say it would be now."""
    dx, dy, half = relation * iod(points)
    x, y = points[17:].mean(axis=0) + np.array([dx, dy])
    return float(x - half), float(y - half), float(x + half), float(y + half)


def _chip(grey: Grey, points: NDArray[np.float32]) -> NDArray[np.float32]:
    """Small upright picture of the face, mean 0 and variance 1, for comparing."""
    side = 1.6 * float(iod(points))
    x, y = points[17:].mean(axis=0) - side / 2
    scale = side / _CHIP
    chip = cv2.warpAffine(
        grey,
        np.array([[scale, 0, x], [0, scale, y]]),
        (_CHIP, _CHIP),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    ).astype(np.float32)
    chip -= chip.mean()
    return chip / (chip.std() + 1e-3)
