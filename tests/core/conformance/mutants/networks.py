"""Sound encoders, decoders and segmenters, and what may go wrong with them."""

import torch
from torch import nn

from contreg_core.components import Decoder, Encoder, Segmenter
from contreg_core.types import Embeddings, Encoding, Field


def convolution(ndim, *arguments, **options):
    return (nn.Conv3d if ndim == 3 else nn.Conv2d)(*arguments, **options)


class SoundEncoder(Encoder):
    """Two shared levels, and the mean of the second as embedding."""

    name = "sound"
    gives = frozenset({"paired", "full-resolution", "embeddings"})
    multiple = 2

    def __init__(self, image_channels: int, ndim: int):
        super().__init__()
        self.first = convolution(ndim, image_channels, 4, 3, padding=1)
        self.second = convolution(ndim, 4, 6, 3, 2, padding=1)
        self.channels = (8, 12)

    def levels(self, image):
        first = torch.tanh(self.first(image))
        return [first, torch.tanh(self.second(first))]

    def forward(self, pair):
        both = list(zip(self.levels(pair.moving), self.levels(pair.fixed), strict=True))
        vectors = [level.flatten(2).mean(2) for level in both[-1]]
        return Encoding(tuple(torch.cat(level, dim=1) for level in both), Embeddings(*vectors))


class WrongChannels(SoundEncoder):
    """Announces channels that do not come."""

    breaks = "levels-are-as-declared"

    def __init__(self, image_channels: int, ndim: int):
        super().__init__(image_channels, ndim)
        self.channels = (8, 8)


class CoarsestFirst(SoundEncoder):
    """The wrong order."""

    breaks = "levels-are-as-declared"

    def __init__(self, image_channels: int, ndim: int):
        super().__init__(image_channels, ndim)
        self.channels = (12, 8)

    def forward(self, pair):
        encoding = super().forward(pair)
        return Encoding(encoding.features[::-1], encoding.embeddings)


class NoEmbeddings(SoundEncoder):
    """Promises embeddings."""

    breaks = "facts-are-true"

    def forward(self, pair):
        return Encoding(super().forward(pair).features)


class ShyAboutResolution(SoundEncoder):
    """Full resolution, and no word of it."""

    breaks = "facts-are-true"
    gives = frozenset({"paired", "embeddings"})


class OddEmbeddings(SoundEncoder):
    """Vectors of two lengths."""

    breaks = "embeddings-have-their-shapes"

    def forward(self, pair):
        encoding = super().forward(pair)
        found = encoding.embeddings
        return Encoding(encoding.features, Embeddings(found.moving, found.fixed[:, :3]))


class Mixed(SoundEncoder):
    """Says its halves are paired, and mixes them."""

    breaks = "halves-swap"

    def forward(self, pair):
        encoding = super().forward(pair)
        moving, fixed = encoding.paired()[0]
        mixed = torch.cat((moving + fixed, fixed), dim=1)
        return Encoding((mixed, *encoding.features[1:]), encoding.embeddings)


class SoundApart(SoundEncoder):
    """Each image by itself."""

    gives = SoundEncoder.gives | {"separate"}

    def alone(self, image):
        return tuple(self.levels(image))

    def together(self, moving, fixed):
        vectors = [levels[-1].flatten(2).mean(2) for levels in (moving, fixed)]
        return Encoding(
            tuple(torch.cat(both, dim=1) for both in zip(moving, fixed, strict=True)), Embeddings(*vectors)
        )

    def forward(self, pair):
        return self.together(self.alone(pair.moving), self.alone(pair.fixed))


class LooksAcross(SoundApart):
    """Brightness is taken from both images of a pair, which an image alone does not know."""

    breaks = "alone-and-together-agree"

    def forward(self, pair):
        mean = (pair.moving + pair.fixed).flatten(1).mean(1).view(-1, *[1] * (pair.moving.ndim - 1))
        return self.together(self.alone(pair.moving - mean), self.alone(pair.fixed - mean))


class LosesEmbeddings(SoundApart):
    """Images put together have no embeddings."""

    breaks = "alone-and-together-agree"

    def together(self, moving, fixed):
        return Encoding(super().together(moving, fixed).features)

    def forward(self, pair):
        return super().together(self.alone(pair.moving), self.alone(pair.fixed))


class NeverAlone(SoundEncoder):
    """Only says so."""

    breaks = "alone-and-together-agree"
    gives = SoundEncoder.gives | {"separate"}


class BatchWide(SoundEncoder):
    """Every image less the mean of the batch."""

    breaks = "rows-are-independent"

    def levels(self, image):
        return [level - level.mean(0, keepdim=True) / 2 for level in super().levels(image)]


