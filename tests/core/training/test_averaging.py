"""The exponential moving average of weights."""

import torch
from torch import nn

from contreg_core.training.averaging import WeightAverage


def test_it_is_the_recurrence_written_out() -> None:
    module = nn.Linear(2, 1)
    average = WeightAverage(module, 0.9)
    expected = {name: value.clone() for name, value in module.state_dict().items()}
    for step in range(100):
        with torch.no_grad():
            for parameter in module.parameters():
                parameter += torch.randn_like(parameter)
        average.update(module, step)
        decay = min(0.9, (1 + step) / (10 + step))
        expected = {
            name: decay * expected[name] + (1 - decay) * value for name, value in module.state_dict().items()
        }
    for name, value in expected.items():
        torch.testing.assert_close(average.values[name], value)


def test_counters_are_copied_and_statistics_averaged() -> None:
    module = nn.BatchNorm1d(3)
    average = WeightAverage(module, 0.5)
    module(torch.randn(8, 3) + 4)
    average.update(module, 1000)
    assert average.values["num_batches_tracked"] == 1
    torch.testing.assert_close(average.values["running_mean"], module.running_mean / 2)


def test_it_shares_no_memory_with_the_weights() -> None:
    module = nn.Linear(2, 1)
    average = WeightAverage(module, 0.5)
    before = average.values["weight"].clone()
    with torch.no_grad():
        module.weight.zero_()
    assert torch.equal(average.values["weight"], before)
    assert not average.values["weight"].requires_grad
