"""The labels of LPBA40 that tell left from right, front from back and top from bottom."""

from contreg_adapters.orientation import Landmarks

LANDMARKS = Landmarks(
    study="LPBA40",
    pairs=tuple((left, left + 1) for left in range(21, 166, 2)),  # odd ids are left
    front=(33, 34),  # gyrus rectus
    back=(61, 62),  # superior occipital gyrus
    top=(27, 28),  # precentral gyrus
    # Cerebellum and brainstem; where they are cut away, inferior temporal and fusiform gyri.
    bottom=((181, 182), (85, 86, 91, 92)),
)
