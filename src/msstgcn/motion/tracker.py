"""Follow one face through a video: dlib's detector now and then, its 68-point predictor on every frame.

The detector (histograms of oriented gradients, Dalal & Triggs 2005, as dlib has it) costs 3 to 14 ms a frame and
says little more than "still there", in steps of a fifth of the face's size. So it looks every few frames only, and
only around the last place. In between, the landmarks (Kazemi & Sullivan 2014), which cost about a millisecond, carry
along the box that their predictor starts from. Left alone that feeds its own errors back, so every look puts box and
landmarks right again.

On doubt the detector looks at once, everywhere: when the landmarks jump or change size, when the face does not look
as it did a frame ago, and when a look finds another face in the place of the one followed. If the doubt is confirmed,
the *track* ends, because there is a cut or another face, and no window may compare a frame before it with one after
it.

Which face, if there are several? The one that was followed until here. After a cut, or when the face comes back, the
one that looks most like it. At the start, the largest, if it is much the largest. Where none of this decides, the
frame counts as one without a usable face. Whatever was decided is written down as an *event*.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import cv2
import dlib
import numpy as np
from numpy.typing import NDArray

from msstgcn.motion.detector import load_detector, load_predictor
from msstgcn.motion.regions import iod

MIN_IOD = 30.0  #: pixels between the outer eye corners below which no measurement is made
_SEARCH = (
    110  # pixels: width to which the last box is scaled before the detector looks around it (its least is 80)
)
_WIDEST = 800  # pixels: a wider frame is shrunk to this for a look at all of it
_JUMP, _GROWTH = 0.35, 1.25  # IOD a frame, factor a frame: landmarks that do more are in doubt
# Between two successive frames there is a cut if the face's place correlates by less than the first, and the two
# faces, laid over each other, by less than the second. A blink with a jerk brings one and the same person down to .88
# and .89 (least of 16 videos of ten seconds); two people in the very same place, the hardest cut of all, lie below
# both limits in four of five pairs. The others are told apart at the detector's next look, where identity is checked.
_CALM, _SAME_LOOK = 0.85, 0.85
_CHIP = 24  # pixels: side of the small pictures that are compared for likeness
_STEADY = slice(
    27, 68
)  # landmarks that carry the box: nose, eyes and mouth; glasses mislead those of the brows
_DOMINANT = 1.4  # times as large as the next: a face that is taken from several at the start
_SAME_FACE = 0.5  # correlation of two faces laid over each other: less is another face
_SURE = 0.88  # the same, wanted while another face is near; looks at one person that far apart reach it 95 times in 100
_NEARBY = 64  # frames for which another face counts as near after it was seen
_CLEARLY = 0.05  # more correlation than the next: the face that is taken from several later on
_EASE = 0.3  # how much of a new look goes into the box's place and size, and into what the face looks like
_PATIENCE, _PAUSE = 8, 4  # frames without a face after which only every so many-th is looked at
#: Where both eyes and the mouth come to lie in the picture of a face, in parts of its side.
_FEATURES = np.array([[0.25, 0.30], [0.75, 0.30], [0.50, 0.85]], np.float32)

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


class Event(NamedTuple):
    """Something that happened to the face in a frame.

    Parameters
    ----------
    kind : str
        ``none`` (no face), ``several`` (several and none to follow) and ``small`` (too small): no usable face.
        ``passed``: not looked at, because there was no usable face for a while.
        ``return``, ``cut`` and ``other`` (a face unlike the one followed before): a new track. ``company`` (one of
        several was taken).
    frame : int
    value : float
        Faces found; for ``small`` the inter-ocular distance, pixels.
    """

    kind: str
    frame: int
    value: float


class _Found(NamedTuple):
    """A face that the detector found: its box, landmarks and picture."""

    box: Box
    points: NDArray[np.float32]
    picture: NDArray[np.float32]


class FaceTracker:
    """Find and follow one face; feed it the frames in order.

    Parameters
    ----------
    predictor : Path
        File of the 68-point predictor.
    detect_every : int
        Frames between two looks of the detector while nothing is in doubt.

    Attributes
    ----------
    events : list of Event
        What happened so far.
    """

    def __init__(self, predictor: Path, detect_every: int = 8) -> None:
        self._detect = load_detector()
        self._predict = load_predictor(predictor)
        self._every = detect_every
        self.events: list[Event] = []
        self._frame = -1
        self._track = -1
        self._looked = 0  # frame of the last look
        self._gone = 0  # frames since the face was last seen; 0 while it is followed
        self._box: Box | None = None  # where the face is expected; kept when it is lost
        self._before: Grey | None = None  # the last frame, while a face is followed
        self._likeness = 0.0  # of the face's place now to the frame before
        self._points = np.zeros((68, 2), np.float32)
        self._relation = np.zeros(3)
        self._picture: NDArray[np.float32] | None = None  # what the followed face looks like
        self._company = -_NEARBY - 1  # frame in which another face was last seen near

    def step(self, grey: Grey | None) -> Face | None:
        """Return the face of the next frame, None if it shows no usable one.

        Parameters
        ----------
        grey : ndarray of uint8, shape (H, W), or None
            None stands for a frame that cannot be read.
        """
        self._frame += 1
        if grey is None:
            self._gone += 1
            self._before = None
            return None
        self._likeness = self._like_before(grey)
        face = self._follow(grey) or self._look(grey)
        self._gone = self._gone + 1 if face is None else 0
        self._before = None if face is None else grey
        return face

    def _follow(self, grey: Grey) -> Face | None:
        """Continue from the frame before; None on doubt."""
        if self._gone or self._box is None:
            return None
        box: Box | None = self._box
        due = self._frame - self._looked >= self._every
        if due:
            box, self._looked = self._around(grey, self._box), self._frame
        if box is None:
            return None
        points = self._landmarks(grey, box)
        if not self._plausible(points) or not self._unbroken(grey, points):
            return None
        if due:
            if not self._recognised(grey, points):
                return None
            self._relation += _EASE * (_relation(box, points) - self._relation)
        return self._accept(points)

    def _same(self, picture: NDArray[np.float32]) -> bool:
        """Whether a face looks like the one followed; nearly is not enough while another one is near."""
        if self._picture is None:
            return False
        near = self._frame - self._company <= _NEARBY
        return _alike(picture, self._picture) >= (_SURE if near else _SAME_FACE)

    def _recognised(self, grey: Grey, points: NDArray[np.float32]) -> bool:
        """Whether the face in its place is still the same; if so, learn what it looks like now."""
        now = _picture(grey, points)
        if not self._same(now):
            return False
        self._picture = now if self._picture is None else (1 - _EASE) * self._picture + _EASE * now
        return True

    def _look(self, grey: Grey) -> Face | None:
        """Ask the detector everywhere; go on or begin anew with what it finds."""
        if self._gone > _PATIENCE and self._frame % _PAUSE:
            return self._miss("passed", 0)
        self._looked = self._frame
        boxes = self._everywhere(grey)
        if not boxes:
            return self._miss("none", 0)
        found = []
        for box in boxes:
            points = self._landmarks(grey, box)
            found.append(_Found(box, points, _picture(grey, points)))
        chosen = self._choose(found)
        if chosen is None:
            return self._miss("several", len(found))
        size = float(iod(chosen.points))
        if size < MIN_IOD:
            return self._miss("small", size)
        if len(found) > 1:
            self._accompanied(len(found))
        return self._begin(grey, chosen)

    def _miss(self, kind: str, value: float) -> Face | None:
        self.events.append(Event(kind, self._frame, value))
        return None

    def _accompanied(self, faces: int) -> None:
        self._company = self._frame
        self.events.append(Event("company", self._frame, faces))

    def _choose(self, found: list[_Found]) -> _Found | None:
        """The face to follow; None if there is no telling."""
        if len(found) == 1:
            return found[0]
        if self._picture is None:
            large = sorted(found, key=lambda one: -float(iod(one.points)))
            first, second = (float(iod(one.points)) for one in large[:2])
            return large[0] if first >= _DOMINANT * second else None
        known = self._picture
        alike = sorted(found, key=lambda one: -_alike(one.picture, known))
        best, next_best = (_alike(one.picture, known) for one in alike[:2])
        if best >= _SAME_FACE and best >= next_best + _CLEARLY:
            return alike[0]
        near = [one for one in found if self._near(one.box)]
        return near[0] if len(near) == 1 and not self._gone else None

    def _begin(self, grey: Grey, chosen: _Found) -> Face:
        """Go on with a face that was found, on a new track unless it is the one that was followed."""
        same = self._same(chosen.picture)
        here = self._unbroken(grey, chosen.points) and self._plausible(chosen.points)
        if not (same and here):
            if self._track >= 0:
                kind = "other" if not same else "return" if self._gone else "cut"
                self.events.append(Event(kind, self._frame, 1))
            self._track += 1
            if same or self._frame - self._company > _NEARBY or self._picture is None:
                self._picture = (
                    chosen.picture
                )  # else it is the other one, until the one followed is seen again
        self._relation = _relation(chosen.box, chosen.points)
        return self._accept(chosen.points)

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

    def _like_before(self, grey: Grey) -> float:
        """How much the place of the face looks as it did in the frame before: a correlation."""
        if self._before is None or self._box is None or self._before.shape != grey.shape:
            return 0.0
        return _alike(_chip(grey, self._box), _chip(self._before, self._box))

    def _unbroken(self, grey: Grey, points: NDArray[np.float32]) -> bool:
        """Whether there is no cut between the frame before and this one, with the face where it has been found."""
        if self._before is None or self._before.shape != grey.shape:
            return False
        if self._likeness > _CALM:
            return True
        return _alike(_picture(grey, points), _picture(self._before, self._points)) > _SAME_LOOK

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
        part = grey[y : max(0, round(bottom + 0.5 * width)), x : max(0, round(right + 0.5 * width))]
        scale = _SEARCH / width
        if not part.size or min(part.shape) * scale < 80:
            return None
        small = cv2.resize(part, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        found = [_box(one, scale, x, y) for one in self._detect(small, 0)]
        if len(found) > 1:
            self._accompanied(len(found))
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
    return _small(grey, np.array([[step, 0, box[0]], [0, step, box[1]]]))


def _picture(grey: Grey, points: NDArray[np.float32]) -> NDArray[np.float32]:
    """Small picture of a face, its eyes and mouth brought to fixed places, mean 0 and variance 1."""
    here = np.stack([points[36:42].mean(axis=0), points[42:48].mean(axis=0), points[48:].mean(axis=0)])
    where = np.asarray(cv2.getAffineTransform(_CHIP * _FEATURES, here), dtype=np.float64)
    return np.asarray(cv2.GaussianBlur(_small(grey, where), (0, 0), 1.0), dtype=np.float32)


def _small(grey: Grey, where: NDArray[np.float64]) -> NDArray[np.float32]:
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    picture = cv2.warpAffine(grey, where, (_CHIP, _CHIP), flags=flags, borderMode=cv2.BORDER_REPLICATE)
    small = np.asarray(picture, dtype=np.float32)
    small -= small.mean()
    return np.asarray(small / (small.std() + 1e-3), dtype=np.float32)


def _alike(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    """Correlation of two small pictures."""
    return float((one * other).sum() / np.sqrt((one * one).sum() * (other * other).sum() + 1e-6))
