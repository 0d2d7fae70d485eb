"""The loss keeps the laws of its kind with features of a few steps, and training brings places together."""

import tempfile
from pathlib import Path

import pytest
import torch
from contreg_anatomix_like.loss import FeatureDifference
from contreg_anatomix_like.network import default_file
from contreg_anatomix_like.train import contrast, main, random_points, rendered, sampled, shapes, train

from contreg_core import conformance
from contreg_core.errors import DataError, MissingError

FOLDER = tempfile.TemporaryDirectory()
WEIGHTS = Path(FOLDER.name) / "features.safetensors"
main(["-o", str(WEIGHTS), "--steps", "3"])

test_conformance = conformance.tests_of(
    "contreg_anatomix_like.plugin", anatomix_like={"weights": str(WEIGHTS)}
)


def test_training_brings_a_place_nearer_to_itself_than_to_others() -> None:
    def held_out(steps: int) -> float:
        features = train(steps, seed=0)
        torch.manual_seed(99)
        labels, points = shapes(), random_points()
        with torch.no_grad():
            return float(contrast(*(sampled(features(rendered(labels)), points) for _ in range(2))))

    assert held_out(25) < held_out(0)


def test_features_that_are_not_there_or_not_ours_are_said(tmp_path: Path) -> None:
    with pytest.raises(MissingError, match=r"not trained yet.*contreg-anatomix-like -o"):
        FeatureDifference(weights=str(tmp_path / "none"))
    (tmp_path / "odd").write_bytes(b"no features")
    with pytest.raises(DataError, match="not the features"):
        FeatureDifference(weights=str(tmp_path / "odd"))
    assert default_file().name == "features.safetensors"
