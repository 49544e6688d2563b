"""Times one SGD update of many trials on one GPU: torch, Triton, optax and jnp, and hairpin where its library is given.

    python benches/gpu_peers.py                                    # the peers that are installed
    python benches/gpu_peers.py --csv peers.csv --hairpin target/release/libhairpin_cuda_capi.so
    python benches/gpu_peers.py --parts torch,jax --limit 120      # two parts, with two minutes for each
    python benches/gpu_peers.py --tiny                             # no GPU: shows that all of it runs; its times mean nothing

Every trial has parameters, a gradient and a learning rate of its own, all f32. "shared" in the column `rates` marks what can
only take one rate for all trials in a launch.

How it is timed. A repetition is so many calls back to back that it takes about 5 ms, one CUDA event before them and one after.
The stream is kept busy while the host queues them, so that `us` is the device's time where the host can run ahead of it;
`host us` is what the host needs to issue a call, and a loop that calls nothing else takes the larger of the two. JAX has streams of
its own: it is timed by the wall clock over a longer run of calls, each fed the last one's result, and so shows the larger of the
two at once. Nothing flushes the L2 cache between calls; the smallest working set here, 134 MB, is more than twice what the L2 of an
H100 or H200 holds.

`GB/s` counts the bytes that an update must move: 12 a parameter (read p and g, write p), with momentum 20 (v as well); a copy
moves 8. What a peer moves on top of that makes its figure lower. `of copy` relates it to the copy of 2^28 f32 measured in the same
process (JAX: in the process before it).

`bits` compares the parameters after two steps with three ways to round: *separate*, every product and sum rounded, which torch's
eager broadcast does; *fused*, p = fma(-lr, g, p); *contracted*, fma for the velocity as well. The last two are worked out in f64
and so rounded twice, which may change an element in some hundred million: such few do not count.

Each part runs in a process of its own, so that one that crashes or hangs costs only its own rows.
"""

import argparse
import csv
import dataclasses
import functools
import gc
import json
import os
import pathlib
import signal
import statistics
import subprocess
import sys
import threading
import time

try:
    # The decorator needs it when the kernels below are defined.
    import triton
    import triton.language as tl
except ImportError:
    triton = None

SHAPES = [(1, 2**28), (1024, 65536), (8192, 4096), (65536, 256)]
COPY = 2**28
# One optimiser a trial takes its time from the host, 10 to 100 us each: more of them would take minutes.
OPTIMISERS = 8192
TINY_SHAPES = [(1, 2**12), (16, 64), (64, 16)]
TINY_COPY = 2**12

MOMENTA = [0.0, 0.9]
SHARED_RATE = 0.01
BIT_STEPS = 2
REPETITIONS, FEWEST, SLOW_REPETITIONS = 30, 3, 7
# A repetition, and all repetitions of one row, in seconds.
EVENT_SPAN, WALL_SPAN, ROW_BUDGET = 5e-3, 20e-3, 12.0
TINY_SPAN, TINY_BUDGET = 1e-3, 0.3
# What a part may take past its limit for the row under way, before it is stopped.
GRACE = 30


# What is printed.


@dataclasses.dataclass
class Row:
    part: str
    peer: str
    rates: str = ""
    trials: int = 0
    parameters: int = 0
    momentum: float | None = None
    median_us: float | None = None
    min_us: float | None = None
    host_us: float | None = None
    gbs: float | None = None
    of_copy: float | None = None
    repetitions: int = 0
    calls: int = 0
    bits: str = ""
    note: str = ""


def number(value, digits):
    return "" if value is None else f"{value:.{digits}f}"


def cells(row):
    return [
        row.part,
        row.peer,
        row.rates,
        f"{row.trials} x {row.parameters}" if row.trials else "",
        "" if row.momentum is None else f"{row.momentum:g}",
        number(row.median_us, 1),
        number(row.min_us, 1),
        number(row.host_us, 1),
        number(row.gbs, 0),
        "" if row.of_copy is None else f"{100 * row.of_copy:.1f} %",
        f"{row.repetitions} x {row.calls}" if row.repetitions else "",
        row.bits,
        row.note,
    ]


HEADINGS = "part|peer|rates|trials x parameters|momentum|us|min us|host us|GB/s|of copy|repetitions|bits|note".split("|")
RIGHT = range(3, 11)


