"""Starting ranks on this machine, by torchrun's own API."""

import logging
import os
import signal
import socket
from collections.abc import Mapping, Sequence

from torch.distributed.elastic.multiprocessing.api import SignalException
from torch.distributed.elastic.multiprocessing.errors import ChildFailedError, ProcessFailure
from torch.distributed.launcher.api import LaunchConfig, elastic_launch

from contreg_core.cores import share
from contreg_core.errors import RetryError
from contreg_core.ranks.starter import RUN_ID


def launch(command: Sequence[str], count: int) -> int:
    """Run ``command`` as ``count`` ranks and wait; returns the exit code of the rank that failed first, or 0.

    What a rank says is heard. A signal to this process goes to every rank, which has 30 seconds to save. Where a rank
    is killed the others are ended, and ``RetryError`` tells of it.
    """
    logging.disable(logging.CRITICAL)  # torchrun's own account of a failure, beside that of the rank
    os.environ.update(_environment(count))
    # torchrun does not know it
    before = signal.signal(signal.SIGUSR1, lambda *_: os.kill(os.getpid(), signal.SIGTERM))
    try:
        elastic_launch(_config(count), command[0])(*command[1:])
    except ChildFailedError as error:
        return _code(error.failures)
    except SignalException as error:
        return 130 if error.sigval == signal.SIGINT else RetryError.exit_code
    finally:
        signal.signal(signal.SIGUSR1, before)
        logging.disable(logging.NOTSET)
    return 0


def _config(count: int) -> LaunchConfig:
    return LaunchConfig(
        min_nodes=1,
        max_nodes=1,
        nproc_per_node=count,
        run_id=RUN_ID,
        rdzv_backend="c10d",
        rdzv_endpoint="localhost:0",
        local_addr="localhost",
        max_restarts=0,
    )


def _environment(count: int) -> dict[str, str]:
    """Cores are shared out, and gloo keeps to the loopback: a machine's own name need not lead anywhere."""
    loopback = next(name for _, name in socket.if_nameindex())
    own = {"OMP_NUM_THREADS": str(share(count)), "GLOO_SOCKET_IFNAME": loopback}
    return {name: os.environ.get(name, value) for name, value in own.items()}


def _code(failures: Mapping[int, ProcessFailure]) -> int:
    codes = {rank: failure.exitcode for rank, failure in failures.items()}
    for rank, code in codes.items():
        if code < 0 and code != -signal.SIGTERM:  # by which torchrun ends the others
            raise RetryError(
                f"rank {rank} was ended by {signal.Signals(-code).name}, so all were",
                "run the same command again to go on from the last checkpoint; if memory ran out, with fewer --devices",
            )
    return next((code for code in codes.values() if code not in _AFTER_ANOTHER), RetryError.exit_code)


_AFTER_ANOTHER = (RetryError.exit_code, -signal.SIGTERM)
"""How a rank ends because another has."""
