"""Runs NumPy, Optax/JAX and torch on the CPU on the work that hairpin does, and prints tables of all of them.

    python benches/cpu_peers.py                                 # tables, the update and a sweep, on all cores
    python benches/cpu_peers.py --threads 1 --csv one_core.csv  # everybody on one core
    python benches/cpu_peers.py --only tables,update --rounds 9
    python benches/cpu_peers.py --quick                         # a minute: shows that it runs; its times mean nothing

Needs numpy and cargo; jax, optax and torch are left out, and that is said, where they are not installed.

*Tables*: 4,096 trials x 2,000 steps of f32, no two trials with a parameter in common, filled again and again in the same memory. NumPy
and torch work in place on some rows at a time, as many as were fastest; JAX gives its buffer back to the compiled function. "f64"
computes in f64 and rounds once, as hairpin does. Optax is called under vmap where it can be, else once for each trial. A sample of
trials is compared with hairpin's rates: what is too far off ends the run, and `same bits` says how many cells are equal.

*Update*: SGD, plain and with momentum 0.9, gradients present. `rates` says whether each trial has its own or all have one: an
optimizer of torch has one for each group of parameters, so that "a group each" is what gives each trial its own. Before each step
the bytes it moves are copied elsewhere, so that everybody begins with the same caches.

*Sweep*: thousand trial-steps/s of `host/examples/train_rate.rs` and of `benches/jax_stacked.py`, which train the same trials.

All that is compared takes turns, round after round: hairpin's example first, then each peer, of whose calls in a round the median
counts. All large memory lies in huge pages, where the system has some. `ns` is the median of the rounds, `x ours` that of the
peer's time in a round over hairpin's, above 1 where hairpin is faster, with the least and most beside it. torch's threads wait
passively, as active ones are slowed a hundredfold by whatever else runs; with nothing else to do, `OMP_WAIT_POLICY=active` may be a
little faster.
"""

import argparse
import contextlib
import csv
import functools
import importlib.metadata
import json
import os
import pathlib
import re
import statistics
import subprocess
import sys
import time
import types

import record
from peer_tables import KINDS, STEPS, TRIALS, jax_table, numpy_table, optax_table, torch_table
from peer_updates import update_peers

PARTS = ("tables", "update", "sweep")
LIBRARIES = ("numpy", "jax", "optax", "torch")
SHAPES = [(1, 1 << 25), (4096, 650), (65536, 32)]
MOMENTA = {"plain": 0.0, "momentum": 0.9}
# torch looks through all groups whenever one is added: many more than this take minutes.
MOST_GROUPS = 4096
QUICK_TRIALS = 256
# A call's samples in a round; one that takes longer than this many seconds gives one.
SAMPLES, LONG = 3, 0.5
# How far a rate may be off, relative to itself and to the trial's largest: a cosine in f32 cancels at its end.
OFF, OFF_LARGEST = 1e-5, 1e-6
COMPARED = 24


class Wrong(Exception):
    """Somebody did other work than we."""


# Turns and rows.


def samples(call, between):
    """Seconds of a call, after one that does not count unless it was long; `between` is done before each."""
    times = []
    while len(times) <= SAMPLES:
        between()
        begun = time.perf_counter()
        call()
        times.append(time.perf_counter() - begun)
        if times[0] > LONG:
            return times[0]
    return statistics.median(times[1:])


def take_turns(rounds, ours, calls, count, between=lambda: None):
    """Nanoseconds for each of `count` cells or parameters, a list over the rounds by name. `ours` measures itself."""
    times = {}
    for _ in range(rounds):
        measured = ours() | {name: samples(call, between) * 1e9 / count for name, call in calls.items()}
        for name, ns in measured.items():
            times.setdefault(name, []).append(ns)
    return times


