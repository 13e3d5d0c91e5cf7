"""Runs the benchmark of PROTOCOL.md, one fine-tuning after the other, and reports.

    python run.py --results F.jsonl [--minutes M] [--report] [--nacelle LAUNCHER] [--seeds N]

Each finished run is a line of F.jsonl; what is there already is not run again, so the script may be stopped at any time and
started again, on another day too. --report prints tables in Markdown from what there is and runs nothing.
"""

import argparse
import collections
import itertools
import json
import math
import pathlib
import shutil
import statistics
import struct
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
TASKS = HERE / "tasks"
FAMILIES = ("wordnet", "arithmetic", "conversion", "extraction")
ARMS = {
    "lora-8": ["--adapter", "lora", "--rank", "8"],
    "lora-16": ["--adapter", "lora", "--rank", "16"],
    "lora-32": ["--adapter", "lora", "--rank", "32"],
    "hydra-3": ["--adapter", "hydra", "--rank", "8", "--heads", "3"],
    "hydra-auto": ["--adapter", "hydra", "--rank", "8", "--heads", "auto"],
    "hydra-uniform": ["--adapter", "hydra", "--rank", "8", "--heads", "3"],
    "split": ["--adapter", "lora", "--rank", "8"],
}
RATES = ("2e-4", "6e-4", "2e-3")
RATE_SEED = 100
STEPS = 100
COMMON = ["--model", "smollm2-135m", "--alpha", "32", "--targets", "gate_proj,up_proj,down_proj", "--batch-size", "4",
          "--max-length", "192", "--threads", "2", "--schedule", "cosine", "--warmup", "0.03", "--json", "-q"]
# Two-sided 95 % points of Student's t for 1, 2, ... degrees of freedom.
STUDENT = (12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145)


def nacelle(args, command, *arguments):
    done = subprocess.run([args.nacelle, command, *map(str, arguments)], capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{command} ended with {done.returncode}: {done.stderr[-800:]}")
    return json.loads(done.stdout)


def mixed(folder):
    """One file with a sample of each family in turn."""
    lines = [(TASKS / f"{f}-train.jsonl").read_text().splitlines() for f in FAMILIES]
    file = folder / "mixed.jsonl"
    file.write_text("".join(line + "\n" for group in zip(*lines) for line in group))
    return file


def without_router(folder):
    """Sets the router of a saved adapter to zero; nothing else."""
    file = folder / "adapter_model.safetensors"
    data = bytearray(file.read_bytes())
    (size,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + size])
    for name, tensor in header.items():
        if name.endswith("lora_route.weight"):
            begin, end = (8 + size + offset for offset in tensor["data_offsets"])
            data[begin:end] = bytes(end - begin)
    file.write_bytes(data)


def train(args, arm, rate, seed, folder, data, steps):
    flags = [*COMMON, *ARMS[arm], "--lr", rate, "--seed", seed, "--data", data, "--out", folder]
    if arm == "hydra-uniform":
        begin = folder.with_name("begin")
        shutil.rmtree(begin, ignore_errors=True)
        # A step at rate zero leaves the adapter as it begins.
        nacelle(args, "finetune", *[begin if f is folder else "0" if f is rate else f for f in flags], "--steps", 1, "--overwrite")
        without_router(begin)
        flags += ["--init-adapter", begin]
    return nacelle(args, "finetune", *flags, "--steps", steps, "--overwrite")


def losses(args, adapter, part, families=FAMILIES):
    return {f: nacelle(args, "eval", "--model", "smollm2-135m", "--adapter", adapter, "--data", TASKS / f"{f}-{part}.jsonl",
                       "--max-length", 192, "--threads", 2, "--json", "-q")["loss"] for f in families}


def parameters(adapter):
    """Elements of the tensors of an adapter's file."""
    with open(adapter / "adapter_model.safetensors", "rb") as file:
        (size,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(size))
    return sum(math.prod(t["shape"]) for name, t in header.items() if name != "__metadata__")


def run(args, arm, rate, seed, part, folder):
    data = mixed(folder)
    begin = time.time()
    found, trained, peak, count = {}, 0, 0, 0
    if arm == "split":
        for n, family in enumerate(FAMILIES):
            steps = STEPS // len(FAMILIES) + (n < STEPS % len(FAMILIES))
            report = train(args, arm, rate, seed, folder / family, TASKS / f"{family}-train.jsonl", steps)
            found |= losses(args, folder / family, part, [family])
            trained += report["train_seconds"]
            peak = max(peak, report["measured_peak_bytes"])
            count += parameters(folder / family)
    else:
        report = train(args, arm, rate, seed, folder / "adapter", data, STEPS)
        found = losses(args, folder / "adapter", part)
        trained, peak, count = report["train_seconds"], report["measured_peak_bytes"], parameters(folder / "adapter")
    return {"arm": arm, "rate": rate, "seed": seed, "part": part, "loss": statistics.fmean(found.values()), "losses": found,
            "parameters": count, "train_seconds": trained, "peak_bytes": peak, "whole_seconds": time.time() - begin,
            "processor": processor(), "when": time.strftime("%Y-%m-%d")}


