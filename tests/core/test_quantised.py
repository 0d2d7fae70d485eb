"""Weights of 8 bits: near what they were, a quarter of the size, told from others by the schema."""

import json
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors import safe_open

from contreg_core.checkpoint import QUANTISED_SCHEMA, read_checkpoint, write_checkpoint
from contreg_core.errors import DataError
from contreg_core.quantised import quantised, restored

TENSORS = {
    "model/conv.weight": torch.randn(4, 3, 3, 3, 3, generator=torch.Generator().manual_seed(0)),
    "model/conv.bias": torch.tensor([0.5, -1.0, 0.0, 2.0]),
    "model/count": torch.tensor(7),
    "model/empty": torch.zeros(0, 3),
}


@given(st.integers(0, 2**31), st.floats(1e-6, 1e6))
def test_no_weight_is_off_by_more_than_half_a_step_of_its_row(seed: int, size: float) -> None:
    weight = size * torch.randn(5, 7, generator=torch.Generator().manual_seed(seed))
    weight[2] = 0
    found = restored(quantised({"model/w": weight}))["model/w"]
    assert not found[2].any()
    assert ((found - weight).abs() <= weight.abs().amax(1, keepdim=True) / 254 * 1.001).all()
    again = restored(quantised({"model/w": found}))["model/w"]
    torch.testing.assert_close(again, found, rtol=1e-5, atol=0)


def test_only_weights_of_several_axes_become_small() -> None:
    found = quantised(TENSORS)
    assert found["model/conv.weight"].dtype == torch.int8
    for name in ("model/conv.bias", "model/count", "model/empty"):
        assert found[name] is TENSORS[name]
    assert set(found) - set(TENSORS) == {"scale/conv.weight"}


def test_a_file_of_them_reads_as_weights(tmp_path: Path) -> None:
    """By contreg alone: its schema keeps those out who would take 8 bits for weights."""
    path = tmp_path / "small.safetensors"
    write_checkpoint(path, quantised(TENSORS), {})
    read = read_checkpoint(path)
    assert read.tensors.keys() == TENSORS.keys()
    torch.testing.assert_close(
        read.part("model")["conv.weight"], TENSORS["model/conv.weight"], atol=0.02, rtol=0
    )
    with safe_open(path, "pt") as file:
        assert json.loads(file.metadata()["contreg"])["schema"] == QUANTISED_SCHEMA


def test_scales_that_do_not_fit_are_damage(tmp_path: Path) -> None:
    for name, tensors in {
        "lost": {"scale/w": torch.ones(2)},
        "other": {"scale/w": torch.ones(2), "model/w": torch.ones(3, 2, dtype=torch.int8)},
    }.items():
        write_checkpoint(tmp_path / name, tensors, {})
        with pytest.raises(DataError, match="8 bits"):
            read_checkpoint(tmp_path / name)
