"""The time of one forward pass of a worker: a roofline per part, plus latency.

A worker is a group of GPUs that holds the model once. Attention runs on `tp` GPUs for each
share of the sequences (attention data parallelism is gpus / tp shares); experts are spread
over all GPUs. A part of a layer takes the longer of its memory time and its compute time
(Williams et al., Roofline, CACM 52(4), 2009)::

    t = max( bytes / (memory * bandwidth),  FLOP / (compute * peak) )

and the parts add up. While decoding, the two times of attention and of the experts add up as
well: their small products do not hide what they read (held-out curves prefer it). Prompts reach
a share `prefill` of peak FLOP/s instead of `compute`. With T tokens and S sequences in a pass,
T' and S' of them on one attention share, c the context and k of E experts per token:

- projections: the attention matrices / tp, 2 FLOP per parameter and token T';
- attention, decoding: S' c cached elements, which tensor parallelism spreads over at most the
  key-value heads (MLA has one latent vector, so every GPU reads it all); prefilling: FLOP of
  the causal half only;
- experts: T tokens touch ``E (1 - (1 - k/E)^T)`` distinct experts, whose weights are read
  over all GPUs; ``2 k T`` FLOP per parameter; the slowest GPU has `IMBALANCE` times the mean;
- all-reduce of the T' activations over tp GPUs, ``2 (tp - 1)/tp`` of their 16-bit bytes
  (ring bound, Thakur et al., IJHPCA 19(1), 2005); after attention, and after the feed-forward
  part unless experts exchange tokens;
- all-to-all with data-parallel attention (8-bit dispatch, 16-bit combine): a token is sent once
  to each other GPU that has one of its k experts; what leaves the NVLink domain goes over the
  network;
- every collective of n GPUs waits ``peer_s sqrt(n - 1)`` (held-out curves prefer the root to a
  linear, logarithmic or capped wait), and more if it leaves the domain: `NETWORK_S`, or
  ``exchange_s`` where tokens are exchanged;
- every layer costs ``layer_s`` (launches and small kernels), and ``conversion_s`` more where
  numbers are converted before they are multiplied; both are longer with older software and
  another engine (`slower`); every sequence on an attention share costs ``sequence_s``.

Lower case names are constants of a family (`Constants`; most are fitted), capitals are fixed
from published figures. How passes make a service belongs in `frontier.serving.modes`.
"""

from dataclasses import dataclass

import numpy as np

from frontier.errors import UsageError
from frontier.serving.machines import Machine, Numbers
from frontier.serving.transformers import Transformer

IMBALANCE = 1.2  # slowest over mean GPU under expert parallelism, with balancing (TRT-LLM blog 4)
NETWORK_SHARE = 0.86  # 43 of 50 GB/s reached by all-to-all between nodes (DeepEP, README)
HEAD_SHARDS = 8  # the vocabulary is spread over at most so many GPUs
NETWORK_S = 30e-6  # what remains of DeepEP's low-latency times after their bytes
SHARES = ("memory", "compute", "prefill", "link")
EXCHANGE_BYTES = 1 + 2  # per element: 8-bit dispatch and 16-bit combine


@dataclass(frozen=True)
class Constants:
    """What is fitted to a family of models: shares of peak rates, seconds, and two factors."""

    memory: float = 0.8  #: share of memory bandwidth reached
    compute: float = 0.7  #: share of peak FLOP/s reached while decoding
    prefill: float = 0.5  #: share of peak FLOP/s reached with prompts
    link: float = 0.25  #: share of NVLink bandwidth reached
    layer_s: float = 5e-5  #: seconds per layer and pass
    conversion_s: float = 0.0  #: seconds per layer and pass where numbers are converted
    sequence_s: float = 0.0  #: seconds per sequence and pass on one attention share
    peer_s: float = 5e-6  #: seconds per collective, times the root of the other GPUs
    exchange_s: float = 1e-4  #: seconds more per exchange of tokens that leaves the NVLink domain
    engine: float = 1.0  #: latency of a layer with other engines over that with TensorRT-LLM
    progress: float = 0.0  #: log of what a month of software took off the latency of a layer

    def __post_init__(self):
        for name, value in vars(self).items():
            share = name in SHARES
            least = value > 0 or (value == 0 and not share and name != "engine")
            if not (least and value < np.inf and (value <= 1 or not share)):
                wanted = "a share, above 0 and at most 1" if share else "at least 0"
                raise UsageError(f"{name} is {value}; expected {wanted}")


@dataclass(frozen=True)
class Layout:
    """How a worker's GPUs share the model; every field a number or an array."""

    gpus: np.ndarray  # in the worker
    tp: np.ndarray  # GPUs of one attention share; gpus / tp shares
    expert_parallel: np.ndarray  # bool: whole experts on each GPU, instead of slices of all

    @property
    def shares(self):
        """Attention shares: how many ways the sequences are divided."""
        return self.gpus / self.tp


