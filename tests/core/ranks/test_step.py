"""Random numbers and dropout belong to the item; alone, the functions for components do the obvious."""

import pytest
import torch
from torch import Tensor, nn

from contreg_core import ranks
from contreg_core.ranks import ALONE, Share, together
from contreg_core.ranks.layers import adopt

CPU = torch.device("cpu")
SEEDS = [11, 12, 13]


def drawn(items: list[int]) -> Tensor:
    """What a step draws for these items, on a rank that has no others."""
    share = Share(items[0], len(items), len(SEEDS))
    with together(ALONE, share, [SEEDS[k] for k in items], CPU):
        first = ranks.normal_like(torch.zeros(len(items), 2, 3))
        both = ranks.uniform(torch.zeros(2 * len(items), 4))
        order = [ranks.permutation(k, 5, CPU) for k in range(len(items))]
    halves = torch.stack(both.chunk(2), dim=1)
    return torch.cat([first.flatten(1), halves.flatten(1), torch.stack(order).float()], dim=1)


def test_draws_are_the_same_on_any_rank() -> None:
    """In a batch of its own or with others; moving and fixed stacked are two draws of each item."""
    together_ = drawn([0, 1, 2])
    assert torch.equal(together_, torch.cat([drawn([0]), drawn([1, 2])]))
    assert len(together_.unique(dim=0)) == 3
    assert not torch.equal(together_[:, 6:10], together_[:, 10:14])


@pytest.mark.parametrize("kind", [nn.Dropout, nn.Dropout3d])
@pytest.mark.parametrize("p", [0.0, 0.4, 1.0])
def test_dropout_keeps_its_law_and_its_items(kind: type[nn.Module], p: float) -> None:
    layer, features = nn.Sequential(kind(p)), torch.ones(3, 50, 2, 2, 2)
    adopt(layer)
    with together(ALONE, Share(0, 3, 3), SEEDS, CPU):
        whole = layer(features)
    with together(ALONE, Share(1, 2, 3), SEEDS[1:], CPU):
        assert torch.equal(layer(features[1:]), whole[1:])
    assert float((whole == 0).float().mean()) == pytest.approx(p, abs=0.1)
    if p < 1:
        assert float(whole.max()) == pytest.approx(1 / (1 - p))
    if kind is nn.Dropout3d:
        assert (whole.flatten(2) == whole.flatten(2)[:, :, :1]).all()
    layer.eval()
    assert torch.equal(layer(features), features)


def test_alone_and_outside_training_nothing_changes() -> None:
    values = torch.rand(2, 3)
    assert ranks.total(values) is ranks.whole(values) is values
    assert ranks.items(2) == 2
    torch.manual_seed(0)
    expected = torch.randn(2, 3)
    torch.manual_seed(0)
    assert torch.equal(ranks.normal_like(values), expected)
    norm = nn.Sequential(nn.BatchNorm2d(3))
    plain, features = nn.BatchNorm2d(3), torch.rand(4, 3, 5, 5)
    adopt(norm)
    assert torch.equal(norm(features), plain(features))
    assert norm.state_dict().keys() == {f"0.{name}" for name in plain.state_dict()}
