"""A person before a camera: renders moments and tells exactly where everything is."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, maximum_filter

from msstgcn.faces import kernel, skin
from msstgcn.faces.action_units import HALVES, amplitudes, fields
from msstgcn.faces.anatomy import EYES, LOWER, Array, bump, depth, step
from msstgcn.faces.identity import Identity
from msstgcn.faces.state import Camera, FaceState, Pose

#: Points per IOD of the grid that holds depth and displacement.
FIELD_RESOLUTION = 40
#: The point of the head that rotations leave where it is, (x, y) at z = 0, in IOD.
PIVOT = (0.0, 0.35)
#: Where the middle between the eyes comes to lie, in parts of the picture's size.
EYES_AT = (0.5, 0.47)
#: A point so little beside an edge of the lids or lips, in IOD, lies on it.
_ON_EDGE = 1e-3
_GREY = np.array([0.299, 0.587, 0.114])


@dataclass(frozen=True)
class Truth:
    """What is known exactly about one frame.

    Parameters
    ----------
    landmarks : ndarray of float64, shape (68, 2)
        Positions in pixels, (x, y), in the order of the 68-point scheme.
    action_units : dict of str to float
        Amplitude of every half unit that is not at rest, percent of the IOD.
    pose : Pose
    """

    landmarks: Array
    action_units: dict[str, float]
    pose: Pose


class Face:
    """One person, made ready for one camera.

    Parameters
    ----------
    who : Identity
    camera : Camera

    Notes
    -----
    A point (x, y) of the neutral face plane is seen at ``s R[:2] (x + D(x, y), z(x, y)) + t``: D is the sum of
    the action units' displacement fields, z the head's depth, R the pose, s the scale.
    """

    def __init__(self, who: Identity, camera: Camera | None = None) -> None:
        self.identity, self.camera = who, camera or Camera()
        self.points = who.landmarks()
        x, y = skin.grid(FIELD_RESOLUTION)
        self._frame = (skin.LEFT, skin.TOP, float(FIELD_RESOLUTION))
        self._height = _rounded(depth(x, y, self.points, who.nose_height))
        self._normal = _rounded(skin.normals(self._height, FIELD_RESOLUTION))
        x0, x1, line = skin.mouth_line(self.points)
        self._mouth = _rounded(line)
        self._mouth_box = (x0, x1, float(line.min()), float(line.max()))
        self._fields = fields(x, y, self.points, np.array([float(line.mean()), (x1 - x0) / 2]))
        self._eyes = [skin.eye_lines(self.points, side, who.lid_fold) for side in (0, 1)]
        self._paint()

    def _paint(self) -> None:
        """Bring texture, backdrop and colours to the camera's resolution and colour."""
        ratio = skin.RESOLUTION / self.camera.iod
        rgba = skin.texture(self.identity)
        if ratio > 1:
            blur = 0.5 * np.sqrt(ratio**2 - 1)
            rgba = gaussian_filter(rgba, (blur, blur, 0), mode="nearest")
        rgb, alpha = rgba[..., :3], rgba[..., 3:]
        self._texture = np.round(np.concatenate([self._coloured(rgb) * alpha, alpha], -1) * 4096) / 4096
        self._texture = self._texture.astype(np.float32)
        self._place = (skin.LEFT, skin.TOP, float(skin.RESOLUTION))
        every = skin.RESOLUTION // FIELD_RESOLUTION
        seen = maximum_filter(alpha[..., 0] > 0, 3 * every)
        self._solid = np.ascontiguousarray(seen[::every, ::every], np.float64)
        self._backdrop = np.round(self._coloured(_backdrop(self.identity, self.camera)) * 4096) / 4096
        self._backdrop = self._backdrop.astype(np.float32)
        white = np.array([222.0, 214.0, 208.0]) * (0.94 - 0.10 * self.identity.tone)
        self._eye_colours = self._coloured(np.array([white, self.identity.iris_colour], float))
        self._teeth = self._coloured(np.array([[226.0, 218.0, 202.0], [62.0, 26.0, 26.0]]) * 0.86)

        self._glasses = _glasses(self.identity, self.points)

    def _coloured(self, rgb: Array) -> Array:
        return rgb if self.camera.colour else (rgb @ _GREY)[..., None]

    def _pose(self, pose: Pose) -> tuple[Array, tuple[float, ...]]:
        """Rotation, and the eight numbers of the forward map: 2x2 matrix, depth column, shift."""
        turn = pose.rotation()
        s = self.camera.iod * pose.scale
        m, k = s * turn[:2, :2], s * turn[:2, 2]
        pivot = np.array(PIVOT)
        at = self.camera.size * np.array(EYES_AT) + self.camera.iod * (np.array([pose.x, pose.y]) + pivot)
        t = at - m @ pivot
        return turn, tuple(float(v) for v in (*m.ravel(), *k, *t))

    def _vector(self, state: FaceState) -> Array:
        return amplitudes(dict(state.action_units))

    def _lids(self, state: FaceState, vector: Array) -> Array:
        """Lid lines of both eyes now: upper, lower, closed, crease; float64 (2, 4, n)."""
        shift = np.tensordot(vector, self._fields.lids, 1)
        lids = np.empty((2, 4, len(self._eyes[0].upper)))
        for side, eye in enumerate(self._eyes):
            lower = eye.lower + shift[side, 1] * eye.profile
            blink = float(np.clip(state.blink[side], 0, 1))
            upper = eye.upper + shift[side, 0] * eye.profile
            upper = upper + blink * np.maximum(eye.lower - upper, 0)
            lids[side, 1] = np.maximum(lower, eye.upper + 0.35 * (eye.lower - eye.upper))
            lids[side, 0] = np.minimum(upper, lids[side, 1])
            lids[side, 2], lids[side, 3] = eye.lower, np.minimum(eye.crease, lids[side, 0] - 0.004)
        return lids

    def _look(self, state: FaceState) -> Array:
        """Centre of each eye, of its iris, radius of iris and pupil, (2, 6); an iris is 11.8 mm across."""
        look = np.empty((2, 6))
        for side, eye in enumerate(self._eyes):
            cx, cy = eye.centre
            gx, gy = 0.135 * np.sin(np.deg2rad(state.gaze))  # the eyeball's radius is 12 mm
            look[side] = cx, cy, cx + gx, cy - 0.008 + gy, 0.068, 0.027
        return look

    def render(self, state: FaceState, seed: int = 0, frame: int = 0) -> NDArray[np.uint8]:
        """Picture of one moment.

        Parameters
        ----------
        state : FaceState
        seed, frame : int
            Key of the sensor noise: the same key gives the same noise, whatever was rendered before.

        Returns
        -------
        ndarray of uint8, shape (size, size) for a grey camera, (size, size, 3) RGB for a colour one
        """
        camera, vector = self.camera, self._vector(state)
        moved = self._moved(vector)
        turn, pose = self._pose(state.pose)
        cells = -(-camera.size // kernel.CELL) + 1
        nodes = np.empty((8, cells, cells))
        top = self._mouth_box[2] - 0.2
        kernel.solve(
            moved, self._height, self._normal, self._solid, _LIGHTS, turn, self._frame, pose, top, nodes
        )
        side = kernel.CELL * (cells - 1)
        colours = np.zeros((side, side, self._texture.shape[2]), np.float32)
        kernel.paint(
            self._texture,
            self._place,
            nodes,
            np.array([[eye.x0, eye.x1] for eye in self._eyes]),
            self._lids(state, vector),
            self._look(state),
            self._eye_colours,
            self._mouth,
            self._mouth_box,
            self._teeth,
            self._glasses,
            camera.iod * state.pose.scale,
            colours,
        )
        image = np.empty(self._backdrop.shape, np.uint8)
        kernel.expose(
            colours,
            self._backdrop,
            float(state.light),
            float(camera.noise),
            np.uint64(seed),
            np.uint64(frame),
            image,
        )
        image = image if camera.colour else image[..., 0]
        return _through_jpeg(image, camera.jpeg) if camera.jpeg else image

    def _moved(self, vector: Array) -> NDArray[np.float32]:
        moved = np.empty((2, *self._height.shape, 2), np.float32)
        kernel.combine(self._fields.branches, vector, moved)
        return moved

    def project(self, points: Array, state: FaceState) -> Array:
        """Where points of the face are seen.

        Parameters
        ----------
        points : ndarray, shape (..., 2)
            Positions (x, y) on the face at rest, in IOD; those below the line between the lips move with the jaw,
            those on a lid with the lid.
        state : FaceState

        Returns
        -------
        ndarray of float64, shape (..., 2)
            Pixels, (x, y); NaN for points of an eyeball, which is no skin. Beyond the edge of the canvas that the
            head is drawn on, depth and motion are those at its edge.
        """
        flat = np.asarray(points, dtype=np.float64).reshape(-1, 2)
        vector = self._vector(state)
        placed = self._on_lids(
            flat, self._lids(FaceState(), np.zeros(len(vector))), self._lids(state, vector)
        )
        skin_only = ~np.isnan(placed).any(axis=1)
        seen = np.full_like(flat, np.nan)
        kept = placed[skin_only]
        lower = kept[:, 1] > self._between_lips(kept[:, 0]) + _ON_EDGE
        seen[skin_only] = self._seen(kept, self._displacement(kept, lower, vector), state.pose)
        return seen.reshape(np.shape(points))

    def locate(self, pixels: Array, state: FaceState) -> Array:
        """Which points of the face are seen at pixels: the inverse of `project`.

        It holds to a thousandth of a pixel, at the very edges of lids and lips to a thousandth of an IOD.

        Parameters
        ----------
        pixels : ndarray, shape (..., 2)
            (x, y), need not be whole.
        state : FaceState

        Returns
        -------
        ndarray of float64, shape (..., 2)
            Positions on the face at rest, in IOD; NaN where an eyeball, the inside of the mouth or the backdrop is
            seen. Spectacles are looked through.
        """
        at = np.ascontiguousarray(np.asarray(pixels, dtype=np.float64).reshape(-1, 2).T)
        vector = self._vector(state)
        upper, lower = np.empty((2, 4, at.shape[1]))
        kernel.locate(
            self._moved(vector), self._height, self._frame, self._pose(state.pose)[1], at, upper, lower
        )
        upper, lower = upper[:2].T, lower[:2].T
        x0, x1, _, _ = self._mouth_box
        above = upper[:, 1] <= self._between_lips(upper[:, 0])
        edge = self._between_lips(lower[:, 0])
        inside = ~above & (lower[:, 1] < edge)
        lower[:, 1] = np.maximum(lower[:, 1], edge + 1.1 * _ON_EDGE)  # not to be taken for the upper lip's
        found = np.where(above[:, None], upper, lower)
        found[inside & (upper[:, 0] > x0) & (upper[:, 0] < x1)] = np.nan
        found = self._on_lids(
            found, self._lids(state, vector), self._lids(FaceState(), np.zeros(len(vector)))
        )
        left, top, per_iod = self._place
        row, column = (np.round((found[:, axis] - start) * per_iod) for axis, start in ((1, top), (0, left)))
        rows, columns = self._texture.shape[:2]
        within = (row >= 0) & (row < rows) & (column >= 0) & (column < columns)  # False for NaN
        within[within] = self._texture[row[within].astype(int), column[within].astype(int), -1] > 0.5
        found[~within] = np.nan
        return found.reshape(np.shape(pixels))

    def displacement(self, before: FaceState, after: FaceState, points: Array) -> Array:
        """How far points of the face move through the picture from one moment to another.

        Parameters
        ----------
        before, after : FaceState
        points : ndarray, shape (..., 2)
            Positions on the face at rest, in IOD, as for `project`.

        Returns
        -------
        ndarray of float64, shape (..., 2)
            Pixels, (right, down); NaN for points of an eyeball.
        """
        return self.project(points, after) - self.project(points, before)

    def flow(self, before: FaceState, after: FaceState, pixels: Array) -> Array:
        """True optical flow: how far what is seen at pixels of one picture has moved in another.

        A dense field, of a patch or the whole picture, is a mesh of pixels: ``np.moveaxis(np.mgrid[...], 0, -1)``
        with its axes swapped to (x, y).

        Parameters
        ----------
        before, after : FaceState
        pixels : ndarray, shape (..., 2)
            (x, y) in the picture of `before`, need not be whole.

        Returns
        -------
        ndarray of float64, shape (..., 2)
            Pixels, (right, down); NaN where no skin or hair of the head is seen before.
        """
        return self.displacement(before, after, self.locate(pixels, before))

    def _between_lips(self, x: Array) -> Array:
        """Height of the line between the closed lips, level beyond the corners."""
        x0, x1, _, _ = self._mouth_box
        return np.interp(x, np.linspace(x0, x1, len(self._mouth)), self._mouth)

    def _on_lids(self, points: Array, before: Array, after: Array) -> Array:
        """Move points on the lids along when the lid lines change from one state to another, each (2, 4, n).

        A lid's skin stretches between its edge and the crease, or the cheek; points between the edges belong to the
        eyeball and become NaN.
        """
        placed = points.copy()
        for side, eye in enumerate(self._eyes):
            near = (points[:, 0] > eye.x0) & (points[:, 0] < eye.x1) & (np.abs(points[:, 1]) < 0.5)
            x, y = points[near].T
            at = np.linspace(eye.x0, eye.x1, len(eye.upper))
            up, low, shut, crease = (np.interp(x, at, line) for line in before[side])
            cheek = shut + kernel.LOWER_LID
            upper, lower = y <= up + _ON_EDGE, y >= low - _ON_EDGE
            closed = np.where(upper | lower, y, np.nan)  # on the skin of the shut eye
            on_upper, on_lower = upper & (y > crease), lower & ~upper & (y < cheek)
            closed = np.where(on_upper, _between(y, (crease, up), (crease, shut)), closed)
            closed = np.where(on_lower, _between(y, (low, cheek), (shut, cheek)), closed)
            up, low, shut, crease = (np.interp(x, at, line) for line in after[side])
            y = np.where(upper & (closed > crease), _between(closed, (crease, shut), (crease, up)), closed)
            placed[near, 1] = np.where(on_lower, _between(closed, (shut, cheek), (low, cheek)), y)
        return placed

    def _displacement(self, points: Array, lower: NDArray[np.bool_], vector: Array) -> Array:
        active = np.flatnonzero(vector)
        left, top, per_iod = self._frame
        table = self._fields.branches[:, active]
        i, j, a, b = _cell(points, left, top, per_iod, self._height.shape)
        k = lower.astype(int)
        corners = [table[k, :, j + dj, i + di] for dj in (0, 1) for di in (0, 1)]
        weights = ((1 - a) * (1 - b), a * (1 - b), (1 - a) * b, a * b)
        field = sum(w[:, None, None] * q for w, q in zip(weights, corners, strict=True))
        return np.asarray(np.einsum("nhc,h->nc", np.asarray(field, float), vector[active]))

    def _seen(self, points: Array, shift: Array, pose: Pose) -> Array:
        left, top, per_iod = self._frame
        i, j, a, b = _cell(points, left, top, per_iod, self._height.shape)
        h = self._height
        z = (h[j, i] * (1 - a) + h[j, i + 1] * a) * (1 - b) + (
            h[j + 1, i] * (1 - a) + h[j + 1, i + 1] * a
        ) * b
        _, (m00, m01, m10, m11, k0, k1, t0, t1) = self._pose(pose)
        x, y = (points + shift).T
        return np.stack([m00 * x + m01 * y + k0 * z + t0, m10 * x + m11 * y + k1 * z + t1], -1)

    def landmarks(self, state: FaceState) -> Array:
        """The 68 landmarks in pixels, float64 (68, 2)."""
        vector = self._vector(state)
        points = self._with_lids(state, vector)
        lower = np.isin(np.arange(68), LOWER)
        return self._seen(points, self._displacement(points, lower, vector), state.pose)

    def _with_lids(self, state: FaceState, vector: Array) -> Array:
        """Neutral landmarks, those of the lids where blink and lid units put them."""
        points, lids = self.points.copy(), self._lids(state, vector)
        for side, (_, up1, up2, _, low2, low1) in enumerate(EYES):
            eye = self._eyes[side]
            at = np.linspace(eye.x0, eye.x1, len(eye.upper))
            for line, index in ((0, up1), (0, up2), (1, low2), (1, low1)):
                points[index, 1] = np.interp(points[index, 0], at, lids[side, line])
        return points

    def truth(self, state: FaceState) -> Truth:
        """Everything that is known about the frame of a moment."""
        vector = self._vector(state)
        units = {HALVES[i]: float(vector[i]) for i in np.flatnonzero(vector)}
        return Truth(self.landmarks(state), units, state.pose)


def _through_jpeg(image: NDArray[np.uint8], quality: int) -> NDArray[np.uint8]:
    """What is left of a picture, grey or RGB, after it was written as a JPEG file and read again."""
    grey = image.ndim == 2
    _, file = cv2.imencode(".jpg", image if grey else image[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
    found = np.asarray(cv2.imdecode(file, cv2.IMREAD_GRAYSCALE if grey else cv2.IMREAD_COLOR), np.uint8)
    return found if grey else np.ascontiguousarray(found[..., ::-1])


def _between(y: Array, old: tuple[Array, Array], new: tuple[Array, Array]) -> Array:
    """Carry y from where it lies between two lines to the same share of the way between two others."""
    share = np.clip((y - old[0]) / np.maximum(old[1] - old[0], 1e-9), 0.0, 1.0)
    return np.asarray(new[0] + share * (new[1] - new[0]))


def _unit_lights() -> Array:
    """Rows key, fill, sky: direction, [ambient | - | sky share], share."""
    table = np.zeros((3, 5))
    table[0, :3] = skin.KEY / np.linalg.norm(skin.KEY)
    table[1, :3] = skin.FILL / np.linalg.norm(skin.FILL)
    table[0, 3], table[2, 3] = skin.AMBIENT, skin.SKY_SHARE
    table[0, 4], table[1, 4] = skin.KEY_SHARE, skin.FILL_SHARE
    return table


_LIGHTS = _unit_lights()


def _rounded(values: Array) -> Array:
    """Values on a grid of 2^-24, so that the last bits of a machine's mathematics library do not matter."""
    return np.asarray(np.round(values * 2.0**24) / 2.0**24)


def _cell(
    points: Array, left: float, top: float, per_iod: float, shape: tuple[int, ...]
) -> tuple[NDArray[np.int64], NDArray[np.int64], Array, Array]:
    """Cells (column, row) of a grid that points lie in, and where in them, 0 to 1; the last ones beyond its edges."""
    rows, columns = shape
    u = np.clip((points[:, 0] - left) * per_iod, 0, columns - 1.001)  # as `kernel.invert` does
    v = np.clip((points[:, 1] - top) * per_iod, 0, rows - 1.001)
    i, j = np.floor(u).astype(int), np.floor(v).astype(int)
    return i, j, u - i, v - j


def _glasses(who: Identity, points: Array) -> tuple[float, ...]:
    """Spectacles: half distance, height, half width and height of the lenses, half thickness and grey of the rim."""
    rng = np.random.default_rng(np.random.SeedSequence([who.seed, 3]))
    if not who.glasses:
        return (0.0, 0.0, 1.0, 1.0, 0.0, 0.0)
    wide = rng.uniform(0.25, 0.29)
    return (
        0.345,
        float(points[41, 1]) + 0.03,
        wide,
        wide * rng.uniform(0.62, 0.85),
        rng.uniform(0.007, 0.016),
        rng.uniform(20.0, 110.0),
    )


def _backdrop(who: Identity, camera: Camera) -> Array:
    """Wall, neck and shoulders, (size, size, 3): they stay where they are when the head moves."""
    n = camera.size
    px, py = np.meshgrid(np.arange(n, dtype=float), np.arange(n, dtype=float))
    x = (px - EYES_AT[0] * n) / camera.iod
    y = (py - EYES_AT[1] * n) / camera.iod
    rng = np.random.default_rng(np.random.SeedSequence([who.seed, 2]))
    wall = (
        np.array(who.backdrop, float)
        * (1 + 0.10 * bump(x, y, -0.8, -0.6, 1.6) - 0.05 * step((y - 0.5) / 2))[..., None]
    )
    chin = who.landmarks()[8, 1]
    tone = skin.SKIN_TONES
    position = who.tone * (len(tone) - 1)
    low = min(int(position), len(tone) - 2)
    flesh = np.array(tone[low], float) + (position - low) * (
        np.array(tone[low + 1], float) - np.array(tone[low], float)
    )
    half = 0.50 + 0.10 * np.clip(y - chin, 0, 1) ** 2 + 0.02 * (who.jaw - 1)
    round_ = np.sqrt(np.maximum(1 - (x / (1.02 * half)) ** 2, 0))
    lit = (0.45 + 0.40 * round_) * (0.50 + 0.50 * step((y - chin + 0.04) / 0.55)) * (1 - 0.10 * x)
    neck = (step((half - np.abs(x)) / 0.02 + 0.5) * (y > 0.3))[..., None]
    image = wall * (1 - neck) + flesh * lit[..., None] * neck
    collar = chin + 0.48 + 0.05 * rng.uniform(-1, 1)
    top = np.where(
        np.abs(x) < half, collar - 0.30 + 0.30 * np.cos(np.clip(x / half, -1, 1) * np.pi / 2), collar - 0.30
    )
    top = top + 0.42 * np.clip(np.abs(x) - half, 0, None) ** 1.3
    cloth = step((y - top) / 0.02 + 0.5)[..., None]
    folds = 1 + 0.05 * np.sin(7 * x + 2 * np.sin(3 * y)) - 0.15 * step((np.abs(x) - 0.9) / 0.8)
    return np.asarray(image * (1 - cloth) + np.array(who.clothes, float) * folds[..., None] * cloth)
