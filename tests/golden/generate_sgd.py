"""Writes sgd_torch.jsonl: trajectories of the real torch.optim.SGD, as float32 bits.

    python tests/golden/generate_sgd.py            # needs torch and an x86-64 CPU with AVX2 and AVX-512

ATen chooses its kernels when it is loaded, so every CPU capability runs in a process of its own. `default` has no fused
multiply-add and rounds every product and every sum; `avx2` and `avx512` fuse. Nothing is written unless each of them
equals, element by element and in the remainders of the vectors too, an emulation of the operations by exact rationals.
"""

import json
import math
import os
import platform
import random
import struct
import subprocess
import sys
from fractions import Fraction

SIZES = [1, 3, 7, 8, 15, 16, 17, 33, 100]  # below, at and above the widths of 4, 8 and 16 lanes, and their unrolled loops
STEPS = 6
KEPT = [0, 1, STEPS - 1]  # the steps whose parameters are written: first, second (dampening acts), last
MODE_OF = {"default": "separate", "avx2": "fused", "avx512": "fused"}
NAN = 0x7FC00000


# -- float32 as bits --------------------------------------------------------------------------------------------------


def bits(x):
    """The float32 bits of a number that is a float32; every NaN is the same NaN."""
    return NAN if x != x else struct.unpack("<I", struct.pack("<f", x))[0]


def number(b):
    return struct.unpack("<f", struct.pack("<I", b))[0]


def pack(values):
    return "".join(f"{bits(v):08x}" for v in values)


def round_exact(exact):
    """The float32 nearest to a non-zero rational, ties to even."""
    sign, size = (-1.0 if exact < 0 else 1.0), abs(exact)
    exponent = size.numerator.bit_length() - size.denominator.bit_length()
    if Fraction(2) ** exponent > size:
        exponent -= 1
    quantum = Fraction(2) ** (max(exponent, -126) - 23)
    rounded = round(size / quantum) * quantum  # Fraction rounds half to even
    return sign * (math.inf if rounded >= Fraction(2) ** 128 else float(rounded))


def f32(x):
    """A double rounded to float32."""
    return x if x == 0 or not math.isfinite(x) else round_exact(Fraction(x))


def fma(a, b, c):
    """a * b + c of float32 numbers, rounded to float32 once."""
    if not all(map(math.isfinite, (a, b, c))):
        return a * b + c  # the product of two float32 is exact in a double, so only infinities and NaN come out
    exact = Fraction(a) * Fraction(b) + Fraction(c)
    return a * b + c if exact == 0 else round_exact(exact)  # a double keeps the sign of an exact zero


def separate(a, b, c):
    return f32(f32(a * b) + c)  # a float32 product is exact in a double; a sum of two float32 rounds the same in two goes


# -- the update, as hairpin specifies it ------------------------------------------------------------------------------


class Emulation:
    def __init__(self, case, mode):
        self.case, self.join = case, {"separate": separate, "fused": fma}[mode]
        self.velocity = {}

    def step(self, key, group, lr, momentum, params, grads):
        # A term whose coefficient is 0 is skipped. torch skips it for weight decay alone: at a rate of 0 (or a dampening of
        # 1) it adds 0 * g, which is another number where g is not finite or the other term is -0. No case goes there.
        config, join = self.case["config"], self.join
        momentum, decay = f32(momentum), f32(group["weight_decay"])
        undampened = f32(1 - config["dampening"])
        rate = f32(lr * group["lr_multiplier"])
        if decay != 0:
            grads = [join(decay, p, g) for p, g in zip(params, grads)]
        if momentum != 0:
            if key not in self.velocity:
                self.velocity[key] = list(grads)
            elif undampened == 0:
                self.velocity[key] = [f32(momentum * v) for v in self.velocity[key]]
            else:
                self.velocity[key] = [join(undampened, g, f32(momentum * v)) for g, v in zip(grads, self.velocity[key])]
            v = self.velocity[key]
            grads = [join(momentum, w, g) for w, g in zip(v, grads)] if config["nesterov"] else v
        return [p if rate == 0 else join(-rate, g, p) for p, g in zip(params, grads)]


