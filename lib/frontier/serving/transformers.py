"""Language models as the serving model sees them: parameters, cache bytes and FLOP.

A `Transformer` is one row of the table ``transformers``: dimensions as its publisher states
them, from which every count here follows. Adding a model is adding a row. How fast a machine
gets through these counts belongs in `frontier.serving.steps`.

>>> from frontier.serving import transformers
>>> r1 = transformers.transformer("deepseek-r1")
>>> round(r1.parameters / 1e9), int(r1.kv_bytes(2))
(671, 70272)
"""

from dataclasses import dataclass, fields
from functools import cached_property

import numpy as np

from frontier.data import tables
from frontier.errors import UsageError, among
from frontier.serving import remembered

COMPRESSED = (4, 128)  # tokens of one cached entry in sparse and in other layers of CSA


@dataclass(frozen=True)
class Transformer:
    """One decoder; counts are of parameters, elements or FLOP, never bytes, unless said."""

    model: str
    name: str
    basis: str
    layers: int
    width: int
    attention: str
    heads: int
    kv_heads: int
    head_dim: int
    query_rank: int
    kv_rank: int
    rope_dim: int
    window: int
    windowed_layers: int
    dense_layers: int
    dense_hidden: int
    experts: int
    experts_per_token: int
    expert_hidden: int
    shared_experts: int
    vocabulary: int
    draft_layers: int
    output_groups: int
    output_rank: int
    sparse_layers: int
    selected: int
    family: str
    drafts: str
    fp8: str
    fp4: str

    @property
    def moe_layers(self) -> int:
        """Layers with routed experts instead of one dense feed-forward network."""
        return self.layers - self.dense_layers

    @property
    def attention_parameters(self) -> int:
        """Parameters of one layer's attention projections.

        GQA: query and output of all heads, key and value of the kv heads. MLA (DeepSeek-V2,
        arXiv 2405.04434, section 2.1): down and up projections of the query, down projection
        to the latent vector and rotary key, up projection to keys and values, output. CSA
        (DeepSeek-V4): down and up projections of the query, one key that is also the value, and
        an output in groups of low rank; the indexer, some 4 % of them, is left out.
        """
        d, h = self.width, self.heads
        if self.attention == "csa":
            query = self.query_rank * (d + h * self.head_dim)
            output = self.output_rank * (h * self.head_dim + self.output_groups * d)
            return query + d * self.head_dim + output
        if self.attention == "gqa":
            return d * self.head_dim * 2 * (h + self.kv_heads)
        query = self.query_rank * (d + h * (self.head_dim + self.rope_dim))
        cached = d * (self.kv_rank + self.rope_dim)
        return query + cached + self.kv_rank * h * 2 * self.head_dim + h * self.head_dim * d

    @property
    def dense_parameters(self) -> int:
        """Parameters of the dense feed-forward networks of all layers together."""
        return self.dense_layers * 3 * self.width * self.dense_hidden

    @property
    def expert_parameters(self) -> int:
        """Parameters of one expert of one layer."""
        return 3 * self.width * self.expert_hidden

    @property
    def vocabulary_parameters(self) -> int:
        """Parameters of the embedding, and again of the output projection."""
        return self.vocabulary * self.width

    @cached_property
    def parameters(self) -> int:
        """All parameters, without the draft module and norms."""
        return self._with_experts(self.experts) + 2 * self.vocabulary_parameters

    @cached_property
    def active_parameters(self) -> int:
        """Parameters that a token is multiplied with (the embedding is looked up)."""
        return self._with_experts(self.experts_per_token) + self.vocabulary_parameters

    def _with_experts(self, routed):
        """Return the parameters of all layers with so many routed experts in each."""
        experts = self.moe_layers * (routed + self.shared_experts) * self.expert_parameters
        return self.layers * self.attention_parameters + self.dense_parameters + experts

    @property
    def kv_elements(self) -> int:
        """Cached elements per entry and layer: keys and values, or the one vector of both."""
        if self.attention == "mla":
            return self.kv_rank + self.rope_dim
        if self.attention == "csa":
            return self.head_dim
        return 2 * self.kv_heads * self.head_dim

    def kv_bytes(self, bytes_per_element: float, context: float = 1.0) -> float:
        """Return the cache of one sequence of `context` tokens."""
        return self.kv_elements * bytes_per_element * self.seen(context, every=True)

    def seen(self, context, *, every: bool = False):
        """Return the cached entries that a new token attends to, summed over the layers.

        Windowed layers have at most the window. CSA has the window, and before it one entry for
        `COMPRESSED` tokens: for many in most layers; for few in the sparse ones, of which a
        query attends to the `selected` best (to all of them with `every`: what is cached).
        """
        windowed = np.minimum(context, self.window)
        if self.attention == "csa":
            few, many = (context / tokens for tokens in COMPRESSED)
            chosen = few if every else np.minimum(few, self.selected)
            rest = self.layers - self.sparse_layers
            return self.layers * windowed + self.sparse_layers * chosen + rest * many
        return (self.layers - self.windowed_layers) * context + self.windowed_layers * windowed

    @property
    def decode_attention_flop(self) -> int:
        """FLOP per new token and attended token of one layer, while decoding.

        GQA: scores and values, 2 x 2 x heads x head dimension. MLA decodes in the latent
        space, with the up projections absorbed: 2 x heads x (2 x latent + rotary).
        """
        if self.attention == "mla":
            return 2 * self.heads * (2 * self.kv_rank + self.rope_dim)
        return 4 * self.heads * self.head_dim

    @property
    def prefill_attention_flop(self) -> int:
        """FLOP per pair of prompt tokens of one layer, before the causal half is dropped."""
        return 2 * self.heads * (2 * self.head_dim + self.rope_dim)


def names() -> list[str]:
    """Return the keys of the models there are."""
    return list(_table())


def transformer(model: str) -> Transformer:
    """Return a model by its key; UsageError lists the choices."""
    table = _table()
    if model not in table:
        raise UsageError(f"no model '{model}' to serve: {among(model, table)}")
    return table[model]


def accepted(model: Transformer, acceptance: float | None = None) -> tuple[float, ...]:
    """Return the tokens that a pass with 0, 1, 2 and 3 drafted tokens yields on average.

    As measured (table ``acceptance``) for the draft module that the table of models names, or
    with a probability `acceptance` that a drafted token is accepted, given the one before
    (``1 + a + ... + a^n``; Leviathan et al., ICML 2023, eq. 1). UsageError where neither is known.
    """
    if acceptance is not None:
        if not 0 <= acceptance <= 1:
            raise UsageError(f"acceptance is {acceptance}; expected a share, at least 0, at most 1")
        return tuple(sum(acceptance**i for i in range(n + 1)) for n in range(4))
    if model.drafts not in (known := _accepted()):
        raise UsageError(
            f"{model.model} publishes no draft module, so nothing says how many drafted tokens "
            "are accepted: give acceptance="
        )
    return known[model.drafts]


@remembered.of("acceptance")
def _accepted() -> dict[str, tuple[float, ...]]:
    rows = tables.read("acceptance")
    rows = rows[rows["draft_tokens"] <= 3].sort_values("draft_tokens", kind="stable")
    names = rows["model"] + " " + rows["draft"] + " " + rows["thinking"]
    return {key: (1.0, *found) for key, found in rows.groupby(names)["acceptance_length"]}


@remembered.of("transformers")
def _table() -> dict[str, Transformer]:
    wanted = [field.name for field in fields(Transformer)]
    rows = tables.read("transformers")[wanted].to_dict("records")
    return {row["model"]: Transformer(**row) for row in rows}