def parts(
    model: Transformer,
    machine: Machine,
    numbers: Numbers,
    constants: Constants,
    layout: Layout,
    *,
    tokens,
    sequences,
    context,
    prefill: bool = False,
    slower=1.0,
) -> dict:
    """Return the seconds of each part of a pass of one worker; all arguments broadcast.

    Args:
        model: the model, a scalar.
        machine: its rates.
        numbers: bytes and rates of the number formats.
        constants: fitted constants.
        layout: of the worker.
        tokens: tokens in the pass, in the whole worker.
        sequences: sequences they belong to.
        context: tokens each sequence has already (prefill: its length).
        prefill: whether the tokens are prompts (causal attention, one output per sequence).
        slower: factor on the latency of a layer, of older software or another engine.
    """
    bandwidth = constants.memory * machine.bandwidth
    tp, gpus, shares = layout.tp, layout.gpus, layout.shares
    tokens_here, sequences_here = tokens / shares, sequences / shares

    reached = constants.prefill if prefill else constants.compute

    def roof(count, nbytes, flop, rate, *, hidden=True):
        reading, multiplying = count * nbytes / bandwidth, flop / (reached * rate)
        return np.maximum(reading, multiplying) if hidden or prefill else reading + multiplying

    size = model.layers * model.attention_parameters / tp
    out = {
        "projections": roof(
            size, numbers.linear_bytes, 2 * size * tokens_here, numbers.linear_rate
        ),
        "attention": _attention(
            model, numbers, machine, roof, layout, tokens_here, sequences_here, context, prefill
        ),
    }
    if model.dense_parameters:
        size = model.dense_parameters / tp
        out["dense"] = roof(size, numbers.ffn_bytes, 2 * size * tokens_here, numbers.ffn_rate)
    if model.experts:
        uneven = np.where(layout.expert_parallel, IMBALANCE, 1.0)
        each = model.moe_layers * model.expert_parameters * uneven / gpus
        touched = model.experts * -np.expm1(
            tokens * np.log1p(-model.experts_per_token / model.experts)
        )
        flop = 2 * model.experts_per_token * each * tokens
        out["experts"] = roof(
            touched * each, numbers.ffn_bytes, flop, numbers.ffn_rate, hidden=False
        )
    if model.shared_experts:
        size = model.moe_layers * model.shared_experts * model.expert_parameters / tp
        out["shared"] = roof(size, numbers.ffn_bytes, 2 * size * tokens_here, numbers.ffn_rate)
    answers = sequences if prefill else tokens
    size = model.vocabulary_parameters
    flop = 2 * size * answers / gpus
    out["head"] = roof(size / np.minimum(gpus, HEAD_SHARDS), 2.0, flop, machine.bf16)
    out["communication"] = _communication(model, machine, constants, layout, tokens)
    fixed = (constants.layer_s + constants.conversion_s * numbers.converted) * slower
    out["latency"] = model.layers * fixed + constants.sequence_s * sequences_here
    return out


def seconds(*args, **options):
    """Return the seconds of a pass: the sum of its `parts`, whose arguments these are."""
    return sum(parts(*args, **options).values())


def _attention(model, numbers, machine, roof, layout, tokens, sequences, context, prefill):
    """Attention over the cache, tokens and sequences being those of one share."""
    if prefill:
        flop = model.prefill_attention_flop * model.seen(context / 2) * tokens / layout.tp
        return roof(0.0, 1.0, flop, machine.bf16)
    seen = model.seen(context)
    elements = sequences * seen * model.kv_elements / np.minimum(layout.tp, model.kv_heads)
    flop = model.decode_attention_flop * seen * tokens / layout.tp
    return roof(elements, numbers.kv_bytes, flop, machine.bf16, hidden=False)


def _communication(model, machine, constants, layout, tokens):
    """All-reduce over tensor-parallel GPUs, and all-to-all of tokens to experts."""
    tp, gpus, shares = layout.tp, layout.gpus, layout.shares
    up, out = constants.link * machine.scale_up, NETWORK_SHARE * machine.scale_out
    row = 2 * model.width  # bytes of one token's activations at 16 bits

    def reduced(size):
        near = size <= machine.domain
        nbytes = 2 * (size - 1) / size * tokens / shares * row
        wait = constants.peer_s * np.sqrt(size - 1) + np.where(near, 0.0, NETWORK_S)
        return np.where(size > 1, nbytes / np.where(near, up, out) + wait, 0.0)

    once = reduced(tp)
    if not model.experts:
        return 2 * model.layers * once
    away = np.maximum(0.0, 1 - machine.domain / gpus)
    copies = (gpus - 1) * -np.expm1(model.experts_per_token * np.log1p(-1 / np.maximum(gpus, 2)))
    nbytes = tokens / gpus * copies * model.width * EXCHANGE_BYTES
    wait = constants.peer_s * np.sqrt(gpus - 1) + np.where(away > 0, constants.exchange_s, 0.0)
    exchange = np.maximum(nbytes * (1 - away) / up, nbytes * away / out) + 2 * wait
    second = np.where(shares > 1, exchange, once)
    return model.layers * once + model.dense_layers * once + model.moe_layers * second


def weight_bytes(model: Transformer, numbers: Numbers, layout: Layout):
    """Return the bytes of weights on each GPU of a worker."""
    experts = model.experts / layout.gpus + model.shared_experts / layout.tp
    ffn = model.dense_parameters / layout.tp + model.moe_layers * model.expert_parameters * experts
    linear = model.layers * model.attention_parameters / layout.tp
    vocabulary = 2 * model.vocabulary_parameters * 2 / np.minimum(layout.gpus, HEAD_SHARDS)
    return ffn * numbers.ffn_bytes + linear * numbers.linear_bytes + vocabulary


def cache_bytes(model: Transformer, numbers: Numbers, layout: Layout, sequences, context):
    """Return the bytes of cache on each GPU of a worker with so many full sequences."""
    per_sequence = model.kv_bytes(numbers.kv_bytes, context)
    return sequences / layout.shares * per_sequence / np.minimum(layout.tp, model.kv_heads)