# -- what is run ------------------------------------------------------------------------------------------------------


def inputs():
    """Named starting points: parameters of every size and a gradient for each step."""
    rng = random.Random(7)

    def wide(low, high):
        return lambda: f32(rng.choice([-1, 1]) * 2.0 ** rng.uniform(low, high))

    special = [0.0, -0.0, number(1), -number(1), number(0x007FFFFF), number(0x00800000), 1.0, -1.0, 3.0e38, -3.0e38]
    nonfinite = special + [math.inf, -math.inf, math.nan]

    def mixed(values):
        draw = wide(-149, 127)
        return lambda: f32(rng.choice(values)) if rng.random() < 0.5 else draw()

    draws = {
        "ordinary": (lambda: f32(rng.gauss(0, 1)), lambda: f32(rng.gauss(0, 1))),
        "wide": (wide(-20, 20), wide(-20, 20)),
        "subnormal": (wide(-149, -124), wide(-149, -124)),
        "huge": (wide(120, 127.9), wide(120, 127.9)),
        "special": (mixed(special), mixed(special)),
        "nonfinite": (mixed(special), mixed(nonfinite)),
    }
    pools = {}
    for name, (parameter, gradient) in draws.items():
        params = [[parameter() for _ in range(n)] for n in SIZES]
        grads = [[[gradient() for _ in range(n)] for n in SIZES] for _ in range(STEPS)]
        pools[name] = {"params": params, "grads": grads}
    # Two tensors see their first gradient later than the others, and one pauses.
    late = {"params": pools["ordinary"]["params"], "grads": [list(step) for step in pools["ordinary"]["grads"]]}
    late["grads"][0][2] = late["grads"][0][6] = late["grads"][1][6] = late["grads"][3][4] = None
    pools["late"] = late
    return pools


def cases():
    constant = [f32(0.1)] * STEPS
    falling = [f32(0.5 * (1 + math.cos(math.pi * t / STEPS))) for t in range(STEPS)]
    plain = {"momentum": 0.0, "dampening": 0.0, "nesterov": False}
    heavy = plain | {"momentum": 0.9}
    damped = heavy | {"dampening": 0.6}  # 1 - 0.6 rounded to float32 is another number than 1 - 0.6 in float32
    nesterov = heavy | {"nesterov": True}
    everything = list(range(len(SIZES)))

    def one(decay=0.0, multiplier=1.0):
        return [{"tensors": everything, "lr_multiplier": multiplier, "weight_decay": decay}]

    # A rate times 0.3 or 2.2, rounded, is for some rates another number than the product of the two in float32.
    split = [
        {"tensors": [0, 3, 6], "lr_multiplier": 1.0, "weight_decay": 0.0},
        {"tensors": [1, 4, 7], "lr_multiplier": 0.3, "weight_decay": 5e-4},
        {"tensors": [2, 5, 8], "lr_multiplier": 2.2, "weight_decay": 0.01},
    ]

    def case(name, source, config, groups, lr, scheduler=None, **more):
        return {"case": name, "inputs": source, "config": config, "groups": groups, "lr": lr, "scheduler": scheduler} | more

    yield case("plain", "ordinary", plain, one(), constant)
    yield case("plain, unused dampening", "ordinary", plain | {"dampening": 0.5}, one(), falling)
    yield case("rate 0", "ordinary", heavy, one(0.01), [0.0] * STEPS)
    yield case("decay", "ordinary", plain, one(5e-4), constant)
    yield case("negative decay and rate", "ordinary", plain, one(-0.01), [-r for r in falling])
    yield case("momentum", "ordinary", heavy, one(), falling)
    yield case("momentum above 1", "wide", heavy | {"momentum": 1.5}, one(), falling)
    yield case("dampened", "ordinary", damped, one(), falling)
    yield case("negative dampening", "ordinary", heavy | {"dampening": -0.3}, one(0.01), falling)
    yield case("wholly dampened", "ordinary", heavy | {"dampening": 1.0}, one(0.01), falling)
    yield case("nesterov", "ordinary", nesterov, one(), falling)
    yield case("nesterov, decay", "wide", nesterov, one(5e-4), falling)
    yield case("dampened, decay", "wide", damped, one(0.1), falling)
    yield case("groups, plain", "ordinary", plain, split, falling)
    yield case("groups, dampened", "wide", damped, split, falling)
    yield case("groups, nesterov", "ordinary", nesterov, split, falling)
    yield case("late gradients", "late", damped, one(5e-4), falling)
    for source in ("subnormal", "huge", "special", "nonfinite"):
        yield case(f"{source}, plain", source, plain, one(0.01), falling)
        yield case(f"{source}, dampened", source, damped, one(0.01), falling)
        yield case(f"{source}, nesterov", source, nesterov, one(), falling)
    # One-cycle: the momentum falls while the rate rises, and the other way round.
    rates, momenta = [0.25, 0.5, 1.0, 0.75, 0.5, 0.25], [f32(m) for m in (0.95, 0.9, 0.85, 0.88, 0.92, 0.95)]
    yield case("cycled momentum", "ordinary", heavy, one(), rates, momentum=momenta)
    yield case("cycled momentum, dampened", "wide", damped, split, rates, momentum=momenta)
    yield case("cycled momentum, nesterov", "ordinary", nesterov, one(5e-4), rates, momentum=momenta)
    yield case("step schedule", "ordinary", heavy, one(5e-4), None, ["StepLR", {"step_size": 2, "gamma": 0.1}, 0.1])
    yield case("cosine schedule", "ordinary", nesterov, one(), None, ["CosineAnnealingLR", {"T_max": 5, "eta_min": 0.001}, 0.1])
    yield case("exponential schedule", "wide", damped, one(0.01), None, ["ExponentialLR", {"gamma": 0.9}, 0.3])


