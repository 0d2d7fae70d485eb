"""How a recipe is trained: optimiser, schedule, pairs, augmentation. Plain values, frozen into every run."""

from dataclasses import dataclass
from typing import Literal

from contreg_core.errors import UsageError


@dataclass(frozen=True, kw_only=True)
class Augmentation:
    """Random changes of a training pair or image; both images of a pair, or an image and its labels, get one geometry.

    Knobs:
        flip_axis: array axis to flip (0 left-right, 1 posterior-anterior); -1 for none. Where labels are learned, a
            left-right flip also exchanges the labels of the two sides.
        flip_probability: chance of the flip.
        rotate_degrees: rotation about the posterior-anterior axis; 0 for none.
        rotate_about: "one" axis, that one, or "all", an angle of its own about each.
        rotate_steps: "uniform" in +-rotate_degrees, or "half" for one of -d, -d/2, 0, d/2, d.
        scale: half-width of a uniform change of size about 1; 0 for none.
        crop: size of a random crop in voxels per axis; empty for none.
        gamma: half-width of a log-uniform gamma change of images in [0, 1], drawn for each image alone; 0 for none.
        bias_field: strength of a smooth random multiplicative field, drawn for each image alone; 0 for none.
        noise: standard deviation of Gaussian noise where the image is not 0, drawn for each image alone; 0 for none.
    """

    flip_axis: int = -1
    flip_probability: float = 0.5
    rotate_degrees: float = 0.0
    rotate_steps: Literal["uniform", "half"] = "uniform"
    rotate_about: Literal["one", "all"] = "one"
    scale: float = 0.0
    crop: tuple[int, ...] = ()
    gamma: float = 0.0
    bias_field: float = 0.0
    noise: float = 0.0

    def __post_init__(self) -> None:
        _require("flip_axis", self.flip_axis, -1 <= self.flip_axis <= 2, "-1 to 2")
        _require("flip_probability", self.flip_probability, 0 <= self.flip_probability <= 1, "0 to 1")
        _require("crop", self.crop, all(size > 0 for size in self.crop), "sizes in voxels, or nothing")
        _require("scale", self.scale, 0 <= self.scale < 1, "0 to below 1")
        for name in ("rotate_degrees", "gamma", "bias_field", "noise"):
            _require(name, getattr(self, name), getattr(self, name) >= 0, "0 or more")


@dataclass(frozen=True, kw_only=True)
class Scheme:
    """A training scheme.

    Knobs:
        steps: optimiser steps in all; 0 means ``epochs`` counts instead.
        epochs: passes over the training pairs (or labelled images), where ``steps`` is 0.
        batch_size: pairs (or labelled images) a step.
        optimiser: "adam", "adamw" or "muon" (orthogonal steps for hidden weights, adamw for the others: fewer steps
            to the same loss; rates mean the same).
        learning_rate: peak rate.
        betas: Adam's two decay rates; muon's momentum is 0.95.
        weight_decay: decoupled for adamw and muon, L2 for adam.
        schedule: "constant", "step" (times ``decay`` every ``decay_epochs``), "cosine" (to ``final_rate``) or "time"
            (divided by ``1 + decay * step``).
        warmup_steps: linear warm-up.
        decay: factor of the step schedule, or rate of the time schedule.
        decay_epochs: epochs between two decays.
        final_rate: last rate of the cosine.
        clip_norm: gradient norm limit; 0 for none.
        coarse: share of the training, at its start, on images averaged over cubes of 2 voxels, at the peak rate; of the
            time where that is limited, else of the steps. The schedule begins after it.
        coarse_steps: most steps of that part; 0 for no limit. After some hundred it teaches whole images no more.
        foreground: cut the images of a step to the box around what is not background in any of them.
        ema: decay of the averaged weights used for validation and kept as the model; 0 for none.
        pairs: "ordered" (distinct subjects), "all" (self pairs included, each twice an epoch: the released code) or
            "atlas" (as ordered, about half of them with the first subject).
        classes: what a supervised recipe tells apart, the "regions" or the "labels" of the cohort's own protocol.
        validation: training subjects held out for choosing the best checkpoint.
        validate_every: steps between validations; 0 picks a tenth of the run, 20 at least.
        seed: random seed of order, augmentation, initial weights and noise.
    """

    steps: int = 20_000
    epochs: int = 0
    batch_size: int = 1
    optimiser: Literal["adam", "adamw", "muon"] = "adam"
    learning_rate: float = 1e-4
    betas: tuple[float, float] = (0.9, 0.999)
    weight_decay: float = 0.0
    schedule: Literal["constant", "step", "cosine", "time"] = "constant"
    warmup_steps: int = 0
    decay: float = 0.1
    decay_epochs: int = 20
    final_rate: float = 1e-6
    clip_norm: float = 0.0
    coarse: float = 0.0
    coarse_steps: int = 0
    foreground: bool = False
    ema: float = 0.0
    pairs: Literal["ordered", "all", "atlas"] = "ordered"
    classes: Literal["regions", "labels"] = "regions"
    validation: int = 3
    validate_every: int = 0
    seed: int = 0

    def __post_init__(self) -> None:
        for name in _COUNTS:
            _require(name, getattr(self, name), getattr(self, name) >= 0, "0 or more")
        for name in ("batch_size", "decay_epochs"):
            _require(name, getattr(self, name), getattr(self, name) >= 1, "1 or more")
        _require("steps", self.steps, bool(self.steps or self.epochs), "1 or more, or some epochs")
        _require("learning_rate", self.learning_rate, self.learning_rate > 0, "more than 0")
        _require("betas", self.betas, all(0 <= beta < 1 for beta in self.betas), "0 to below 1")
        _require("coarse", self.coarse, 0 <= self.coarse < 1, "0 to below 1")
        _require("ema", self.ema, 0 <= self.ema < 1, "0 to below 1")


_COUNTS = (
    *("steps", "epochs", "warmup_steps", "coarse_steps", "validation", "validate_every", "seed"),
    *("weight_decay", "decay", "final_rate", "clip_norm"),
)


def _require(name: str, found: object, holds: bool, expected: str) -> None:
    if not holds:
        raise UsageError(f"{name} = {found}, expected {expected}", "change the recipe or the option")
