"""Who a face is: proportions, skin, hair and eyes, drawn from a seed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from msstgcn.faces.anatomy import Array, mean_landmarks

#: Skin tones from the lightest to the darkest, display RGB; a face lies between two neighbours.
SKIN_TONES: tuple[tuple[int, int, int], ...] = (
    (240, 207, 190),
    (228, 186, 160),
    (208, 160, 128),
    (178, 126, 94),
    (138, 93, 67),
    (98, 65, 49),
    (68, 46, 38),
)
HAIR_COLOURS: dict[str, tuple[int, int, int]] = {
    "black": (30, 27, 27),
    "dark brown": (58, 42, 34),
    "brown": (92, 65, 46),
    "chestnut": (112, 66, 42),
    "blond": (186, 150, 100),
    "red": (150, 78, 44),
    "grey": (150, 147, 143),
    "white": (212, 208, 202),
}
IRIS_COLOURS: dict[str, tuple[int, int, int]] = {
    "dark brown": (52, 33, 24),
    "brown": (86, 56, 36),
    "hazel": (112, 88, 50),
    "green": (96, 112, 80),
    "grey": (112, 124, 130),
    "blue": (92, 126, 158),
}
#: Hair styles, see `msstgcn.faces.hair`.
HAIR_STYLES: tuple[str, ...] = (
    "bald",
    "buzz",
    "short",
    "side part",
    "receding",
    "fringe",
    "bob",
    "long",
    "tied back",
    "curly",
    "afro",
)


@dataclass(frozen=True)
class Identity:
    """Everything that stays the same about one person.

    Lengths are in units of the inter-ocular distance or factors of the average; colours are display RGB, 0-255.
    """

    seed: int
    width: float
    length: float
    jaw: float  # factor on the width of the jaw's angles
    chin: float  # factor on the width of the chin
    brow_height: float
    brow_arch: float  # raises the middle of the brows
    eye_opening: float
    eye_spacing: float  # factor on the distance of the inner corners
    eye_tilt: float  # lowers the inner corners
    lid_fold: float  # height of the upper lid's crease above the lid: 1 average, small for a hooded eye
    nose_height: float
    nose_width: float
    nose_length: float
    mouth_width: float
    mouth_height: float  # shifts the mouth down
    lip_thickness: float
    asymmetry: tuple[float, float, float]  # brow, mouth, nose: shifts of the image-left side
    tone: float  # 0 lightest .. 1 darkest skin
    age: float  # 0 about 20 years .. 1 about 70
    freckles: float
    stubble: float
    beard: float  # 0 shaven .. 1 full
    lip_colour: float  # 0 natural .. 1 painted
    hair_style: str
    hair_colour: tuple[int, int, int]
    brow_weight: float
    iris_colour: tuple[int, int, int]
    glasses: bool
    clothes: tuple[int, int, int]
    backdrop: tuple[int, int, int]

    def landmarks(self) -> Array:
        """Landmarks of this person's neutral face, float64 (68, 2), in IOD."""
        points = mean_landmarks()
        mouth = points[48, 1]
        points[:17, 0] *= self.width
        points[3:14, 0] *= 1 + (self.jaw - 1) * np.interp(
            np.arange(3, 14), [2, 5, 8, 11, 14], [0, 1, 0.6, 1, 0]
        )
        points[[6, 7, 9, 10], 0] *= self.chin
        below = points[:, 1] > 0.1
        points[17:27, 1] += self.brow_height - self.brow_arch * np.tile([-0.3, 0.6, 1.0, 0.5, -0.3], 2)
        points[[39, 42], 0] *= self.eye_spacing
        points[[38, 40, 43, 47], 0] *= 1 + 0.5 * (self.eye_spacing - 1)
        points[[39, 42], 1] += self.eye_tilt
        points[28:36, 1] *= self.nose_length
        points[31:36, 0] *= self.nose_width
        points[48:, 0] *= self.mouth_width
        points[48:, 1] = mouth + self.mouth_height + (points[48:, 1] - mouth) * self.lip_thickness
        points[[37, 38, 40, 41, 43, 44, 46, 47], 1] *= self.eye_opening
        points[below, 1] *= self.length
        brow, lip, nose = self.asymmetry
        points[17:22, 1] += brow
        points[[48, 60], 1] += lip
        points[27:36, 0] += nose * np.clip(points[27:36, 1] / 0.4, 0, 1)
        return points


