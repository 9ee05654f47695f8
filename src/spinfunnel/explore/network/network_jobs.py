"""Jobs of mapping a network, trainings and paths: done side by side, or recalled where they were done before."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor

from spinfunnel.explore.remembering import Memory
from spinfunnel.landscape import Progress
from spinfunnel.network import NetworkLandscape
from spinfunnel.network.batched import Batched, suited_threads
from spinfunnel.network.objective import exact_attention

__all__ = ["Answer", "Job", "Jobs", "key_of", "state_of", "vector_of"]


@dataclass(frozen=True, slots=True)
class Answer:
    """What a job gives: weight vectors, facts about them, the evaluations it took, and whether time cut it short."""

    vectors: list[Tensor]
    facts: dict[str, Any]
    evaluations: int
    cut: bool = False


@dataclass(frozen=True, slots=True)
class Job:
    """A training or a path.

    Attributes
    ----------
    what : {"training", "path"}
    options : dict
        Together with the landscape and the seed they decide the answer.
    work : callable
        ``work(network, progress, until)``; it draws from no global random numbers unless the model has dropout. It
        ends, with what it has, soon after the reading `until` of `time.perf_counter`.
    """

    what: str
    options: dict[str, Any]
    work: Callable[[Batched, Progress, float], Answer]

    @property
    def question(self) -> str:
        """Text that is equal for equal jobs."""
        return self.what + " " + json.dumps(self.options, default=str, sort_keys=True)


@dataclass(slots=True)
class Jobs:
    """Does jobs, or recalls their answers.

    Jobs of a network whose operations are too short for several threads run side by side, each with a copy of the
    model of its own; answers do not depend on how many do.

    Attributes
    ----------
    network : Batched
    memory : Memory
        An answer is kept there as soon as it and those before it are there, unless time cut it short.
    workers : int
    alone : bool
        Whether jobs must not run side by side.
    evaluations : int
        Of all jobs asked for so far.
    cut : bool
        Whether time cut any of them short.
    """

    network: Batched
    memory: Memory
    workers: int = 1
    alone: bool = False
    evaluations: int = 0
    cut: bool = False
    _workers: int = field(init=False, default=1)

    def __post_init__(self) -> None:
        landscape = self.network.landscape
        alone = self.alone or self.network.shares_operations or landscape.device.type != "cpu"
        self._workers = 1 if alone else min(self.workers, os.cpu_count() or 1)

    def done(self, jobs: Sequence[Job], progress: Progress, *, until: float, least: int = 0) -> list[Answer]:
        """Answers in the order of the jobs.

        Parameters
        ----------
        jobs : sequence of Job
        progress : callable
        until : float
            Reading of `time.perf_counter` by which they are over; each has an equal share of what is left.
        least : int
            Jobs that are begun even when time is over; the others are left out then.
        """
        known = [self._recalled(job) for job in jobs]
        missing = [job for job, answer in zip(jobs, known, strict=True) if answer is None]
        found = self._worked(missing, progress, until=until, least=least)
        answers = []
        for job, answer in zip(jobs, known, strict=True):
            if answer is None:
                answer = next(found)
                if answer is None:
                    self.cut = True
                    continue
                if answer.cut:
                    self.cut = True
                else:
                    self.memory.keep(job.question, _written(answer))
            self.evaluations += answer.evaluations
            answers.append(answer)
        return answers

    def _worked(self, jobs: Sequence[Job], progress: Progress, *, until: float, least: int) -> Iterator[Answer | None]:
        """Answers of jobs one after the other, or, from several threads, in order as they come; None if left out."""
        shares = [0.0] * len(jobs)
        stopped = threading.Event()
        turns = -(-len(jobs) // self._workers)

        def share(number: int) -> Progress:
            def tell(stage: str, done: float) -> None:
                if stopped.is_set():
                    raise KeyboardInterrupt
                shares[number] = done
                progress(stage, sum(shares) / len(shares))

            return tell

        def do(number: int, network: Batched) -> Answer | None:
            now = time.perf_counter()
            if now > until and number >= least:
                return None
            left = turns - number // self._workers
            return jobs[number].work(network, share(number), now + max(until - now, 0.0) / left)

        if self._workers == 1 or len(jobs) < 2:
            for number in range(len(jobs)):
                with suited_threads(self.network):
                    yield do(number, self.network)
            return
        local = threading.local()

        def begin() -> None:
            torch.set_num_threads(1)
            local.network = Batched(self.network.landscape)

        with exact_attention(), ThreadPoolExecutor(min(self._workers, len(jobs)), initializer=begin) as pool:
            waiting: list[Future[Answer | None]] = [
                pool.submit(lambda number: do(number, local.network), number) for number in range(len(jobs))
            ]
            try:
                for future in waiting:
                    yield future.result()
            finally:
                stopped.set()
                pool.shutdown(wait=True, cancel_futures=True)

    def _recalled(self, job: Job) -> Answer | None:
        """The answer that was kept, if there is one."""
        text = self.memory.recall(job.question)
        if text is None:
            return None
        plain = json.loads(text)
        vectors = [vector_of(base64.b64decode(one), self.network.landscape) for one in plain["vectors"]]
        return Answer(vectors, plain["facts"], int(plain["evaluations"]))


def _written(answer: Answer) -> str:
    vectors = [base64.b64encode(state_of(vector)).decode("ascii") for vector in answer.vectors]
    return json.dumps({"vectors": vectors, "facts": answer.facts, "evaluations": answer.evaluations})


def key_of(vector: Tensor) -> str:
    """Identity of a solution: a hash of its weights."""
    return hashlib.sha256(state_of(vector)).hexdigest()[:16]


def state_of(vector: Tensor) -> bytes:
    """Weights as an atlas keeps them."""
    return np.ascontiguousarray(vector.detach().cpu().double().numpy(), "<f8").tobytes()


def vector_of(state: bytes, landscape: NetworkLandscape) -> Tensor:
    """Weights from what an atlas keeps."""
    return torch.from_numpy(np.frombuffer(state, "<f8").copy()).to(landscape.device, landscape.dtype)
