"""Holds what `plan` foresees against what a run then takes, over a grid of jobs, each in a process of its own.

    python plan_accuracy.py --data F.jsonl --out DIR --results F.json --page F.md [--few NAME=MODEL]... NAME=MODEL...

Models behind --few, large ones, get five jobs each instead of thirteen. Every job is `./nacelle finetune --json`; report.json
has both peaks, log.jsonl the steps' seconds. The page is a table of all of them with the processor and the day; a job is good
where the foreseen peak is no less than the measured one, and no more than the larger of 5 % and 8 MiB above it.

A plan's seconds are those of a step once the JVM has compiled what a step calls, which takes its first seconds: a job has as
many steps as make some seconds, and its time is the median of their second half.
"""

import argparse
import datetime
import itertools
import json
import os
import shutil
import statistics
import subprocess

from processor import processor_name

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
FEWEST_STEPS, MOST_STEPS = 3, 24
TOKENS = 2048  # of all steps of a job

PLAIN = dict(length=256, rank=16, batch=2, targets="all-linear", threads=2, budget=None)
MANY = [
    {}, {"length": 64}, {"length": 512, "batch": 1}, {"rank": 1}, {"rank": 64}, {"batch": 1}, {"batch": 4, "length": 128},
    {"targets": "q_proj,v_proj"}, {"threads": 1}, {"length": 2048, "batch": 1},
    {"budget": 0.8}, {"budget": 0.6, "length": 512}, {"budget": "minimum"},
]
FEW = [
    {"length": 64, "batch": 1}, {"length": 128}, {"length": 128, "rank": 64, "targets": "q_proj,v_proj"},
    {"length": 128, "budget": 0.7}, {"length": 128, "budget": "minimum"},
]


def grid(many, few):
    """Model, length, rank, batch, targets, threads, budget: each factor in turn, and some together."""
    return [{"model": name, **PLAIN, **variant} for names, variants in ((many, MANY), (few, FEW))
            for name in names for variant in variants]


def nacelle(arguments):
    done = subprocess.run([os.environ.get("NACELLE", os.path.join(ROOT, "nacelle")), *arguments], capture_output=True, text=True)
    try:
        return done.returncode, json.loads(done.stdout)
    except json.JSONDecodeError:
        return done.returncode, {"error": {"message": done.stderr[-400:]}}


