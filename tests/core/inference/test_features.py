"""The memory of features knows an image while it lives, and no other."""

import gc

import numpy as np
import torch

from contreg_core.inference.features import FeatureMemory


def levels(value: float, size: int = 10) -> tuple[torch.Tensor, ...]:
    return (torch.full((size,), value),)


def test_the_same_array_is_encoded_once_and_an_equal_one_again() -> None:
    memory, image = FeatureMemory(), np.zeros(3, np.float32)
    assert memory(image, lambda: levels(1))[0][0] == 1
    assert memory(image, lambda: levels(2))[0][0] == 1
    assert memory(image.copy(), lambda: levels(3))[0][0] == 3


def test_features_go_with_their_image() -> None:
    memory, image = FeatureMemory(), np.zeros(3, np.float32)
    memory(image, lambda: levels(1))
    del image
    gc.collect()
    other = np.ones(3, np.float32)
    assert memory(other, lambda: levels(2))[0][0] == 2
    assert len(memory.known) == 1


def test_the_ones_met_longest_ago_give_way() -> None:
    memory, images = FeatureMemory(largest=100), [np.full(1, k, np.float32) for k in range(3)]
    for number, image in enumerate(images):
        memory(image, lambda number=number: levels(number))
    assert memory(images[2], lambda: levels(9))[0][0] == 2
    assert memory(images[0], lambda: levels(9))[0][0] == 9
