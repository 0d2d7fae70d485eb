"""Checkpoints: what comes back is what was written, or an error that says so."""

import itertools
import json
import random
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from contreg_core.checkpoint import (
    QUANTISED_SCHEMA,
    load_module,
    load_optimiser,
    optimiser_tensors,
    read_checkpoint,
    write_checkpoint,
)
from contreg_core.errors import DataError, MismatchError, MissingError

TENSORS = {
    "model/weight": torch.arange(12, dtype=torch.float32).reshape(3, 4),
    "model/half": torch.ones(3, dtype=torch.bfloat16),
    "model/count": torch.tensor(7),
    "model/empty": torch.zeros(0, 3),
    "objective/flags": torch.tensor([True, False]),
}
RECORD = {
    "place": {"step": 20, "best": float("-inf")},
    "numbers": {2: "b", 10: "a"},
    "name": "é",
    "ids": ("a", "b"),
}


@pytest.fixture
def written(tmp_path: Path) -> Path:
    path = tmp_path / "last.safetensors"
    write_checkpoint(path, TENSORS, RECORD)
    return path


def test_round_trip(written: Path) -> None:
    checkpoint = read_checkpoint(written)
    assert checkpoint.tensors.keys() == TENSORS.keys()
    for name, value in TENSORS.items():
        assert checkpoint.tensors[name].dtype == value.dtype
        assert torch.equal(checkpoint.tensors[name], value)
    assert checkpoint.record["place"] == RECORD["place"]
    assert checkpoint.record["numbers"] == {"2": "b", "10": "a"}
    assert set(checkpoint.part("objective")) == {"flags"}


def test_shared_and_strided_tensors_are_written(tmp_path: Path) -> None:
    weight = torch.rand(2, 3, 4, 4, 4).contiguous(memory_format=torch.channels_last_3d)
    write_checkpoint(tmp_path / "a", {"a": weight, "b": weight, "c": weight.transpose(0, 1)}, {})
    read = read_checkpoint(tmp_path / "a").tensors
    assert torch.equal(read["a"], weight)
    assert torch.equal(read["b"], weight)
    assert torch.equal(read["c"], weight.transpose(0, 1))


def test_no_flipped_bit_goes_unnoticed(written: Path) -> None:
    """An error, or (a letter of an escape, say) exactly the same content."""
    content, record = written.read_bytes(), read_checkpoint(written).record
    header = 8 + int.from_bytes(content[:8], "little")
    rng = random.Random(0)
    length, values = range(64), range(8 * header, 8 * len(content))
    for bit in sorted({rng.randrange(8 * header) for _ in range(300)} | {*length, *values}):
        damaged = bytearray(content)
        damaged[bit // 8] ^= 1 << bit % 8
        written.write_bytes(bytes(damaged))
        try:
            found = read_checkpoint(written)
        except (DataError, MismatchError):
            continue
        assert found.record == record, bit
        assert all(torch.equal(found.tensors[name], value) for name, value in TENSORS.items())


def test_one_that_cannot_be_opened_is_no_bug(written: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(path: Path, *_: object) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "open", refused)  # of a user who is not root
    with pytest.raises(DataError, match=r"not a readable checkpoint .*Permission denied"):
        read_checkpoint(written)


def test_what_was_read_does_not_change_with_the_file(written: Path) -> None:
    found = read_checkpoint(written)
    written.write_bytes(bytes(written.stat().st_size))
    assert all(torch.equal(found.tensors[name], value) for name, value in TENSORS.items())


def test_no_truncation_goes_unnoticed(written: Path) -> None:
    content = written.read_bytes()
    for length in itertools.chain(range(0, len(content), 37), [len(content) - 1]):
        written.write_bytes(content[:length])
        with pytest.raises(DataError, match="not a readable checkpoint"):
            read_checkpoint(written)


def test_files_of_others_and_of_newer_versions(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    save_file({"a": torch.zeros(1)}, path)
    with pytest.raises(MismatchError, match="not a contreg checkpoint"):
        read_checkpoint(path)
    for text in ("[1]", "null", "{", '{"schema": "x"}', '{"schema": null}'):
        save_file({"a": torch.zeros(1)}, path, metadata={"contreg": text})
        with pytest.raises(MismatchError, match="not a contreg checkpoint"):
            read_checkpoint(path)
    newer = json.dumps({"schema": QUANTISED_SCHEMA + 1, "contreg": "9.1.0"})
    save_file({"a": torch.zeros(1)}, path, metadata={"contreg": newer})
    with pytest.raises(MismatchError, match=f"schema {QUANTISED_SCHEMA + 1}") as caught:
        read_checkpoint(path)
    assert "9.1.0" in caught.value.hint
    with pytest.raises(MissingError):
        read_checkpoint(tmp_path / "none")


def test_a_model_of_another_shape_is_refused_by_name() -> None:
    module = nn.Linear(3, 2)
    before = {name: value.clone() for name, value in module.state_dict().items()}
    with pytest.raises(MismatchError, match=r"weight \(\(2, 4\), expected \(2, 3\)\)"):
        load_module(module, {"weight": torch.zeros(2, 4), "bias": torch.zeros(2)}, "model")
    with pytest.raises(MismatchError, match=r"bias \(absent, expected \(2,\)\)"):
        load_module(module, {"weight": torch.zeros(2, 3)}, "model")
    with pytest.raises(MismatchError, match=r"extra \(\(1,\), expected absent\)"):
        load_module(module, {**before, "extra": torch.zeros(1)}, "model")
    assert all(torch.equal(value, before[name]) for name, value in module.state_dict().items())


@pytest.mark.parametrize("kind", [torch.optim.Adam, torch.optim.AdamW])
def test_an_optimiser_goes_on_exactly_in_any_memory_layout(
    kind: type[torch.optim.Adam], tmp_path: Path
) -> None:
    """Fused Adam walks weights and moments as they lie in memory: a layout lost on the way would mix them up."""

    def run(resume: bool) -> torch.Tensor:
        generator = torch.Generator().manual_seed(0)
        weight = nn.Parameter(
            torch.randn((4, 3, 3, 3, 3), generator=generator).contiguous(memory_format=torch.channels_last_3d)
        )
        optimiser = kind([weight, nn.Parameter(torch.zeros(3))], lr=0.1, fused=True)
        for step in range(6):
            if resume and step == 3:
                write_checkpoint(tmp_path / "a", optimiser_tensors(optimiser), {})
                fresh = kind([weight, nn.Parameter(torch.zeros(3))], lr=0.1, fused=True)
                load_optimiser(fresh, read_checkpoint(tmp_path / "a").tensors)
                optimiser = fresh
            weight.grad = torch.randn((4, 3, 3, 3, 3), generator=generator).contiguous(
                memory_format=torch.channels_last_3d
            )
            optimiser.step()
        return weight.detach()

    assert torch.equal(run(resume=True), run(resume=False))


def test_what_fits_is_filled_in() -> None:
    module, values = torch.nn.Linear(3, 2), {"weight": torch.ones(2, 3), "bias": torch.full((2,), 5.0)}
    load_module(module, values, "model")
    assert all(torch.equal(value, values[name]) for name, value in module.state_dict().items())
