"""Accelerators and number formats as the serving model sees them: rates in SI units.

A `Machine` holds the datasheet rates of one accelerator, or of many as equally long arrays,
from the table ``accelerators``: adding an accelerator is adding a row. A `Numbers` says how
many bytes a parameter takes and at which rate it is multiplied. What is reached of a rate is
a fitted constant of `frontier.serving.steps`.

>>> from frontier.serving import machines
>>> float(machines.machine("gb200").domain)
72.0
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from frontier.data import hardware
from frontier.errors import UsageError, among
from frontier.serving import remembered
from frontier.serving.transformers import Transformer

NVFP4_BYTES = 0.5 + 1 / 16  # 4 bits, and an 8-bit scale per 16 values
MXFP4_BYTES = 0.5 + 1 / 32  # 4 bits, and an 8-bit scale per 32 values
PRECISIONS = ("bf16", "fp8", "fp4", "nvfp4", "mxfp4")

# Column of the accelerator table, and the factor to SI units.
_COLUMNS = {
    "bandwidth": ("memory_tb_s", 1e12),
    "memory": ("memory_gb", 1e9),
    "bf16": ("bf16_tflops", 1e12),
    "fp8": ("fp8_tflops", 1e12),
    "fp4": ("fp4_tflops", 1e12),
    "scale_up": ("scale_up_gb_s", 1e9),
    "domain": ("scale_up_domain", 1),
    "scale_out": ("scale_out_gb_s", 1e9),
}


@dataclass(frozen=True)
class Machine:
    """Peak rates per GPU; every field a float or an array over configurations."""

    bandwidth: np.ndarray  # B/s of memory
    memory: np.ndarray  # B
    bf16: np.ndarray  # FLOP/s, dense
    fp8: np.ndarray
    fp4: np.ndarray  # NaN where there are no such units
    scale_up: np.ndarray  # B/s per direction, NVLink
    domain: np.ndarray  # GPUs in one NVLink domain
    scale_out: np.ndarray  # B/s per direction, network

    def with_domain(self, gpus: int) -> "Machine":
        """Return the same silicon in NVLink domains of another size."""
        return replace(self, domain=np.full_like(self.domain, float(gpus)))


@dataclass(frozen=True)
class Numbers:
    """Bytes a parameter or cached element takes, and the peak rate of its products."""

    ffn_bytes: np.ndarray  # feed-forward networks and experts
    linear_bytes: np.ndarray  # attention projections
    kv_bytes: np.ndarray
    ffn_rate: np.ndarray  # FLOP/s
    linear_rate: np.ndarray
    converted: np.ndarray  # weights, or activations, are converted before each product


def machine(hardware_keys: str | Sequence[str]) -> Machine:
    """Return the rates of one accelerator (floats) or of many (arrays, in the order given)."""
    rates = _rates()
    single = isinstance(hardware_keys, str)
    keys = [hardware_keys] if single else list(hardware_keys)
    for key in dict.fromkeys(keys):
        if key not in rates:
            raise UsageError(f"no accelerator '{key}': {among(key, rates)}")
    values = np.array([rates[key] for key in keys]).T
    return Machine(*(values[:, 0] if single else values))


def numbers(
    model: Transformer, precision: str | Sequence[str], hardware_keys: str | Sequence[str]
) -> Numbers:
    """Return the number formats of one configuration of a model (numbers), or of n (arrays).

    bf16 and fp8 are uniform. 4-bit formats cover what the table of models says: all linear
    layers, or the feed-forward networks and experts only, with attention projections at
    8 bits (NVFP4 of DeepSeek: some are 4-bit, some 16-bit) or 16 bits (MXFP4 of gpt-oss).
    MXFP4 is multiplied with 8-bit activations, at the 8-bit rate; without 4-bit units it is
    converted to bf16. NVFP4 without such units is refused, as nobody serves it. Activations are
    converted before each product where NVFP4 covers all linear layers, and where 8-bit weights
    are scaled by blocks (DeepSeek): one more kernel each.
    """
    rates = machine(hardware_keys)
    one = isinstance(precision, str)
    kind = np.asarray(_format(model, precision) if one else [_format(model, p) for p in precision])
    native = ~np.isnan(rates.fp4)
    if (bad := (kind == "nvfp4") & ~native).any():
        chip = np.atleast_1d(hardware_keys)[np.flatnonzero(bad)[0]]
        raise UsageError(f"{chip} has no 4-bit units for {model.model}: choose fp8 or bf16")
    mx, nv, fp8 = kind == "mxfp4", kind == "nvfp4", kind == "fp8"
    whole = nv & (not model.fp4.endswith("-ffn"))
    converted = (mx & ~native) | whole | (fp8 & (model.fp8 == "block"))
    fp4 = np.where(native, rates.fp4, rates.bf16)
    eight = rates.fp8
    return Numbers(
        ffn_bytes=np.select([nv, mx, fp8], [NVFP4_BYTES, MXFP4_BYTES, 1.0], 2.0),
        linear_bytes=np.select([whole, nv | fp8], [NVFP4_BYTES, 1.0], 2.0),
        kv_bytes=np.where(kind == "bf16", 2.0, 1.0),
        ffn_rate=np.select([nv, mx & native, fp8], [fp4, eight, eight], rates.bf16),
        linear_rate=np.select([whole, nv | fp8], [fp4, eight], rates.bf16),
        converted=converted,
    )


def _format(model: Transformer, precision: str) -> str:
    """Return bf16, fp8, nvfp4 or mxfp4; `precision` fp4 is the one the model comes in."""
    own = model.fp4.split("-")[0]
    if precision == "fp4":
        return own
    if precision not in PRECISIONS or (precision.endswith("fp4") and precision != own):
        raise UsageError(
            f"no precision '{precision}' of {model.model}: there are bf16, fp8, fp4 ({own})"
        )
    return precision


@remembered.of("accelerators")
def _rates() -> dict[str, tuple[float, ...]]:
    """Return the fields of `Machine`, by accelerator."""
    table = hardware.accelerators()
    columns = [table[column].to_numpy() * factor for column, factor in _COLUMNS.values()]
    return dict(zip(table.index, zip(*columns, strict=True), strict=True))
