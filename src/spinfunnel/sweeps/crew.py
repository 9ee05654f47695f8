"""Workers of any kind behind one face: this process, a pool of processes, a Dask cluster, any executor.

A crew hands out futures of `concurrent.futures`; `run_all` keeps it busy, takes back what is done in whatever order it
comes, and gives jobs whose worker died to another.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections import Counter, deque
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, CancelledError, Executor, Future, wait
from concurrent.futures import ProcessPoolExecutor as Pool
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import Any, Protocol, TypeVar

from spinfunnel.landscape import InputError
from spinfunnel.landscape.estimate import NoAnswer

__all__ = ["Borrowed", "Crew", "Here", "Processes", "dask_crew", "run_all"]

TaskT = TypeVar("TaskT")
AnswerT = TypeVar("AnswerT")

MOST_LOSSES = 4
"""Workers that one job may cost. After half of them it runs alone, so that no job pays for another."""
QUEUED = 2
"""Jobs in flight for each worker: one to do and one at hand, so that none waits for the calling process to write."""
PATIENCE = 10.0
"""Seconds to wait for a Dask scheduler and its first worker."""
TICK = 0.5
"""Seconds after which a wait is looked up from, so that Ctrl-C is answered and the time left counts down."""


class Crew(Protocol):
    """Workers."""

    @property
    def slots(self) -> int:
        """Jobs that may be in flight."""
        ...

    def submit(self, work: Callable[[TaskT], AnswerT], task: TaskT) -> Future[AnswerT]:
        """Give a job to a worker."""
        ...

    def renew(self) -> bool:
        """Replace workers that are gone; False where that is not possible."""
        ...

    def stop(self, *, at_once: bool) -> None:
        """Send the workers home; at once: without waiting for what they are doing."""
        ...


class Here:
    """The calling process itself as the one worker."""

    slots = 1

    def submit(self, work: Callable[[TaskT], AnswerT], task: TaskT) -> Future[AnswerT]:
        """Do it now."""
        future: Future[AnswerT] = Future()
        try:
            future.set_result(work(task))
        except Exception as problem:  # noqa: BLE001 - as every executor does: it is raised where the result is read
            future.set_exception(problem)
        return future

    def renew(self) -> bool:
        """Nothing to replace."""
        return False

    def stop(self, *, at_once: bool) -> None:
        """Nothing to stop."""


class Processes:
    """A pool of processes on this machine, made anew when one of them dies.

    Processes are spawned, not forked: a fork copies the locks of threads that it does not copy.

    Parameters
    ----------
    workers : int
    """

    def __init__(self, workers: int) -> None:
        self._workers = workers
        self._proven = False
        self._false_starts = 0
        self._open()

    @property
    def slots(self) -> int:
        """Twice the number of processes."""
        return QUEUED * self._workers

    def _open(self) -> None:
        context = multiprocessing.get_context("spawn")
        ours, self._lifeline = context.Pipe(duplex=False)
        self._ends = ours
        self._pool = Pool(self._workers, mp_context=context, initializer=_settle, initargs=(ours,))
        self._first = self._pool.submit(os.getpid)

    def submit(self, work: Callable[[TaskT], AnswerT], task: TaskT) -> Future[AnswerT]:
        """Give a job to a process."""
        return self._pool.submit(work, task)

    def renew(self) -> bool:
        """Open another pool.

        Raises
        ------
        InputError
            Where processes die before they have done anything, twice running.
        """
        self._proven = self._proven or (self._first.done() and self._first.exception() is None)
        self._false_starts += not self._proven
        self.stop(at_once=True)
        if self._false_starts > 1:
            raise InputError(
                "worker processes cannot start here; in a script, call the sweep under `if __name__ == '__main__':` "
                "(processes import the script again), or give workers=1"
            )
        self._open()
        return True

    def stop(self, *, at_once: bool) -> None:
        """Close the pool."""
        if at_once:
            self._lifeline.close()
        self._pool.shutdown(wait=True, cancel_futures=True)
        for end in (self._lifeline, self._ends):
            if not end.closed:
                end.close()


def _settle(lifeline: Connection) -> None:
    """Prepare a worker process: it leaves Ctrl-C and a closed terminal to its parent, and ends when that is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(signal, "SIGHUP"):
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
    threading.Thread(target=_end_with, args=(lifeline,), daemon=True).start()