def print_table(rows):
    lines = [HEADINGS] + [cells(row) for row in rows]
    widths = [max(map(len, column)) for column in zip(*lines)]
    for line in lines:
        padded = [c.rjust(w) if i in RIGHT else c.ljust(w) for i, (c, w) in enumerate(zip(line, widths))]
        print("  ".join(padded).rstrip())


# What a part reports to the process that started it: one line of JSON each.

MARK = "gpu_peers: "


def report(kind, content):
    print(MARK + json.dumps([kind, content]), flush=True)


def why(error):
    lines = str(error).strip().splitlines() or [""]
    return f"{type(error).__name__}: {lines[0]}"[:200]


# Timing.


class WallClock:
    """For JAX, and for the CPU. `wait` returns when everything issued is done."""

    def __init__(self, wait, tiny):
        self.wait = wait
        self.span_s, self.budget_s = (TINY_SPAN, TINY_BUDGET) if tiny else (WALL_SPAN, ROW_BUDGET)

    def span(self, call, calls, ahead_us):
        self.wait()
        begun = time.perf_counter()
        for _ in range(calls):
            call()
        issued = time.perf_counter()
        self.wait()
        ended = time.perf_counter()
        return (ended - begun) * 1e6 / calls, (issued - begun) * 1e6 / calls


class EventClock:
    """CUDA events on torch's current stream."""

    def __init__(self, torch):
        self.torch, self.span_s, self.budget_s = torch, EVENT_SPAN, ROW_BUDGET
        self.start, self.end = (torch.cuda.Event(enable_timing=True) for _ in range(2))

    def wait(self):
        self.torch.cuda.synchronize()

    def span(self, call, calls, ahead_us):
        self.wait()
        # Keeps the stream busy until the calls are queued. A multiprocessor makes about 2000 cycles a microsecond.
        self.torch.cuda._sleep(int(2000 * min(ahead_us * calls * 1.2 + 50, 20_000)))
        self.start.record()
        begun = time.perf_counter()
        for _ in range(calls):
            call()
        issued = time.perf_counter()
        self.end.record()
        self.end.synchronize()
        return self.start.elapsed_time(self.end) * 1e3 / calls, (issued - begun) * 1e6 / calls


def measure(clock, row, call, bytes_moved, calls_in_one=1, most_calls=400):
    """Fills in what a call costs, where it makes `calls_in_one` updates of `bytes_moved` each."""
    begun = time.perf_counter()
    for _ in range(2):
        call()
    pilots = [clock.span(call, 1, 0) for _ in range(3)]
    pilot_us, pilot_host_us = (min(column) for column in zip(*pilots))
    calls = max(1, min(most_calls, round(clock.span_s * 1e6 / max(pilot_us, 1))))
    slow = pilot_us > 50_000
    # Where the host is that slow there is no getting ahead of the device.
    ahead_us = 0 if slow else pilot_host_us
    spans = []
    while len(spans) < (SLOW_REPETITIONS if slow else REPETITIONS):
        spans.append(clock.span(call, calls, ahead_us))
        if len(spans) >= FEWEST and time.perf_counter() - begun > clock.budget_s:
            break
    device, host = ([us / calls_in_one for us in column] for column in zip(*spans))
    row.median_us, row.min_us, row.host_us = statistics.median(device), min(device), statistics.median(host)
    row.gbs = bytes_moved / row.median_us / 1e3
    row.repetitions, row.calls = len(spans), calls * calls_in_one


@dataclasses.dataclass
class Settings:
    tiny: bool
    ends: float
    hairpin: pathlib.Path | None

    @property
    def shapes(self):
        return TINY_SHAPES if self.tiny else SHAPES

    @property
    def copy(self):
        return TINY_COPY if self.tiny else COPY


def attempt(settings, row, work, tidy):
    """Does one row's work. Whatever goes wrong is that row's note."""
    if time.monotonic() > settings.ends:
        row.note = "skipped: the time for this part is over"
    else:
        try:
            work(row)
        except Exception as error:
            row.note = why(error)
        try:
            tidy()
        except Exception as error:
            row.note = row.note or "afterwards: " + why(error)
    report("row", dataclasses.asdict(row))


