"""Taking a run up again: the checkpoint in its folder, which must be of this recipe, these data and these weights."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from contreg_core.checkpoint import Checkpoint, read_checkpoint
from contreg_core.errors import DataError, MismatchError
from contreg_core.files import write_text
from contreg_core.recipe import Recipe, dump_recipe
from contreg_core.recipe.difference import difference, same
from contreg_core.training.run_folder import RunFolder

if TYPE_CHECKING:
    from contreg_core.catalogue import Catalogue


@dataclass
class Resuming:
    """``fall_back`` allows the checkpoint before a damaged last one; ``initial`` is the SHA-256 of given weights.

    ``warnings`` say what was found.
    """

    run: RunFolder
    fall_back: bool
    initial: str
    warnings: list[str] = field(default_factory=list)

    def open(
        self, recipe: Recipe, data: Mapping[str, Any], told: Mapping[str, Any], catalogue: "Catalogue"
    ) -> Checkpoint | None:
        """The last checkpoint, None where there is none yet; writes the recipe of a run that starts.

        ``data`` are the data as a checkpoint describes them, ``told`` what ``run.json`` says. Raises ``MismatchError``
        where the folder holds a run of another recipe, other data or other weights.
        """
        self._check_recipe(recipe, catalogue)
        write_text(self.run.recipe, dump_recipe(recipe))
        self.run.remove_leftovers()
        last = self.run.checkpoint("last")
        if not last.is_file():
            if told.get("initial") and not self.initial:
                raise MismatchError(
                    f"{self.run.path}: holds a run that started from given weights and ended before it saved any",
                    "give --init as before, or --run another folder",
                )
            return None
        checkpoint = self._whole(last)
        self._check_data(checkpoint.record["data"], data)
        self._check_initial(str(checkpoint.record.get("initial", "")))
        return checkpoint

    def _check_recipe(self, recipe: Recipe, catalogue: "Catalogue") -> None:
        before = self.run.read_recipe()
        if before and not same(before, recipe, catalogue):
            apart = difference(before, dump_recipe(recipe))
            raise MismatchError(
                f"{self.run.path}: holds a run of another recipe{apart and f' ({apart})'}",
                "give --run another folder, or the same settings as before",
            )

    def _whole(self, last: Path) -> Checkpoint:
        """The checkpoint ``last``, or, where it is damaged and falling back is allowed, the one before."""
        before = self.run.checkpoint("previous")
        try:
            return read_checkpoint(last)
        except DataError as error:
            if not before.is_file():
                raise
            if not self.fall_back:
                raise DataError(
                    error.message, "go on from the one before: --resume auto", code=error.code
                ) from error
            self.warnings.append(f"{error.message}; going on from {before.name}")
            return read_checkpoint(before)

    def _check_data(self, before: Mapping[str, Any], own: Mapping[str, Any]) -> None:
        sums, known = own.get("scans", {}), before.get("scans", {})
        if sums and not known:  # as of contreg 0.1
            self.warnings.append(
                f"{self.run.path}: its checkpoint does not tell the sums of the scans it was trained on; "
                "whether these are still the same is not known"
            )
        differing = [key for key in own if key != "scans" and before.get(key) != own[key]]
        differing += [f"scan {scan}" for scan, value in sums.items() if known.get(scan, value) != value]
        if differing:
            raise MismatchError(
                f"{self.run.path}: holds a run on other data ({', '.join(differing)} differ)",
                "give --run another folder, or the same data as before",
            )

    def _check_initial(self, before: str) -> None:
        if self.initial not in ("", before):
            raise MismatchError(
                f"{self.run.path}: holds a run that started from {'other' if before else 'no given'} weights",
                "give --run another folder, or --init as before (going on needs none)",
            )
        self.initial = before
