"""Several hosts for real: network namespaces joined by a bridge, torchrun across them, one host lost mid-epoch.

Needs root and iproute2. Each host has its own interface and address; processes, files and clock are shared.
"""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from contreg_core.checkpoint import read_checkpoint

EAGER = Path(__file__).with_name("eager_fit.py")
COUNT = 2
PORT = 29511


def ip(*arguments):
    return subprocess.run(["ip", *arguments], capture_output=True, text=True, check=True).stdout


@pytest.fixture(scope="module")
def hosts():
    """Names of namespaces ``cr<pid>h0..``, at 10.83.<x>.1.. on one bridge."""
    if os.geteuid() or not shutil.which("ip"):
        pytest.skip("network namespaces need root and iproute2")
    own = f"cr{os.getpid() % 100_000}"
    names = [f"{own}h{number}" for number in range(COUNT)]
    try:
        ip("link", "add", own, "type", "bridge")
        ip("link", "set", own, "up")
        for number, name in enumerate(names):
            outer = f"{own}v{number}"
            ip("netns", "add", name)
            ip("link", "add", outer, "type", "veth", "peer", "name", "eth0", "netns", name)
            ip("link", "set", outer, "master", own, "up")
            for command in (f"addr add {address(number)}/24 dev eth0", "link set eth0 up", "link set lo up"):
                ip("-n", name, *command.split())
        yield names
    except subprocess.CalledProcessError as error:
        pytest.skip(f"no network namespaces here: {error.stderr.strip()}")
    finally:
        for name in names:
            subprocess.run(["ip", "netns", "del", name], capture_output=True)
        subprocess.run(["ip", "link", "del", own], capture_output=True)


def address(number):
    return f"10.83.0.{number + 1}"


class Cluster:
    """One torchrun with a rank on every host; ``environment`` is that of the last host."""

    def __init__(self, hosts, arguments, **environment):
        self.hosts = hosts
        own = [{}] * (len(hosts) - 1) + [environment]
        self.processes = [self._start(number, arguments, own[number]) for number in range(len(hosts))]

    def _start(self, number, arguments, environment):
        launcher = [
            *(sys.executable, "-m", "torch.distributed.run", "--nnodes", str(len(self.hosts))),
            *("--nproc-per-node", "1", "--rdzv-backend", "c10d", "--rdzv-endpoint", f"{address(0)}:{PORT}"),
            *("--local-addr", address(number), "--rdzv-conf", f"is_host={number == 0}", "--no-python", "--"),
        ]
        command = [
            "ip",
            "netns",
            "exec",
            self.hosts[number],
            *launcher,
            sys.executable,
            str(EAGER),
            *arguments,
        ]
        own = {"GLOO_SOCKET_IFNAME": "eth0", "OMP_NUM_THREADS": "1", **environment}
        pipes = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE, "text": True}
        return subprocess.Popen(command, env={**os.environ, **own}, **pipes)

    def wait_until_held(self):
        """The last host has come to the step that it does not make."""
        said = []
        for line in self.processes[-1].stderr:
            said.append(line)
            if line == "held\n":
                return
        raise AssertionError("".join(said))

    def lose(self):
        """Kill all that runs on the last host, at once."""
        for pid in ip("netns", "pids", self.hosts[-1]).split():
            os.kill(int(pid), signal.SIGKILL)

    def ended(self):
        said = [process.communicate()[1] for process in self.processes]
        return [process.returncode for process in self.processes], "\n".join(said)


@pytest.fixture
def cluster(hosts, small, cache, tmp_path):
    """``cluster(run, **environment)``: 8 steps of two pairs, a rank a host; an epoch is six steps."""

    def begin(run, *more, **environment):
        own = ["--cache", cache, "--run", tmp_path / run, "--batch-size", 2, "--steps", 8, *more]
        own += ["-s", "training.validation=0"]
        return Cluster(hosts, ["fit", *small, *map(str, own)], **environment)

    return begin


def tensors(run):
    return read_checkpoint(run / "checkpoints" / "last.safetensors").tensors


def assert_same(run, quiet):
    found, expected = tensors(run), tensors(quiet)
    assert found.keys() == expected.keys()
    assert [name for name in expected if not torch.equal(found[name], expected[name])] == []


def test_a_run_that_loses_a_host_ends_as_the_quiet_run(cluster, tmp_path):
    """Killed at once in the middle of an epoch, or cut off by a dead link: the rest ends, and the same lines go on."""
    codes, said = cluster("quiet").ended()
    assert codes == [0] * COUNT, said

    torn = cluster("run", HOLD="4")
    torn.wait_until_held()
    torn.lose()
    codes, said = torn.ended()
    assert codes == [1] * (COUNT - 1) + [-signal.SIGKILL], said
    assert "exitcode  : 75" in said
    assert read_checkpoint(tmp_path / "run/checkpoints/last.safetensors").record["place"]["step"] == 4

    codes, said = cluster("run").ended()
    assert codes == [0] * COUNT, said
    assert_same(tmp_path / "run", tmp_path / "quiet")


@pytest.mark.all
def test_a_host_whose_link_is_down_is_given_up(cluster, hosts, tmp_path):
    """No packet says that it is gone: the others wait for ``--dist-timeout``."""
    codes, said = cluster("quiet").ended()
    assert codes == [0] * COUNT, said
    cut = cluster("run", "--dist-timeout", "5s", HOLD="4")
    cut.wait_until_held()
    ip("-n", hosts[-1], "link", "set", "eth0", "down")
    assert cut.processes[0].wait() == 1
    cut.lose()
    cut.ended()
    ip("-n", hosts[-1], "link", "set", "eth0", "up")
    codes, said = cluster("run").ended()
    assert codes == [0] * COUNT, said
    assert_same(tmp_path / "run", tmp_path / "quiet")