def bytes_of_update(trials, parameters, momentum):
    return trials * parameters * (20 if momentum else 12)


# The torch side: also what hairpin is measured on.


class TorchCase:
    """The data of a shape, and what two steps must give."""

    def __init__(self, torch, device, trials, parameters, momentum):
        self.torch, self.device, self.momentum = torch, device, momentum
        self.trials, self.parameters = trials, parameters
        generator = torch.Generator(device).manual_seed(1)
        shape = (trials, parameters)
        self.start = torch.randn(shape, device=device, generator=generator)
        self.gradients = torch.randn(shape, device=device, generator=generator) * 0.1
        self.own_rates = torch.logspace(-3, 0, trials, device=device)
        self.rates = self.own_rates
        self.references = {}

    def fresh(self):
        """Parameters as they begin, and no velocity yet."""
        return self.start.clone(), self.torch.zeros_like(self.start) if self.momentum else None

    def reference(self, rounding, shared):
        """The parameters after `BIT_STEPS` steps, in a way to round."""
        key = rounding, shared
        if key not in self.references:
            rates = self.torch.full_like(self.own_rates, SHARED_RATE) if shared else self.own_rates
            p, v = self.fresh()
            for _ in range(BIT_STEPS):
                step = self.gradients
                if self.momentum:
                    if rounding == "contracted":
                        v = self.twice_rounded(v, self.momentum, self.gradients)
                    else:
                        v = v * self.momentum + self.gradients
                    step = v
                if rounding == "separate":
                    p = p - rates[:, None] * step
                else:
                    p = self.twice_rounded(step, -rates[:, None].double(), p)
            self.references[key] = p
        return self.references[key]

    def twice_rounded(self, a, factor, b):
        """`fma(a, factor, b)` nearly: the product of two f32 is exact in f64, their sum is not always."""
        if isinstance(factor, float):
            factor = float(self.torch.tensor(factor, dtype=self.torch.float32))
        return a.double().mul_(factor).add_(b).float()

    def bits(self, p, shared):
        """Which way to round the parameters `p` came from."""
        p = p.detach().reshape(self.start.shape)
        roundings = ["separate", "fused"] + (["contracted"] if self.momentum else [])
        share = {}
        for rounding in roundings:
            reference = self.reference(rounding, shared)
            count = int((p.view(self.torch.int32) != reference.view(self.torch.int32)).sum())
            if count == 0 or (rounding != "separate" and count <= p.numel() * 5e-8):
                return f"equal to {rounding}"
            share[rounding] = count / p.numel()
        nearest = min(share, key=share.get)
        return f"{100 * share[nearest]:.2g} % differ from {nearest}, the nearest"


def sgd_one_tensor(case, **how):
    """torch's optimiser: one tensor for all trials, one rate."""
    p = case.start.clone().requires_grad_()
    p.grad = case.gradients
    optimiser = case.torch.optim.SGD([p], lr=SHARED_RATE, momentum=case.momentum, **how)
    return optimiser.step, p


def sgd_each_trial(case):
    """One optimiser a trial: the way to give each its rate."""
    stacked = case.start.clone()
    optimisers = []
    for row, gradient, rate in zip(stacked, case.gradients, case.rates.tolist()):
        p = row.detach().requires_grad_()
        p.grad = gradient
        optimisers.append(case.torch.optim.SGD([p], lr=rate, momentum=case.momentum, fused=True))

    def step():
        for optimiser in optimisers:
            optimiser.step()

    return step, stacked


def stacked_update(momentum):
    """The update by hand, a rate for each row."""

    def plain(p, v, g, rates):
        p.sub_(rates[:, None] * g)

    def with_momentum(p, v, g, rates):
        v.mul_(momentum).add_(g)
        p.sub_(rates[:, None] * v)

    return with_momentum if momentum else plain


def stacked_eager(case):
    p, v = case.fresh()
    return functools.partial(stacked_update(case.momentum), p, v, case.gradients, case.rates), p


def stacked_compiled(case, **how):
    # Else the second shape would be compiled for any shape, which costs divisions.
    case.torch._dynamo.reset()
    p, v = case.fresh()
    update = case.torch.compile(stacked_update(case.momentum), dynamic=False, **how)
    return functools.partial(update, p, v, case.gradients, case.rates), p


