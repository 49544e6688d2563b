#!/usr/bin/env python3
"""Runs what measures the CPU's side and keeps the figures: benches/records/MACHINE/DATE.csv.

    python benches/record.py epyc-zen3-2-cores

Each figure is a ratio within one run of a command; the commit, the compiler and the processor stand beside it. Close everything else first.
"""

import csv
import datetime
import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
EXAMPLES = ("table_rate", "update_rate")


def told(*command):
    return subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.strip()


def processor():
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            name = line.split(":", 1)[1].strip()
            break
    else:
        name = "unknown"
    return f"{name}, {os.cpu_count()} cores"


def tables(text):
    """The rows of the tables in a text, each with what its columns are called."""
    header = None
    for line in text.splitlines():
        if not line.startswith("|"):
            header = None
            continue
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if header is None:
            header = cells
        elif not set(cells[0]) <= {"-", ":"}:
            yield dict(zip(header, cells))


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    build = ["cargo", "build", "--release", "--locked", "-p", "hairpin-host"]
    for example in EXAMPLES:
        build += ["--example", example]
    subprocess.run(build, cwd=ROOT, check=True)
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    common = {
        "commit": told("git", "rev-parse", "--short", "HEAD") + ("+" if told("git", "status", "--porcelain") else ""),
        "compiler": told("rustc", "--version"),
        "cpu": processor(),
    }
    rows = []
    for example in EXAMPLES:
        for threads in sorted({1, os.cpu_count()}):
            print(example, threads, flush=True)
            output = told(str(target / "release" / "examples" / example), str(threads))
            print(output, flush=True)
            for row in tables(output):
                case, *figures = row.items()
                names = [case[1]]
                for name, value in figures:
                    try:
                        float(value)
                    except ValueError:
                        names.append(value)
                        continue
                    rows.append(
                        {
                            "bench": example,
                            "threads": threads,
                            "case": ", ".join(names),
                            "figure": name,
                            "value": value,
                            **common,
                        }
                    )
    directory = ROOT / "benches" / "records" / sys.argv[1]
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / f"{datetime.date.today().isoformat()}.csv"
    with open(path.with_suffix(".new"), "w", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    path.with_suffix(".new").rename(path)
    print(path)


if __name__ == "__main__":
    main()
