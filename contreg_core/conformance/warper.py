"""Laws of warpers."""

import torch
from torch import Tensor

from contreg_core import spatial
from contreg_core.components import Warper
from contreg_core.conformance.case import Answer, Case
from contreg_core.conformance.law import demand, laws
from contreg_core.conformance.samples import BOTH, ODD, constant, inner, smooth
from contreg_core.types import Field

_SHIFT = (0.75, -0.5, 0.25)


class WarperCase(Case[Warper]):
    """A warper and smooth fields of half the image's resolution, of the kind it needs."""

    def field(self, values: Tensor, scale: int) -> Field:
        """``values`` as a field."""
        return Field(values, kind="velocity" if "velocity" in self.cls.needs else "displacement", scale=scale)

    def answer(self, part: Warper, ndim: int, rows: tuple[int, ...] = (0,), device: str = "cpu") -> Answer:
        """The displacement."""
        values = smooth(ODD[ndim], 1.5, batch=2)[list(rows)].to(device)
        return (part(values, self.field(values, 2)),)


def displacements_have_their_shape(case: WarperCase) -> None:
    """The displacement is float32 ``(B, ndim, *space)`` on the image grid, for fields of scale 1 and 2, of any size."""
    for ndim in BOTH:
        for scale in (1, 2):
            values = smooth(ODD[ndim], 1.0)
            found = case.make(ndim)(values, case.field(values, scale))
            expected = (1, ndim, *(scale * size for size in ODD[ndim]))
            told = (
                f"{tuple(found.shape)} {found.dtype} of a field of scale {scale}, expected {expected} float32"
            )
            demand(tuple(found.shape) == expected and found.dtype == torch.float32, told)


def zero_stays_zero(case: WarperCase) -> None:
    """A field of zeros displaces nothing, and warping by it changes no voxel."""
    for ndim in BOTH:
        part = case.make(ndim)
        values = torch.zeros(1, ndim, *ODD[ndim])
        displacement = part(values, case.field(values, 1))
        moved = float(displacement.abs().max())
        demand(moved < 1e-6, f"a zero field displaces by {moved:.3g} voxels")
        image = torch.rand(1, 1, *ODD[ndim])
        changed = float((part.warp(image, displacement) - image).abs().max())
        demand(changed < 1e-4, f"a zero displacement changes the image by {changed:.3g}")


def a_constant_field_is_its_shift(case: WarperCase) -> None:
    """A field that is ``c`` everywhere displaces by ``c`` times its scale, along the same axes, inside the image."""
    for ndim in BOTH:
        for scale in (1, 2):
            shift = _SHIFT[:ndim]
            values = constant(ODD[ndim], shift)
            found = inner(case.make(ndim)(values, case.field(values, scale)), 4).mean(
                dim=(0, *range(2, ndim + 2))
            )
            expected = scale * torch.tensor(shift)
            apart = float((found - expected).abs().max())
            told = f"a shift by {_text(expected)} voxels (scale {scale}) came out as {_text(found)}"
            demand(apart < 0.1 * scale, told)


def warping_reads_where_it_points(case: WarperCase) -> None:
    """``warp(image, u)(p) = image(p + u(p))``: on a ramp along an axis, the value grows by ``u`` along that axis."""
    for ndim in BOTH:
        part, displacement = case.make(ndim), smooth(ODD[ndim], 1.0)
        ramps = spatial.identity_grid(ODD[ndim], displacement)
        for axis in range(ndim):
            ramp = ramps[:, axis : axis + 1]
            moved = inner(part.warp(ramp, displacement) - ramp, 2)
            apart = float((moved - inner(displacement[:, axis : axis + 1], 2)).abs().max())
            demand(apart < 1e-2, f"along axis {axis} of {ndim} the ramp is read {apart:.3g} voxels off")


def the_field_learns(case: WarperCase) -> None:
    """The displacement has a finite gradient with respect to the field."""
    for ndim in BOTH:
        values = smooth(ODD[ndim], 1.0).requires_grad_()
        found = case.make(ndim)(values, case.field(values, 2)).square().mean()
        demand(found.requires_grad, "no gradient reaches the field")
        (gradient,) = torch.autograd.grad(found, values)
        demand(
            bool(gradient.isfinite().all()) and bool(gradient.any()), "a gradient that is zero or not finite"
        )


def inverse_is_true(case: WarperCase) -> None:
    """One that gives "inverse" undoes half a voxel to a tenth of it; one that does not raises NotImplementedError."""
    for ndim in BOTH:
        part, values = case.make(ndim), smooth(ODD[ndim], 0.5)
        field = case.field(values, 1)
        if "inverse" not in part.given():
            demand(_refuses(part, values, field), "has an inverse and does not declare 'inverse'")
            continue
        both = spatial.compose(part(values, field), part.inverse(values, field))
        apart = float(inner(both, 3).abs().max())
        demand(apart < 0.05, f"map and inverse together move by {apart:.3g} voxels")


def _refuses(part: Warper, values: Tensor, field: Field) -> bool:
    try:
        part.inverse(values, field)
    except NotImplementedError:
        return True
    return False


def _text(values: Tensor) -> str:
    return ", ".join(f"{float(value):.2f}" for value in values)


WARPER = laws(
    displacements_have_their_shape,
    zero_stays_zero,
    a_constant_field_is_its_shift,
    warping_reads_where_it_points,
    the_field_learns,
    inverse_is_true,
)
