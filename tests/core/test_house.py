"""A plugin cannot change how torch, seeds and warnings work for everybody: it is put back, and named."""

import random
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
import pytest
import torch

from contreg_core.conformance.component import try_component
from contreg_core.conformance.suite import try_all
from contreg_core.house import put_back
from contreg_core.plugins import load_catalogue
from tests.core.test_plugins import LOSS, Install, install  # noqa: F401 - a fixture

RUDE: dict[str, Callable[[], object]] = {
    "torch's default dtype": lambda: torch.set_default_dtype(torch.float64),
    "torch's default device": lambda: torch.set_default_device("meta"),
    "torch's grad mode": lambda: torch.set_grad_enabled(False),
    "torch's number of threads": lambda: torch.set_num_threads(torch.get_num_threads() + 1),
    "torch's deterministic algorithms": lambda: torch.use_deterministic_algorithms(True),
    "torch's precision of products": lambda: torch.set_float32_matmul_precision("medium"),
    "numpy's handling of errors": lambda: np.seterr(all="ignore"),
    "the state of random numbers": lambda: (torch.manual_seed(0), np.random.seed(0), random.seed(0)),
    "everybody's warnings": lambda: warnings.simplefilter("ignore"),
}


@contextmanager
def unchanged() -> Iterator[None]:
    """The test itself leaves no trace, be the code right or wrong."""
    with put_back() as changed:
        yield
    assert changed == []


@pytest.mark.parametrize("name", RUDE)
def test_each_is_put_back_and_named(name: str) -> None:
    with unchanged():
        with put_back() as changed:
            RUDE[name]()
        assert changed == [name]


def test_seeds_are_put_back_bit_by_bit() -> None:
    with put_back():
        expected = random.random(), np.random.rand(), float(torch.rand(1))
    with put_back():
        RUDE["the state of random numbers"]()
    assert (random.random(), np.random.rand(), float(torch.rand(1))) == expected


def test_a_library_may_silence_its_own_warnings() -> None:
    with warnings.catch_warnings(), put_back() as changed:
        warnings.filterwarnings("ignore", module="theirs")
        warnings.filterwarnings("ignore", message="old", category=UserWarning)
    assert changed == []


def test_an_error_on_the_way_leaves_none_either() -> None:
    def broken() -> None:
        with put_back():
            torch.set_default_dtype(torch.float64)
            raise ValueError("broken")

    with unchanged(), pytest.raises(ValueError, match="broken"):
        broken()


def test_contregs_own_change_nothing() -> None:
    assert {one.entry: one.changed for one in load_catalogue(plugins=False).contributions} == {
        "cohorts": (),
        "models": (),
    }


def test_a_plugin_that_is_imported(install: Install) -> None:  # noqa: F811 - a fixture
    install("rude", "import torch\ntorch.set_default_dtype(torch.float64)\n" + LOSS.format(name="rude"))
    with unchanged():
        catalogue = load_catalogue(allow=["rude"])
    (rude,) = [one for one in catalogue.contributions if one.distribution == "rude"]
    assert catalogue.broken == ()
    assert rude.rudeness == (
        "plugin 'rude' changed torch's default dtype when it was imported; this was put back"
    )
    report = next(iter(try_all(rude)))
    assert [found.law for found in report.failed] == ["leaves-the-house-as-it-is"]


def test_a_component_that_changes_it_when_it_is_made() -> None:
    from contreg_plugins.losses.mse import MSE

    class Rude(MSE):
        """A rude one."""

        name = "rude"

        def __init__(self) -> None:
            super().__init__()
            torch.set_grad_enabled(False)

    with unchanged():
        report = try_component(Rude)
    assert "leaves-the-house-as-it-is" in {found.law for found in report.failed}
