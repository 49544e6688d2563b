"""The tables of rates that `cpu_peers.py` compares: how each schedule is drawn, what hairpin and Optax call it, its formula, and
how NumPy, torch and JAX fill a table by it.

A formula is written once, in operations that NumPy, torch and jax.numpy have in common. It works in `out` where the library can
write there, and goes over it as few times as it may: what depends on a trial alone is worked out before, in f64.
"""

import dataclasses
import functools
import math
import types
import typing

TRIALS, STEPS = 4096, 2000
# The steps of a warm-up: no later column needs a look at it.
WARMUP = 20, 300
# Rows at a time, measured: NumPy's stay in a near cache, torch needs some work for each thread.
NUMPY_ROWS, TORCH_ROWS = 32, 512


def operations(module, power, choose):
    """What a formula may use. `module` is NumPy or torch; jax.numpy has no `out`, so that what it is given there is dropped."""
    names = ["add", "subtract", "multiply", "divide", "minimum", "cos", "exp", "sqrt"]
    return types.SimpleNamespace(**{name: getattr(module, name) for name in names}, power=power, choose=choose)


def of_numpy(np):
    def power(base, exponent, out):
        # A third less time than np.power, and for a positive base as accurate as is asked here.
        np.log(base, out=out)
        np.multiply(out, exponent, out=out)
        return np.exp(out, out=out)

    def choose(out, mask, values):
        np.copyto(out[:, : mask.shape[1]], values, where=mask)
        return out

    return operations(np, power, choose)


def of_torch(torch):
    def choose(out, mask, values):
        early = out[:, : mask.shape[1]]
        torch.where(mask, values, early, out=early)
        return out

    return operations(torch, torch.pow, choose)


def of_jax(jnp):
    def without_out(operation):
        return lambda *arguments, out=None: operation(*arguments)

    def choose(out, mask, values):
        early = mask.shape[1]
        return out.at[:, :early].set(jnp.where(mask, values, out[:, :early]))

    made = operations(jnp, jnp.power, choose)
    return types.SimpleNamespace(**{name: f if name == "choose" else without_out(f) for name, f in vars(made).items()})


# Parameters, as in `host/examples/table_rate.rs`.


def rate(random):
    return 10 ** random.uniform(-4, 0, (TRIALS, 1))


def end(random):
    """The lower end of a curve: 0 in one case out of four."""
    return random.uniform(0, 1e-4, (TRIALS, 1)) * (random.uniform(size=(TRIALS, 1)) >= 0.25)


def length(random):
    return random.integers(1000, 3000, (TRIALS, 1)).astype(float)


def draw_curve(random):
    return {"rate": rate(random), "end": end(random), "steps": length(random)}


def draw_linear(random):
    p = draw_curve(random)
    return p | {"slope": (p["end"] - p["rate"]) / p["steps"]}


def draw_exponential(random):
    import numpy as np

    p = {"rate": rate(random), "gamma": random.uniform(0.97, 0.9999, (TRIALS, 1))}
    return p | {"growth": np.log(p["gamma"])}


def draw_cosine(random):
    p = draw_curve(random)
    half = (p["rate"] - p["end"]) / 2
    return p | {"turn": math.pi / p["steps"], "half": half, "middle": p["end"] + half}


def draw_polynomial(random, power=None):
    p = draw_curve(random)
    p["power"] = random.uniform(0.5, 3, (TRIALS, 1)) if power is None else 0 * p["rate"] + power
    return p | {"scale": (p["rate"] - p["end"]) / p["steps"] ** p["power"]}


def draw_inverse_sqrt(random):
    p = {"rate": rate(random), "timescale": 10 ** random.uniform(0, 4, (TRIALS, 1))}
    return p | {"scale": p["rate"] * p["timescale"] ** 0.5}


def draw_warmup(random):
    p = draw_cosine(random)
    p |= {"warmup": random.integers(*WARMUP, (TRIALS, 1)).astype(float), "start": end(random), "peak": rate(random)}
    return p | {"slope": (p["peak"] - p["start"]) / p["warmup"]}


