"""Devices and precision."""

from collections.abc import Callable

import pytest
import torch

from contreg_core.catalogue import Catalogue
from contreg_core.engine import Engine
from contreg_core.errors import UnavailableError, UsageError
from contreg_core.recipe import Recipe, build
from contreg_core.types import Pair


def test_cpu_and_precision() -> None:
    assert Engine.choose("cpu", "float32") == Engine(torch.device("cpu"), False)
    assert Engine.choose("cpu", "bfloat16") == Engine(torch.device("cpu"), True)
    assert Engine.choose("cpu").device == torch.device("cpu")
    assert "float32" in Engine.choose("cpu", "float32").describe()
    assert "threads" in Engine.choose("cpu").describe()


def test_auto_takes_what_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert Engine.choose().device == torch.device("cpu")
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"amx_bf16": True}, raising=False)
    assert Engine.choose().bfloat16
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx2": True}, raising=False)
    assert not Engine.choose().bfloat16


@pytest.mark.parametrize("name", ["gpu", "tpu", ""])
def test_a_word_that_is_no_device(name: str) -> None:
    with pytest.raises(UsageError, match=f"there is no device '{name}'. Fix: use auto, cpu, cuda or cuda:N"):
        Engine.choose(name)


@pytest.mark.parametrize("name", ["cuda:99", "meta"])
def test_a_device_that_is_not_there(name: str) -> None:
    with pytest.raises(UnavailableError, match=f"device '{name}'") as caught:
        Engine.choose(name)
    assert "--device cpu" in caught.value.hint


@pytest.mark.parametrize("base", ["voxelmorph", "contrastive-vae"])
def test_float32_is_float32_and_bfloat16_keeps_fields_float32(
    base: str, catalogue: Catalogue, tiny_recipe: Callable[..., Recipe]
) -> None:
    torch.manual_seed(0)
    model, objective = build(tiny_recipe(base=base), catalogue)
    pair = Pair(*torch.rand(2, 1, 1, 8, 12, 8).unbind())
    plain, engine = model.eval()(pair), Engine(torch.device("cpu"), False)
    with engine.autocast():
        same = model(pair)
    assert torch.equal(plain.displacement, same.displacement)
    assert torch.equal(plain.warped, same.warped)
    with Engine(torch.device("cpu"), True).autocast():
        half = model(pair, draw=True)
    value = objective(half)
    for tensor in (half.field.mean, half.displacement, half.warped, value.total, *value.terms.values()):
        assert tensor.dtype == torch.float32


def test_placing_keeps_the_values() -> None:
    module = torch.nn.Conv3d(4, 6, 3)
    before = module.weight.detach().clone()
    Engine(torch.device("cpu"), False).place(module)
    assert torch.equal(module.weight, before)
    assert module.weight.is_contiguous(memory_format=torch.channels_last_3d)