if triton:

    @triton.jit
    def triton_kernel(
        p_pointer, v_pointer, g_pointer, rates_pointer, momentum, count,
        PARAMETERS: tl.constexpr, BLOCK: tl.constexpr, MOMENTUM: tl.constexpr,
    ):  # fmt: skip
        first = tl.program_id(0) * BLOCK
        offsets = first + tl.arange(0, BLOCK)
        inside = offsets < count
        if PARAMETERS % BLOCK == 0:
            rate = tl.load(rates_pointer + first // PARAMETERS)
        else:
            rate = tl.load(rates_pointer + offsets // PARAMETERS, mask=inside)
        p = tl.load(p_pointer + offsets, mask=inside)
        step = tl.load(g_pointer + offsets, mask=inside)
        if MOMENTUM:
            step += momentum * tl.load(v_pointer + offsets, mask=inside)
            tl.store(v_pointer + offsets, step, mask=inside)
        tl.store(p_pointer + offsets, p - rate * step, mask=inside)


def stacked_triton(case, block, warps):
    if not triton:
        raise ImportError("triton is not installed")
    p, v = case.fresh()
    count = p.numel()
    launch = triton_kernel[(triton.cdiv(count, block),)]
    velocity = p if v is None else v

    def step():
        launch(
            p, velocity, case.gradients, case.rates, case.momentum, count,
            PARAMETERS=case.parameters, BLOCK=block, MOMENTUM=v is not None, num_warps=warps,
        )  # fmt: skip

    return step, p


TORCH_PEERS = [
    ("torch.optim.SGD(fused=True), one tensor", "shared", lambda c: sgd_one_tensor(c, fused=True)),
    ("torch.optim.SGD(foreach=True), one tensor", "shared", lambda c: sgd_one_tensor(c, foreach=True)),
    ("torch stacked by hand, eager", "own", stacked_eager),
    ("triton stacked by hand, block 1024, 4 warps", "own", lambda c: stacked_triton(c, 1024, 4)),
    ("triton stacked by hand, block 4096, 8 warps", "own", lambda c: stacked_triton(c, 4096, 8)),
]
EACH_TRIAL = [("torch.optim.SGD(fused=True), one a trial", "own", sgd_each_trial)]
COMPILED = [
    ("torch stacked by hand, torch.compile", "own", stacked_compiled),
    ("torch stacked by hand, torch.compile, max-autotune", "own", lambda c: stacked_compiled(c, mode="max-autotune-no-cudagraphs")),
]


class TorchPart:
    def __init__(self, name, settings):
        import torch

        self.name, self.settings, self.torch = name, settings, torch
        self.device = "cpu" if settings.tiny else "cuda"
        if settings.tiny:
            torch.set_num_threads(1)
            self.clock = WallClock(lambda: None, tiny=True)
            report("about", f"torch {torch.__version__} on the CPU")
        else:
            device = torch.cuda.get_device_properties(0)
            self.clock = EventClock(torch)
            report(
                "about",
                f"torch {torch.__version__}, CUDA {torch.version.cuda}; {device.name}, {device.total_memory / 2**30:.0f} GiB, "
                f"{device.multi_processor_count} multiprocessors, L2 {device.L2_cache_size / 2**20:.0f} MiB",
            )

    def tidy(self):
        gc.collect()
        if self.device == "cuda":
            self.torch.cuda.synchronize()
            self.torch.cuda.empty_cache()

    def attempt(self, row, work):
        attempt(self.settings, row, work, self.tidy)

    def ceilings(self, peer, elements, shape=(0, 0)):
        """What the memory gives: as many bytes in as out, and what a plain update moves, two in and one out."""

        def copy(row):
            source = self.torch.randn(elements, device=self.device)
            target = self.torch.empty_like(source)
            measure(self.clock, row, lambda: target.copy_(source), 8 * elements)

        def add(row):
            a, b = (self.torch.randn(elements, device=self.device) for _ in range(2))
            c = self.torch.empty_like(a)
            measure(self.clock, row, lambda: self.torch.add(a, b, out=c), 12 * elements)

        self.attempt(Row(self.name, peer, "", *shape), copy)
        self.attempt(Row(self.name, peer.replace("copy", "a + b -> c"), "", *shape), add)

    def peer(self, case, name, rates, build):
        def work(row):
            step, p = build(case)
            for _ in range(BIT_STEPS):
                step()
            self.clock.wait()
            if case.trials == 1 and rates == "shared":
                row.rates = "own"
            row.bits = case.bits(p, rates == "shared")
            measure(self.clock, row, step, bytes_of_update(case.trials, case.parameters, case.momentum))

        self.attempt(Row(self.name, name, rates, case.trials, case.parameters, case.momentum), work)

    def run(self, peers, shapes, ceilings=False):
        for shape in shapes:
            if ceilings:
                self.ceilings("copy of as many elements", shape[0] * shape[1], shape)
            for momentum in MOMENTA:
                # A shape whose data finds no memory must not keep the others from theirs.
                try:
                    case = TorchCase(self.torch, self.device, *shape, momentum)
                except Exception as error:
                    report("row", dataclasses.asdict(Row(self.name, "data", "", *shape, momentum, note=why(error))))
                    continue
                for peer in peers:
                    self.peer(case, *peer)
                # The next case asks for as much memory again.
                del case
                self.tidy()


def run_torch(settings):
    part = TorchPart("torch", settings)
    part.ceilings("copy", settings.copy)
    part.run(TORCH_PEERS, settings.shapes, ceilings=True)
    part.run(EACH_TRIAL, [shape for shape in settings.shapes if 1 < shape[0] <= OPTIMISERS])
    part.ceilings("copy, at the end", settings.copy)


def run_compiled(settings):
    """A part of its own, and the last: compiling takes longer than all the rest."""
    part = TorchPart("compiled", settings)
    part.ceilings("copy", settings.copy)
    part.run(COMPILED, settings.shapes)
    part.ceilings("copy, at the end", settings.copy)


# Hairpin, over its C interface.


# A table of so many steps is walked again and again.
HAIRPIN_STEPS = 1000


class Hairpin:
    """One update of all trials through `libhairpin_cuda_capi.so`, over pointers to device memory."""

    def __init__(self, path, case, fused):
        sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "cuda/capi/python"))
        import hairpin_cuda
        import numpy

        rates = numpy.broadcast_to(case.rates.cpu().numpy(), (HAIRPIN_STEPS, case.trials))
        momentum = case.momentum or None
        self.count = case.trials * case.parameters
        self.optimizer = hairpin_cuda.Optimizer(path, rates, size=case.parameters, momentum=momentum, fused=fused)
        self.taken = 0

    def update(self, params_ptr, grads_ptr, velocity_ptr, stream):
        if self.taken == HAIRPIN_STEPS:
            self.optimizer.go_to(0)
            self.taken = 0
        self.optimizer.step(stream, params_ptr, grads_ptr, velocity_ptr, self.count)
        self.taken += 1