def momentum_at(case, step):
    """The momentum of a step: the configured one, or the one given for it."""
    return case["momentum"][step] if "momentum" in case else case["config"]["momentum"]


# -- torch, in a process with one CPU capability ----------------------------------------------------------------------


def run_torch(pools, case):
    import torch

    pool = pools[case["inputs"]]
    tensors = [torch.tensor(p, dtype=torch.float32) for p in pool["params"]]
    first = case["scheduler"][2] if case["scheduler"] else 1.0
    groups = [{"params": [tensors[k] for k in g["tensors"]], "lr": first * g["lr_multiplier"]} for g in case["groups"]]
    optimizer = torch.optim.SGD(groups, lr=first, foreach=False, fused=False, **case["config"])
    for group, g in zip(optimizer.param_groups, case["groups"]):
        group["weight_decay"] = g["weight_decay"]  # set here: the constructor refuses a negative one, the update does not
    scheduler = None
    if case["scheduler"]:
        name, arguments, _ = case["scheduler"]
        scheduler = getattr(torch.optim.lr_scheduler, name)(optimizer, **arguments)
    kept, rates = [], []
    for step in range(STEPS):
        if scheduler:
            rates.append(f32(optimizer.param_groups[0]["lr"]))
        else:
            rates.append(case["lr"][step])
            for group, g in zip(optimizer.param_groups, case["groups"]):
                group["lr"] = case["lr"][step] * g["lr_multiplier"]
                group["momentum"] = momentum_at(case, step)
        for tensor, grad in zip(tensors, pool["grads"][step]):
            tensor.grad = None if grad is None else torch.tensor(grad, dtype=torch.float32)
        optimizer.step()
        if scheduler:
            scheduler.step()
        if step in KEPT:
            kept.append([pack(t.tolist()) for t in tensors])
    buffers = [optimizer.state[t].get("momentum_buffer") for t in tensors]
    return {
        "lr": pack(rates),
        "params": kept,
        "velocity": ["" if b is None else pack(b.tolist()) for b in buffers],
    }


def child():
    import torch

    torch.set_num_threads(1)
    pools = inputs()
    results = [run_torch(pools, case) for case in cases()]
    capability = torch.backends.cpu.get_cpu_capability()
    json.dump({"torch": torch.__version__, "capability": capability, "results": results}, sys.stdout)


