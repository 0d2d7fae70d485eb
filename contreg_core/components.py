"""The kinds of component a plugin may bring, and what each must do.

A component is a class with a ``name``. Positional constructor parameters are wiring, given by the core; keyword-only
parameters are knobs: annotated, defaulted, described in the class docstring under "Knobs:". ``gives`` and ``needs`` are
checked when a recipe is built, before the first step.
"""

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar, Literal, TypeAlias

from torch import Tensor, nn

from contreg_core import spatial
from contreg_core.types import Displacement, Encoding, Field, Image, Pair, Registration, Segmented

if TYPE_CHECKING:
    from contreg_core.objective import Objective

Kind: TypeAlias = Literal["encoder", "decoder", "warper", "loss", "solver", "segmenter"]
KINDS: tuple[Kind, ...] = ("encoder", "decoder", "warper", "loss", "solver", "segmenter")
Reading: TypeAlias = Literal["registration", "logits"]


class Component(nn.Module, ABC):
    """What all kinds share: a kind, a name, the ``paper`` it follows (empty for none), and facts others may rely on.

    Facts in use: ``"paired"`` (features are moving | fixed halves), ``"separate"`` (each image is encoded without the
    other, see ``Encoder.alone``), ``"images"`` (the last channel of each half is the image itself, averaged to the
    level's grid), ``"full-resolution"`` or ``"half-resolution"`` (of the finest features), ``"embeddings"``,
    ``"dense-embeddings"``, ``"log_variance"``, ``"velocity"``, ``"inverse"``.
    A loss may also need ``"swapped"``, which every learned model gives, and ``"shares"`` (of structures, in
    ``Pair.compared``), which training on rendered images gives. The field is sampled in training only where a
    loss needs ``"log_variance"``: without a divergence nothing would keep the variance from 0.
    """

    kind: ClassVar[Kind]
    name: ClassVar[str]
    paper: ClassVar[str] = ""
    gives: ClassVar[frozenset[str]] = frozenset()
    needs: ClassVar[frozenset[str]] = frozenset()

    def given(self) -> frozenset[str]:
        """What this instance gives; override where a knob switches something off."""
        return self.gives

    def needed(self) -> frozenset[str]:
        """What this instance needs; override where a knob switches something on."""
        return self.needs

    def proceed(self, done: float) -> None:
        """Told before every training step what share of the run is done, 0 to below 1; for training in stages.

        What must be known at test as well belongs in a buffer, which checkpoints keep.
        """


class Encoder(Component):
    """Turns a pair into features: ``Encoder(image_channels, ndim, *, knobs)``, ``forward(Pair) -> Encoding``.

    ``channels`` lists the channels of ``Encoding.features``, finest level first; every spatial axis of the input must
    be a multiple of ``multiple`` (the model pads and crops).
    """

    kind = "encoder"
    channels: tuple[int, ...]
    multiple: int

    @abstractmethod
    def forward(self, pair: Pair) -> Encoding:
        """``(B, 1, *space)`` twice -> features, finest first."""

    def alone(self, image: Image) -> tuple[Tensor, ...]:
        """One image's own features; only for encoders that give ``"separate"``, which evaluation then uses again."""
        raise NotImplementedError(f"encoder '{self.name}' sees both images at once")

    def together(self, moving: tuple[Tensor, ...], fixed: tuple[Tensor, ...]) -> Encoding:
        """What ``forward`` gives, from both images' ``alone``."""
        raise NotImplementedError(f"encoder '{self.name}' sees both images at once")

    def __call__(self, pair: Pair) -> Encoding:
        encoding: Encoding = super().__call__(pair)
        return encoding


class Decoder(Component):
    """Turns features into a field: ``Decoder(channels, ndim, *, knobs)``, ``forward(Encoding) -> Field``.

    ``Field.mean`` has the size of the input image divided by ``Field.scale``.
    """

    kind = "decoder"

    @abstractmethod
    def forward(self, encoding: Encoding) -> Field:
        """Features -> Field in voxels of its own grid, float32."""

    def __call__(self, encoding: Encoding) -> Field:
        field: Field = super().__call__(encoding)
        return field


