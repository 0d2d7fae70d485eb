"""Numbers on the device: what they are, and where they may be used."""

import torch

from contreg_core.constants import along_axes, constant, kept


def test_values_with_the_dtype_of_what_they_meet() -> None:
    for dtype in (torch.float32, torch.float64):
        found = along_axes([1, 2.5], torch.zeros(3, 2, 4, 4, dtype=dtype))
        assert found.shape == (1, 2, 1, 1)
        assert found.dtype == dtype
        assert found.flatten().tolist() == [1, 2.5]
    assert constant([7], torch.zeros(1), ()).shape == ()


def test_what_inference_made_serves_training() -> None:
    values = torch.ones(1, 2, 3, 3).requires_grad_()
    with torch.inference_mode():
        along_axes([3.25, 4.25], values)
    (slope,) = torch.autograd.grad((values * along_axes([3.25, 4.25], values)).sum(), values)
    assert slope[0, :, 0, 0].tolist() == [3.25, 4.25]


def test_what_is_kept_is_made_once_for_each_set_of_arguments() -> None:
    made: list[int] = []

    @kept(2)
    def row(length: int) -> torch.Tensor:
        made.append(length)
        return torch.ones(length)

    assert [len(row(length)) for length in (3, 4, 3, 4)] == [3, 4, 3, 4]
    assert made == [3, 4]
    row(5)
    row(3)  # only the last two were kept
    assert made == [3, 4, 5, 3]
