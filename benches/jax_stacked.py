"""Trains the trials of `host/examples/train_rate.rs` stacked in JAX, under jit and scan, and prints trial-steps/s.

    python benches/jax_stacked.py            # needs jax and numpy

Same data, split, minibatch size, steps and rates (a cosine for each trial, as a table); the same number of
evaluations. The order of minibatches differs, which does not change the work. Also prints what numpy's sgemm reaches on
a product too large to be held back by anything but arithmetic.
"""

import gzip
import math
import pathlib
import time

import jax
import jax.numpy as jnp
import numpy as np

STEPS, BATCH, ROUNDS = 300, 32, 3
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
    n = 2048
    a = np.ones((n, n), np.float32)
    best = math.inf
    for _ in range(5):
        begun = time.perf_counter()
        a @ a
        best = min(best, time.perf_counter() - begun)
    return 2 * n**3 / best / 1e9


def main():
    data = digits()
    print(f"numpy sgemm 2048: {gemm_ceiling():.0f} GFLOP/s")
    random = np.random.default_rng(0)
    epochs = math.ceil(STEPS * BATCH / len(data[0]))
    order = np.concatenate([random.permutation(len(data[0])) for _ in range(epochs)])
    rows = jnp.asarray(order[: STEPS * BATCH].reshape(STEPS, BATCH))
    for model, logits, trials in [("softmax", softmax_logits, 4096), ("mlp", mlp_logits, 1024)]:
        peaks = 1e-3 * 1e3 ** (np.arange(trials) / trials)
        cosine = 0.5 * (1 + np.cos(np.pi * np.arange(STEPS) / STEPS))
        rates = jnp.asarray(cosine[:, None] * peaks[None, :], jnp.float32)
        p = start(model, trials, data[0].shape[1])
        for evaluations in [1, 20]:
            for momentum in [0.0, 0.9]:
                run = trainer(logits, momentum, STEPS // evaluations, data)
                _, (loss, _) = jax.block_until_ready(run(p, rows, rates))
                best = math.inf
                for _ in range(ROUNDS):
                    begun = time.perf_counter()
                    jax.block_until_ready(run(p, rows, rates))
                    best = min(best, time.perf_counter() - begun)
                print(
                    f"{model} {trials} trials, {evaluations} evaluations, momentum {momentum}: "
                    f"{trials * STEPS / best / 1e3:.0f}k trial-steps/s (best loss {float(loss[-1].min()):.3f})"
                )


if __name__ == "__main__":
    main()