# Formulas: `m` has the operations, `p` a column for each parameter, `t` the steps in a row.


def linear(m, p, t, out):
    out = m.minimum(t, p.steps, out=out)
    out = m.multiply(out, p.slope, out=out)
    return m.add(out, p.rate, out=out)


def exponential(m, p, t, out):
    out = m.multiply(t, p.growth, out=out)
    out = m.exp(out, out=out)
    return m.multiply(out, p.rate, out=out)


def wave(m, p, out):
    out = m.multiply(out, p.turn, out=out)
    out = m.cos(out, out=out)
    out = m.multiply(out, p.half, out=out)
    return m.add(out, p.middle, out=out)


def cosine(m, p, t, out):
    return wave(m, p, m.minimum(t, p.steps, out=out))


def polynomial(m, p, t, out):
    out = m.minimum(t, p.steps, out=out)
    out = m.subtract(p.steps, out, out=out)
    out = m.power(out, p.power, out=out)
    out = m.multiply(out, p.scale, out=out)
    return m.add(out, p.end, out=out)


def square(m, p, t, out):
    out = m.minimum(t, p.steps, out=out)
    out = m.subtract(p.steps, out, out=out)
    out = m.multiply(out, out, out=out)
    out = m.multiply(out, p.scale, out=out)
    return m.add(out, p.end, out=out)


def inverse_sqrt(m, p, t, out):
    out = m.add(t, p.timescale, out=out)
    out = m.sqrt(out, out=out)
    return m.divide(p.scale, out, out=out)


def warmup_then_cosine(m, p, t, out):
    early = t[: WARMUP[1]]
    line = m.multiply(early, p.slope)
    line = m.add(line, p.start, out=line)
    return m.choose(wave(m, p, m.subtract(t, p.warmup, out=out)), early < p.warmup, line)


# What Optax makes of one trial.


def optax_cosine(optax, p):
    return optax.cosine_decay_schedule(p.rate, p.steps, alpha=p.end / p.rate)


def optax_polynomial(optax, p):
    return optax.polynomial_schedule(p.rate, p.end, p.power, p.steps)


def optax_warmup(optax, p):
    line = optax.linear_schedule(p.start, p.peak, p.warmup)
    return optax.join_schedules([line, optax_cosine(optax, p)], [p.warmup])


@dataclasses.dataclass
class Kind:
    name: str
    # Its name in `table_rate`.
    row: str
    draw: typing.Callable
    formula: typing.Callable
    # A trial's schedule as a table that `hairpin lr` reads.
    described: typing.Callable
    optax: typing.Callable | None = None
    # Whether Optax stays at the end where hairpin's row rises again.
    optax_holds: bool = False
    # How far, relatively, Optax's own rounding takes it off beyond what others may be.
    optax_off: float = 0.0


def described_polynomial(p):
    curve = {"kind": "polynomial", "learning_rate": p.rate, "end_lr": p.end, "decay_steps": int(p.steps)}
    return curve | {"power": p.power}


def described_cosine(p):
    return {"kind": "cosine_annealing", "learning_rate": p.rate, "eta_min": p.end, "t_max": int(p.steps)}


KINDS = [
    Kind(
        "linear", "linear", draw_linear, linear,
        lambda p: {"kind": "linear", "start_lr": p.rate, "end_lr": p.end, "total_steps": int(p.steps)},
        lambda optax, p: optax.linear_schedule(p.rate, p.end, p.steps),
    ),
    Kind(
        "exponential", "exponential", draw_exponential, exponential,
        lambda p: {"kind": "exponential", "learning_rate": p.rate, "gamma": p.gamma},
        lambda optax, p: optax.exponential_decay(p.rate, 1, p.gamma),
        # It rounds gamma itself to f32, and then raises it to the step.
        optax_off=STEPS * 2.0**-24,
    ),
    Kind(
        "cosine", "cosine_decay", draw_cosine, cosine,
        lambda p: {"kind": "cosine_decay", "learning_rate": p.rate, "eta_min": p.end, "decay_steps": int(p.steps)},
        optax_cosine,
    ),
    Kind(
        "polynomial, fractional power", "polynomial, fractional power", draw_polynomial, polynomial,
        described_polynomial, optax_polynomial,
    ),
    Kind(
        "polynomial, power 2", "polynomial, power 2", lambda random: draw_polynomial(random, 2.0), square,
        described_polynomial, optax_polynomial,
    ),
    Kind(
        "inverse_sqrt", "inverse_sqrt", draw_inverse_sqrt, inverse_sqrt,
        lambda p: {"kind": "inverse_sqrt", "learning_rate": p.rate, "timescale": p.timescale},
    ),
    Kind(
        "warm-up, then cosine", "warm-up, then cosine", draw_warmup, warmup_then_cosine,
        lambda p: {
            "kind": "linear_warmup", "warmup_steps": int(p.warmup), "start_lr": p.start, "end_lr": p.peak,
            "after": described_cosine(p),
        },
        optax_warmup, optax_holds=True,
    ),
]  # fmt: skip


