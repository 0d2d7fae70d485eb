"""The three tables of Liu et al. (arXiv 2011.08894), row by row, and rows of our own beside them.

Figures are those the paper prints as far as they are known to us, never computed or guessed; regions without one stay
blank.
"""

from contreg.benchmark.rows import Row, Table, fused, refined

LPBA40, MINDBOGGLE = "lpba40", "mindboggle"

_NONE = Row(name="none", kind="none", known="No registration; not in the paper.")
_PAPER = (
    Row(
        name="utilzreg",
        kind="solver",
        recipe="utilzreg",
        paper={LPBA40: {"mean": 0.665, "frontal": 0.691, "hippocampus": 0.692}, MINDBOGGLE: {"mean": 0.439}},
        known="Kernel, regularisation and iterations behind the paper's row are unpublished; its LPBA40 regions look "
        "like means over labels, where the other rows look like fused regions.",
    ),
    Row(
        name="voxelmorph",
        kind="learned",
        recipe="voxelmorph",
        paper={LPBA40: {"mean": 0.716}, MINDBOGGLE: {"mean": 0.559}},
        known="The paper gives neither loss nor smoothness weight nor variant, and prints the very averages of its own "
        "network without contrast; here VM-2 with correlation, window 9, gradient weight 1.",
    ),
    Row(
        name="faim",
        kind="learned",
        recipe="faim",
        paper={LPBA40: {"mean": 0.729}, MINDBOGGLE: {"mean": 0.583}},
        known="Network, terms and schedule follow its authors' code; the weight of the folding penalty behind the "
        "paper's row is unknown, and its images were Mindboggle's at 1 mm.",
    ),
    Row(
        name="contrastive-vae",
        kind="learned",
        recipe="contrastive-vae",
        paper={LPBA40: {"mean": 0.763}, MINDBOGGLE: {"mean": 0.629}},
        known="The recommended recipe, not the paper's network; the paper's figure may count pairs of a subject with "
        "itself, as its code does, and its temperature, image noise and number of runs are unpublished.",
    ),
    Row(
        name="unet",
        kind="supervised",
        recipe="unet",
        paper={LPBA40: {"mean": 0.832}, MINDBOGGLE: {"mean": 0.811}},
        known="Upper bound, trained on labels; the paper only cites U-Net: widths, loss and augmentation are unknown.",
    ),
)
_NARROW = Row(
    name="unet narrow",
    kind="supervised",
    recipe="unet",
    settings=("segmenter.features=16,32,64,128", "training.batch_size=1"),
    known="The upper bound at half its width and batch 1, for short budgets on a CPU; not in the paper.",
)
_LEARNED = (
    Row(
        name="contrastive-vae/paper",
        kind="learned",
        recipe="contrastive-vae/paper",
        known="The paper's text with what it leaves open settled in docs/reference/paper-switches.md; preprocessing of "
        "its own (z-scores, crop).",
    ),
    Row(
        name="voxelmorph-diff",
        kind="learned",
        recipe="voxelmorph-diff",
        known="Dalca et al. 2019; not in the paper.",
    ),
    Row(name="lapirn", kind="learned", recipe="lapirn", known="Mok and Chung 2020; not in the paper."),
)
_SOLVERS = tuple(
    Row(name=name, kind="solver", recipe=name, known=f"{source}; not in the paper.")
    for name, source in (
        ("svf-adam", "A stationary velocity optimised for every pair"),
        ("convexadam", "Siebert et al. 2021"),
        ("logdemons", "Vercauteren et al. 2009"),
    )
)
_REFINED = tuple(refined(row) for row in (*_PAPER, *_LEARNED) if row.kind == "learned")
_FUSED = tuple(fused(row) for row in _PAPER if row.name == "contrastive-vae")
_COMPARED = (_NONE, *_PAPER, _NARROW, *_LEARNED, *_SOLVERS, *_REFINED, *_FUSED)

_NO_KL = ("loss.gaussian-kl.weight=0",)
_NO_CONTRAST = ("loss.dcl.weight=0",)
_ALL = "recon + smooth + contrast"


def _ablated(name: str, settings: tuple[str, ...], lpba40: float, mindboggle: float) -> Row:
    known = (
        "contrastive-vae/paper with the terms named; whether the paper trained the others anew is not said."
    )
    without = " Without the divergence nothing is sampled." if "smooth" not in name else ""
    return Row(
        name=name, kind="learned", recipe="contrastive-vae/paper", settings=settings, against=_ALL,
        paper={LPBA40: {"mean": lpba40}, MINDBOGGLE: {"mean": mindboggle}}, known=known + without,
    )  # fmt: skip


_NO_PRIOR = ("loss.laplacian-kl.weight=0",)
_NO_OWN_CONTRAST = ("loss.infonce.weight=0", "loss.local-contrast.weight=0")
_BATCH = "batch 4"


def _changed(name: str, settings: tuple[str, ...], known: str, against: str = "") -> Row:
    return Row(
        name=f"contrastive-vae {name}", kind="learned", recipe="contrastive-vae", settings=settings, against=against,
        known=f"{known}; not in the paper.",
    )  # fmt: skip


_ABLATION = (
    _ablated("recon", (*_NO_KL, *_NO_CONTRAST), 0.702, 0.552),
    _ablated("recon + smooth", _NO_CONTRAST, 0.716, 0.559),
    _ablated("recon + contrast", _NO_KL, 0.751, 0.604),
    _ablated(_ALL, (), 0.763, 0.629),
    Row(name="contrastive-vae", kind="learned", recipe="contrastive-vae", known="The recommended recipe."),
    _changed("recon", (*_NO_PRIOR, *_NO_OWN_CONTRAST), "Correlation alone"),
    _changed("recon + smooth", _NO_OWN_CONTRAST, "No contrastive term"),
    _changed("recon + contrast", _NO_PRIOR, "No prior"),
    _changed("without local contrast", ("loss.local-contrast.weight=0",), "Global contrast alone"),
    _changed(_BATCH, ("training.batch_size=4",), "Four pairs a step, to compare with and without queue"),
    _changed(
        f"{_BATCH} without queue",
        ("training.batch_size=4", "loss.infonce.queue=0"),
        "Negatives from the batch alone (at batch size 1 the queue has all of them)",
        against=f"contrastive-vae {_BATCH}",
    ),
    _changed(
        "with displacement",
        ("decoder.kind=displacement", "warper=displacement"),
        "The decoder gives a displacement that is not integrated",
    ),
    _changed(
        "with unit-Gaussian prior",
        (*_NO_PRIOR, "loss.gaussian-kl.weight=0.0089"),
        "The paper's prior of independent voxels at the weight of the Laplacian one",
    ),
)

TABLES = {
    table.name: table
    for table in (
        Table("table1", "Table 1: LPBA40", LPBA40, "contrastive-vae", _COMPARED),
        Table("table2", "Table 2: MindBoggle", MINDBOGGLE, "contrastive-vae", _COMPARED),
        Table("table3", "Table 3: ablation", LPBA40, "contrastive-vae", _ABLATION),
    )
}


def find_table(name: str) -> Table:
    """One of the tables; raises ``UsageError`` with the nearest name."""
    from contreg_core.parameters import unknown

    if name not in TABLES:
        raise unknown(f"there is no table '{name}'", name, TABLES, "tables")
    return TABLES[name]
