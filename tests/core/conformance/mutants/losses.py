"""A sound similarity, and what may go wrong with one."""

import torch

from contreg_core.components import Loss, SegmentationLoss


class Sound(Loss):
    """Mean squared difference.

    Knobs:
        power: of the difference.
    """

    name = "sound"

    def __init__(self, *, power: int = 2):
        super().__init__()
        self.power = power

    def difference(self, registration):
        return (registration.warped - registration.pair.fixed).abs() ** self.power

    def forward(self, registration):
        return self.difference(registration).mean()


class NoDocstring(Sound):
    __doc__ = None
    breaks = "is-documented"


class SilentKnob(Sound):
    """A knob without a line."""

    breaks = "is-documented"


class Rude(Sound):
    """Takes a thread more for everybody.

    Knobs:
        power: of the difference.
    """

    breaks = "leaves-the-house-as-it-is"

    def __init__(self, *, power: int = 2):
        super().__init__(power=power)
        torch.set_num_threads(torch.get_num_threads() + 1)


class UntypedKnob(Sound):
    """A knob of no type.

    Knobs:
        power: of the difference.
    """

    breaks = "is-a-component"

    def __init__(self, *, power=2):
        super().__init__(power=power)


class ByPosition(Sound):
    """A knob that could not be set.

    Knobs:
        power: of the difference.
    """

    breaks = "is-a-component"

    def __init__(self, power: int = 2):
        super().__init__(power=power)


class CannotBeMade(Sound):
    """Its default is refused by itself.

    Knobs:
        power: of the difference.
    """

    breaks = "can-be-made"

    def __init__(self, *, power: int = 2):
        raise ValueError("power")


class NeverStarted(Loss):
    """No super().__init__()."""

    name = "never-started"
    breaks = "can-be-made"

    def __init__(self):
        self.ready = True

    def forward(self, registration):
        return registration.warped.mean()


class BrokenChoice(Sound):
    """One of its choices does not work.

    Knobs:
        power: of the difference.
        weighted: by something that is not there.
    """

    breaks = "every-choice-answers"

    def __init__(self, *, power: int = 2, weighted: bool = False):
        super().__init__(power=power)
        self.weighted = weighted

    def forward(self, registration):
        return registration.weights if self.weighted else super().forward(registration)


class PerVoxel(Loss):
    """A map, not a number."""

    name = "per-voxel"
    breaks = "value-is-a-scalar"

    def forward(self, registration):
        return (registration.warped - registration.pair.fixed).square()


class Double(PerVoxel):
    """Of another dtype."""

    breaks = "value-is-a-scalar"

    def forward(self, registration):
        return super().forward(registration).double().mean()


class Upside(PerVoxel):
    """Higher is better."""

    breaks = "equal-images-score-best"

    def forward(self, registration):
        return -super().forward(registration).mean()


class Detached(PerVoxel):
    """Nothing to learn from."""

    breaks = "gradient-flows"

    def forward(self, registration):
        return super().forward(registration).mean().detach()


class HalfDetached(PerVoxel):
    """A gradient that is half of the slope."""

    breaks = "gradient-is-right"

    def forward(self, registration):
        difference = registration.warped - registration.pair.fixed
        return (difference * difference.detach()).mean()


class RootAtZero(PerVoxel):
    """Its slope at zero is infinite."""

    breaks = "gradient-flows"

    def forward(self, registration):
        return super().forward(registration).mean().sqrt()


class DividesByTheImage(PerVoxel):
    """0 / 0 where an image is empty."""

    breaks = "empty-images-are-no-trouble"

    def forward(self, registration):
        return super().forward(registration).mean() / registration.pair.fixed.square().mean()


class Drawing(PerVoxel):
    """Random numbers of its own, beside the seeded ones."""

    breaks = "repeats-itself"
    count = 0

    def forward(self, registration):
        Drawing.count += 1
        return super().forward(registration).mean() * (1 + 0.01 * Drawing.count)


