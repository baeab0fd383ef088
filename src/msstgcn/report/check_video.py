"""A film of what was measured in a video, to see whether it holds what the numbers say.

Left the face with its regions, their quality as colour and their motion as arrows; right the same as bars; below the
motion over time with the labels. What does not change from frame to frame is drawn once (for the timeline, once a
page), so that nothing jumps and a frame takes a few milliseconds.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from msstgcn.datasets import Video
from msstgcn.datasets.lenient import frames_of
from msstgcn.errors import InputError
from msstgcn.files import written_whole
from msstgcn.motion.detector import predictor_path
from msstgcn.motion.extract import as_grey
from msstgcn.motion.features import VideoFeatures
from msstgcn.motion.patches import DOUBT, FINE
from msstgcn.motion.regions import NODES, Region, iod, region_points
from msstgcn.motion.tracker import Face, FaceTracker
from msstgcn.motion.working import CROP_IOD
from msstgcn.report.style import colour, use_style

SIZE = (1280, 720)  #: pixels, width and height of the film
MAGNIFIED = 15  #: times as long as the motion they show are the arrows
PAGE = 20.0  #: seconds of video that the timeline shows at most at once

_FACE = (24, 56, 456)  # left, top, side of the picture of the face
_ROWS = (96, 512)  # top and bottom of the bars
_NAMES, _QUALITY, _MOTION, _BAR = 510, 690, 990, 260  # left edges of the columns, width of a bar
_TIME = (96, 570, 1256, 650)  # left, top, right, bottom of the timeline
_EVENTS = (654, 674)  # top and bottom of the labels' band
_LOST, _EMPTY = "#D55E00", (228, 228, 228)
_EASE = 0.15  # how fast the picture follows the face
_SHIFT = 4  # binary digits after the point of drawn coordinates
_GROUPS = {"brows": (("brow",), "left"), "mouth": (("mouth", "lip"), "mouth")}

Picture = NDArray[np.uint8]


def must_be_film(out: Path) -> None:
    """Raise an `InputError` unless a file has the name of a film."""
    if out.suffix != ".mp4":
        raise InputError("a film is an .mp4 file", where=out, expected="a name that ends in .mp4")


def film(
    video: Video,
    features: VideoFeatures,
    out: str | Path,
    *,
    regions: Sequence[Region] = NODES,
    progress: Callable[[int], None] | None = None,
) -> Path:
    """Write a film (MPEG-4, 1280 x 720) of a video and its features.

    Parameters
    ----------
    video : Video
    features : VideoFeatures
        Of the same video.
    out : path
        Ends in ``.mp4``.
    regions : sequence of Region
        Those of the features, in their order.
    progress : callable, optional
        Called with 1 after every frame.

    Returns
    -------
    Path
        `out`.

    Raises
    ------
    InputError
        If `out` ends otherwise, the features are of another number of regions, or the film cannot be written.
    """
    out = Path(out)
    must_be_film(out)
    if features.flow.shape[2] != len(regions):
        raise InputError(
            f"features of {features.flow.shape[2]} regions", where=features.video, expected=f"{len(regions)}"
        )
    easel = _Easel(features, regions)
    tracker = FaceTracker(predictor_path(), int(features.settings.get("detect_every", 8)))
    with written_whole(out) as temporary:
        sink = cv2.VideoWriter(
            str(temporary), cv2.CAP_FFMPEG, cv2.VideoWriter.fourcc(*"mp4v"), features.fps, SIZE
        )
        if not sink.isOpened():
            raise InputError("the film cannot be written", where=out, do="look whether the folder can be")
        try:
            for t, frame in enumerate(frames_of(video, lambda _: None)):
                face = tracker.step(None if frame is None else as_grey(frame))
                if t < len(features):
                    sink.write(cv2.cvtColor(easel.draw(t, frame, face), cv2.COLOR_RGB2BGR))
                if progress is not None:
                    progress(1)
        finally:
            sink.release()
    return out


class _Easel:
    """Draws one frame of the film after the other."""

    def __init__(self, features: VideoFeatures, regions: Sequence[Region]) -> None:
        self.features, self.regions = features, regions
        self.half = features.flow.shape[1] // 2
        self.over_time = _over_time(features, regions)
        self.most = _scale(self.over_time)
        self.per_page = max(2, min(round(PAGE * features.fps), len(features)))
        self.page, self.canvas = -1, np.zeros((SIZE[1], SIZE[0], 3), np.uint8)
        self.view: NDArray[np.float64] | None = None  # x, y, IOD that the picture shows
        self.track = -1
        self.writer = _Writer()

    def draw(self, t: int, frame: Picture | None, face: Face | None) -> Picture:
        """The film's frame t, RGB."""
        if t // self.per_page != self.page:
            self.page = t // self.per_page
            first = self.page * self.per_page
            self.canvas = _page(self, first, min(first + self.per_page, len(self.features)))
        picture = self.canvas.copy()
        used = bool(self.features.mask[t])
        self._face(picture, t, frame, face, used)
        self._bars(picture, t, used)
        left, top, right, _ = _TIME
        x = left + round((right - left) * (t % self.per_page) / self.per_page)
        cv2.line(picture, (x, top), (x, _EVENTS[1]), (0, 0, 0), 1, cv2.LINE_AA)
        at = f"{t / self.features.fps:7.2f} s   frame {t}"
        return self.writer.write(picture, (SIZE[0] - 24, 16), at, anchor="ra")

    def _face(self, picture: Picture, t: int, frame: Picture | None, face: Face | None, used: bool) -> None:
        left, top, side = _FACE
        place = picture[top : top + side, left : left + side]
        if frame is None:
            place[:] = _EMPTY
        else:
            place[:] = self._crop(frame, face)
        if face is not None:
            points = self._to_view(region_points(face.landmarks, self.regions))
            radius = round(2 * FINE[1] * CROP_IOD / 192 * self._zoom * float(iod(face.landmarks)))
            arrows = points + self._arrows(t) if used else points
            for (x, y), (u, v), rgb in zip(points, arrows, self._colours(t, used), strict=True):
                at = (round(x * 2**_SHIFT), round(y * 2**_SHIFT))
                cv2.circle(place, at, radius * 2**_SHIFT, rgb, 2, cv2.LINE_AA, _SHIFT)
                if np.hypot(u - x, v - y) > 3:
                    to = (round(u * 2**_SHIFT), round(v * 2**_SHIFT))
                    cv2.arrowedLine(place, at, to, (255, 255, 255), 4, cv2.LINE_AA, _SHIFT, 0.3)
                    cv2.arrowedLine(place, at, to, rgb, 2, cv2.LINE_AA, _SHIFT, 0.3)
        if not used:
            place[:] = place // 2 + 96
            what = (
                "cannot be read" if frame is None else "no usable face" if face is None else "window not used"
            )
            picture[:] = self.writer.write(picture, (left + side // 2, top + side - 30), what, anchor="ma")

    def _arrows(self, t: int) -> NDArray[np.float64]:
        """From the window's first frame to this one, in pixels of the film, magnified."""
        flow = np.asarray(self.features.flow[t, self.half], np.float64)
        assert self.view is not None
        return MAGNIFIED * flow / 100 * self.view[2] * self._zoom

    def _colours(self, t: int, used: bool) -> list[tuple[int, int, int]]:
        return [_rgb(_quality_colour(q)) if used else _EMPTY for q in self._quality(t)]

    def _quality(self, t: int) -> NDArray[np.float64]:
        """Mean of each region's quality in a window; 0 where the patch was lost in any frame of it."""
        if self.features.quality is None:
            return np.ones(len(self.regions))
        found = np.asarray(self.features.quality[t], np.float64)
        return np.where((found == 0).any(axis=0), 0.0, found.mean(axis=0))

    def _crop(self, frame: Picture, face: Face | None) -> Picture:
        """The face's surroundings, calmly following it."""
        side = _FACE[2]
        if face is not None:
            now = np.array([*face.landmarks[17:].mean(axis=0), float(iod(face.landmarks))])
            fresh = self.view is None or face.track != self.track
            self.view = now if fresh else self.view + _EASE * (now - self.view)  # type: ignore[operator]
            self.track = face.track
        if self.view is None:
            height, width = frame.shape[:2]
            scale = side / max(height, width)
            where = np.array(
                [[scale, 0, (side - scale * width) / 2], [0, scale, (side - scale * height) / 2]]
            )
        else:
            x, y, _ = self.view
            where = np.array(
                [[self._zoom, 0, side / 2 - self._zoom * x], [0, self._zoom, side / 2 - self._zoom * y]]
            )
        shown = cv2.warpAffine(frame, where, (side, side), flags=cv2.INTER_LINEAR, borderValue=_EMPTY)
        return np.asarray(cv2.cvtColor(shown, cv2.COLOR_GRAY2RGB) if shown.ndim == 2 else shown, np.uint8)

    @property
    def _zoom(self) -> float:
        """Pixels of the film a pixel of the video."""
        assert self.view is not None
        return _FACE[2] / (CROP_IOD * float(self.view[2]))

    def _to_view(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        assert self.view is not None
        return (points - self.view[:2]) * self._zoom + _FACE[2] / 2

    def _bars(self, picture: Picture, t: int, used: bool) -> None:
        if not used:
            return
        sizes = np.hypot(*np.moveaxis(np.asarray(self.features.flow[t, -1], np.float64), -1, 0))
        for row, (q, size, rgb) in enumerate(
            zip(self._quality(t), sizes, self._colours(t, used), strict=True)
        ):
            top, bottom = _row(row, len(self.regions))
            for left, share in ((_QUALITY, q), (_MOTION, size / self.most)):
                right = left + round(_BAR * float(np.clip(share, 0, 1)))
                cv2.rectangle(picture, (left, top), (right, bottom), rgb, -1)


def _row(row: int, rows: int) -> tuple[int, int]:
    """Top and bottom of a bar."""
    step = (_ROWS[1] - _ROWS[0]) / rows
    return round(_ROWS[0] + (row + 0.2) * step), round(_ROWS[0] + (row + 0.8) * step)


def _quality_colour(quality: float) -> str:
    return _LOST if quality <= 0 else colour("spotted") if quality >= DOUBT else colour("apex")


def _rgb(hexadecimal: str) -> tuple[int, int, int]:
    red, green, blue = (int(hexadecimal[i : i + 2], 16) for i in (1, 3, 5))
    return red, green, blue


def _over_time(features: VideoFeatures, regions: Sequence[Region]) -> dict[str, NDArray[np.float64]]:
    """Motion of each group of regions through every window, mean over the regions, percent of IOD; NaN if masked."""
    flow = np.asarray(features.flow[:, -1], np.float64)
    sizes = np.hypot(flow[..., 0], flow[..., 1])
    sizes[~features.mask] = np.nan
    found = {}
    for name, (words, _) in _GROUPS.items():
        own = [r for r, region in enumerate(regions) if any(word in region.name for word in words)]
        if own:
            found[name] = sizes[:, own].mean(axis=1)
    return found


def _scale(over_time: dict[str, NDArray[np.float64]]) -> float:
    """Upper end of the axis of motion, percent of IOD."""
    values = np.concatenate(list(over_time.values()) or [np.zeros(1)])
    values = values[~np.isnan(values)]
    return max(1.0, float(np.percentile(values, 99.5)) * 1.1) if len(values) else 1.0


def _page(easel: _Easel, first: int, last: int) -> Picture:
    """Everything that stays the same while the film shows the frames `first` to `last` - 1."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    use_style()
    figure = Figure(figsize=(SIZE[0] / 100, SIZE[1] / 100), dpi=100)
    figure.set_layout_engine("none")
    canvas = FigureCanvasAgg(figure)
    _words(figure, easel)
    _timeline(figure, easel, first, last)
    canvas.draw()
    return np.ascontiguousarray(np.asarray(canvas.buffer_rgba())[..., :3])


def _words(figure: Any, easel: _Easel) -> None:
    """Titles, names of the regions, grey beds of the bars."""
    from matplotlib.patches import Rectangle

    def text(x: float, y: float, what: str, **look: Any) -> None:
        figure.text(x / SIZE[0], 1 - y / SIZE[1], what, va="center", **look)

    features = easel.features
    text(24, 26, f"{features.video}   (subject {features.subject})", fontsize=11, fontweight="bold")
    text(_NAMES, 72, "region", fontsize=9, color="#555555")
    text(_QUALITY, 72, "quality (0 to 1)", fontsize=9, color="#555555")
    text(
        _MOTION,
        72,
        f"motion, first to last frame (0 to {easel.most:.1f} %)",
        fontsize=9,
        color="#555555",
    )
    for row, region in enumerate(easel.regions):
        top, bottom = _row(row, len(easel.regions))
        text(_NAMES, (top + bottom) / 2, region.name, fontsize=9)
        for left in (_QUALITY, _MOTION):
            corner = (left / SIZE[0], 1 - bottom / SIZE[1])
            bed = Rectangle(corner, _BAR / SIZE[0], (bottom - top) / SIZE[1], color="#F2F2F2")
            figure.add_artist(bed)
    back = easel.half * int(features.settings.get("stride", 1))
    lags = f"arrows: motion of the last {back} frames, {MAGNIFIED} times as long;  regions: "
    text(24, 530, lags, fontsize=8.5, color="#555555")
    kinds = [("well followed", colour("spotted")), (f"below {DOUBT:g}", colour("apex")), ("lost", _LOST)]
    for number, (name, shade) in enumerate(kinds):
        text(415 + 105 * number, 530, f"\u25cf {name}", fontsize=8.5, color=shade)


def _timeline(figure: Any, easel: _Easel, first: int, last: int) -> None:
    """Motion over time, and the labels below."""
    features, fps = easel.features, easel.features.fps
    left, top, right, bottom = _TIME
    ends = (first / fps, (first + easel.per_page) / fps)

    def axes(upper: int, lower: int) -> Any:
        box = (left / SIZE[0], 1 - lower / SIZE[1], (right - left) / SIZE[0], (lower - upper) / SIZE[1])
        return figure.add_axes(box)

    ax = axes(top, bottom)
    times = np.arange(first, last) / fps
    for name, values in easel.over_time.items():
        ax.plot(times, values[first:last], color=colour(_GROUPS[name][1]), label=name)
    masked = ~np.asarray(features.mask[first:last])
    ax.fill_between(times, 0, easel.most, where=masked, color="#DDDDDD", step="mid", linewidth=0)
    ax.set(xlim=ends, ylim=(0, easel.most), ylabel="% of IOD")
    ax.tick_params(labelbottom=False, length=0)
    handles = dict(ncols=4, loc="lower right", bbox_to_anchor=(1, 0.96), fontsize=8.5, borderpad=0)
    if masked.any():
        ax.fill_between([], [], color="#DDDDDD", label="not used")
    ax.legend(**handles)
    band = axes(*_EVENTS)
    band.set(xlim=ends, ylim=(0, 1), yticks=[], xlabel="seconds")
    band.grid(False)
    band.spines["left"].set_visible(False)
    for event in features.expressions:
        if event.offset >= first and event.onset < last:
            shade = colour(event.label)
            band.axvspan(event.onset / fps, (event.offset + 1) / fps, 0.1, 0.9, color=shade, linewidth=0)
            band.axvline((event.apex + 0.5) / fps, 0.1, 0.9, color="white", linewidth=1)
    words = [("MaE", "mae"), ("ME", "me")] if features.expressions else [("no labels", "control")]
    for number, (word, meaning) in enumerate(words):
        x, y = (left - 8 - 34 * number) / SIZE[0], 1 - sum(_EVENTS) / 2 / SIZE[1]
        figure.text(
            x, y, word, fontsize=8.5, ha="right", va="center", color=colour(meaning), fontweight="bold"
        )


class _Writer:
    """Writes what changes from frame to frame, in the figures' letters."""

    def __init__(self) -> None:
        from matplotlib import font_manager
        from PIL import ImageFont

        self._font = ImageFont.truetype(font_manager.findfont("DejaVu Sans"), 15)

    def write(self, picture: Picture, at: tuple[int, int], what: str, anchor: str) -> Picture:
        """The picture with some words at a place; `anchor` as Pillow has it."""
        from PIL import Image, ImageDraw

        image = Image.fromarray(picture)
        ImageDraw.Draw(image).text(at, what, font=self._font, fill=(0, 0, 0), anchor=anchor)
        return np.array(image)