def emulate(pools, case, mode, lr):
    pool, emulation = pools[case["inputs"]], Emulation(case, mode)
    tensors = [list(p) for p in pool["params"]]
    kept = []
    for step in range(STEPS):
        for group in case["groups"]:
            for k in group["tensors"]:
                grad = pool["grads"][step][k]
                if grad is not None:
                    tensors[k] = emulation.step(k, group, lr[step], momentum_at(case, step), tensors[k], grad)
        if step in KEPT:
            kept.append([pack(t) for t in tensors])
    return kept, [pack(emulation.velocity.get(k, [])) for k in range(len(SIZES))]


# -- the file ---------------------------------------------------------------------------------------------------------


def unpack(text):
    return [number(int(text[i : i + 8], 16)) for i in range(0, len(text), 8)]


def differences(case, mode, found, wanted):
    for what, ours, theirs in (("params", wanted[0], found["params"]), ("velocity", [wanted[1]], [found["velocity"]])):
        for at, (row, other) in enumerate(zip(ours, theirs)):
            for k, (a, b) in enumerate(zip(row, other)):
                for i in range(0, max(len(a), len(b)), 8):
                    if a[i : i + 8] != b[i : i + 8]:
                        yield f"{mode} {case['case']}: {what}[{at}] size {SIZES[k]} element {i // 8}: specified {a[i:i+8]}, torch {b[i:i+8]}"


def main():
    pools, all_cases, runs = inputs(), list(cases()), {}
    for capability in MODE_OF:
        out = subprocess.run(
            [sys.executable, __file__, "--child"],
            env=os.environ | {"ATEN_CPU_CAPABILITY": capability},
            stdout=subprocess.PIPE,
            check=True,
        )
        runs[capability] = json.loads(out.stdout)
        assert runs[capability]["capability"].lower() == capability, runs[capability]["capability"]
    wrong = []
    rows = []
    for index, case in enumerate(all_cases):
        lr = runs["default"]["results"][index]["lr"]
        results = {}
        for capability, mode in MODE_OF.items():
            found = runs[capability]["results"][index]
            wrong += differences(case, f"{capability} = {mode}", found, emulate(pools, case, mode, unpack(lr)))
            results[mode] = {"params": found["params"], "velocity": found["velocity"]}
        momentum = {"momentum": pack(case["momentum"])} if "momentum" in case else {}
        rows.append(case | {"lr": lr} | momentum | {"results": results})
    if wrong:
        print("\n".join(wrong[:40]), f"{len(wrong)} elements differ from the specified operations; nothing written", sep="\n")
        sys.exit(1)
    with open("/proc/cpuinfo", encoding="ascii") as info:
        flags = next(line for line in info if line.startswith("flags")).split()
    header = {
        "torch": runs["default"]["torch"],
        "python": platform.python_version(),
        "machine": platform.machine(),
        "cpu_flags": [f for f in flags if f in ("fma", "avx", "avx2", "avx512f", "avx512vl", "avx512dq", "avx512bw")],
        "capabilities": MODE_OF,
        "sizes": SIZES,
        "kept_steps": KEPT,
    }
    target = os.path.join(os.path.dirname(os.path.abspath(__file__)), "sgd_torch.jsonl")
    with open(target + ".part", "w", encoding="ascii") as out:
        out.write(json.dumps({"header": header}) + "\n")
        for name, pool in pools.items():
            params = [pack(p) for p in pool["params"]]
            grads = [[None if g is None else pack(g) for g in step] for step in pool["grads"]]
            out.write(json.dumps({"inputs": name, "params": params, "grads": grads}) + "\n")
        for row in rows:
            out.write(json.dumps(row) + "\n")
    os.replace(target + ".part", target)
    print(f"{len(rows)} cases, {sum(SIZES) * STEPS * len(rows) * len(MODE_OF)} updates equal to the specified operations")


if __name__ == "__main__":
    child() if "--child" in sys.argv else main()