def _end_with(lifeline: Connection) -> None:
    with suppress(EOFError, OSError):
        lifeline.recv()
    os._exit(1)


class Borrowed:
    """An executor of the caller's, which is left open.

    Parameters
    ----------
    executor : concurrent.futures.Executor
    slots : int
        Jobs that may be in flight.
    close : callable, optional
        Called at the end, where the executor is ours after all.
    """

    def __init__(self, executor: Executor, *, slots: int, close: Callable[[], object] | None = None) -> None:
        self._executor, self.slots, self._close = executor, slots, close

    def submit(self, work: Callable[[TaskT], AnswerT], task: TaskT) -> Future[AnswerT]:
        """Give a job to the executor."""
        return self._executor.submit(work, task)

    def renew(self) -> bool:
        """Only a broken executor has to be replaced, and that is for its owner to do."""
        return not getattr(self._executor, "_broken", False) and not getattr(self._executor, "_shutdown", False)

    def stop(self, *, at_once: bool) -> None:  # noqa: ARG002 - jobs in flight are the executor's own affair
        """Leave it to its owner."""
        if self._close is not None:
            self._close()


def dask_crew(cluster: Any) -> Borrowed:
    """Workers of a Dask cluster.

    Parameters
    ----------
    cluster : str, LocalCluster or distributed.Client
        Address of the scheduler (``tcp://host:8786``), or what the caller has of it.

    Raises
    ------
    InputError
        Where Dask is not installed, or no scheduler or worker answers.
    """
    try:
        from distributed import Client
    except ImportError:
        raise InputError(
            "a Dask cluster needs the package distributed, which is not installed; "
            "pip install 'spinfunnel[dask]', or leave --dask out for processes on this machine"
        ) from None
    ours = not isinstance(cluster, Client)
    client = cluster
    if ours:
        try:
            client = Client(cluster, timeout=PATIENCE, set_as_default=False)
        except (OSError, TimeoutError, ValueError, TypeError) as problem:
            raise InputError(
                f"no Dask scheduler answers at {cluster!r} ({_short(problem)}); start one with `dask scheduler` and "
                "give the address that it prints, as tcp://host:8786"
            ) from None
    address = client.scheduler.address
    try:
        client.wait_for_workers(1, timeout=PATIENCE)
    except TimeoutError:
        if ours:
            client.close()
        raise InputError(
            f"the Dask scheduler at {address} has no worker; start one with `dask worker {address}`"
        ) from None
    # Dask takes two calls with equal arguments for one and the same, unless told otherwise.
    executor = client.get_executor(pure=False)
    slots = QUEUED * max(1, sum(client.nthreads().values()))
    return Borrowed(executor, slots=slots, close=client.close if ours else None)


def _short(problem: BaseException) -> str:
    return " ".join(str(problem).split())[:120] or type(problem).__name__


def run_all(
    work: Callable[[TaskT], AnswerT],
    tasks: Sequence[TaskT],
    *,
    crew: Crew,
    take: Callable[[int, AnswerT | NoAnswer], None],
    tick: Callable[[], None] = lambda: None,
) -> None:
    """Have every task done, each by one worker, and hand the answers to `take` as they come.

    A task whose worker died is given to another; from the second loss on it runs alone, and after `MOST_LOSSES` it is
    answered by the outcome ``worker_died``. What `work` itself raises is the outcome ``failed``.

    Parameters
    ----------
    work : callable
        Importable by the workers.
    tasks : sequence
    crew : Crew
        Is stopped at the end, at once where the calling process is interrupted.
    take : callable
        ``take(number of the task, answer)``, called in the calling thread.
    tick : callable
        Called now and then.

    Examples
    --------
    >>> found = {}
    >>> run_all(abs, [-3, 4], crew=Here(), take=found.__setitem__)
    >>> found
    {0: 3, 1: 4}
    """
    shift = _Shift(work, tasks, crew)
    finished = False
    try:
        while shift.unfinished:
            shift.hand_out()
            for number, answer in shift.collect():
                take(number, answer)
            tick()
        finished = True
    finally:
        shift.cancel()
        crew.stop(at_once=not finished)


