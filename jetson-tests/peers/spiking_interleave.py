"""Runs examples/spiking and its SpikingJelly twin in turn, and says how they compare.

    VENV/bin/python jetson-tests/peers/spiking_interleave.py --ours 'COMMAND' --seeds 0,1,2 --epochs 8 --out F.json

COMMAND starts the example (as its pom does) and takes --epochs, --seed and --threads after it. For each
seed one whole process of ours, then one of SpikingJelly; the machine should be idle. An epoch's time is
the median of a run's epochs but the first, which compiles or warms up on either side.
"""

import argparse
import json
import os
import pathlib
import re
import shlex
import statistics
import subprocess
import sys

from processor import processor_name

HERE = pathlib.Path(__file__).resolve().parent
LINE = re.compile(r"epoch (\d+)  loss ([\d.]+)  test accuracy ([\d.]+) %  ([\d.]+) s")


def ours(args, seed):
    command = shlex.split(args.ours) + [
        "--epochs", str(args.epochs), "--seed", str(seed), "--threads", str(args.threads),
    ]
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return [
        {"epoch": int(e), "loss": float(l), "accuracy": float(a) / 100, "seconds": float(s)}
        for e, l, a, s in LINE.findall(text)
    ]


def peer(args, seed):
    command = [
        sys.executable, str(HERE / "spiking_fashion_mnist.py"), "--json",
        "--epochs", str(args.epochs), "--seed", str(seed), "--threads", str(args.threads),
    ]
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return [json.loads(line) for line in text.splitlines()]


def main():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("--ours", required=True)
    p.add_argument("--seeds", default="0,1,2")
    p.add_argument("--epochs", default=8, type=int)
    p.add_argument("--threads", default=2, type=int)
    p.add_argument("--out", required=True)
    args = p.parse_args()
    import importlib.metadata

    result = {
        "what": "examples/spiking against SpikingJelly, whole processes in turn",
        "processor": processor_name(),
        "threads": args.threads,
        "versions": {n: importlib.metadata.version(n) for n in ("torch", "spikingjelly")},
        "load_before": os.getloadavg()[0],
        "runs": [],
    }
    for seed in (int(s) for s in args.seeds.split(",")):
        pair = {"seed": seed, "nacelle": ours(args, seed), "spikingjelly": peer(args, seed)}
        for name in ("nacelle", "spikingjelly"):
            if len(pair[name]) != args.epochs:
                raise SystemExit(f"{name}, seed {seed}: {len(pair[name])} epochs came out")
        result["runs"].append(pair)
    for name in ("nacelle", "spikingjelly"):
        times = [statistics.median(e["seconds"] for e in r[name][1:]) for r in result["runs"]]
        last = [r[name][-1]["accuracy"] for r in result["runs"]]
        result[name] = {"epoch_seconds": times, "accuracy": last, "mean_accuracy": statistics.mean(last)}
    a, b = result["nacelle"], result["spikingjelly"]
    result["time_ratio"] = statistics.median(
        x / y for x, y in zip(a["epoch_seconds"], b["epoch_seconds"])
    )
    result["accuracy_difference"] = a["mean_accuracy"] - b["mean_accuracy"]
    result["load_after"] = os.getloadavg()[0]
    pathlib.Path(args.out).write_text(json.dumps(result, indent=1) + "\n")
    print("seconds an epoch", a["epoch_seconds"], b["epoch_seconds"], "ratio", round(result["time_ratio"], 3))
    print("accuracy", a["accuracy"], b["accuracy"], "difference", round(result["accuracy_difference"], 4))


if __name__ == "__main__":
    main()
