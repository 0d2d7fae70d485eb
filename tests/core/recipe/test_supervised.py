"""Recipes of the supervised form: built for so many classes; losses that read something else are refused."""

import pytest

from contreg_core.catalogue import Catalogue
from contreg_core.errors import MismatchError, UsageError
from contreg_core.recipe import (
    build,
    build_segmenter,
    build_solver,
    dump_recipe,
    load_recipe,
    override,
    resolve,
)


def test_it_is_built_for_its_classes(catalogue: Catalogue) -> None:
    recipe = override(catalogue.recipe("unet"), ["segmenter.features=4,8"], catalogue)
    model, objective = build_segmenter(recipe, catalogue, 5, ndim=2)
    assert model.segmenter.head.out_channels == 5  # type: ignore[union-attr]
    assert list(objective.weights) == ["soft-dice", "cross-entropy"]


def test_it_survives_its_own_file(catalogue: Catalogue) -> None:
    recipe = resolve(catalogue.recipe("unet"), catalogue)
    assert recipe.form == "supervised"
    assert load_recipe(dump_recipe(recipe)) == recipe


def test_it_shares_its_cache_with_the_recommended_recipe(catalogue: Catalogue) -> None:
    assert catalogue.recipe("unet").preprocessing == catalogue.recipe("contrastive-vae").preprocessing


def test_a_loss_of_registrations_does_not_fit_a_segmenter(catalogue: Catalogue) -> None:
    recipe = override(catalogue.recipe("unet"), ["loss.lncc.weight=1"], catalogue)
    with pytest.raises(
        MismatchError, match="'lncc' needs a registration, which recipe 'unet' does not"
    ) as caught:
        build_segmenter(recipe, catalogue, 3)
    assert "cross-entropy, soft-dice" in str(caught.value.hint)


def test_a_loss_of_logits_does_not_fit_a_registration(catalogue: Catalogue) -> None:
    recipe = override(catalogue.recipe("voxelmorph"), ["loss.soft-dice.weight=1"], catalogue)
    with pytest.raises(
        MismatchError, match="'soft-dice' needs logits, which recipe 'voxelmorph' does not"
    ) as caught:
        build(recipe, catalogue)
    assert "lncc" in str(caught.value.hint)


def test_the_forms_are_not_mixed_up(catalogue: Catalogue) -> None:
    unet, voxelmorph = catalogue.recipe("unet"), catalogue.recipe("voxelmorph")
    for builder in (build, build_solver):
        with pytest.raises(UsageError, match="learns labels and registers nothing"):
            builder(unet, catalogue)
    with pytest.raises(UsageError, match="learns no labels"):
        build_segmenter(voxelmorph, catalogue, 3)
    with pytest.raises(UsageError, match="has no encoder"):
        override(unet, ["encoder=siamese"], catalogue)


def test_without_losses_it_says_so(catalogue: Catalogue) -> None:
    bare = override(
        catalogue.recipe("unet"), ["loss.soft-dice.weight=0", "loss.cross-entropy.weight=0"], catalogue
    )
    with pytest.raises(UsageError, match="has no loss"):
        build_segmenter(bare, catalogue, 3)
