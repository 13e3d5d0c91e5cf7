"""Times fine-tuning with each kind of adapter beside plain LoRA of the same rank, in turn, and the same from quantised bases.

    python adapter_kinds.py --model FOLDER --data rows.jsonl [--quantised F.gguf ...] --rounds 3 --out OUT.json

A round is `./nacelle bench train` as a process of its own for each kind, the order turned by one place from round to round; a
kind's figure is the median over the rounds of its median step, and its ratio the median of the ratios within a round. Full rows of
2 x 512 tokens by `make_peer_samples.py` are what docs/performance.md reports. The machine should be idle. Losses that are not
finite end the script; what each kind learns is held elsewhere (PeftGoldenTest).
"""

import argparse
import json
import math
import pathlib
import statistics
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
LORA = "lora"
KINDS = {
    LORA: ["--adapter", "lora"],
    "lora, dropout": ["--adapter", "lora", "--dropout", "0.1"],
    "rslora": ["--adapter", "rslora"],
    "lora-fa": ["--adapter", "lora-fa"],
    "dora": ["--adapter", "dora"],
    "vera": ["--adapter", "vera"],
    "hydra, 3 heads": ["--adapter", "hydra", "--heads", "3"],
}


def run(args, name, model, flags):
    command = [args.nacelle, "bench", "train", "--model", model, "--data", args.data, "--rank", args.rank, "--order", "file",
               "--schedule", "constant", "--batch-size", args.batch, "--max-length", args.length, "--steps", args.steps,
               "--threads", 2, "--json", "-q", *flags]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{name} ended with {done.returncode}: {done.stderr[-800:]}")
    report = json.loads(done.stdout)
    losses = [s["loss"] for s in report["steps"]]
    if not all(map(math.isfinite, losses)):
        sys.exit(f"{name}: losses {losses}")
    return {"seconds": report["median_step_seconds"], "peak_resident_bytes": report["peak_resident_bytes"],
            "ledger_peak_bytes": report["ledger_peak_bytes"], "tokens": report["steps"][-1]["tokens"], "loss": losses[-1],
            "processor": report["processor"], "isa": report["isa"], "version": report["version"], "java": report["java"]}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", required=True)
    parser.add_argument("--data", required=True)
    parser.add_argument("--quantised", nargs="*", default=[], help="GGUF files of the same model, trained with LoRA")
    parser.add_argument("--only", nargs="*", choices=sorted(KINDS), help="these kinds beside LoRA")
    parser.add_argument("--rank", type=int, default=16)
    parser.add_argument("--batch", type=int, default=2)
    parser.add_argument("--length", type=int, default=512)
    parser.add_argument("--steps", type=int, default=7)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--nacelle", default=str(HERE.parents[1] / "nacelle"))
    parser.add_argument("--out", required=True)
    args = parser.parse_args()
    jobs = {name: (args.model, flags) for name, flags in KINDS.items() if name == LORA or args.only is None or name in args.only}
    jobs |= {f"lora, {pathlib.Path(file).stem}": (file, KINDS[LORA]) for file in args.quantised}
    names = list(jobs)
    rounds = []
    for number in range(args.rounds):
        turned = names[number % len(names):] + names[: number % len(names)]
        rounds.append({name: run(args, name, *jobs[name]) for name in turned})
        told = {n: round(r["seconds"] / rounds[-1][LORA]["seconds"], 3) for n, r in rounds[-1].items()}
        print(f"round {number + 1}: LoRA {rounds[-1][LORA]['seconds']:.3f} s; {told}", file=sys.stderr, flush=True)
    table = {name: {
        "seconds": statistics.median(r[name]["seconds"] for r in rounds),
        "beside_lora": statistics.median(r[name]["seconds"] / r[LORA]["seconds"] for r in rounds),
        "peak_resident_bytes": statistics.median(r[name]["peak_resident_bytes"] for r in rounds),
        "ledger_peak_bytes": statistics.median(r[name]["ledger_peak_bytes"] for r in rounds),
    } for name in names}
    result = {"when": time.strftime("%Y-%m-%d"), "command": "python jetson-tests/peers/adapter_kinds.py",
              "settings": {k: getattr(args, k) for k in ("rank", "batch", "length", "steps")}, "table": table, "rounds": rounds}
    pathlib.Path(args.out).write_text(json.dumps(result, indent=1) + "\n")
    print("| kind | step | beside LoRA | peak resident | ledger's peak |\n|---|---|---|---|---|")
    for name, row in table.items():
        print(f"| {name} | {row['seconds']:.2f} s | {row['beside_lora']:.2f} | {row['peak_resident_bytes'] / 2**20:.0f} MiB "
              f"| {row['ledger_peak_bytes'] / 2**20:.0f} MiB |")


if __name__ == "__main__":
    main()
