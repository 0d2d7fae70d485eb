"""Learning rates as a function of the step."""

import math

from contreg_core.scheme import Scheme

_WARM_AGAIN = 10
"""Steps of a second warm-up, at the change to whole images: Adam's moments are of other gradients."""


def total_steps(scheme: Scheme, steps_per_epoch: int) -> int:
    """Optimiser steps of the whole run."""
    return scheme.steps or scheme.epochs * steps_per_epoch


def learning_rate(scheme: Scheme, step: int, total: int, steps_per_epoch: int, *, coarse: int = 0) -> float:
    """The rate of a step (0-based): warm-up times the scheme's schedule, which begins after the ``coarse`` steps."""
    warmup = min(1.0, (step + 1) / scheme.warmup_steps) if scheme.warmup_steps else 1.0
    if coarse and step >= coarse:
        warmup = min(warmup, (step - coarse + 1) / _WARM_AGAIN)
    return warmup * _scheduled(scheme, max(0, step - coarse), total - coarse, steps_per_epoch)


def _scheduled(scheme: Scheme, step: int, total: int, steps_per_epoch: int) -> float:
    if scheme.schedule == "step":
        return float(scheme.learning_rate * scheme.decay ** (step // steps_per_epoch // scheme.decay_epochs))
    if scheme.schedule == "cosine":
        progress = min(1.0, step / max(1, total - 1))
        swing = (1 + math.cos(math.pi * progress)) / 2
        return scheme.final_rate + (scheme.learning_rate - scheme.final_rate) * swing
    if scheme.schedule == "time":
        return scheme.learning_rate / (1 + scheme.decay * step)
    return scheme.learning_rate