def run_hairpin(settings):
    part = TorchPart("hairpin", settings)

    def build(case, fused):
        p, v = case.fresh()
        library = Hairpin(settings.hairpin, case, fused)
        pointers = p.data_ptr(), case.gradients.data_ptr(), 0 if v is None else v.data_ptr()
        stream = 0 if part.device == "cpu" else case.torch.cuda.current_stream().cuda_stream

        def step():
            library.update(*pointers, stream)

        # They live as long as their pointers are in use.
        step.keeps = library, p, v, case.gradients
        return step, p

    part.ceilings("copy", settings.copy)
    peers = [
        ("hairpin, separate rounding", "own", lambda case: build(case, False)),
        ("hairpin, fused rounding", "own", lambda case: build(case, True)),
    ]
    part.run(peers, settings.shapes, ceilings=True)
    part.ceilings("copy, at the end", settings.copy)


# The JAX side.

SCANNED = 16


def run_jax(settings):
    if settings.tiny:
        os.environ["JAX_PLATFORMS"] = "cpu"
    # It would else take three quarters of the memory at once, whoever else uses the GPU.
    os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")
    import jax
    import jax.numpy as jnp

    try:
        import optax
    except ImportError:
        optax = None
    report(
        "about",
        f"jax {jax.__version__} on {jax.default_backend()} ({jax.devices()[0].device_kind}), "
        + (f"optax {optax.__version__}" if optax else "no optax"),
    )

    def by_optax(momentum):
        if not optax:
            raise ImportError("optax is not installed")

        def sgd(rate):
            return optax.sgd(rate, momentum=momentum or None)

        def one(p, state, g, rate):
            updates, state = sgd(rate).update(g, state, p)
            return optax.apply_updates(p, updates), state

        update = jax.jit(jax.vmap(one), donate_argnums=(0, 1))
        return update, jax.vmap(lambda p: sgd(SHARED_RATE).init(p)), 1

    def update_by_hand(momentum, p, v, g, rates):
        if momentum:
            v = momentum * v + g
            g = v
        return p - rates[:, None] * g, v

    def velocity(momentum):
        return jnp.zeros_like if momentum else lambda p: ()

    def by_hand(momentum):
        update = jax.jit(functools.partial(update_by_hand, momentum), donate_argnums=(0, 1))
        return update, velocity(momentum), 1

    def scanned(momentum):
        """Several updates in one program, as a training loop under scan has them: no launch from Python between."""

        def many(p, v, g, rates):
            def step(carry, row):
                return update_by_hand(momentum, *carry, g, row), None

            # A row of rates for each step, so that the product with the gradient cannot move out of the loop.
            table = rates * jnp.linspace(1, 0.5, SCANNED)[:, None]
            return jax.lax.scan(step, (p, v), table)[0]

        return jax.jit(many, donate_argnums=(0, 1)), velocity(momentum), SCANNED

    def start(shape):
        return jax.random.normal(jax.random.key(1), shape)

    def reference(momentum, shape, g, rates):
        # Without jit each operation is a program of its own, and so is rounded.
        p, v = start(shape), jnp.zeros(shape)
        for _ in range(BIT_STEPS):
            v = v * momentum + g if momentum else g
            p = p - rates[:, None] * v
        return p

    def count_differences(a, b):
        as_bits = functools.partial(jax.lax.bitcast_convert_type, new_dtype=jnp.int32)
        return int((as_bits(a) != as_bits(b)).sum())

    def work(row, build):
        shape = row.trials, row.parameters
        g = jax.random.normal(jax.random.key(2), shape) * 0.1
        rates = jnp.logspace(-3, 0, row.trials)
        update, state_of, updates = build(row.momentum)
        p = start(shape)
        state = [p, state_of(p)]
        del p

        def call():
            state[:] = update(*state, g, rates)

        begun = time.perf_counter()
        call()
        jax.block_until_ready(state)
        row.note = f"first call, compiled: {time.perf_counter() - begun:.1f} s"
        if updates == 1:
            call()
            differing = count_differences(state[0], reference(row.momentum, shape, g, rates))
            share = f"{100 * differing / (row.trials * row.parameters):.2g} % differ from separate"
            row.bits = share if differing else "equal to separate"
        clock = WallClock(lambda: jax.block_until_ready(state), settings.tiny)
        measure(clock, row, call, bytes_of_update(*shape, row.momentum), updates)

    peers = [
        ("optax.sgd, vmap, jit, donated", by_optax),
        ("jnp stacked by hand, jit, donated", by_hand),
        (f"jnp stacked by hand, scan over {SCANNED} updates", scanned),
    ]
    for shape in settings.shapes:
        for momentum in MOMENTA:
            for name, build in peers:
                attempt(settings, Row("jax", name, "own", *shape, momentum), functools.partial(work, build=build), gc.collect)


