"""From passes to a service: aggregated, disaggregated, and a closed loop of users.

Notation: B sequences decode in a worker; a decode pass takes t(B) and yields e tokens per
sequence; p is the prefill worker's seconds per request; requests have `isl` tokens in and
`osl` out.

- Drafts: n drafted tokens are verified in one pass of B (n + 1) tokens, of which e are accepted
  (the measured acceptance length of the model's draft module at n); drafting one takes as long
  as `draft_layers` layers. n is the best of those allowed, as an operator chooses it.
- Prompts: a prefill pass takes up to `PROMPT_TOKENS` on each attention share. Under little load
  it has one prompt; more wait as the load grows, and share what a pass costs however many it has.
  A prefill worker of TensorRT-LLM with several shares starts when each has a prompt, or when
  every user waits: of s shares (or C users, if fewer) ``(s - 1) / 2`` requests wait on average.
- Aggregated: the worker's own prefills interrupt its decoding, B of them per osl tokens::

      tpot = t(B)/e + B p / osl                       output rate = B / tpot

- Disaggregated, rate-matched: ``tpot = t(B)/e``; n decode workers need
  ``n B p / (osl tpot)`` prefill workers with full passes, rounded up.
- Closed loop of C users: each is decoding or waits for its first token (Little's law), so B
  solves ``rate (osl tpot + ttft) = C``, by bisection; a full prefill stage bounds the rate, and
  the memory that weights leave bounds B.

Time to first token is the prefill's latency, the queue before it and the wait for its shares to
fill, a wait for the pass under way where aggregated, and `REQUEST_S` that every request was found
to take besides. Configurations and frontiers belong in `frontiers`.
"""

from dataclasses import dataclass
from functools import reduce

import numpy as np

from frontier.serving import steps
from frontier.serving.machines import Machine, Numbers
from frontier.serving.steps import Constants, Layout
from frontier.serving.transformers import Transformer

# Layers' time that drafting one token takes. TensorRT-LLM: the draft module's one layer, and its
# output projection. Other engines: what leaves of the acceptance length of three drafts (2.49)
# the speed-up of 1.8 at one and of 1.5 at 32 users that SGLang's documentation states for
# DeepSeek-V3 on eight H200, the mean of both (docs.sglang.io, DeepSeek usage, section MTP).
DRAFT_LAYERS = (1.5, 10.6)
DRAFTS = (1, 2, 3)
PROMPT_TOKENS = 16384  # of a prefill pass on one attention share, as the engines are launched
MEMORY_SHARE = 0.95  # of memory for weights and cache of a running service
LENGTH = 0.9  # real prompts and answers average so much of the nominal length (InferenceX)
# Not fitted by the model but read off the rows: medians, aggregated and disaggregated, of
# throughput over Little's law (a run has a ramp and a tail), and of the seconds between
# request and first token that a light load takes beyond the prefill pass.
OCCUPANCY = (0.98, 0.94)
REQUEST_S = (0.13, 0.25)
_HALVINGS = 26  # of the bisection: to 1e-8 of the concurrency


@dataclass(frozen=True)
class Traffic:
    """Tokens per request, as they are (`LENGTH` of the nominal ones)."""

    isl: np.ndarray
    osl: np.ndarray

    @classmethod
    def nominal(cls, isl, osl) -> "Traffic":
        """Return the real lengths of a nominal shape."""
        return cls(LENGTH * np.asarray(isl, float), LENGTH * np.asarray(osl, float))

    @property
    def context(self):
        """Tokens that a sequence has on average while it decodes."""
        return self.isl + self.osl / 2

    @property
    def longest(self):
        """Tokens that a sequence has at its end."""
        return self.isl + self.osl


@dataclass(frozen=True)
class Service:
    """One model on one machine under one traffic; what every function here needs."""

    model: Transformer
    machine: Machine
    numbers: Numbers
    constants: Constants
    traffic: Traffic
    accepted: tuple[float, ...] = (1.0,)  # tokens of a pass with 0, 1, 2, ... drafted tokens
    draft_layers: np.ndarray = DRAFT_LAYERS[0]
    slower: np.ndarray = 1.0  # factor on the latency of a layer
    fills: np.ndarray = True  # whether a prefill pass waits until each attention share has a prompt

    def seconds(self, layout: Layout, **load):
        """Return the seconds of a pass of one worker; `load` as `steps.parts` has it."""
        given = self.model, self.machine, self.numbers, self.constants, layout
        return steps.seconds(*given, slower=self.slower, **load)


def decode_seconds(service: Service, layout: Layout, batch, draft: int):
    """Return seconds per token of one user, without prefills: t(B)/e with drafted tokens."""
    load = {"tokens": batch * (draft + 1.0), "sequences": batch}
    time = service.seconds(layout, **load, context=service.traffic.context)
    drafting = 1 + draft * service.draft_layers / service.model.layers
    return time * (drafting / service.accepted[draft])


def best_seconds(service: Service, layout: Layout, batch, drafts):
    """Return `decode_seconds` at the best draft length where the bool array `drafts` says so."""
    lengths = range(1, len(service.accepted)) if np.any(drafts) else ()
    drafted = [decode_seconds(service, layout, batch, n) for n in lengths]
    plain = decode_seconds(service, layout, batch, 0)
    return np.where(drafts, reduce(np.minimum, drafted, np.inf), plain)


