"""Trains the trials of `host/examples/train_rate.rs` stacked in JAX, under jit and scan, and prints trial-steps/s.

    python benches/jax_stacked.py            # needs jax and numpy
    python benches/jax_stacked.py --softmax 4096,65536 --mlp 1024 --precision default,highest --csv stacked.csv
    python benches/jax_stacked.py --softmax 64 --mlp none --evaluations 20 --momentum 0.9 --rounds 1

Runs where jax runs: on a GPU if it finds one (`JAX_PLATFORMS=cpu` keeps it from that). Same data, split, minibatch size,
steps and rates (a cosine for each trial, as a table); the same number of evaluations. The order of minibatches differs, which does
not change the work. Compiling is left out of the rate and printed beside it; the rate is that of the best round. Also prints what a
matrix product too large to be held back by anything but arithmetic reaches, on the CPU numpy's.

On a GPU, jax may round what goes into an f32 matrix product to the 10 bits of TF32. `--precision highest` forbids that, `default`
leaves it to jax; the line in front of the results says what was seen to happen.
"""

import argparse
import csv
import gzip
import itertools
import math
import os
import pathlib
import time

import jax
import jax.numpy as jnp
import numpy as np

STEPS, BATCH = 300, 32
CLASSES, HIDDEN = 10, 32


def digits():
    path = pathlib.Path(__file__).parent.parent / "host/data/digits.csv.gz"
    table = np.loadtxt(gzip.open(path, "rt"), delimiter=",", dtype=np.float32)
    x, y = table[:, :-1] / 16, table[:, -1].astype(np.int32)
    validates = np.arange(len(x)) % 5 == 4
    return x[~validates], y[~validates], x[validates], y[validates]


def softmax_logits(p, x):
    return jnp.einsum("tcd,bd->tcb", p["w"], x) + p["b"][:, :, None]


def mlp_logits(p, x):
    h = jax.nn.relu(jnp.einsum("thd,bd->thb", p["w1"], x) + p["b1"][:, :, None])
    return jnp.einsum("tch,thb->tcb", p["w2"], h) + p["b2"][:, :, None]


def start(model, trials, width):
    if model == "softmax":
        return {"w": jnp.zeros((trials, CLASSES, width)), "b": jnp.zeros((trials, CLASSES))}
    random = np.random.default_rng(0)
    he, glorot = math.sqrt(6 / width), math.sqrt(6 / (HIDDEN + CLASSES))

    def stacked(bound, shape):
        return jnp.asarray(np.broadcast_to(random.uniform(-bound, bound, shape), (trials, *shape)), jnp.float32)

    return {
        "w1": stacked(he, (HIDDEN, width)),
        "b1": jnp.zeros((trials, HIDDEN)),
        "w2": stacked(glorot, (CLASSES, HIDDEN)),
        "b2": jnp.zeros((trials, CLASSES)),
    }


def trainer(logits, momentum, eval_every, data):
    x, y, x_val, y_val = (jnp.asarray(a) for a in data)

    def losses(p, x, y):
        z = logits(p, x)
        right = jnp.take_along_axis(z, y[None, None, :], axis=1)[:, 0]
        return (jax.nn.logsumexp(z, axis=1) - right).mean(axis=1), z

    def step(carry, inputs):
        p, v = carry
        rows, lr = inputs
        g = jax.grad(lambda p: losses(p, x[rows], y[rows])[0].sum())(p)
        if momentum:
            v = jax.tree.map(lambda v, g: momentum * v + g, v, g)
            g = v
        p = jax.tree.map(lambda p, g: p - lr.reshape(-1, *[1] * (g.ndim - 1)) * g, p, g)
        return (p, v), None

    def chunk(carry, inputs):
        carry, _ = jax.lax.scan(step, carry, inputs)
        loss, z = losses(carry[0], x_val, y_val)
        return carry, (loss, (z.argmax(axis=1) == y_val).mean(axis=1))

    @jax.jit
    def run(p, rows, rates):
        v = jax.tree.map(jnp.zeros_like, p) if momentum else p
        chunks = STEPS // eval_every
        rows = rows.reshape(chunks, eval_every, BATCH)
        rates = rates.reshape(chunks, eval_every, -1)
        return jax.lax.scan(chunk, (p, v), (rows, rates))

    return run


def gemm_ceiling():
    """GFLOP/s of a large f32 product, and who computed it."""
    on_cpu = jax.default_backend() == "cpu"
    n = 2048 if on_cpu else 8192
    a = np.ones((n, n), np.float32)
    if on_cpu:
        name, product = "numpy sgemm", lambda: a @ a
    else:
        # Ones would flatter it: a product of equal numbers heats the chip less.
        on_device, multiply = jax.random.normal(jax.random.key(0), (n, n)), jax.jit(jnp.matmul)
        name, product = "jnp.matmul", lambda: jax.block_until_ready(multiply(on_device, on_device))
    product()
    best = math.inf
    for _ in range(5):
        begun = time.perf_counter()
        product()
        best = min(best, time.perf_counter() - begun)
    return f"{name} {n}: {2 * n**3 / best / 1e9:.0f} GFLOP/s"


