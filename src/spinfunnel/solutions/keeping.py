"""Jobs of mapping a network, trainings and paths: done side by side, or read from the atlas that has the answer."""

from __future__ import annotations

import hashlib
import json
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from spinfunnel.atlas import Atlas
from spinfunnel.landscape import Minimum, Progress, Run, Saddle
from spinfunnel.network import NetworkLandscape
from spinfunnel.network.batched import Batched, suited_threads
from spinfunnel.network.objective import exact_attention
from spinfunnel.pipeline.plan import describe, threads
from spinfunnel.version import __version__

__all__ = ["Answer", "Job", "Keeper", "key_of", "state_of"]


@dataclass(frozen=True, slots=True)
class Answer:
    """What a job gives: weight vectors, a text about them, and the evaluations that it took."""

    vectors: list[Tensor]
    text: str
    evaluations: int


@dataclass(frozen=True, slots=True)
class Job:
    """A training or a path.

    Attributes
    ----------
    explorer : {"training", "autoneb"}
    options : dict
        Together with the landscape and the seed they decide the answer.
    work : callable
        ``work(network, progress)``; it draws from no global random numbers unless the model has dropout.
    """

    explorer: str
    options: dict[str, Any]
    work: Callable[[Batched, Progress], Answer]


class Keeper:
    """Does jobs, or reads their answers from the atlas.

    Jobs of a network whose operations are too short for several threads run side by side, each with a copy of the
    model of its own; answers do not depend on how many do.

    Attributes
    ----------
    evaluations : int
        Of all jobs asked for so far, with what the ones in the atlas took.
    """

    def __init__(
        self, network: Batched, atlas: Atlas | None, *, seed: int, workers: int | None = None, drops: bool = False
    ) -> None:
        self.network, self.landscape, self.atlas, self.seed = network, network.landscape, atlas, seed
        alone = network.shares_operations or drops or self.landscape.device.type != "cpu"
        self._workers = 1 if alone else threads(workers)
        self.evaluations = 0

    def done(self, jobs: Sequence[Job], progress: Progress) -> list[Answer]:
        """Answers in the order of the jobs; each is kept as soon as it and those before it are there."""
        known = [self._known(job) for job in jobs]
        missing = [job for job, answer in zip(jobs, known, strict=True) if answer is None]
        found = iter(self._worked(missing, progress))
        answers = []
        for job, answer in zip(jobs, known, strict=True):
            began = time.perf_counter()
            if answer is None:
                answer = next(found)
                self._keep(job, answer, seconds=time.perf_counter() - began)
            self.evaluations += answer.evaluations
            answers.append(answer)
        return answers

    def _worked(self, jobs: Sequence[Job], progress: Progress) -> Any:
        """Answers of jobs one after the other, or, from several threads, in order as they come."""
        shares = [0.0] * len(jobs)
        stopped = threading.Event()

        def told(number: int) -> Progress:
            def tell(stage: str, done: float) -> None:
                if stopped.is_set():
                    raise KeyboardInterrupt
                shares[number] = done
                progress(stage, sum(shares) / len(shares))

            return tell

        if self._workers == 1 or len(jobs) < 2:
            for number, job in enumerate(jobs):
                with suited_threads(self.network):
                    yield job.work(self.network, told(number))
            return
        local = threading.local()

        def begin() -> None:
            torch.set_num_threads(1)
            local.network = Batched(self.landscape)

        with exact_attention(), ThreadPoolExecutor(min(self._workers, len(jobs)), initializer=begin) as pool:
            waiting: list[Future[Answer]] = [
                pool.submit(lambda job, tell: job.work(local.network, tell), job, told(number))
                for number, job in enumerate(jobs)
            ]
            try:
                for future in waiting:
                    yield future.result()
            finally:
                stopped.set()
                pool.shutdown(wait=True, cancel_futures=True)

    # -----------------------------------------------------------------------------------------

    def _known(self, job: Job) -> Answer | None:
        """The answer that the atlas holds, if it does."""
        if self.atlas is None:
            return None
        identity = self.landscape.identity
        run = self.atlas.finished(identity, explorer=job.explorer, options=job.options, seed=self.seed)
        if run is None:
            return None
        told = json.loads(self.atlas.answer(identity, seed=self.seed, question=_question(job)) or "{}")
        where = self.atlas.coordinates(identity)
        if not told or any(key not in where for key in told["keys"]):
            return None
        return Answer([_vector(where[key], self.landscape) for key in told["keys"]], told["text"], run.evaluations)

    def _keep(self, job: Job, answer: Answer, *, seconds: float) -> None:
        if self.atlas is None:
            return
        identity, book, vectors = self.landscape.identity, self.atlas, answer.vectors
        with suited_threads(self.network):
            energies = self.landscape.energy(torch.stack(vectors)).detach().double().tolist()
        visits = int(job.explorer == "training")
        minima = [
            Minimum(key_of(vector), energy, 1.0 / len(vectors), state=state_of(vector), visits=visits)
            for vector, energy in zip(vectors, energies, strict=True)
        ]
        entry = describe(self.landscape)
        number = book.begin(entry, explorer=job.explorer, options=job.options, seed=self.seed, version=__version__)
        if job.explorer == "training":
            book.add(number, minima)
        else:
            top = max(range(len(vectors)), key=energies.__getitem__)
            saddle = max(json.loads(answer.text)["energy"])
            ends = (minima[0].key, minima[-1].key)
            state = state_of(vectors[top])
            # Corners of the path are kept as states without weight, so that it can be drawn again.
            book.add(number, [*minima, Saddle(key_of(vectors[top]) + "-top", saddle, ends, bound="upper", state=state)])
        run = Run(job.explorer, job.options, self.seed, __version__, answer.evaluations, seconds, "finished", False)
        book.finish(number, run)
        content = json.dumps({"keys": [one.key for one in minima], "text": answer.text})
        book.keep_answer(
            identity,
            explorer=job.explorer,
            options=job.options,
            seed=self.seed,
            question=_question(job),
            content=content,
        )


def key_of(vector: Tensor) -> str:
    """Identity of a solution: a hash of its weights."""
    return hashlib.sha256(state_of(vector)).hexdigest()[:16]


def state_of(vector: Tensor) -> bytes:
    """Weights as an atlas keeps them."""
    return np.ascontiguousarray(vector.detach().cpu().double().numpy(), "<f8").tobytes()


def _vector(state: bytes, landscape: NetworkLandscape) -> Tensor:
    return torch.from_numpy(np.frombuffer(state, "<f8").copy()).to(landscape.device, landscape.dtype)


def _question(job: Job) -> str:
    return hashlib.sha256(json.dumps([job.explorer, job.options], default=str, sort_keys=True).encode()).hexdigest()
