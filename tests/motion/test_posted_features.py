import numpy as np

from msstgcn.motion.posted import posted_features
from msstgcn.timeline import Expression


def test_posted_features_are_handed_on_like_others(tmp_path):
    array = np.random.default_rng(0).normal(size=(30, 17, 13, 2)).astype(np.float32)
    np.save(tmp_path / "006_1.npy", array)
    labels = (Expression(3, 5, 9, "me"),)
    features = posted_features(tmp_path / "006_1.npy", subject="006", fps=200 / 7, expressions=labels)
    assert (features.video, features.subject, len(features)) == ("006_1", "006", 30)
    assert features.mask.all() and features.expressions == labels
    np.testing.assert_array_equal(features.flow[:, :, 3], array[:, :, 5])
