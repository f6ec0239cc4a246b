"""Where tasks run: processes on this machine, or the workers of a Ray cluster."""

from __future__ import annotations

import logging
import os
import socket
import threading
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Protocol, runtime_checkable

import joblib

from msmd.errors import MsmdError
from msmd.sweeps.spec import ResourcesSpec
from msmd.sweeps.work import Work, do

THREAD_COUNTS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")


class WorkerDiedError(MsmdError):
    """A process was killed, or ended by itself, before its task was done."""


@runtime_checkable
class Pool(Protocol):
    """Something that does tasks side by side."""

    @property
    def n_slots(self) -> int:
        """Tasks at once."""
        ...

    def run(self, works: Sequence[Work]) -> list[str]:
        """Does all; returns why each failed, empty for those that are finished.

        Raises:
            WorkerDiedError: when a process died; others that worked at the time may have been taken with it.
        """
        ...

    def stop(self) -> None:
        """Ends everything that runs."""
        ...


class LocalProcesses:
    """Processes on this machine, each with its share of the cores.

    Args:
        resources: of each task.
        n_jobs: processes at once; as many as there are cores, or shares of the GPUs, when None.
    """

    def __init__(self, resources: ResourcesSpec, n_jobs: int | None = None) -> None:
        self.resources = resources
        self.n_slots = n_jobs or local_slots(resources, n_cpus=joblib.cpu_count(), n_gpus=_n_gpus(resources))
        self._executor: Any = None

    def run(self, works: Sequence[Work]) -> list[str]:
        """As ``Pool`` says."""
        from joblib.externals.loky import ProcessPoolExecutor
        from joblib.externals.loky.process_executor import BrokenProcessPool

        environment = dict.fromkeys(THREAD_COUNTS, str(self.resources.cpus_per_task))
        if self.resources.gpus_per_task == 0:
            # As Ray does: or each core's task would train on the one GPU.
            environment["CUDA_VISIBLE_DEVICES"] = ""
        self._executor = ProcessPoolExecutor(
            max_workers=min(self.n_slots, len(works)), env=environment, initializer=_end_with, initargs=(os.getpid(),)
        )
        try:
            return list(self._executor.map(do, works))
        except BrokenProcessPool as error:
            raise WorkerDiedError("A process was killed, or ran out of memory.") from error
        finally:
            self.stop()

    def stop(self) -> None:
        """As ``Pool`` says."""
        if self._executor is not None:
            self._executor.shutdown(wait=True, kill_workers=True)


class RayCluster:
    """The workers of a Ray cluster, through joblib.  All machines have to see the folder of the sweep.

    Args:
        address: such as ``"10.0.0.1:6379"``, or ``"auto"`` on a machine of the cluster.
        resources: of each task.
        n_jobs: tasks at once at most.

    Raises:
        MsmdError: when Ray is not installed, no cluster answers, or it has no room for two tasks.
    """

    def __init__(self, address: str, resources: ResourcesSpec, n_jobs: int | None = None) -> None:
        self._connect(address)
        self.resources = resources
        room = self._room()
        self.n_slots = min(room, n_jobs or room)
        if self.n_slots < 2:  # joblib would do a single one at a time here, not on the cluster
            self.stop()
            raise MsmdError(
                f"The cluster at {address} has room for {room} task(s) of {resources.cpus_per_task} core(s) and "
                f"{resources.gpus_per_task:g} GPU(s), and {n_jobs or 'any number of'} jobs were asked for; expected "
                "two at once. Add workers, lower [resources], or run the sweep on one machine without --cluster."
            )

    def run(self, works: Sequence[Work]) -> list[str]:
        """As ``Pool`` says."""
        from ray.exceptions import RayError, RayTaskError
        from ray.util.joblib import register_ray

        register_ray()
        share = {"num_cpus": self.resources.cpus_per_task, "num_gpus": self.resources.gpus_per_task}
        try:
            with joblib.parallel_config("ray", n_jobs=self.n_slots, ray_remote_args=share):
                parallel = joblib.Parallel(batch_size=1, pre_dispatch="all")  # pyright: ignore[reportArgumentType]
                return [reason or "" for reason in parallel(joblib.delayed(do)(work) for work in works)]
        except RayTaskError as error:  # raised by the task itself, where it runs: such as another version of msmd
            raise MsmdError(f"A worker of the cluster cannot do its task: {error.cause!r}") from error
        except RayError as error:
            raise WorkerDiedError("A worker of the cluster was lost.") from error

    def stop(self) -> None:
        """As ``Pool`` says."""
        import ray

        ray.shutdown()

    def _connect(self, address: str) -> None:
        try:
            import ray
        except ImportError as error:
            raise MsmdError("--cluster needs Ray: pip install -r requirements-cluster.txt, on each machine.") from error
        try:
            _check_answers(address)
            ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR, ignore_reinit_error=True)
        except (OSError, RuntimeError, ValueError) as error:  # OSError holds ConnectionError
            raise MsmdError(
                f"No Ray cluster answers at {address!r} ({error}); start one with 'ray start --head', and workers with "
                "'ray start --address=HEAD:6379'."
            ) from error

    def _room(self) -> int:
        """Tasks that fit at once, counted node by node: a task does not stretch over two."""
        import ray

        nodes = [node["Resources"] for node in ray.nodes() if node["Alive"]]
        return sum(
            _slots(self.resources, n_cpus=int(node.get("CPU", 0)), n_gpus=node.get("GPU", 0.0), at_least=0)
            for node in nodes
        )


PARENT_CHECK_S = 1.0


def _end_with(parent: int) -> None:
    """Ends this process when the one that started it is gone, however that ended; its task goes on later."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(PARENT_CHECK_S)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


ANSWER_S = 10.0


def _check_answers(address: str) -> None:
    """Raises an OSError where nobody listens; Ray itself would go on trying for many minutes."""
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if host:  # else "auto", which Ray looks up
        if not port.isdigit():
            raise ValueError("expected HOST:PORT, or auto")
        socket.create_connection((host, int(port)), timeout=ANSWER_S).close()


def _slots(resources: ResourcesSpec, *, n_cpus: int, n_gpus: float, at_least: int = 1) -> int:
    """Tasks that have room on a machine at once."""
    room = n_cpus // resources.cpus_per_task
    if resources.gpus_per_task > 0:
        room = min(room, int(n_gpus / resources.gpus_per_task))
    return max(at_least, room)


def local_slots(resources: ResourcesSpec, *, n_cpus: int, n_gpus: int) -> int:
    """Tasks at once on this machine; where it has no GPU, its cores alone count, because they do the training then."""
    if n_gpus == 0:
        return _slots(replace(resources, gpus_per_task=0.0), n_cpus=n_cpus, n_gpus=0.0)
    # Processes on one machine all train on its first GPU; Ray gives each its own.
    return _slots(resources, n_cpus=n_cpus, n_gpus=1.0)


def _n_gpus(resources: ResourcesSpec) -> int:
    """GPUs of this machine; not looked for where no task wants one."""
    if resources.gpus_per_task == 0:
        return 0
    import torch

    return torch.cuda.device_count()