# All parts, one after the other.

PARTS = {"torch": run_torch, "hairpin": run_hairpin, "jax": run_jax, "compiled": run_compiled}


def run_part(name, arguments):
    settings = Settings(arguments.tiny, time.monotonic() + arguments.limit, arguments.hairpin)
    try:
        PARTS[name](settings)
    except Exception as error:
        report("row", dataclasses.asdict(Row(name, "all", note=why(error))))


class Collector:
    """Takes what the parts report: shows it as it comes, and keeps the rows."""

    def __init__(self, csv_file):
        self.rows, self.about, self.copy, self.file = [], [], None, csv_file
        self.csv = csv.DictWriter(csv_file, [field.name for field in dataclasses.fields(Row)])
        self.csv.writeheader()

    def take(self, kind, content):
        if kind == "about":
            self.about.append(content)
            print(content, file=sys.stderr, flush=True)
            return
        row = Row(**content)
        if row.peer == "copy" and row.gbs:
            self.copy = row.gbs
        if self.copy and row.gbs:
            row.of_copy = row.gbs / self.copy
        self.rows.append(row)
        print("  ".join(filter(None, cells(row))), file=sys.stderr, flush=True)
        # Written at once: what was measured outlives whatever comes next.
        self.csv.writerow(dataclasses.asdict(row))
        self.file.flush()

    def listen(self, stream):
        for line in stream:
            if line.startswith(MARK):
                self.take(*json.loads(line[len(MARK) :]))
            else:
                print(line, end="", file=sys.stderr, flush=True)