def steps(job):
    return min(max(TOKENS // (job["length"] * job["batch"]), FEWEST_STEPS), MOST_STEPS)


def steady(out):
    """Seconds of a step, the median of the second half of all."""
    with open(os.path.join(out, "log.jsonl")) as file:
        seconds = [row["seconds"] for row in map(json.loads, file) if "seconds" in row]
    return statistics.median(seconds[len(seconds) // 2:])


def run(job, models, data, out):
    flags = ["--model", models[job["model"]], "--data", data, "--max-length", str(job["length"]),
             "--rank", str(job["rank"]), "--batch-size", str(job["batch"]), "--targets", job["targets"],
             "--threads", str(job["threads"]), "--steps", str(steps(job)), "--order", "file", "--train-on", "all"]
    if job["budget"] is not None:
        _, plan = nacelle(["plan", *flags, "--json"])
        if job["budget"] == "minimum":
            bytes_ = plan["minimum_bytes"] + (4 << 20)
        else:
            bytes_ = int(plan["peak_bytes"] * job["budget"])
        flags += ["--budget", str(bytes_)]
        job = {**job, "budget_bytes": bytes_}
    shutil.rmtree(out, ignore_errors=True)
    code, report = nacelle(["finetune", *flags, "--out", out, "--json"])
    row = {**job, "exit": code}
    if code == 0:
        row.update(
            predicted=report["predicted_peak_bytes"], measured=report["measured_peak_bytes"],
            minimum=report["plan"]["minimum_bytes"], strategy=report["plan"]["strategy"]["words"],
            step_seconds=report["plan"]["step_seconds"], measured_step_seconds=steady(out),
            loss=report["loss"])
    else:
        row["error"] = report.get("error", {}).get("message")
    return row


def good(row):
    if row["exit"] != 0:
        return False
    over = row["predicted"] - row["measured"]
    within = row.get("budget_bytes") is None or row["measured"] <= row["budget_bytes"]
    return within and 0 <= over <= max(0.05 * row["measured"], 8 << 20)


def seconds(rows):
    """How foreseen seconds of a step stand to those measured."""
    ratios = sorted(r["step_seconds"] / r["measured_step_seconds"] for r in rows if r["exit"] == 0)
    if not ratios:
        return ""
    near = sum(1 / 1.2 <= r <= 1.2 for r in ratios)
    return (f"Foreseen over measured seconds of a step: median {statistics.median(ratios):.2f}, {near} of {len(ratios)} within "
            f"20 %.")


def ages(rows):
    earlier = list(dict.fromkeys(row["model"] for row in rows if row.get("earlier")))
    return f" Rows of {', '.join(earlier)} are of an earlier state of the planner." if earlier else ""


def page(rows, machine):
    mib = 1 << 20
    lines = [
        "# How right plans are", "",
        "What `plan` foresaw and what the kernel then counted (VmHWM), a process each; written by",
        "`jetson-tests/peers/plan_accuracy.py`. Good is: not under the measured peak, at most the larger of 5 % and",
        f"8 MiB over it, and within the budget. {machine['processor']}, {machine['when']}: "
        f"{sum(map(good, rows))} of {len(rows)} good. {seconds(rows)}{ages(rows)}", "",
        "| model | length | rank | batch | targets | threads | budget MiB | foreseen MiB | measured MiB | off MiB | foreseen s | "
        "measured s | how | |",
        "|---|---|---|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for r in rows:
        budget = f"{r['budget_bytes'] / mib:.0f}" if r.get("budget_bytes") else "–"
        start = f"| {r['model']} | {r['length']} | {r['rank']} | {r['batch']} | {r['targets']} | {r['threads']} | {budget} | "
        if r["exit"] == 0:
            off = (r["predicted"] - r["measured"]) / mib
            lines.append(start + f"{r['predicted'] / mib:.0f} | {r['measured'] / mib:.0f} | {off:+.1f} | "
                         f"{r['step_seconds']:.2f} | {r['measured_step_seconds']:.2f} | {r['strategy']} | {'good' if good(r) else 'off'} |")
        else:
            lines.append(start + f"– | – | – | – | – | exit {r['exit']}: {r['error']} | off |")
    return "\n".join(lines) + "\n"


def kept(earlier, models):
    if earlier is None:
        return []
    with open(earlier) as file:
        return [{**row, "earlier": True} for row in json.load(file)["jobs"] if row["model"] not in models]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--results", required=True)
    parser.add_argument("--page")
    parser.add_argument("--limit", type=int, default=1 << 30)
    parser.add_argument("--keep", metavar="F.json", help="earlier results: rows of models that are not named now stay")
    parser.add_argument("--few", action="append", default=[], metavar="NAME=MODEL")
    parser.add_argument("models", nargs="*", metavar="NAME=MODEL")
    args = parser.parse_args()
    many = dict(m.split("=", 1) for m in args.models)
    few = dict(m.split("=", 1) for m in args.few)
    rows = kept(args.keep, {**many, **few})
    machine = {"processor": processor_name(), "when": datetime.date.today().isoformat()}
    for job in itertools.islice(grid(many, few), args.limit):
        row = run(job, {**many, **few}, args.data, args.out)
        rows.append(row)
        print(json.dumps({k: row.get(k) for k in ("model", "length", "rank", "batch", "threads", "exit", "predicted",
                                                  "measured", "strategy", "error")}), "good" if good(row) else "OFF",
              flush=True)
        with open(args.results, "w") as f:
            json.dump({"machine": machine, "jobs": rows}, f, indent=1)
    if args.page:
        with open(args.page, "w") as f:
            f.write(page(rows, machine))


if __name__ == "__main__":
    main()
