"""The model of the model, the machine and one pass."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from frontier.data import tables
from frontier.errors import UsageError
from frontier.serving import configurations, machines, modes, steps, transformers
from frontier.serving.modes import Service, Traffic
from frontier.serving.steps import Constants, Layout

IDEAL = Constants(memory=1.0, compute=1.0, prefill=1.0, layer_s=0.0, peer_s=0.0, link=1.0)


def service(
    model="deepseek-r1",
    hardware="h200",
    precision="fp8",
    constants=IDEAL,
    isl=1000,
    accepted=(1.0, 1.6, 2.0, 2.2),
):
    one = transformers.transformer(model)
    numbers = machines.numbers(one, precision, hardware)
    traffic = Traffic(np.asarray(float(isl)), np.asarray(1000.0))
    return Service(one, machines.machine(hardware), numbers, constants, traffic, accepted)


def passed(made, layout, tokens, sequences, context, **options):
    given = made.model, made.machine, made.numbers, made.constants, layout
    sizes = {"tokens": tokens, "sequences": sequences, "context": context}
    return steps.parts(*given, **sizes, **options)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"memory": 0.0}, "memory is 0.0; expected a share"),
        ({"compute": 1.2}, "compute is 1.2; expected a share"),
        ({"layer_s": -1e-6}, "layer_s is -1e-06; expected at least 0"),
        ({"engine": 0.0}, "engine is 0.0; expected"),
        ({"prefill": 1.5}, "prefill is 1.5; expected a share"),
        ({"link": float("nan")}, "link is nan; expected a share"),
    ],
)
def test_constants_that_cannot_be_are_refused(changes, message):
    with pytest.raises(UsageError, match=message):
        Constants(**changes)


def test_an_unknown_model_accelerator_or_format_is_one_line_with_the_choices():
    with pytest.raises(UsageError, match=r"no model 'gpt-9' to serve: there are deepseek-r1"):
        transformers.transformer("gpt-9")
    with pytest.raises(UsageError, match=r"no accelerator 'tpu': there are h100"):
        machines.machine(["h200", "tpu"])
    r1 = transformers.transformer("deepseek-r1")
    with pytest.raises(UsageError, match=r"no precision 'int3' of deepseek-r1: there are bf16"):
        machines.numbers(r1, ["int3"], ["h200"])
    with pytest.raises(UsageError, match=r"no precision 'mxfp4' of deepseek-r1.*fp4 \(nvfp4\)"):
        machines.numbers(r1, ["mxfp4"], ["b200"])
    with pytest.raises(UsageError, match="h200 has no 4-bit units for deepseek-r1: choose fp8"):
        machines.numbers(r1, ["fp4"], ["h200"])


def test_parameter_totals_are_the_published_ones():
    for row in tables.read("transformers").itertuples():
        model = transformers.transformer(row.model)
        # Published in round numbers; DeepSeek-V4's with its draft module, here without indexer.
        loose = 2 if row.model in ("deepseek-v4", "kimi-k2.5") else 1
        assert model.parameters / 1e9 == pytest.approx(row.parameters_b, rel=0.01 * loose)
        if row.basis == "published":
            assert model.active_parameters / 1e9 == pytest.approx(row.active_b, rel=0.02 * loose)


def test_the_cache_of_a_token_is_the_published_one():
    # DeepSeek-V3 hardware paper (arXiv 2505.09343), table 1: kB per token at 16 bits.
    published = {"deepseek-v3": 70_272, "llama-405b": 516_096}
    for model, nbytes in published.items():
        assert transformers.transformer(model).kv_bytes(2) == nbytes


def test_the_flop_of_a_token_are_the_published_ones():
    # The same paper, table 2: training GFLOP per token (three passes) at 4,096 tokens.
    published = {"deepseek-v3": 250, "llama-405b": 2448}
    for model, gflop in published.items():
        one = transformers.transformer(model)
        attention = one.prefill_attention_flop * one.seen(4096 / 2)
        found = 3 * (2 * one.active_parameters + attention)
        assert found / 1e9 == pytest.approx(gflop, rel=0.02)


def test_a_window_caps_the_cache_of_half_the_layers():
    model = transformers.transformer("gpt-oss-120b")
    assert model.seen(100) == 36 * 100
    assert model.seen(1000) == 18 * 1000 + 18 * 128


def test_compressed_attention_has_few_entries_of_what_is_far_away():
    # DeepSeek-V4-Pro: 31 layers with one entry for 128 tokens, 30 with one for 4, window of 128.
    model = transformers.transformer("deepseek-v4")
    assert model.seen(12_800) == 61 * 128 + 31 * 100 + 30 * 1024
    assert model.seen(12_800, every=True) == 61 * 128 + 31 * 100 + 30 * 3200
    assert model.kv_bytes(1, 12_800) == 512 * model.seen(12_800, every=True)


def test_a_decode_step_at_batch_one_is_its_bytes_over_bandwidth():
    # Llama-70B in fp8 on 8 H200 at ideal rates and context 1,000; every part memory-bound.
    made, layout = service("llama-70b"), Layout(8.0, 8.0, False)
    made = replace(made, machine=replace(made.machine, bf16=1e30))  # no FLOP to add to the cache's
    found = passed(made, layout, 1.0, 1.0, 1000.0)
    attention = 80 * (8192 * 128 * 2 * (64 + 8))  # 12.08e9 bytes
    feed_forward = 80 * 3 * 8192 * 28672  # 56.37e9 bytes
    cache = 80 * 1000 * 2 * 8 * 128  # 0.164e9 bytes
    head = 2 * 128256 * 8192  # 2.10e9 bytes
    assert found["projections"] == pytest.approx(attention / 8 / 4.8e12)
    assert found["dense"] == pytest.approx(feed_forward / 8 / 4.8e12)
    assert found["attention"] == pytest.approx(cache / 8 / 4.8e12)
    assert found["head"] == pytest.approx(head / 8 / 4.8e12)
    # Two all-reduces a layer move 2 x 7/8 of 8192 16-bit values at 450 GB/s.
    assert found["communication"] == pytest.approx(80 * 2 * (2 * 7 / 8 * 8192 * 2) / 450e9)
    assert sum(found.values()) == pytest.approx(1.8525e-3, rel=1e-3)


def test_a_large_batch_is_bound_by_its_flop():
    found = passed(service("llama-70b"), Layout(8.0, 8.0, False), 8192.0, 8192.0, 1.0)
    assert found["dense"] == pytest.approx(2 * 80 * 3 * 8192 * 28672 * 8192 / 8 / 1979e12)


def test_prompts_reach_another_share_of_the_peak_than_decoded_tokens():
    half = replace(IDEAL, prefill=0.5)
    layout = Layout(8.0, 8.0, False)
    made = service("llama-70b", constants=half)
    decoded = passed(made, layout, 8192.0, 8.0, 1024.0)["dense"]
    prompts = passed(made, layout, 8192.0, 8.0, 1024.0, prefill=True)["dense"]
    assert prompts == pytest.approx(2 * decoded)


def test_prompts_that_share_a_pass_cost_less_each():
    made, layout = service(constants=CHOSEN, isl=500), Layout(8.0, 1.0, True)
    alone, latency = modes.prefill_seconds(made, layout)
    shared, longer = modes.prefill_seconds(made, layout, 16.0)
    assert shared < alone
    assert latency < longer < 16 * latency
    assert modes.most_prompts(made) == 32


def test_a_token_is_sent_once_to_a_gpu_however_many_of_its_experts_are_there():
    made = service(constants=replace(IDEAL, link=0.001))  # bound by what is sent
    two = passed(made, Layout(2.0, 1.0, True), 64.0, 64.0, 1.0)["communication"]
    # 32 tokens leave each GPU, for the other one almost surely, 3 bytes an element.
    assert two == pytest.approx(58 * 32 * 7168 * 3 / 0.45e9, rel=0.005)


def test_one_token_reads_its_experts_and_many_read_all():
    made, layout = service(), Layout(8.0, 8.0, False)
    made = replace(made, numbers=replace(made.numbers, ffn_rate=1e30))  # no FLOP to add
    expert = 58 * 3 * 7168 * 2048 / 8 / 4.8e12
    assert passed(made, layout, 1.0, 1.0, 1.0)["experts"] == pytest.approx(8 * expert)
    assert passed(made, layout, 400.0, 400.0, 1.0)["experts"] == pytest.approx(
        256 * expert, rel=1e-5
    )


def test_latent_attention_is_not_sharded_and_grouped_attention_is():
    for model, gain in (("deepseek-r1", 1), ("llama-70b", 8)):
        made = service(model)
        made = replace(made, machine=replace(made.machine, bf16=1e30))  # bound by its bytes
        one, eight = (
            passed(made, Layout(8.0, tp, False), 8.0, 8.0, 1e5)["attention"] for tp in (1.0, 8.0)
        )
        # One share of eight sequences on eight GPUs, against eight shares of one sequence.
        assert eight / one == pytest.approx(8 / gain)


def test_leaving_the_nvlink_domain_costs_and_staying_does_not():
    inside, outside = (
        passed(service(hardware=chip, precision="fp8"), Layout(16.0, 1.0, True), 512.0, 512.0, 1.0)
        for chip in ("gb200", "b200")
    )
    assert outside["communication"] > 3 * inside["communication"]


def twin(made, gpus, tp, expert_parallel, tokens, sequences, context):
    """Compute a decode pass with plain numbers, as the module's text says it."""
    m, c, n, k = made.model, made.machine, made.numbers, made.constants
    shares = gpus / tp

    def longer(nbytes, flop, rate):
        return max(nbytes / (k.memory * float(c.bandwidth)), flop / (k.compute * float(rate)))

    def both(nbytes, flop, rate):
        return nbytes / (k.memory * float(c.bandwidth)) + flop / (k.compute * float(rate))

    here, total = tokens / shares, 0.0
    for layer in range(m.layers):
        weights = m.attention_parameters / tp
        total += longer(weights * float(n.linear_bytes), 2 * weights * here, n.linear_rate)
        if m.attention == "csa":
            far = min(m.selected, context / 4) if layer < m.sparse_layers else context / 128
            seen = min(context, m.window) + far
        else:
            seen = min(context, m.window) if layer < m.windowed_layers else context
        cached = sequences / shares * seen * m.kv_elements / min(tp, m.kv_heads)
        flop = m.decode_attention_flop * seen * here / tp
        total += both(cached * float(n.kv_bytes), flop, c.bf16)
        if layer < m.dense_layers:
            weights = 3 * m.width * m.dense_hidden / tp
            total += longer(weights * float(n.ffn_bytes), 2 * weights * here, n.ffn_rate)
        else:
            chance = 1 - (1 - m.experts_per_token / m.experts) ** tokens
            uneven = 1.2 if expert_parallel else 1.0
            weights = m.expert_parameters * uneven / gpus
            flop = 2 * m.experts_per_token * weights * tokens
            total += both(m.experts * chance * weights * float(n.ffn_bytes), flop, n.ffn_rate)
            weights = m.shared_experts * m.expert_parameters / tp
            total += longer(weights * float(n.ffn_bytes), 2 * weights * here, n.ffn_rate)
        size = 2 * m.width * here

        def reduce(size=size):
            if tp == 1:
                return 0.0
            near = tp <= float(c.domain)
            rate = k.link * float(c.scale_up) if near else 0.86 * float(c.scale_out)
            wait = k.peer_s * (tp - 1) ** 0.5 + (0 if near else 30e-6)
            return 2 * (tp - 1) / tp * size / rate + wait

        total += reduce()
        if layer < m.dense_layers or shares == 1:
            total += reduce()
        else:
            away = max(0.0, 1 - float(c.domain) / gpus)
            copies = (gpus - 1) * (1 - (1 - 1 / gpus) ** m.experts_per_token)
            moved = tokens / gpus * copies * m.width * 3
            wait = k.peer_s * (gpus - 1) ** 0.5 + (k.exchange_s if away else 0.0)
            total += 2 * wait + max(
                moved * (1 - away) / (k.link * float(c.scale_up)),
                moved * away / (0.86 * float(c.scale_out)),
            )
        total += k.layer_s + k.conversion_s * bool(n.converted)
    size = m.vocabulary * m.width
    total += longer(size / min(gpus, 8) * 2, 2 * size * tokens / gpus, c.bf16)
    return total + k.sequence_s * sequences / shares


