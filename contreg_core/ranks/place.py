"""Where a launcher (torchrun, or srun of SLURM) has put this process, as the environment says."""

import re
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Place:
    """Rank ``number`` of ``count``, the ``local``-th of ``here`` on its machine; ``meeting`` is where they meet."""

    number: int
    count: int
    local: int
    here: int
    launcher: str
    meeting: str = "env://"

    @classmethod
    def found(cls, environment: Mapping[str, str]) -> "Place | None":
        """The place among several ranks, if there is a launcher and it has started several."""
        place = _by_torchrun(environment) or _by_srun(environment)
        return place if place and place.count > 1 else None


def _by_torchrun(environment: Mapping[str, str]) -> Place | None:
    names = ("RANK", "WORLD_SIZE", "LOCAL_RANK", "LOCAL_WORLD_SIZE")
    if not environment.keys() >= {"RANK", "WORLD_SIZE"}:
        return None
    number, count, local, here = (
        int(environment.get(name, default)) for name, default in zip(names, "0101", strict=True)
    )
    return Place(number, count, local, here, "torchrun")


def _by_srun(environment: Mapping[str, str]) -> Place | None:
    """Only a step of srun starts its tasks: a batch script, or a shell of salloc, has the task count as well."""
    if "SLURM_STEP_ID" not in environment or "SLURM_PROCID" not in environment:
        return None
    count = int(environment.get("SLURM_STEP_NUM_TASKS") or environment.get("SLURM_NTASKS", "1"))
    here = re.match(r"\d+", environment.get("SLURM_STEP_TASKS_PER_NODE", "1"))
    return Place(
        int(environment["SLURM_PROCID"]),
        count,
        int(environment.get("SLURM_LOCALID", "0")),
        int(here.group()) if here else 1,
        "srun",
        _meeting(environment),
    )


def _meeting(environment: Mapping[str, str]) -> str:
    """On the first machine, at a port that other steps of other jobs on it hardly have."""
    nodes = environment.get("SLURM_STEP_NODELIST") or environment.get("SLURM_JOB_NODELIST", "localhost")
    job, step = (_number(environment.get(name, "0")) for name in ("SLURM_JOB_ID", "SLURM_STEP_ID"))
    port = environment.get("MASTER_PORT", str(16384 + (16 * job + step) % 16384))
    return f"tcp://{environment.get('MASTER_ADDR') or first_node(nodes)}:{port}"


def first_node(nodes: str) -> str:
    """The first of a list in SLURM's short form.

    >>> first_node("gpu[07-09,12],login1"), first_node("rack[1-2]n[03,5]"), first_node("alone")
    ('gpu07', 'rack1n03', 'alone')
    """
    first = re.match(r"(?:[^,\[]|\[[^\]]*\])*", nodes)
    assert first is not None
    return re.sub(r"\[([^\],-]*)[^\]]*\]", r"\1", first.group())


def _number(text: str) -> int:
    return int(text) if text.isdecimal() else 0