class _Shift:
    """Which tasks wait, fly, or have cost workers already."""

    def __init__(self, work: Callable[[Any], Any], tasks: Sequence[Any], crew: Crew) -> None:
        self._work, self._tasks, self._crew = work, tasks, crew
        self._waiting: deque[int] = deque(range(len(tasks)))
        self._suspects: deque[int] = deque()
        self._flying: dict[Future[Any], int] = {}
        self._losses: Counter[int] = Counter()

    @property
    def unfinished(self) -> bool:
        return bool(self._waiting or self._suspects or self._flying)

    def hand_out(self) -> None:
        """Fill the slots; suspects one at a time, when all else is done."""
        while self._waiting and len(self._flying) < self._crew.slots:
            if not self._give(self._waiting):
                return
        if self._suspects and not self._waiting and not self._flying:
            self._give(self._suspects)

    def _give(self, queue: deque[int]) -> bool:
        number = queue.popleft()
        try:
            self._flying[self._crew.submit(self._work, self._tasks[number])] = number
        except (BrokenExecutor, RuntimeError):
            # Broken or shut down meanwhile: `collect` sees that from those in flight, or from this one.
            gone: Future[Any] = Future()
            gone.set_exception(BrokenExecutor("broken when the job was to be given"))
            self._flying[gone] = number
            return False
        return True

    def collect(self) -> list[tuple[int, Any]]:
        """Wait for the next answers; put back what was lost with its worker."""
        done, _ = wait(self._flying, timeout=TICK, return_when=FIRST_COMPLETED)
        if any(_broken(future) for future in done):
            done, _ = wait(self._flying, timeout=PATIENCE)
        answers = []
        lost = []
        broken = False
        for future in sorted(done, key=self._flying.__getitem__):
            number = self._flying.pop(future)
            problem = CancelledError() if future.cancelled() else future.exception()
            if problem is None:
                answers.append((number, future.result()))
            elif _is_loss(problem):
                lost.append(number)
                broken = broken or isinstance(problem, BrokenExecutor)
            elif isinstance(problem, Exception):
                cause = f"{type(problem).__name__}: {_short(problem)}"
                answers.append((number, NoAnswer("failed", cause, "this is a bug: report it with this line")))
            else:
                raise problem
        answers += self._put_back(lost, renewed=not broken or self._crew.renew())
        return answers

    def _put_back(self, lost: Sequence[int], *, renewed: bool) -> list[tuple[int, NoAnswer]]:
        answers = []
        for number in lost:
            self._losses[number] += 1
            if self._losses[number] >= MOST_LOSSES:
                cause = f"{MOST_LOSSES} workers died of it, {MOST_LOSSES // 2} while nothing else ran"
                remedy = "it may need more memory than a worker has: give fewer workers or a smaller size"
                answers.append((number, NoAnswer("worker_died", cause, remedy)))
            elif self._losses[number] >= MOST_LOSSES // 2:
                self._suspects.append(number)
            else:
                self._waiting.appendleft(number)
        if not renewed:
            gone = NoAnswer("no_workers", "the executor broke and cannot be replaced", "repeat the sweep with another")
            answers += [(number, gone) for number in (*self._waiting, *self._suspects)]
            self._waiting.clear()
            self._suspects.clear()
        return answers

    def cancel(self) -> None:
        for future in self._flying:
            future.cancel()


def _broken(future: Future[Any]) -> bool:
    return not future.cancelled() and isinstance(future.exception(), BrokenExecutor)


def _is_loss(problem: BaseException) -> bool:
    """Whether a job was lost with its worker; Dask's own errors by name, so that Dask need not be imported."""
    return isinstance(problem, BrokenExecutor | CancelledError) or type(problem).__name__ in {
        "KilledWorker",
        "CommClosedError",
        "FutureCancelledError",
        "FuturesCancelledError",
    }
