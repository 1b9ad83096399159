"""One thread runs the model; requests that wait together share a batch."""

from __future__ import annotations

import queue
import threading
import time
from concurrent.futures import Future
from typing import Any

from next_mm.apis.inference import ReIDInferencer
from next_mm.retrieval.feature_set import FeatureSet
from next_mm.service.limits import Metrics, ServiceError
from next_mm.service.options import ServiceOptions

__all__ = ['Batcher']


class Batcher:
    """A bounded queue before the model.

    Args:
        reid: the model.
        options: sizes and waits.
        metrics: counters.
    """

    def __init__(self, reid: ReIDInferencer, options: ServiceOptions, metrics: Metrics) -> None:
        self.reid, self.options, self.metrics = reid, options, metrics
        self._queue: queue.Queue[tuple[Any, Any, Future] | None] = queue.Queue(options.max_queue)
        self._thread = threading.Thread(target=self._work, name='model', daemon=True)
        self._thread.start()

    def submit(self, triplet: Any, packed: Any) -> Future[FeatureSet]:
        """Queue one prepared triplet.

        Raises:
            ServiceError: the queue is full (503).
        """
        future: Future[FeatureSet] = Future()
        try:
            self._queue.put_nowait((triplet, packed, future))
        except queue.Full:
            raise ServiceError(503, 'too many requests wait for the model; try again', retry_after=1) from None
        self.metrics.waiting.set(self._queue.qsize())
        return future

    def alive(self) -> bool:
        """Return whether the model's thread runs."""
        return self._thread.is_alive()

    def close(self) -> None:
        """Finish what waits, then stop."""
        self._queue.put(None)
        self._thread.join(timeout=60)

    def _work(self) -> None:
        while True:
            batch = self._collect()
            if batch is None:
                return
            self.metrics.batch.observe(len(batch))
            self.metrics.waiting.set(self._queue.qsize())
            try:
                features = self.reid.forward([(triplet, packed) for triplet, packed, _ in batch])
            except Exception as error:  # noqa: BLE001 (the thread must live on; the callers get the error)
                self._try_alone(batch, error)
                continue
            for row, (_, _, future) in enumerate(batch):
                future.set_result(features.select([row]))

    def _try_alone(self, batch: list[tuple[Any, Any, Future]], error: Exception) -> None:
        """Run the triplets of a failed batch one by one, so that one of them costs the others nothing."""
        if len(batch) == 1:
            batch[0][2].set_exception(error)
            return
        for triplet, packed, future in batch:
            try:
                future.set_result(self.reid.forward([(triplet, packed)]))
            except Exception as own:  # noqa: BLE001 (as above)
                future.set_exception(own)

    def _collect(self) -> list[tuple[Any, Any, Future]] | None:
        first = self._queue.get()
        if first is None:
            return None
        batch, deadline = [first], time.monotonic() + self.options.max_wait
        while len(batch) < self.options.max_batch:
            try:
                item = self._queue.get(timeout=max(deadline - time.monotonic(), 0))
            except queue.Empty:
                break
            if item is None:
                self._queue.put(None)  # for the next round
                break
            batch.append(item)
        return batch
