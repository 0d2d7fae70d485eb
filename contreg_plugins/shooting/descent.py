"""Ways down from a momentum. Each returns the best momentum it saw, never a worse one than it was given."""

from collections.abc import Callable
from typing import Literal, TypeAlias

import torch
from torch import Tensor

from contreg_plugins.shooting.functional import Functional

Optimiser: TypeAlias = Literal["gd", "lbfgs", "adam"]
WINDOW, DECREASE = 10, 1e-4  # stop when that many evaluations gain less than this share of the cost


class DescentRecord:
    """Costs so far, and the momentum of the lowest."""

    def __init__(self, functional: Functional, start: Tensor) -> None:
        self.functional = functional
        self.best = start.clone()
        self.costs: list[float] = []
        self.lowest: list[float] = []

    def evaluate(self, momentum: Tensor) -> tuple[float, Tensor]:
        """Cost and gradient at ``momentum``, remembered if they are the best."""
        with torch.enable_grad():
            variable = momentum.detach().requires_grad_()
            cost = self.functional(variable)
            (slope,) = torch.autograd.grad(cost, variable)
        value = float(cost.detach())
        if value < min(self.lowest[-1:], default=torch.inf):
            self.best = momentum.detach().clone()
        self.costs.append(value)
        self.lowest.append(min([value, *self.lowest[-1:]]))
        return value, slope

    def settled(self) -> bool:
        """Whether the last evaluations brought next to nothing."""
        if len(self.lowest) <= WINDOW:
            return False
        before, now = self.lowest[-1 - WINDOW], self.lowest[-1]
        return before - now < DECREASE * before


def descend(
    functional: Functional, start: Tensor, optimiser: Optimiser, iterations: int, update: float
) -> Tensor:
    """The best of at most ``iterations`` momenta from ``start`` on, ``(1, 1, *space)``.

    ``update`` is the change of velocity in voxels that the first step aims at; "gd" keeps to it, less 20 % after every
    second rise of the cost. Stops when ten evaluations gain less than 1e-4 of the cost.
    """
    ways = {"gd": _gradient_descent, "adam": _adam, "lbfgs": _lbfgs}
    record = DescentRecord(functional, start)
    with torch.no_grad():
        ways[optimiser](record, start, iterations, update)
    return record.best


def _gradient_descent(record: DescentRecord, momentum: Tensor, iterations: int, update: float) -> None:
    rises = 0
    for _ in range(iterations):
        value, slope = record.evaluate(momentum)
        rises += len(record.costs) > 1 and value > record.costs[-2]
        speed = record.functional.speed(slope)
        if speed == 0 or record.settled():
            return
        momentum = momentum - 0.8 ** (rises // 2) * update / speed * slope


def _adam(record: DescentRecord, momentum: Tensor, iterations: int, update: float) -> None:
    """Adam's first step is the sign of the slope times its rate, so the rate follows from that sign's velocity."""
    momentum = momentum.clone()
    _, slope = record.evaluate(momentum)
    speed = record.functional.speed(slope.sign())
    if speed == 0:
        return
    optimiser = torch.optim.Adam([momentum], lr=update / speed)
    for _ in range(iterations - 1):
        momentum.grad = slope
        optimiser.step()
        _, slope = record.evaluate(momentum)
        if record.settled():
            return


def _lbfgs(record: DescentRecord, start: Tensor, iterations: int, update: float) -> None:
    """torch's first trial step has unit 1-norm; the unknown is scaled so that this is ``update`` voxels of velocity."""
    _, slope = record.evaluate(start)
    speed = record.functional.speed(slope)
    if speed == 0:
        return
    unit = update / speed * float(slope.abs().sum())
    variable = start / unit
    optimiser = torch.optim.LBFGS([variable], history_size=10, line_search_fn="strong_wolfe")
    for done in range(0, iterations, WINDOW):
        left = min(WINDOW, iterations - done)
        optimiser.param_groups[0].update(max_iter=left, max_eval=2 * left)
        optimiser.step(_closure(record, variable, unit))
        if record.settled():
            return


def _closure(record: DescentRecord, variable: Tensor, unit: float) -> Callable[[], float]:
    def closure() -> float:
        value, slope = record.evaluate(variable * unit)
        variable.grad = slope * unit
        return value

    return closure
