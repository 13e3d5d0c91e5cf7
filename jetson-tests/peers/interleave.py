"""Runs Nacelle and PEFT in turn on the same samples, and says how they compare.

    VENV/bin/python jetson-tests/peers/interleave.py --model MODEL --samples SAMPLES --mode padded \
        --init-adapter INIT --rounds 3 --steps 8 --out results.json

MODEL is the fp32 folder, SAMPLES the folder of make_peer_samples.py, INIT an adapter that both start
from. Each round is one whole process of ours, then one of PEFT; the machine should be idle.
"""

import argparse
import json
import pathlib
import statistics
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
NACELLE = HERE.parent.parent / "nacelle"
DATA = {"padded": "chat", "rows": "rows"}
BATCH = {"padded": 4, "rows": 2}


def ours(args, folder):
    out = folder / "nacelle.json"
    command = [
        args.nacelle, "bench", "train", "-q", "--json",
        "--model", args.model, "--data", str(pathlib.Path(args.samples) / f"{DATA[args.mode]}.jsonl"),
        "--order", "file", "--init-adapter", args.init_adapter, "--schedule", "constant", "--warmup", "0",
        "--batch-size", str(BATCH[args.mode]), "--max-length", "512", "--threads", str(args.threads),
        "--steps", str(args.steps), "--results", str(out),
    ]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return json.loads(out.read_text())


def peer(args, folder):
    out = folder / "peft.json"
    command = [
        sys.executable, str(HERE / "peft_train.py"),
        "--model", args.model, "--samples",
        str(pathlib.Path(args.samples) / f"{DATA[args.mode]}.samples.json"),
        "--mode", args.mode, "--steps", str(args.steps), "--threads", str(args.threads),
        "--init-adapter", args.init_adapter, "--out", str(out),
    ]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return json.loads(out.read_text())


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", required=True)
    parser.add_argument("--samples", required=True)
    parser.add_argument("--mode", choices=sorted(DATA), required=True)
    parser.add_argument("--init-adapter", required=True)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=8)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--nacelle", default=str(NACELLE), help="the launcher to measure")
    parser.add_argument("--out", required=True)
    args = parser.parse_args()
    folder = pathlib.Path(args.out).resolve().parent
    rounds = []
    for number in range(args.rounds):
        pair = {"nacelle": ours(args, folder), "peft": peer(args, folder)}
        losses = [s["loss"] for s in pair["nacelle"]["steps"]]
        worst = max(abs(a - b) for a, b in zip(losses, (s["loss"] for s in pair["peft"]["steps"])))
        if worst > 1e-3:
            raise SystemExit(f"round {number}: the losses differ by {worst}")
        pair["largest_loss_difference"] = worst
        rounds.append(pair)
        pathlib.Path(args.out).write_text(json.dumps({"mode": args.mode, "rounds": rounds}, indent=1))
    print("largest loss difference", max(r["largest_loss_difference"] for r in rounds))
    steps = [r["nacelle"]["median_step_seconds"] / r["peft"]["median_step_seconds"] for r in rounds]
    print("step time, ours / PEFT, median of rounds:", round(statistics.median(steps), 3))


if __name__ == "__main__":
    main()
