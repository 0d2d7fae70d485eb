"""Random numbers as a function of what they are for."""

import torch

from contreg_core.training.seeds import derive, generator, seed_torch


def test_seeds_depend_on_every_part_and_stay_the_same_for_ever() -> None:
    seeds = {derive("noise", 0, 1), derive("noise", 1, 0), derive("noise", 0, 1, 0), derive("order", 0, 1)}
    assert len(seeds) == 4
    assert all(0 <= seed < 2**63 for seed in seeds)
    assert derive("noise", 0, 1) == 1577097819211392740


def test_generators() -> None:
    assert generator("a", 1).random() == generator("a", 1).random() != generator("a", 2).random()
    seed_torch("a", 1)
    first = torch.rand(1)
    seed_torch("a", 1)
    assert torch.equal(torch.rand(1), first)