CHOSEN = Constants(
    **{"memory": 0.7, "compute": 0.6, "prefill": 0.4, "link": 0.25, "layer_s": 4e-5},
    **{"conversion_s": 1e-5, "sequence_s": 2e-5, "peer_s": 1e-5},
)


@given(
    model=st.sampled_from(["deepseek-r1", "llama-70b", "gpt-moe-1.8t", "deepseek-v4"]),
    chip=st.sampled_from(["h200", "b200", "gb300"]),
    power=st.integers(0, 6),
    cut=st.integers(0, 6),
    expert_parallel=st.booleans(),
    sequences=st.integers(1, 4000),
    draft=st.integers(0, 3),
    context=st.integers(1, 20_000),
)
def test_the_arrays_agree_with_a_slow_twin(
    model, chip, power, cut, expert_parallel, sequences, draft, context
):
    gpus, tp = 2.0**power, 2.0 ** min(power, cut)
    if model == "llama-70b":
        tp = gpus
    made = service(model, chip, "fp8", CHOSEN)
    layout = Layout(np.array([gpus]), np.array([tp]), np.array([expert_parallel]))
    tokens = sequences * (1.0 + draft)
    found = sum(passed(made, layout, np.array([tokens]), sequences, context).values())
    slow = twin(made, gpus, tp, expert_parallel, tokens, sequences, context)
    assert found[0] == pytest.approx(slow, rel=1e-9)


