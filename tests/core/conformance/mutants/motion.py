"""A sound warper and solver, and what may go wrong with them."""

import torch

from contreg_core import spatial
from contreg_core.components import Solver, Warper
from contreg_core.model import register_by
from contreg_core.types import Field


class SoundWarper(Warper):
    """Integration, and its inverse."""

    name = "sound"
    gives = frozenset({"inverse"})

    def forward(self, values, field):
        moved = spatial.integrate(values)
        return spatial.resize(moved, [size * field.scale for size in values.shape[2:]])

    def inverse(self, values, field):
        return self(-values, field)


class Backwards(SoundWarper):
    """The wrong way."""

    breaks = "a-constant-field-is-its-shift"

    def forward(self, values, field):
        return super().forward(-values, field)


class OtherAxes(SoundWarper):
    """The last axis first, as torch's own sampling wants it."""

    breaks = "a-constant-field-is-its-shift"

    def forward(self, values, field):
        return super().forward(values, field).flip(1)


class Unscaled(SoundWarper):
    """Resized, and still in voxels of the coarse grid."""

    breaks = "a-constant-field-is-its-shift"

    def forward(self, values, field):
        return super().forward(values, field) / field.scale


class Coarse(SoundWarper):
    """On the field's grid."""

    breaks = "displacements-have-their-shape"

    def forward(self, values, field):
        return spatial.integrate(values)


class Drifting(SoundWarper):
    """Half a voxel off, as a grid whose corners are not aligned."""

    breaks = "zero-stays-zero"

    def forward(self, values, field):
        return super().forward(values, field) + 0.05


class OwnWarp(SoundWarper):
    """Reads at p - u."""

    breaks = "warping-reads-where-it-points"

    def warp(self, image, displacement):
        return super().warp(image, -displacement)


class NoGradient(SoundWarper):
    """Nothing to learn from."""

    breaks = "the-field-learns"

    def forward(self, values, field):
        return super().forward(values.detach(), field)


class WrongInverse(SoundWarper):
    """Its own inverse, it says."""

    breaks = "inverse-is-true"

    def inverse(self, values, field):
        return self(values, field)


class SecretInverse(SoundWarper):
    """An inverse, and no word of it."""

    breaks = "inverse-is-true"
    gives = frozenset()


class SoundSolver(Solver):
    """Thirty steps of Adam on a field of a third of the resolution, from where it is told to start."""

    name = "sound"
    sign = 1.0

    def forward(self, pair, field, objective, warper):
        rows = [self.solve(one, pair, field, objective, warper) for one in range(len(pair.fixed))]
        return Field(self.sign * torch.cat(rows), scale=3)

    def solve(self, number, pair, field, objective, warper):
        one = type(pair)(pair.moving[number : number + 1], pair.fixed[number : number + 1])
        start = (
            one.fixed.new_zeros(1, one.ndim, *(-(-size // 3) for size in one.space))
            if field is None
            else field.mean[number : number + 1]
        )
        values = start.clone().requires_grad_()
        adam = torch.optim.Adam([values], lr=0.2, eps=1e-2)
        for _ in range(30):
            with torch.enable_grad():
                total = objective(register_by(Field(values, scale=3), one, warper)).total
            (force,) = torch.autograd.grad(total, values)
            values.grad = force * values[0, 0].numel()
            adam.step()
        return values.detach()


class OtherWay(SoundSolver):
    """The field of the opposite direction."""

    breaks = "it-moves-the-right-way"
    sign = -1.0


class Hanging(SoundSolver):
    """Still on its graph."""

    breaks = "fields-have-their-shape"

    def forward(self, *arguments):
        return Field(super().forward(*arguments).mean.requires_grad_(), scale=3)


class HalfField(SoundSolver):
    """Half the grid, and no word of it."""

    breaks = "fields-have-their-shape"

    def solve(self, *arguments):
        return super().solve(*arguments)[..., ::2]


class SecretVelocity(SoundSolver):
    """A velocity that it does not declare."""

    breaks = "fields-have-their-shape"

    def forward(self, *arguments):
        return Field(super().forward(*arguments).mean, kind="velocity", scale=3)


class Restless(SoundSolver):
    """Moves what is registered already."""

    breaks = "equal-images-stay-put"

    def solve(self, *arguments):
        return super().solve(*arguments) + 0.2


class Forgetful(SoundSolver):
    """Starts at a random place where it is given a good one."""

    breaks = "a-start-is-built-upon"

    def forward(self, pair, field, objective, warper):
        if field is None:
            return super().forward(pair, None, objective, warper)
        return Field(3 * torch.randn_like(field.mean), scale=3)


class Overwriting(SoundSolver):
    """Leaves its mark on the images."""

    breaks = "nothing-is-changed"

    def forward(self, pair, *arguments):
        found = super().forward(pair, *arguments)
        pair.moving.mul_(0.99)
        return found


SOUND = [SoundWarper, SoundSolver]
