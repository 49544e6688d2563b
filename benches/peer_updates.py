"""The SGD steps that `cpu_peers.py` compares: NumPy, torch and Optax on stacked trials.

Each is built from parameters and gradients [trials, size] and rates [trials, 1]: a call that makes a step, and another that gives the
parameters.
"""

import functools


def numpy_update(np, p, g, rates, momentum):
    """In place on 32,768 parameters or so at a time."""
    p, v = p.copy(), np.zeros_like(p)
    if len(p) == 1:
        width = min(p.size, 1 << 15)
        p, v, g = (a.reshape(-1, width) for a in (p, v, g))
        rates = np.broadcast_to(rates, (len(p), 1))
    rows = max(1, (1 << 15) // p.shape[1])
    work = np.zeros((rows, p.shape[1]), np.float32)
    blocks = [tuple(a[first : first + rows] for a in (p, v, g, rates)) for first in range(0, len(p), rows)]

    def step():
        for p, v, g, rate in blocks:
            if momentum:
                np.multiply(v, momentum, out=v)
                np.add(v, g, out=v)
            by = np.multiply(v if momentum else g, rate, out=work[: len(p)])
            np.subtract(p, by, out=p)

    return step, lambda: p


def torch_stacked(torch, p, g, rates, momentum):
    p, g, rates = torch.from_numpy(p.copy()), torch.from_numpy(g), torch.from_numpy(rates)
    v = torch.zeros_like(p) if momentum else None

    def step():
        if momentum:
            v.mul_(momentum).add_(g)
        p.addcmul_(rates, v if momentum else g, value=-1)

    return step, p.numpy


def torch_sgd(torch, p, g, rates, momentum, grouped):
    stacked, g = torch.from_numpy(p.copy()), torch.from_numpy(g)
    groups = []
    for row, gradient, rate in zip(stacked, g, rates[:, 0].tolist()) if grouped else [(stacked, g, float(rates[0, 0]))]:
        row = row.detach().requires_grad_()
        row.grad = gradient
        groups.append({"params": [row], "lr": rate})
    optimizer = torch.optim.SGD(groups, momentum=momentum, fused=True, foreach=False)
    return optimizer.step, stacked.numpy


def optax_update(jax, optax, p, g, rates, momentum):
    def sgd(rate):
        return optax.sgd(rate, momentum=momentum or None)

    @functools.partial(jax.jit, donate_argnums=(0, 1))
    @jax.vmap
    def update(p, state, g, rate):
        updates, state = sgd(rate).update(g, state, p)
        return optax.apply_updates(p, updates), state

    p, g, rates = (jax.numpy.array(a) for a in (p, g, rates[:, 0]))
    state = [p, jax.vmap(sgd(0.0).init)(p)]

    def step():
        state[:] = jax.block_until_ready(update(*state, g, rates))

    return step, lambda: state[0]


def update_peers(np, jax, optax, torch):
    """By name: what builds the step, and whether a trial has its own rate. What is None is left out."""
    peers = {"NumPy": (functools.partial(numpy_update, np), "own")}
    if torch:
        sgd = functools.partial(torch_sgd, torch)
        peers["torch SGD, one tensor"] = functools.partial(sgd, grouped=False), "one"
        peers["torch SGD, a group each"] = functools.partial(sgd, grouped=True), "own"
        peers["torch by hand"] = functools.partial(torch_stacked, torch), "own"
    if optax:
        peers["Optax, vmap, jit"] = functools.partial(optax_update, jax, optax), "own"
    return peers