class Results:
    def __init__(self, file, about):
        self.rows, self.about = {part: [] for part in PARTS}, about
        self.csv = csv.DictWriter(file, [*COLUMNS, *about], lineterminator="\n")
        self.csv.writeheader()
        self.file = file

    def add(self, part, case, peer, values=None, reference=None, larger_is_faster=False, note="", **more):
        """A row, its values and the reference's by rounds; without values, what could not be measured and why."""
        row = {"part": part, "case": case, "peer": peer, "note": note, **more}
        if values:
            pairs = zip(reference, values) if larger_is_faster else zip(values, reference)
            ratios = [a / b for a, b in pairs]
            row |= {"value": statistics.median(values), "times_ours": statistics.median(ratios)}
            row |= {"least": min(ratios), "most": max(ratios)}
        self.rows[part].append(row)
        # Written at once: what was measured outlives whatever comes next.
        self.csv.writerow(row | self.about)
        self.file.flush()

    def add_all(self, part, case, times, about_peers, reference):
        for name, values in times.items():
            self.add(part, case, name, values, times[reference], **about_peers.get(name, {}))

    def print(self, part, value, more):
        """A table; `value` is what its numbers are called, `more` further columns."""
        if not self.rows[part]:
            return
        print(f"\n## {part.capitalize()}\n")
        lines = [["case", "by", value, "x ours", "from - to", *more, "note"]]
        for row in self.rows[part]:
            numbers = ["", "", ""]
            if "value" in row:
                numbers = [
                    f"{row['value']:.{0 if row['value'] > 100 else 2}f}",
                    f"{row['times_ours']:.2f}",
                    f"{row['least']:.2f} - {row['most']:.2f}",
                ]
            further = [row.get(column.replace(" ", "_"), "") for column in more]
            lines.append([row["case"], row["peer"], *numbers, *further, row["note"]])
        widths = [max(map(len, column)) for column in zip(*lines)]
        rule = ["-" * (w - 1) + ":" if 2 <= i <= 4 else "-" * w for i, w in enumerate(widths)]
        for line in [lines[0], rule, *lines[1:]]:
            cells = [c.rjust(w) if 2 <= i <= 4 else c.ljust(w) for i, (c, w) in enumerate(zip(line, widths))]
            print("| " + " | ".join(cells) + " |")


COLUMNS = ["part", "case", "peer", "value", "times_ours", "least", "most", "same_bits", "rates", "note"]


def tell(text):
    print(text, file=sys.stderr, flush=True)


# Tables.


def core_rates(np, command, kind, columns, sample):
    requests = []
    for trial in sample:
        p = types.SimpleNamespace(**{name: float(column[trial, 0]) for name, column in columns.items()})
        requests.append(json.dumps({"schedule": kind.described(p), "steps": list(range(STEPS))}))
    asked = "\n".join(requests)
    lines = subprocess.run([command, "lr", "--jsonl", "-"], input=asked, capture_output=True, text=True, check=True).stdout
    answers = [json.loads(line) for line in lines.splitlines()]
    for answer in answers:
        if "error" in answer:
            raise Wrong(f"{kind.name}: hairpin refuses a schedule: {answer['error']}")
    return np.array([answer["lr"] for answer in answers], np.float32)


def compare_rates(np, name, found, core, counts, further_off):
    """The share of cells with the core's bits, of those that count; none may be far off."""
    allowed = (OFF + further_off) * abs(core) + OFF_LARGEST * core.max(axis=1, keepdims=True)
    off = np.where(counts, abs(found - core) / allowed, 0)
    if not off.max() <= 1:
        trial, step = np.unravel_index(off.argmax(), off.shape)
        raise Wrong(f"{name}: {found[trial, step]:.9g}, not {core[trial, step]:.9g} at step {step}: it computes something else")
    same = (found == core)[counts]
    return "100 %" if same.all() else f"{100 * same.mean():.2f} %"


def our_table(settings, kind):
    for row in record.tables(record.told(settings.example("table_rate"), str(settings.threads), kind.row)):
        if row["schedule"] == kind.row:
            return {"hairpin": float(row["memset ns a cell"]) * float(row["[trials, steps]"])}
    raise Wrong(f"table_rate prints no row {kind.row}")