class FirstRowOnly(PerVoxel):
    """The first pair weighs double."""

    breaks = "order-of-pairs-is-free"

    def forward(self, registration):
        values = super().forward(registration)
        return values.mean() + values[0].mean()


class Undeclared(PerVoxel):
    """Reads embeddings without a word."""

    breaks = "needs-are-complete"

    def forward(self, registration):
        found = registration.encoding.embeddings
        return (found.moving - found.fixed).square().mean()


class Greedy(PerVoxel):
    """Asks for what it never reads."""

    breaks = "needs-are-used"
    needs = frozenset({"swapped"})

    def forward(self, registration):
        return super().forward(registration).mean()


class NeedsNoSet(PerVoxel):
    """A list of facts."""

    breaks = "is-a-component"
    needs = ["swapped"]  # noqa: RUF012 - that is what is wrong

    def forward(self, registration):
        return super().forward(registration).mean()


class LessThanItsClass(PerVoxel):
    """An instance that needs less than its class says: nobody could look it up."""

    breaks = "facts-follow-the-class"
    needs = frozenset({"inverse"})

    def needed(self):
        return frozenset()

    def forward(self, registration):
        return super().forward(registration).mean()


class Rough(PerVoxel):
    """Rewards maps that are not smooth."""

    breaks = "still-maps-score-best"

    def forward(self, registration):
        return -registration.displacement.diff(dim=-1).square().mean()


class Repelling(PerVoxel):
    """Drives the embeddings of a pair apart."""

    breaks = "matching-embeddings-score-best"
    needs = frozenset({"embeddings"})

    def forward(self, registration):
        found = registration.encoding.embeddings
        return (found.moving * found.fixed).sum(1).mean()


class CoarsenedToNothing(PerVoxel):
    """No loss for coarse images."""

    breaks = "coarsened-is-a-loss"

    def coarsened(self, edge):
        return None

    def forward(self, registration):
        return super().forward(registration).mean()


class HiddenWeight(PerVoxel):
    """A weight that no checkpoint keeps."""

    breaks = "survives-a-checkpoint"

    def __init__(self):
        super().__init__()
        self.hidden = [torch.rand(())]

    def forward(self, registration):
        return super().forward(registration).mean() * (1 + self.hidden[0].to(registration.warped))


class NeedsPickle(PerVoxel):
    """State that is no tensor."""

    breaks = "survives-a-checkpoint"

    def get_extra_state(self):
        return {"a": 1}

    def set_extra_state(self, state):
        pass

    def forward(self, registration):
        return super().forward(registration).mean()


class IdleWeight(PerVoxel):
    """A weight that takes no part."""

    breaks = "every-weight-learns"

    def __init__(self):
        super().__init__()
        self.idle = torch.nn.Parameter(torch.ones(3))
        self.scale = torch.nn.Parameter(torch.ones(()))

    def forward(self, registration):
        return super().forward(registration).mean() * self.scale


class SoundSegmentation(SegmentationLoss):
    """Cross-entropy."""

    name = "sound-segmentation"

    def forward(self, segmented):
        return torch.nn.functional.cross_entropy(segmented.logits, segmented.classes[:, 0])


class Praising(SoundSegmentation):
    """Lower where it is wrong."""

    breaks = "the-truth-scores-best"

    def forward(self, segmented):
        return -super().forward(segmented)


class Many(SoundSegmentation):
    """A value for each image."""

    breaks = "value-is-a-scalar"

    def forward(self, segmented):
        return super().forward(segmented)[None]


class Halved(SoundSegmentation):
    """A gradient that is not the slope."""

    breaks = "gradient-is-right"

    def forward(self, segmented):
        value = super().forward(segmented)
        return value * value.detach()


class FirstImage(SoundSegmentation):
    """Only looks at the first."""

    breaks = "order-of-images-is-free"

    def forward(self, segmented):
        return torch.nn.functional.cross_entropy(segmented.logits[:1], segmented.classes[:1, 0])


SOUND = [Sound, SoundSegmentation]
