"""Contrast of whole images: InfoNCE over the batch and a queue, without false negatives."""

from typing import ClassVar

import torch
from torch import Tensor

from contreg_core.components import Loss
from contreg_core.errors import MismatchError
from contreg_core.types import Registration
from contreg_plugins.losses.contrast import checked, unit_embeddings


class InfoNCE(Loss):
    """NT-Xent over the batch plus a queue of earlier embeddings; one person's own images are never negatives.

    For a unit vector ``h_k`` with partner ``h_k'``: ``-h_k.h_k'/t + log(exp(h_k.h_k'/t) + sum exp(h_k.n/t))`` over the
    negatives ``n``, averaged over both images of every pair (Chen et al. 2020; He et al. 2020 for the queue). With an
    empty queue and distinct subjects it equals NT-Xent; without any negative it is 0.

    Knobs:
        temperature: t.
        queue: how many earlier embeddings to keep; 0 for none.
        dim: length of the embeddings, as the encoder's ``embedding_dim``; the queue is laid out for it.
        max_age: training steps after which a queued embedding is no longer used.
        decoupled: leave the positive out of the logarithm (Yeh et al. 2021).
        masked: leave one person's other images out of the negatives; else only the image itself and its partner.
    """

    name = "infonce"
    paper = "Chen et al. 2020; He et al. 2020"
    needs: ClassVar[frozenset[str]] = frozenset({"embeddings"})
    entries: Tensor
    owners: Tensor
    born: Tensor
    clock: Tensor

    def __init__(
        self,
        *,
        temperature: float = 0.2,
        queue: int = 512,
        dim: int = 64,
        max_age: int = 200,
        decoupled: bool = False,
        masked: bool = True,
    ) -> None:
        super().__init__()
        self.temperature = checked(temperature)
        self.max_age = max_age
        self.decoupled = decoupled
        self.masked = masked
        self.register_buffer("entries", torch.zeros(queue, dim))
        self.register_buffer("owners", torch.zeros(queue, 2, dtype=torch.int64))
        # Born before time began: an empty place is simply too old.
        self.register_buffer("born", torch.full((queue,), -max_age, dtype=torch.int64))
        self.register_buffer("clock", torch.zeros((), dtype=torch.int64))

    def forward(self, registration: Registration) -> Tensor:
        """A registration -> mean contrast over its 2 B embeddings; in training the queue then takes them in."""
        views = torch.cat(unit_embeddings(registration))
        self._check(views)
        owners = self._owners(registration, len(views) // 2).repeat(2, 1)
        value = self._contrast(views, owners)
        if self.training:
            self._enqueue(views.detach(), owners)
        return value

    def _contrast(self, views: Tensor, owners: Tensor) -> Tensor:
        batch = len(views) // 2
        positive = (views * views.roll(batch, 0)).sum(1) / self.temperature
        old = self.clock - self.born >= self.max_age
        same = self._same(owners, batch)
        excluded = same | torch.cat((old.new_zeros(len(views)), old))
        others = torch.cat((views, self.entries.to(views.dtype)))
        logits = (views @ others.T / self.temperature).masked_fill(excluded, -torch.inf)
        if not self.decoupled:
            logits = torch.cat((positive[:, None], logits), dim=1)
        # Without any negative the loss is 0; a row of -inf alone would have no finite gradient.
        lonely = excluded.all(1)
        logits = logits.masked_fill(lonely[:, None], 0.0)
        return torch.where(lonely, positive * 0, logits.logsumexp(1) - positive).mean()

    def _same(self, owners: Tensor, batch: int) -> Tensor:
        """``(2 B, 2 B + queue)``: what is no negative."""
        every = torch.cat((owners, self.owners))
        if self.masked:
            return _share_a_person(owners, every)
        own = torch.eye(len(owners), len(every), dtype=torch.bool, device=owners.device)
        return own | own.roll(batch, 0)

    @torch.no_grad()
    def _enqueue(self, views: Tensor, owners: Tensor) -> None:
        size = len(self.entries)
        self.clock += 1
        self.entries.copy_(torch.cat((views, self.entries))[:size])
        self.owners.copy_(torch.cat((owners, self.owners))[:size])
        self.born.copy_(torch.cat((self.clock.expand(len(views)), self.born))[:size])

    def _owners(self, registration: Registration, batch: int) -> Tensor:
        """(B, 2) person numbers; unnamed pairs are taken as distinct persons never seen before."""
        if registration.pair.subjects is not None:
            return registration.pair.subjects
        numbers = torch.arange(2 * batch, device=self.clock.device).view(batch, 2)
        return -1 - (numbers + 2 * batch * self.clock)

    def _check(self, views: Tensor) -> None:
        dim = self.entries.shape[1]
        if views.shape[1] != dim:
            raise MismatchError(
                f"loss 'infonce' has a queue for embeddings of {dim} values, the encoder gives {views.shape[1]}",
                f"set -s loss.infonce.dim={views.shape[1]}",
            )


def _share_a_person(owners: Tensor, others: Tensor) -> Tensor:
    """``(N, M)``: whether two pairs have a person in common."""
    return (owners[:, None, :, None] == others[None, :, None, :]).flatten(2).any(-1)