@given(
    name=st.sampled_from(["bandwidth", "bf16", "fp8", "scale_up", "scale_out", "domain"]),
    factor=st.floats(1, 10),
    gpus=st.sampled_from([1.0, 4.0, 8.0, 16.0, 64.0]),
    batch=st.floats(1, 4000),
    prefill=st.booleans(),
)
def test_a_better_machine_is_never_slower(name, factor, gpus, batch, prefill):
    made = service(constants=CHOSEN)
    better = replace(made.machine, **{name: getattr(made.machine, name) * factor})
    numbers = made.numbers
    if name == "fp8":
        rates = {rate: getattr(numbers, rate) * factor for rate in ("ffn_rate", "linear_rate")}
        numbers = replace(numbers, **rates)
    layout, context = Layout(gpus, 1.0, gpus > 1), 1000.0
    sequences = gpus if prefill else batch
    tokens = context * gpus if prefill else batch
    before, after = (
        sum(passed(one, layout, tokens, sequences, context, prefill=prefill).values())
        for one in (made, replace(made, machine=better, numbers=numbers))
    )
    assert after <= before * (1 + 1e-12)


@given(batch=st.floats(1, 2000), more=st.floats(1, 3), context=st.floats(1, 1e5))
def test_more_tokens_and_longer_contexts_take_longer(batch, more, context):
    made, layout = service(constants=CHOSEN), Layout(8.0, 1.0, True)
    base = sum(passed(made, layout, batch, batch, context).values())
    assert sum(passed(made, layout, batch * more, batch * more, context).values()) >= base
    assert sum(passed(made, layout, batch, batch, context * more).values()) >= base