def run_tables(settings, libraries, results):
    np, jax, optax, torch = (libraries.get(name) for name in LIBRARIES)
    trials = QUICK_TRIALS if settings.quick else TRIALS
    sample = list(range(0, trials, trials // COMPARED))
    for kind in KINDS:
        tell(f"tables: {kind.name}")
        columns = {name: column[:trials] for name, column in kind.draw(np.random.default_rng(1)).items()}
        peers = {
            f"NumPy {name}": numpy_table(np, kind, columns, dtype) for name, dtype in [("f32", np.float32), ("f64", np.float64)]
        }
        if torch:
            peers["torch"] = torch_table(torch, kind, columns)
        if jax:
            peers["jax.numpy, jit"] = jax_table(jax, kind, columns)
        notes = {}
        if optax and kind.optax:
            by_optax, *peers[by_optax], notes[by_optax] = optax_table(jax, optax, np, kind, columns)
            if kind.optax_holds:
                notes[by_optax] += "; stays at its end, where ours rises again"
        core = core_rates(np, settings.command, kind, columns, sample)
        about = {"hairpin": {"same_bits": "100 %"}}
        for name, (call, table) in peers.items():
            call()
            ends = columns["warmup"] + columns["steps"] if name in notes and kind.optax_holds else np.full((trials, 1), STEPS)
            counts = np.arange(STEPS) < ends[sample]
            further_off = kind.optax_off if name in notes else 0.0
            same = compare_rates(np, f"{name}, {kind.name}", np.asarray(table())[sample], core, counts, further_off)
            about[name] = {"same_bits": same, "note": notes.get(name, "")}

        calls = {name: call for name, (call, _) in peers.items()}
        times = take_turns(settings.rounds, functools.partial(our_table, settings, kind), calls, trials * STEPS)
        results.add_all("tables", kind.name, times, about, "hairpin")
        if optax and not kind.optax:
            results.add("tables", kind.name, "Optax", note="cannot: it has no such schedule")


# The update.


def check_updates(np, peers):
    """That three steps of everybody are what the formula says, in f64."""
    random = np.random.default_rng(2)
    p, g = (random.standard_normal((64, 33)).astype(np.float32) for _ in range(2))
    for rates_of in ("own", "one"):
        rates = random.uniform(0.01, 0.1, (64, 1)).astype(np.float32)
        if rates_of == "one":
            rates[:] = rates[0]
        for momentum in MOMENTA.values():
            expected, v = p.astype(float), 0.0
            for _ in range(3):
                v = momentum * v + g
                expected = expected - rates.astype(float) * v
            for name, (build, whose) in peers.items():
                if whose == rates_of:
                    step, found = build(p, g, rates, momentum)
                    for _ in range(3):
                        step()
                    off = abs(np.asarray(found()).reshape(p.shape) - expected).max()
                    if not off <= 1e-6 * abs(expected).max():
                        raise Wrong(f"{name}, momentum {momentum}: {off:.2g} off after three steps: it computes something else")


def our_update(settings, shape, called):
    rows = record.tables(record.told(settings.example("update_rate"), str(settings.threads), shape))
    found = {row["rounding"]: float(row[f"{called} ns a parameter"]) for row in rows}
    return {"hairpin": found["Separate"], "hairpin, fused": found["Fused"]}


def run_update(settings, libraries, results):
    np, peers = libraries["numpy"], update_peers(*(libraries.get(name) for name in LIBRARIES))
    check_updates(np, peers)
    for trials, size in SHAPES[1:] if settings.quick else SHAPES:
        shape = f"{trials} x {size}"
        p = np.ones((trials, size), np.float32)
        g = (np.arange(trials * size, dtype=np.float32) % 7 - 3).reshape(trials, size)
        rates = np.full((trials, 1), 1e-6, np.float32)
        for called, momentum in MOMENTA.items():
            case = f"{shape}, {called}"
            tell(f"update: {case}")
            calls, about = {}, {"hairpin": {"rates": "own"}, "hairpin, fused": {"rates": "own"}}
            skipped = None
            for name, (build, whose) in peers.items():
                if name.endswith("a group each"):
                    if trials == 1:
                        # It is the one tensor.
                        continue
                    if trials > MOST_GROUPS:
                        skipped = name, f"left out: the optimizer takes minutes to make {trials} groups"
                        continue
                calls[name], _ = build(p, g, rates, momentum)
                about[name] = {"rates": whose}

            ours = functools.partial(our_update, settings, shape, called)
            # As in `update_rate`: a copy of the bytes that an update moves leaves little of them in the caches.
            source = np.ones(p.size * (5 if momentum else 3) // 2, np.float32)
            between = functools.partial(np.copyto, source.copy(), source)
            times = take_turns(settings.rounds, ours, calls, trials * size, between)
            results.add_all("update", case, times, about, "hairpin")
            if skipped:
                results.add("update", case, skipped[0], note=skipped[1], rates="own")


# The sweep.


def trial_steps(text):
    """Thousand trial-steps/s of each case in the lines of `train_rate` or `jax_stacked.py`."""
    line = re.compile(r"(softmax|mlp)\D.*?(\d+) trials, +(\d+) evaluations? *, momentum ([\d.]+): +(\d+)k trial-steps/s")
    return {(m[1], int(m[2]), int(m[3]), float(m[4])): float(m[5]) for m in map(line.match, text.splitlines()) if m}


def run_sweep(settings, libraries, results):
    if "jax" not in libraries:
        tell("sweep: left out, as jax is not installed")
        return
    stacked = [sys.executable, str(record.ROOT / "benches/jax_stacked.py"), *(["--rounds", "1"] if settings.quick else [])]
    ours, theirs = {}, {}
    for turn in range(settings.sweep_rounds):
        for values, command in [(ours, [settings.example("train_rate")]), (theirs, stacked)]:
            tell(f"sweep: round {turn + 1} of {settings.sweep_rounds}, {pathlib.Path(command[-1]).name}")
            for case, rate in trial_steps(record.told(*command)).items():
                values.setdefault(case, []).append(rate)
    if ours.keys() != theirs.keys() or not ours:
        raise Wrong(f"train_rate and jax_stacked.py print other cases: {sorted(ours)}, {sorted(theirs)}")
    for case, values in ours.items():
        name = "{} {}, evaluated {}x, momentum {:g}".format(*case)
        for peer, found in [("hairpin", values), ("JAX, stacked", theirs[case])]:
            results.add("sweep", name, peer, found, values, larger_is_faster=True)


# All of it.


def parse_arguments():
    cores = len(os.sched_getaffinity(0))
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", metavar="PARTS", help=f"of {', '.join(PARTS)}, with commas between")
    parser.add_argument("--skip", default="", metavar="PARTS", help="likewise, what is left out")
    parser.add_argument("--threads", type=int, default=cores, help=f"for everybody, on as many cores ({cores})")
    parser.add_argument("--rounds", type=int, default=5, help="of tables and updates (5)")
    parser.add_argument("--sweep-rounds", type=int, default=2, help="of the sweep, some minutes each (2)")
    parser.add_argument(
        "--quick", action="store_true", help=f"one round, peers with {QUICK_TRIALS} trials, no large update, no sweep"
    )
    parser.add_argument("--csv", metavar="FILE", help="write the rows there as well, each as it is measured")
    settings = parser.parse_args()
    for option in ("only", "skip"):
        named = set(filter(None, getattr(settings, option).split(",")))
        if named - set(PARTS):
            parser.error(f"--{option}: {', '.join(sorted(named - set(PARTS)))} is none of {', '.join(PARTS)}")
        setattr(settings, option, named)
    for option, most in [("threads", cores), ("rounds", 1000), ("sweep_rounds", 1000)]:
        if not 1 <= getattr(settings, option) <= most:
            parser.error(f"--{option.replace('_', '-')}: {getattr(settings, option)} is not from 1 to {most}")
    settings.parts = [part for part in PARTS if part in (settings.only or PARTS) and part not in settings.skip]
    if settings.quick:
        settings.rounds = settings.sweep_rounds = 1
        if "sweep" not in settings.only:
            settings.parts = [part for part in settings.parts if part != "sweep"]
    if not settings.parts:
        parser.error("--only and --skip leave nothing to run")
    return settings


def build(settings):
    tell("building hairpin")
    command = ["cargo", "build", "--release", "--locked", "-p", "hairpin-host", "--bin", "hairpin"]
    for example in ("table_rate", "update_rate", "train_rate"):
        command += ["--example", example]
    subprocess.run(command, cwd=record.ROOT, check=True)
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", record.ROOT / "target")) / "release"
    settings.command = str(target / "hairpin")
    settings.example = lambda name: str(target / "examples" / name)


def hold_threads(threads):
    """Before any library is loaded: as many cores as threads, for this process and those that it starts."""
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:threads])
    for name in ("OMP", "MKL", "OPENBLAS", "RAYON"):
        os.environ[f"{name}_NUM_THREADS"] = str(threads)
    # Threads that spin while they wait starve each other a hundredfold where another process takes a core.
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    # NumPy asks for huge pages, in which torch's parameters lie here, too: glibc does the same for hairpin's examples.
    os.environ.setdefault("GLIBC_TUNABLES", "glibc.malloc.hugetlb=1")
    os.environ["JAX_PLATFORMS"] = "cpu"
    if threads == 1:
        flags = os.environ.get("XLA_FLAGS", "")
        os.environ["XLA_FLAGS"] = f"{flags} --xla_cpu_multi_thread_eigen=false".strip()


def load_libraries():
    libraries = {}
    for name in LIBRARIES:
        # Optax without JAX is not installed either.
        with contextlib.suppress(ImportError):
            libraries[name] = __import__(name)
    if "numpy" not in libraries:
        sys.exit("cpu_peers: numpy is not installed, and makes the numbers for all others: pip install numpy")
    return libraries


def main():
    settings = parse_arguments()
    build(settings)
    hold_threads(settings.threads)
    libraries = load_libraries()
    if "torch" in libraries:
        libraries["torch"].set_num_threads(settings.threads)
    versions = {name: importlib.metadata.version(name) if name in libraries else "not installed" for name in LIBRARIES}
    changed = "+" if record.told("git", "status", "--porcelain") else ""
    about = {
        "commit": record.told("git", "rev-parse", "--short", "HEAD") + changed,
        "date": time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()),
        "processor": record.processor(),
        "threads": settings.threads,
        **versions,
    }
    print(f"hairpin {about['commit']}, {about['date']}, {about['processor']}; everybody on {settings.threads} thread(s)")
    print("; ".join([f"python {sys.version.split()[0]}"] + [f"{name} {version}" for name, version in versions.items()]))
    if settings.threads > 1:
        print("NumPy computes on one thread all the same; --threads 1 compares one with one.")
    for name in set(LIBRARIES) - set(libraries):
        print(f"Left out: {name}, as it is not installed (pip install {name}).")
    sys.stdout.flush()
    with open(settings.csv or os.devnull, "w", newline="") as file:
        results, wrong = Results(file, about), None
        try:
            for part in settings.parts:
                {"tables": run_tables, "update": run_update, "sweep": run_sweep}[part](settings, libraries, results)
        except Wrong as error:
            wrong = f"cpu_peers: {error}"
    results.print("tables", "ns a cell", ["same bits"])
    results.print("update", "ns a parameter", ["rates"])
    results.print("sweep", "thousand trial-steps/s", [])
    sys.exit(wrong)


if __name__ == "__main__":
    main()
