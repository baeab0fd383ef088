"""Follow one face through a video: dlib's detector now and then, its 68-point predictor on every frame.

The detector (histograms of oriented gradients, Dalal & Triggs 2005, as dlib has it) costs 3 to 14 ms a frame and
says little more than "still there", in steps of a fifth of the face's size. So it looks every few frames only, and
only around the last place. In between, the landmarks (Kazemi & Sullivan 2014), which cost about a millisecond, carry
along the box that their predictor starts from. Left alone that feeds its own errors back, so every look puts box and
landmarks right again.

On doubt the detector looks at once, everywhere: when the landmarks jump or change size, and when the place of the
face does not look as it did a frame ago. The latter also ends a *track*, because it is a cut or another face, and
no window may compare a frame before it with one after it.
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
_JUMP, _GROWTH = 0.35, 1.25  # IOD a frame, factor a frame: landmarks that do more are in doubt
_LIKENESS = 0.5  # correlation of the face's place in two successive frames: less is a cut
_CHIP = 24  # pixels: side of the small pictures that are compared for likeness
_STEADY = slice(
    27, 68
)  # landmarks that carry the box: nose, eyes and mouth; glasses mislead those of the brows
_EASE = 0.3  # how much of a new look goes into the box's place and size against the landmarks

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
        self._box: Box | None = None  # where the face is expected; kept when it is lost
        self._before: Grey | None = None  # the last frame, while a face is followed
        self._points = np.zeros((68, 2), np.float32)
        self._relation = np.zeros(3)

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
        face = self._follow(grey) or self._look(grey)
        self._lost = face is None
        self._before = None if face is None else grey
        return face

    def _follow(self, grey: Grey) -> Face | None:
        """Continue from the frame before; None on doubt."""
        if self._lost or self._box is None or not self._same_place(grey, self._box):
            return None
        box: Box | None = self._box
        due = self._frame - self._looked >= self._every
        if due:
            box, self._looked = self._around(grey, self._box), self._frame
        if box is None:
            return None
        points = self._landmarks(grey, box)
        if not self._plausible(points):
            return None
        if due:
            self._relation += _EASE * (_relation(box, points) - self._relation)
        return self._accept(points)

    def _look(self, grey: Grey) -> Face | None:
        """Ask the detector everywhere; go on or begin anew with what it finds."""
        self._looked = self._frame
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
            return None
        box = near[0] if near else found[0]
        points = self._landmarks(grey, box)
        size = float(iod(points))
        if size < MIN_IOD:
            self._refuse_first(size)
            return None
        goes_on = (
            bool(near) and not self._lost and self._box is not None and self._same_place(grey, self._box)
        )
        if not goes_on:
            self._track += 1
        self._relation = _relation(box, points)
        return self._accept(points)

    def _refuse_first(self, size: float) -> None:
        if self._track < 0:
            raise InputError(
                f"the face is too small: {size:.0f} pixels between the outer eye corners",
                where=f"{self._name}, frame {self._frame}",
                expected=f"at least {MIN_IOD:.0f} pixels, better 80",
                do="use a video of higher resolution; enlarging this one adds no detail",
            )

    def _accept(self, points: NDArray[np.float32]) -> Face:
        self._points = points
        dx, dy, half = self._relation * float(iod(points))
        x, y = points[_STEADY].mean(axis=0) + np.array([dx, dy])
        self._box = float(x - half), float(y - half), float(x + half), float(y + half)
        return Face(points, self._track)

    def _landmarks(self, grey: Grey, box: Box) -> NDArray[np.float32]:
        shape = self._predict(grey, dlib.rectangle(*(round(edge) for edge in box)))
        return np.array([(part.x, part.y) for part in shape.parts()], dtype=np.float32)

    def _plausible(self, points: NDArray[np.float32]) -> bool:
        """Whether the landmarks moved and grew no more than a head can from frame to frame."""
        before, now = float(iod(self._points)), float(iod(points))
        if now < MIN_IOD or not 1 / _GROWTH < now / before < _GROWTH:
            return False
        step = points[_STEADY].mean(axis=0) - self._points[_STEADY].mean(axis=0)
        return float(np.hypot(*step)) < _JUMP * before

    def _same_place(self, grey: Grey, box: Box) -> bool:
        """Whether the place of the face looks as it did in the frame before."""
        if self._before is None:
            return False
        return float((_chip(grey, box) * _chip(self._before, box)).mean()) > _LIKENESS

    def _near(self, box: Box) -> bool:
        """Whether a box could be the face that was last seen."""
        if self._box is None:
            return False
        left, top, right, bottom = self._box
        width, other = box[2] - box[0], right - left
        apart = np.hypot(box[0] + box[2] - left - right, box[1] + box[3] - top - bottom) / 2
        return bool(apart < 0.5 * other and 0.6 < width / other < 1.6)

    def _around(self, grey: Grey, box: Box) -> Box | None:
        """Look around a place, at the scale at which the detector is quickest."""
        left, top, right, bottom = box
        width = right - left
        x, y = max(0, round(left - 0.5 * width)), max(0, round(top - 0.5 * width))
        part = grey[y : round(bottom + 0.5 * width), x : round(right + 0.5 * width)]
        scale = _SEARCH / width
        if not part.size or min(part.shape) * scale < 80:
            return None
        small = cv2.resize(part, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        found = [_box(one, scale, x, y) for one in self._detect(small, 0)]
        near = [one for one in found if self._near(one)]
        return near[0] if len(near) == 1 else None

    def _everywhere(self, grey: Grey) -> list[Box]:
        """Look at the whole frame; while no face has been found yet, now and then for small ones too."""
        scale = min(1.0, _WIDEST / max(grey.shape))
        small = (
            grey if scale == 1 else cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        )
        found = self._detect(small, 0)
        if not found and self._track < 0 and self._frame % self._every == 0:
            found = self._detect(small, 1)
        return [_box(one, scale) for one in found]


def _box(found: dlib.rectangle, scale: float, x: int = 0, y: int = 0) -> Box:
    """A detection in a part of the frame that was scaled, as a box of the frame."""
    left, top, right, bottom = found.left(), found.top(), found.right(), found.bottom()
    return left / scale + x, top / scale + y, right / scale + x, bottom / scale + y


def _relation(box: Box, points: NDArray[np.float32]) -> NDArray[np.float64]:
    """Where the detector's box lies against the landmarks: offset of its centre and its half width, IOD."""
    centre = np.array([(box[0] + box[2]) / 2, (box[1] + box[3]) / 2])
    return np.array([*(centre - points[_STEADY].mean(axis=0)), (box[2] - box[0]) / 2]) / iod(points)


def _chip(grey: Grey, box: Box) -> NDArray[np.float32]:
    """Small picture of a place, mean 0 and variance 1, for comparing."""
    step = (box[2] - box[0]) / _CHIP
    where = np.array([[step, 0, box[0]], [0, step, box[1]]])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    picture = cv2.warpAffine(grey, where, (_CHIP, _CHIP), flags=flags, borderMode=cv2.BORDER_REPLICATE)
    chip = np.asarray(picture, dtype=np.float32)
    chip -= chip.mean()
    return np.asarray(chip / (chip.std() + 1e-3), dtype=np.float32)