def processor():
    with open("/proc/cpuinfo") as info:
        text = info.read()
    name = next(line.split(":", 1)[1].strip() for line in text.splitlines() if line.startswith("model name"))
    return name + (", AVX-512" if "avx512f" in text else ", AVX2" if "avx2" in text else "")


def read(file):
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


def chosen(rows, arm):
    """The rate with the least validation loss; None until all have run."""
    tried = {r["rate"]: r["loss"] for r in rows if r["arm"] == arm and r["part"] == "validation"}
    return min(tried, key=tried.get) if len(tried) == len(RATES) else None


def wanted(rows, seeds):
    """All runs in their order: rates first, then seed by seed all arms."""
    for arm, rate in itertools.product(ARMS, RATES):
        yield arm, rate, RATE_SEED, "validation"
    for seed, arm in itertools.product(range(1, seeds + 1), ARMS):
        rate = chosen(rows, arm)
        if rate is not None:
            yield arm, rate, seed, "test"


def missing(rows, seeds):
    done = {(r["arm"], r["rate"], r["seed"], r["part"]) for r in rows}
    return next((job for job in wanted(rows, seeds) if job not in done), None)


def interval(values):
    """Mean, and half the width of its 95 % interval."""
    mean = statistics.fmean(values)
    if len(values) < 2:
        return mean, math.inf
    return mean, STUDENT[min(len(values) - 2, len(STUDENT) - 1)] * statistics.stdev(values) / math.sqrt(len(values))


def report(rows):
    tests = collections.defaultdict(dict)
    for r in rows:
        if r["part"] == "test":
            tests[r["arm"]][r["seed"]] = r
    out = ["| arm | rate | seeds | test loss, mean ± sd | " + " | ".join(FAMILIES) + " | parameters | training | peak |",
           "|---" * (7 + len(FAMILIES)) + "|"]
    for arm in ARMS:
        runs = list(tests[arm].values())
        if not runs:
            continue
        all_losses = [r["loss"] for r in runs]
        spread = f"{statistics.stdev(all_losses):.4f}" if len(runs) > 1 else "–"
        families = " | ".join(f"{statistics.fmean(r['losses'][f] for r in runs):.4f}" for f in FAMILIES)
        out.append(f"| {arm} | {runs[0]['rate']} | {len(runs)} | {statistics.fmean(all_losses):.4f} ± {spread} | {families} | "
                   f"{runs[0]['parameters']:,} | {statistics.median(r['train_seconds'] for r in runs):.0f} s | "
                   f"{max(r['peak_bytes'] for r in runs) / 2**20:.0f} MiB |")
    out += ["", "| less | than | seeds | mean difference of test loss, 95 % interval |", "|---|---|---|---|"]
    for one, other in (("hydra-3", a) for a in ARMS if a != "hydra-3"):
        both = sorted(tests[one].keys() & tests[other].keys())
        if both:
            mean, half = interval([tests[one][s]["loss"] - tests[other][s]["loss"] for s in both])
            out.append(f"| {one} | {other} | {len(both)} | {mean:+.4f} ± {half:.4f} |")
    return "\n".join(out)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--results", required=True, type=pathlib.Path)
    parser.add_argument("--nacelle", default=str(HERE.parents[2] / "nacelle"))
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--minutes", type=float, default=math.inf, help="start no run after so many")
    parser.add_argument("--report", action="store_true")
    args = parser.parse_args()
    if args.report:
        print(report(read(args.results)))
        return
    begin = time.time()
    while (job := missing(read(args.results), args.seeds)) and time.time() - begin < 60 * args.minutes:
        with tempfile.TemporaryDirectory() as folder:
            row = run(args, *job, pathlib.Path(folder))
        with open(args.results, "a") as file:
            file.write(json.dumps(row) + "\n")
        print(f"{row['arm']} rate {row['rate']} seed {row['seed']} {row['part']}: {row['loss']:.4f} "
              f"({row['whole_seconds']:.0f} s)", flush=True)


if __name__ == "__main__":
    main()