class Warper(Component):
    """Turns a field into a displacement: ``Warper(*, knobs)``, ``forward(values, field) -> displacement``.

    ``values`` is the field's mean or a draw of it, ``(B, ndim, *space/scale)``; the result is ``(B, ndim, *space)`` in
    voxels of the image grid, with ``warped(p) = moving(p + u(p))``.
    """

    kind = "warper"
    padding: spatial.Padding = "border"

    @abstractmethod
    def forward(self, values: Tensor, field: Field) -> Displacement:
        """A drawn or expected field -> displacement in voxels of the image grid, float32."""

    def __call__(self, values: Tensor, field: Field) -> Displacement:
        displacement: Displacement = super().__call__(values, field)
        return displacement

    def inverse(self, values: Tensor, field: Field) -> Displacement:
        """The displacement of the inverse map; only for warpers that give ``"inverse"``."""
        raise NotImplementedError(f"warper '{self.name}' gives no inverse")

    def warp(self, image: Image, displacement: Displacement) -> Image:
        """``image(p + u(p))``, linear, with this warper's edge rule."""
        return spatial.warp(image, displacement, padding=self.padding)


class Loss(Component):
    """A term of the objective: ``Loss(*, knobs)``, ``forward(Registration) -> scalar``, averaged per voxel."""

    kind = "loss"
    reads: ClassVar[Reading] = "registration"

    @abstractmethod
    def forward(self, registration: Registration) -> Tensor:
        """A registration -> a float32 scalar, finite, lower is better."""

    def coarsened(self, edge: int) -> "Loss":
        """This loss for images averaged over cubes of ``edge`` voxels: override where a knob is a length in voxels."""
        return self

    def __call__(self, registration: Registration) -> Tensor:
        value: Tensor = super().__call__(registration)
        return value


class SegmentationLoss(Component):
    """A term of a supervised objective: ``SegmentationLoss(*, knobs)``, ``forward(Segmented) -> scalar``."""

    kind = "loss"
    reads: ClassVar[Reading] = "logits"

    @abstractmethod
    def forward(self, segmented: Segmented) -> Tensor:
        """Logits beside the truth -> a float32 scalar, finite, lower is better."""

    def __call__(self, segmented: Segmented) -> Tensor:
        value: Tensor = super().__call__(segmented)
        return value


class Segmenter(Component):
    """Labels one image: ``Segmenter(image_channels, classes, ndim, *, knobs)``, ``forward(image) -> logits``.

    ``classes`` counts the background, which is number 0. Every spatial axis of the input must be a multiple of
    ``multiple`` (the model pads and crops).
    """

    kind = "segmenter"
    multiple: int

    @abstractmethod
    def forward(self, image: Image) -> Tensor:
        """``(B, 1, *space)`` -> ``(B, classes, *space)``, before the softmax."""

    def __call__(self, image: Image) -> Tensor:
        logits: Tensor = super().__call__(image)
        return logits


class Solver(Component):
    """Optimises one pair: ``Solver(*, knobs)``, ``forward(pair, field, objective, warper) -> Field``.

    It needs no training. ``field`` is where to start (a network's prediction, say) or None for no displacement;
    ``warper`` turns a field into a displacement, and ``objective`` is what is minimised over it. A solver with a
    functional of its own (geodesic shooting, demons) ignores the objective and says so. It is called under
    ``torch.no_grad`` and switches gradients on where it wants them; no module's own weights may change. Best is what
    it returns, not last.
    """

    kind = "solver"

    @abstractmethod
    def forward(self, pair: Pair, field: Field | None, objective: "Objective", warper: Warper) -> Field:
        """A pair ``(B, 1, *space)`` -> a Field whose grid is that of the pair divided by ``Field.scale``."""

    def __call__(self, pair: Pair, field: Field | None, objective: "Objective", warper: Warper) -> Field:
        solved: Field = super().__call__(pair, field, objective, warper)
        return solved