def most_prompts(service: Service):
    """Return how many prompts of the traffic a full prefill pass has on each attention share."""
    return np.maximum(1.0, np.floor(PROMPT_TOKENS / service.traffic.isl))


def prefill_seconds(service: Service, layout: Layout, prompts=1.0):
    """Return (seconds per request, latency of a pass), with `prompts` on each attention share."""
    traffic, shares = service.traffic, layout.shares * prompts
    load = {"tokens": traffic.isl * shares, "sequences": shares, "context": traffic.isl}
    latency = service.seconds(layout, **load, prefill=True)
    return latency / shares, latency


def fits(service: Service, layout: Layout, sequences, share: float):
    """Return whether weights and the cache of full sequences are within a share of memory."""
    model, numbers = service.model, service.numbers
    cache = steps.cache_bytes(model, numbers, layout, sequences, service.traffic.longest)
    weights = steps.weight_bytes(model, numbers, layout)
    return weights + cache <= share * service.machine.memory


def aggregated(service: Service, layout: Layout, batch, draft: int) -> dict:
    """Return tpot (s) and requests/s of one worker that decodes `batch` sequences."""
    prefill, _ = prefill_seconds(service, layout)
    tpot = decode_seconds(service, layout, batch, draft) + batch * prefill / service.traffic.osl
    return {"tpot": tpot, "rate": batch / (tpot * service.traffic.osl)}


def disaggregated(
    service: Service, layout: Layout, batch, draft: int, prefill: tuple, max_gpus: int
) -> dict:
    """Return tpot, requests/s per GPU and GPUs of the best whole numbers of workers.

    Decode workers are 1, 2, 4, ... within `max_gpus`, with as many prefill workers as they need;
    `prefill` has the GPUs of one and its seconds per request.
    """
    prefill_gpus, prefill_s = prefill
    tpot = decode_seconds(service, layout, batch, draft)
    rate = batch / (tpot * service.traffic.osl)
    per_gpu, gpus = np.zeros(rate.shape), np.zeros(rate.shape)
    load = rate * prefill_s
    workers = 1
    while workers * np.min(layout.gpus) + prefill_gpus <= max_gpus:
        total = np.ceil(workers * load - 1e-9)
        total *= prefill_gpus
        total += workers * layout.gpus
        each = (workers * rate) / total
        better = (each > per_gpu) & (total <= max_gpus)
        np.copyto(per_gpu, each, where=better)
        np.copyto(gpus, total, where=better)
        workers *= 2
    return {"tpot": tpot, "rate_per_gpu": per_gpu, "gpus": gpus}


def closed_loop(
    service: Service,
    decode: Layout,
    prefill: Layout,
    *,
    concurrency,
    split,
    decode_workers,
    prefill_workers,
    drafts,
) -> dict:
    """Return tpot, ttft (s), requests/s and the batch per decode worker of n configurations.

    `split` says which are disaggregated; the others prefill in their own decode workers.
    """
    osl = service.traffic.osl
    most, servers = most_prompts(service), prefill_workers * prefill.shares
    prefill_s, light = prefill_seconds(service, prefill)
    _, full = prefill_seconds(service, prefill, most)
    more = np.where(most > 1, (full - light) / np.maximum(most - 1, 1), 0.0)  # a further prompt
    capacity = np.where(split, servers * most / full, np.inf)
    least = np.where(split, REQUEST_S[1], REQUEST_S[0])
    waiting = np.maximum(np.minimum(prefill.shares, concurrency) - 1, 0) / 2 * service.fills

    def state(batch):
        decoding = best_seconds(service, decode, np.maximum(batch, 1.0), drafts)
        tpot = decoding + np.where(split, 0.0, batch * prefill_s / osl)
        return tpot, batch * decode_workers / (osl * tpot)

    def first_token(tpot, rate):
        # Of a disaggregated stage: a pass has the prompts that came during the one before, and
        # one that finds the stage busy waits as long on average as a queue with one server lets it.
        load, each = np.minimum(rate / capacity, 0.999), rate / servers
        prompts = each * (light - more) / np.maximum(1 - each * more, 1e-9)
        latency = light + more * (np.clip(prompts, 1, most) - 1)
        queued = latency / (1 - load) + waiting / rate
        return least + np.where(split, queued, light + tpot / 2)

    low = np.zeros(np.shape(concurrency))
    high = np.minimum(concurrency / decode_workers, _room(service, decode))
    for _ in range(_HALVINGS):
        batch = (low + high) / 2
        tpot, rate = state(batch)
        over = (rate * (osl * tpot + first_token(tpot, rate)) > concurrency) | (rate > capacity)
        low, high = np.where(over, low, batch), np.where(over, batch, high)
    tpot, rate = state(high)
    return {"tpot": tpot, "ttft": concurrency / rate - osl * tpot, "rate": rate, "batch": high}


def _room(service, layout):
    """Return the sequences whose cache fits beside the weights, at least one on each share."""
    left = MEMORY_SHARE * service.machine.memory
    left = left - steps.weight_bytes(service.model, service.numbers, layout)
    longest = service.traffic.longest
    one = steps.cache_bytes(service.model, service.numbers, layout, 1.0, longest)
    return np.maximum(left / one, layout.shares)
