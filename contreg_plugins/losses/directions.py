"""The directions in which a similarity compares the two images."""

from torch import Tensor

from contreg_core.types import Registration


def facts(*, bidirectional: bool, swapped: bool) -> frozenset[str]:
    """What these directions need."""
    asked = {"inverse": bidirectional, "swapped": swapped}
    return frozenset(fact for fact, wanted in asked.items() if wanted)


def compared(
    registration: Registration, *, bidirectional: bool, swapped: bool
) -> list[tuple[Tensor, Tensor]]:
    """(warped, fixed) of every direction: forward; by the inverse map; by the network's own answer to the swap."""
    pair = registration.pair
    found = [(registration.warped, pair.fixed)]
    if bidirectional and registration.warped_back is not None:
        found.append((registration.warped_back, pair.moving))
    if swapped and registration.swapped is not None:
        found.append((registration.swapped.warped, pair.moving))
    return found