@settings(max_examples=40)
@given(low=st.floats(0, 1), high=st.floats(0, 1), batch=st.integers(1, 500))
def test_better_acceptance_is_never_slower_and_none_is_no_gain(low, high, batch):
    low, high = sorted((low, high))
    layout, r1 = Layout(8.0, 8.0, False), transformers.transformer("deepseek-r1")

    def seconds(acceptance):
        accepted = transformers.accepted(r1, acceptance)
        made = service(constants=CHOSEN, accepted=accepted)
        plain, drafted = modes.best_seconds(made, layout, batch, np.array([False, True]))
        assert plain == modes.decode_seconds(made, layout, batch, 0)
        return plain, drafted

    assert seconds(high)[1] <= seconds(low)[1] * (1 + 1e-12)
    plain, drafted = seconds(0.0)
    assert drafted > plain


def test_three_sure_drafts_give_four_tokens_a_pass():
    sure = replace(IDEAL, layer_s=1.0)  # latency dwarfs the rest
    made, layout = service(constants=sure, accepted=(1.0, 2.0, 3.0, 4.0)), Layout(8.0, 8.0, False)
    plain = modes.decode_seconds(made, layout, 1.0, 0)
    drafted = modes.decode_seconds(made, layout, 1.0, 3)
    assert drafted / plain == pytest.approx((1 + 3 * 1.5 / 61) / 4, rel=1e-3)


def test_acceptance_lengths_are_the_measured_ones_and_grow_with_the_draft():
    r1 = transformers.transformer("deepseek-r1")
    assert transformers.accepted(r1) == (1.0, 1.79, 2.27, 2.49)
    for key in transformers.names():
        model = transformers.transformer(key)
        if model.drafts:
            lengths = transformers.accepted(model)
            assert all(lengths[n] < lengths[n + 1] <= n + 2 for n in range(3))
        else:
            with pytest.raises(UsageError, match="publishes no draft module"):
                transformers.accepted(model)
    with pytest.raises(UsageError, match=r"acceptance is 1.5; expected a share"):
        transformers.accepted(r1, 1.5)