class Counting(SoundEncoder):
    """Another answer every time."""

    breaks = "repeats-itself"

    def __init__(self, image_channels: int, ndim: int):
        super().__init__(image_channels, ndim)
        self.calls = 0

    def levels(self, image):
        self.calls += 1
        return [level * (1 + 0.1 * self.calls) for level in super().levels(image)]

    def forward(self, pair):
        self.calls += 1
        both = [self.levels(image) for image in (pair.moving, pair.fixed)]
        self.calls -= 1
        features = [torch.cat(level, dim=1) for level in zip(*both, strict=True)]
        return Encoding(tuple(features), Embeddings(*(levels[-1].flatten(2).mean(2) for levels in both)))


class Dividing(SoundEncoder):
    """0 / 0 in the background."""

    breaks = "answers-are-finite"

    def levels(self, image):
        return super().levels(image / image)


class FixedSize(SoundEncoder):
    """Only images of one size."""

    breaks = "levels-are-as-declared"

    def levels(self, image):
        if image.shape[2] != image.shape[3]:
            raise RuntimeError("square images only")
        return super().levels(image)


class OnlyVolumes(SoundEncoder):
    """No 2-D."""

    breaks = "can-be-made"

    def __init__(self, image_channels: int, ndim: int):
        super().__init__(image_channels, ndim)
        if ndim == 2:
            raise ValueError("3-D only")


class PlainList(SoundEncoder):
    """Weights in a list: neither trained nor kept."""

    breaks = "survives-a-checkpoint"

    def __init__(self, image_channels: int, ndim: int):
        super().__init__(image_channels, ndim)
        self.more = [torch.rand(4)]

    def levels(self, image):
        first, second = super().levels(image)
        return [first * self.more[0].view(-1, *[1] * (image.ndim - 2)), second]


class Idle(SoundEncoder):
    """A layer that is never used."""

    breaks = "every-weight-learns"

    def __init__(self, image_channels: int, ndim: int):
        super().__init__(image_channels, ndim)
        self.unused = nn.Linear(2, 2)


class SoundDecoder(Decoder):
    """One convolution of the finest level, its sum with the coarsest's mean; displacement and variance."""

    name = "sound"
    gives = frozenset({"log_variance"})
    needs = frozenset({"full-resolution"})

    def __init__(self, channels: tuple[int, ...], ndim: int):
        super().__init__()
        self.mean = convolution(ndim, channels[0], ndim, 3, padding=1)
        self.log_variance = convolution(ndim, channels[0], ndim, 3, padding=1)

    def head(self, layer, features):
        with torch.autocast(features.device.type, enabled=False):
            return layer(features.float())

    def forward(self, encoding):
        finest = encoding.features[0]
        return Field(self.head(self.mean, finest), self.head(self.log_variance, finest))


class AnyResolution(SoundDecoder):
    """Does not say that it needs the full resolution."""

    breaks = "fields-have-their-shape"
    needs = frozenset()


class WrongScale(SoundDecoder):
    """Claims half of the resolution."""

    breaks = "fields-have-their-shape"

    def forward(self, encoding):
        field = super().forward(encoding)
        return Field(field.mean, field.log_variance, scale=2)


class Certain(SoundDecoder):
    """Promises a variance."""

    breaks = "facts-are-true"

    def __init__(self, channels: tuple[int, ...], ndim: int):
        super().__init__(channels, ndim)
        self.log_variance = None

    def forward(self, encoding):
        return Field(self.head(self.mean, encoding.features[0]))


class SecretVelocity(SoundDecoder):
    """A velocity, and no word of it."""

    breaks = "facts-are-true"

    def forward(self, encoding):
        field = super().forward(encoding)
        return Field(field.mean, field.log_variance, "velocity")


class HalfPrecision(SoundDecoder):
    """Leaves the field to autocast."""

    breaks = "fields-are-float32"

    def head(self, layer, features):
        return layer(features)


class SecretHalves(SoundDecoder):
    """Reads halves, and does not need "paired"."""

    breaks = "can-be-made"

    def __init__(self, channels: tuple[int, ...], ndim: int):
        super().__init__(channels, ndim)
        if channels[0] % 2:
            raise ValueError("halves of unequal size")


class SoundSegmenter(Segmenter):
    """One convolution."""

    name = "sound"
    multiple = 1

    def __init__(self, image_channels: int, classes: int, ndim: int):
        super().__init__()
        self.layer = convolution(ndim, image_channels, classes, 3, padding=1)

    def forward(self, image):
        return self.layer(image)


class Shrinking(SoundSegmenter):
    """Ends at another size."""

    breaks = "logits-have-their-shape"

    def forward(self, image):
        return super().forward(image)[..., :-1]


class Hard(SoundSegmenter):
    """Class numbers, no logits."""

    breaks = "logits-have-their-shape"

    def forward(self, image):
        return super().forward(image).argmax(1, keepdim=True)


SOUND = [SoundEncoder, SoundApart, SoundDecoder, SoundSegmenter]