# Fillers: each a call that fills the table, and another that gives it.


def in_blocks(formula, operations, columns, steps, table, rows, work=None):
    """A call that fills the table some rows at a time, in `work` where that is another type than the table's."""
    blocks = []
    for first in range(0, len(table), rows):
        p = {name: column[first : first + rows] for name, column in columns.items()}
        blocks.append((types.SimpleNamespace(**p), table[first : first + rows]))

    def fill():
        for p, out in blocks:
            made = formula(operations, p, steps, out if work is None else work)
            if work is not None:
                out[:] = made

    return fill


def numpy_table(np, kind, columns, dtype):
    columns = {name: column.astype(dtype) for name, column in columns.items()}
    table = np.zeros((len(columns["rate"]), STEPS), np.float32)
    work = None if dtype == np.float32 else np.zeros((NUMPY_ROWS, STEPS), dtype)
    fill = in_blocks(kind.formula, of_numpy(np), columns, np.arange(STEPS, dtype=dtype), table, NUMPY_ROWS, work)

    def quietly():
        # The logarithm of 0, at the end of a power.
        with np.errstate(divide="ignore"):
            fill()

    return quietly, lambda: table


def torch_table(torch, kind, columns):
    columns = {name: torch.from_numpy(column).float() for name, column in columns.items()}
    table = torch.zeros(len(columns["rate"]), STEPS)
    steps = torch.arange(STEPS, dtype=torch.float32)
    return in_blocks(kind.formula, of_torch(torch), columns, steps, table, TORCH_ROWS), table.numpy


def jax_table(jax, kind, columns):
    jnp = jax.numpy
    operations, steps = of_jax(jnp), jnp.arange(STEPS, dtype=jnp.float32)
    columns = {name: jnp.asarray(column, jnp.float32) for name, column in columns.items()}

    # The old table is an argument that nobody reads, so that its memory can be the new one's.
    @functools.partial(jax.jit, donate_argnums=0, keep_unused=True)
    def make(table, p):
        return kind.formula(operations, types.SimpleNamespace(**p), steps, table)

    state = [jnp.zeros((len(columns["rate"]), STEPS))]

    def fill():
        state[0] = jax.block_until_ready(make(state[0], columns))

    return fill, lambda: state[0]


def optax_table(jax, optax, np, kind, columns):
    """Its name, a call, the table, and why it is not called under vmap."""
    steps, one = jax.numpy.arange(STEPS), {name: column[:, 0] for name, column in columns.items()}
    state = [np.zeros((len(columns["rate"]), STEPS), np.float32)]
    under_vmap = jax.jit(jax.vmap(lambda p: kind.optax(optax, types.SimpleNamespace(**p))(steps)))

    def at_once():
        state[0] = jax.block_until_ready(under_vmap(one))

    def each():
        for i, row in enumerate(state[0]):
            p = types.SimpleNamespace(**{name: float(column[i]) for name, column in one.items()})
            row[:] = kind.optax(optax, p)(steps)

    try:
        at_once()
        return "Optax, vmap, jit", at_once, lambda: state[0], ""
    except Exception as error:
        return "Optax, a call a trial", each, lambda: state[0], f"cannot under vmap: {type(error).__name__}"