def test_weights_and_cache_fill_memory_as_published():
    # DeepSeek-R1's FP8 weights take about 640 GiB to 690 GB; FP4 about 400 GB.
    one = Layout(1.0, 1.0, False)
    for chip, precision, gigabytes in (("h200", "fp8", 675), ("b200", "fp4", 390)):
        made = service(hardware=chip, precision=precision)
        nbytes = steps.weight_bytes(made.model, made.numbers, one)
        assert nbytes / 1e9 == pytest.approx(gigabytes, rel=0.03)
    cache = steps.cache_bytes(made.model, made.numbers, one, 10.0, 100.0)
    assert cache == 10 * 100 * 61 * 576


@settings(max_examples=40)
@given(
    users=st.floats(1, 1e4),
    split=st.booleans(),
    decode_workers=st.integers(1, 4),
    prefill_workers=st.integers(1, 4),
    drafts=st.booleans(),
)
def test_a_closed_loop_keeps_littles_law(users, split, decode_workers, prefill_workers, drafts):
    made, layout = service(constants=CHOSEN), Layout(*(np.array([v]) for v in (8.0, 8.0, False)))
    found = modes.closed_loop(
        made,
        layout,
        layout,
        concurrency=np.array([users]),
        split=np.array([split]),
        decode_workers=float(decode_workers),
        prefill_workers=float(prefill_workers),
        drafts=np.array([drafts]),
    )
    inside = found["rate"] * (1000 * found["tpot"] + found["ttft"])
    assert inside == pytest.approx(users, rel=1e-6)
    _, latency = modes.prefill_seconds(made, layout)
    assert found["ttft"] >= latency * (1 - 1e-6)
    prompts = modes.most_prompts(made)
    prefill, _ = modes.prefill_seconds(made, layout, prompts)
    if split:
        assert found["rate"] <= prefill_workers / prefill * (1 + 1e-6)
    room = 0.95 * 141e9 - steps.weight_bytes(made.model, made.numbers, layout)
    most = room / steps.cache_bytes(made.model, made.numbers, layout, 1.0, 2000.0)
    assert found["batch"] <= most * (1 + 1e-9)


@pytest.mark.parametrize(("users", "waiting"), [(1.0, 0.0), (2.0, 0.5), (9.0, 4.0), (400.0, 7.5)])
def test_who_waits_until_the_shares_of_a_prefill_pass_are_full_is_a_user_less(users, waiting):
    decode, prefill = (Layout(*(np.array([v]) for v in (16.0, tp, False))) for tp in (16.0, 1.0))

    def rate(users, fills):
        return modes.closed_loop(
            replace(service(constants=CHOSEN), fills=fills),
            decode,
            prefill,
            concurrency=np.array([users]),
            split=np.array([True]),
            decode_workers=4.0,
            prefill_workers=1.0,
            drafts=np.array([False]),
        )["rate"]

    assert rate(users, True) == pytest.approx(rate(users - waiting, False), rel=1e-6)


@pytest.mark.parametrize(
    ("prefill", "decode", "sides"),
    [(0, 0, (36, 36)), (24, 0, (24, 48)), (0, 48, (24, 48)), (24, 48, (24, 48))],
)
def test_gpus_that_a_row_does_not_tell_are_what_the_others_leave(prefill, decode, sides):
    rows = pd.DataFrame(
        {"disaggregated": [True], "gpus": [72], "prefill_gpus": [prefill], "decode_gpus": [decode]}
    )
    found = configurations._sides(rows, np.array([True]), np.array([72.0]))
    assert tuple(float(side[0]) for side in found) == sides
    assert sum(sides) == 72


def test_what_experts_read_and_multiply_adds_up_while_decoding_and_not_with_prompts():
    made, layout = service(), Layout(8.0, 8.0, False)
    for tokens in (1.0, 64.0, 4096.0):
        free = replace(made.numbers, ffn_rate=1e30)
        reading = passed(replace(made, numbers=free), layout, tokens, tokens, 1.0)["experts"]
        multiplying = 2 * 8 * 58 * 3 * 7168 * 2048 / 8 * tokens / 1979e12
        decoded = passed(made, layout, tokens, tokens, 1.0)["experts"]
        assert decoded == pytest.approx(reading + multiplying)
        prompts = passed(made, layout, tokens, 1.0, tokens, prefill=True)["experts"]
        assert prompts == pytest.approx(max(reading, multiplying))