def start_part(name, limit, arguments, collector):
    command = [sys.executable, __file__, "--part", name, "--limit", str(limit)]
    command += ["--tiny"] if arguments.tiny else []
    command += ["--hairpin", str(arguments.hairpin)] if arguments.hairpin else []
    environment = dict(os.environ)
    # Compiling in this process: a pool of compilers would outlive a part that is stopped.
    environment.setdefault("TORCHINDUCTOR_COMPILE_THREADS", "1")
    if arguments.tiny:
        environment["TRITON_INTERPRET"] = "1"
    part = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment, start_new_session=True)
    listener = threading.Thread(target=collector.listen, args=(part.stdout,), daemon=True)
    listener.start()
    try:
        status = part.wait(limit + GRACE)
        note = f"ended with status {status}" if status else ""
    except subprocess.TimeoutExpired:
        os.killpg(part.pid, signal.SIGKILL)
        part.wait()
        note = "stopped: it did not end in time"
    listener.join(10)
    if note:
        collector.take("row", dataclasses.asdict(Row(name, "all", note=note)))


def machine():
    query = "name,driver_version,memory.total,power.limit,clocks.max.sm,clocks.max.mem,persistence_mode"
    try:
        answer = subprocess.run(
            ["nvidia-smi", f"--query-gpu={query}", "--format=csv,noheader"], capture_output=True, text=True, timeout=30, check=True
        )
        return f"nvidia-smi ({query.replace(',', ', ')}): {answer.stdout.strip()}"
    except Exception as error:
        return f"nvidia-smi: {why(error)}"


def place(row):
    """Sorts rows by shape and momentum; what has none comes first."""
    return row.trials, -1 if row.momentum is None else row.momentum


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--csv", metavar="FILE", help="write the rows there as well, each as it is measured")
    parser.add_argument("--hairpin", metavar="PATH", type=pathlib.Path, help="libhairpin_cuda_capi.so")
    parser.add_argument("--parts", default="", help="of torch, hairpin, jax and compiled, with commas between; all by default")
    parser.add_argument("--limit", type=float, default=180, help="seconds for each part (180)")
    parser.add_argument("--total", type=float, default=540, help="seconds for all of them (540)")
    parser.add_argument("--tiny", action="store_true", help="small shapes on the CPU")
    parser.add_argument("--part", choices=PARTS, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.part:
        return run_part(arguments.part, arguments)

    everything = [name for name in PARTS if name != "hairpin" or arguments.hairpin]
    parts = arguments.parts.split(",") if arguments.parts else everything
    unknown = set(parts) - set(PARTS)
    if unknown:
        parser.error(f"--parts: {', '.join(sorted(unknown))} is none of {', '.join(PARTS)}")
    if "hairpin" in parts and not arguments.hairpin:
        parser.error("--parts hairpin needs --hairpin PATH")
    begun = time.monotonic()
    with open(arguments.csv or os.devnull, "w", newline="") as file:
        collector = Collector(file)
        collector.about.append(machine())
        for name in parts:
            left = arguments.total - GRACE - (time.monotonic() - begun)
            start_part(name, max(0.0, min(arguments.limit, left)), arguments, collector)
    # Each part says what it runs on; most say the same.
    print("\n".join(dict.fromkeys(collector.about)))
    now = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime())
    print(f"python {sys.version.split()[0]}; {now}; took {time.monotonic() - begun:.0f} s\n")
    print_table(sorted(collector.rows, key=place))


if __name__ == "__main__":
    sys.exit(main())