def identity(seed: int, subject: int = 0) -> Identity:
    """Draw the person number `subject` of a seed; the same whatever other persons there are.

    Parameters
    ----------
    seed : int
        Seed of the whole data set, not negative.
    subject : int, default 0
        Number of the person, from 0.
    """
    rng = np.random.default_rng(np.random.SeedSequence([seed, subject, 0xFACE]))
    tone, age = float(rng.uniform()), float(rng.uniform())
    man = rng.uniform() < 0.5
    colours, irises = _hair_colour_weights(tone, age), _iris_weights(tone)
    hair = list(HAIR_COLOURS)[int(rng.choice(len(colours), p=colours))]
    iris = list(IRIS_COLOURS)[int(rng.choice(len(irises), p=irises))]
    styles = _style_weights(tone, age, bool(man))
    shape = np.random.default_rng(np.random.SeedSequence([seed, subject, 0xFACE, 1]))
    jitter = rng.normal(0, 8) + rng.normal(0, 2, 3)
    return Identity(
        seed=int(rng.integers(2**31)),
        width=float(rng.uniform(0.94, 1.06)),
        length=float(rng.uniform(0.95, 1.06)),
        jaw=float(rng.uniform(0.93, 1.02) + (0.05 if man else 0)),
        chin=float(shape.uniform(0.86, 1.1) + (0.06 if man else 0)),
        brow_height=float(rng.uniform(-0.03, 0.025) + (0.012 if man else 0)),
        brow_arch=float(shape.uniform(-0.014, 0.02) - (0.006 if man else 0)),
        eye_spacing=float(shape.uniform(0.93, 1.07)),
        eye_tilt=float(shape.uniform(-0.012, 0.02)),
        lid_fold=float(shape.uniform(0.45, 1.1)),
        eye_opening=float(rng.uniform(0.86, 1.14)),
        nose_height=float(0.30 * rng.uniform(0.8, 1.2)),
        nose_width=float(rng.uniform(0.88, 1.0) + 0.15 * tone),
        nose_length=float(shape.uniform(0.95, 1.05)),
        mouth_height=float(shape.uniform(-0.018, 0.018)),
        mouth_width=float(rng.uniform(0.9, 1.1)),
        lip_thickness=float(rng.uniform(0.75, 1.1) + 0.2 * tone * rng.uniform()),
        asymmetry=(
            float(rng.normal(0, 0.006)),
            float(rng.normal(0, 0.004)),
            float(rng.normal(0, 0.006)),
        ),
        tone=tone,
        age=age,
        freckles=float(rng.uniform() if rng.uniform() < 0.3 and tone < 0.4 else 0.0),
        stubble=float(rng.uniform(0.1, 0.9) if man else 0.0),
        beard=float(rng.uniform(0.5, 0.9) if rng.uniform() < 0.2 and man else 0.0),
        lip_colour=float(rng.uniform(0.2, 1) if rng.uniform() < 0.5 and not man else 0.0),
        hair_style=HAIR_STYLES[int(rng.choice(len(HAIR_STYLES), p=styles))],
        hair_colour=_shifted(HAIR_COLOURS[hair], jitter),
        brow_weight=float(rng.uniform(0.7, 1.2) + (0.15 if man else 0)),
        iris_colour=_shifted(IRIS_COLOURS[iris], rng.normal(0, 5) + rng.normal(0, 2, 3)),
        glasses=bool(rng.uniform() < 0.22),
        clothes=_shifted((100, 100, 105), np.full(3, rng.normal(0, 45)) + rng.normal(0, 20, 3)),
        backdrop=_shifted((150, 152, 156), np.full(3, rng.uniform(-50, 50)) + rng.normal(0, 6, 3)),
    )


def _shifted(colour: tuple[int, int, int], by: Array) -> tuple[int, int, int]:
    r, g, b = (int(np.clip(round(c + d), 12, 245)) for c, d in zip(colour, by, strict=True))
    return r, g, b


def _normal(weights: list[float]) -> Array:
    total = np.array(weights, dtype=np.float64)
    return total / total.sum()


def _hair_colour_weights(tone: float, age: float) -> Array:
    light = max(0.0, 1 - 2.2 * tone)
    grey = max(0.0, age - 0.45)
    young = 1 - 0.6 * age
    weights = [1 + tone, 1.0, 0.7 * (light + 0.2), 0.5 * light, 0.9 * light, 0.4 * light]
    return _normal([w * young for w in weights] + [3 * grey, 2.5 * max(0.0, age - 0.7)])


def _iris_weights(tone: float) -> Array:
    light = max(0.0, 1 - 2.2 * tone)
    return _normal([1 + tone, 1, 0.5 * light, 0.5 * light, 0.5 * light, 0.9 * light])


def _style_weights(tone: float, age: float, man: bool) -> Array:
    if man:
        return _normal([0.5 + age, 1.2, 2, 1.5, 1.5 * age, 0.4, 0, 0.3, 0.4, 0.6, 0.2 + tone])
    return _normal([0.05, 0.3, 0.8, 0.7, 0, 1, 1.6, 1.6, 1.6, 1.2, 0.2 + tone])