def seen_rounding():
    """Whether bits below TF32's are lost in the two products of softmax regression, logits and gradient."""
    trials, width = 1024, 64
    # Eleven bits after the point: f32 holds it, TF32 does not.
    value = 1 + 2.0**-11
    w, x = jnp.full((trials, CLASSES, width), value), jnp.ones((BATCH, width))
    z, unit = jnp.full((trials, CLASSES, BATCH), value), jnp.ones((BATCH, width))
    logits = jax.jit(lambda w, x: jnp.einsum("tcd,bd->tcb", w, x))(w, x) / width
    gradient = jax.jit(lambda z, x: jnp.einsum("tcb,bd->tcd", z, x))(z, unit) / BATCH
    lost = [name for name, y in [("logits", logits), ("gradient", gradient)] if float(abs(y - value).max()) > 2.0**-14]
    return f"rounded as in TF32: {', '.join(lost)}" if lost else "not rounded: all bits of f32 take part"


def precisions(text):
    return [{"default": None}.get(name, name) for name in text.split(",")]


def numbers(kind):
    def parse(text):
        return [] if text == "none" else [kind(part) for part in text.split(",")]

    # What argparse calls it in an error.
    parse.__name__ = f"list of {kind.__name__}"
    return parse


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--softmax", type=numbers(int), default=[4096], metavar="TRIALS", help="how many (4096); none for none")
    parser.add_argument("--mlp", type=numbers(int), default=[1024], metavar="TRIALS", help="how many (1024); none for none")
    parser.add_argument("--evaluations", type=numbers(int), default=[1, 20], help=f"how often, in {STEPS} steps (1,20)")
    parser.add_argument("--momentum", type=numbers(float), default=[0.0, 0.9], help="0,0.9")
    parser.add_argument("--rounds", type=int, default=3, help="of which the best counts (3)")
    parser.add_argument("--precision", type=precisions, default=[None], help="of matrix products: default, highest, or both")
    parser.add_argument("--csv", metavar="FILE", help="write the results there as well")
    arguments = parser.parse_args()
    if any(count < 1 or STEPS % count for count in arguments.evaluations):
        parser.error(f"--evaluations: {STEPS} steps must be a multiple of each")
    if arguments.rounds < 1:
        parser.error("--rounds: at least one")
    if set(arguments.precision) - {None, "highest"}:
        parser.error("--precision: default and highest are the two")
    return arguments


def time_run(run, inputs, rounds):
    """Seconds to compile, seconds of the best round, the best trial's last loss."""
    begun = time.perf_counter()
    compiled = run.lower(*inputs).compile()
    compiling = time.perf_counter() - begun
    _, (loss, _) = jax.block_until_ready(compiled(*inputs))
    best = math.inf
    for _ in range(rounds):
        begun = time.perf_counter()
        jax.block_until_ready(compiled(*inputs))
        best = min(best, time.perf_counter() - begun)
    # A trial whose rate was too large has lost itself in NaN.
    return compiling, best, float(np.nanmin(loss[-1]))


COLUMNS = ["backend", "device", "jax", "precision", "model", "trials", "evaluations", "momentum"]
COLUMNS += ["compile_s", "best_s", "trial_steps_per_s", "best_loss", "error"]


def main():
    arguments = parse_arguments()
    data = digits()
    where = dict(backend=jax.default_backend(), device=jax.devices()[0].device_kind, jax=jax.__version__)
    print("jax {jax} on {backend} ({device})".format(**where))
    random = np.random.default_rng(0)
    epochs = math.ceil(STEPS * BATCH / len(data[0]))
    order = np.concatenate([random.permutation(len(data[0])) for _ in range(epochs)])
    rows = jnp.asarray(order[: STEPS * BATCH].reshape(STEPS, BATCH))
    cosine = 0.5 * (1 + np.cos(np.pi * np.arange(STEPS) / STEPS))

    def measure(model, logits, trials, evaluations, momentum):
        peaks = 1e-3 * 1e3 ** (np.arange(trials) / trials)
        rates = jnp.asarray(cosine[:, None] * peaks[None, :], jnp.float32)
        p = start(model, trials, data[0].shape[1])
        run = trainer(logits, momentum, STEPS // evaluations, data)
        compiling, best, loss = time_run(run, (p, rows, rates), arguments.rounds)
        return dict(compile_s=compiling, best_s=best, trial_steps_per_s=trials * STEPS / best, best_loss=loss)

    models = [("softmax", softmax_logits, trials) for trials in arguments.softmax]
    models += [("mlp", mlp_logits, trials) for trials in arguments.mlp]
    with open(arguments.csv or os.devnull, "w", newline="") as file:
        table = csv.DictWriter(file, COLUMNS)
        table.writeheader()
        for precision in arguments.precision:
            jax.config.update("jax_default_matmul_precision", precision)
            named = precision or "default"
            print(f"precision {named}: matrix products {seen_rounding()}; {gemm_ceiling()}", flush=True)
            for model, evaluations, momentum in itertools.product(models, arguments.evaluations, arguments.momentum):
                name, logits, trials = model
                what = dict(precision=named, model=name, trials=trials, evaluations=evaluations, momentum=momentum)
                # One that finds no memory, say, must not keep the others from being measured.
                try:
                    found = measure(name, logits, trials, evaluations, momentum)
                    result = "{:.0f}k trial-steps/s (best loss {best_loss:.3f}; compiled in {compile_s:.1f} s)".format(
                        found["trial_steps_per_s"] / 1e3, **found
                    )
                except Exception as error:
                    lines = str(error).strip().splitlines() or [""]
                    found = dict(error=f"{type(error).__name__}: {lines[0][:200]}")
                    result = found["error"]
                print(f"{name} {trials} trials, {evaluations} evaluations, momentum {momentum}: {result}", flush=True)
                table.writerow(where | what | found)
                file.flush()


if __name__ == "__main__":
    main()
