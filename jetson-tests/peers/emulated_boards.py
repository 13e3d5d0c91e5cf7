"""Runs fine-tunings inside the memory of boards: each in a memory control group of a board's usable bytes, on this machine.

    sudo python emulated_boards.py --data F.jsonl --out DIR --results F.json --page F.md \
        --pair BOARD:NAME=MODEL:LENGTH [--pair ...]

What a board's process may hold is its profile's memory less what its system takes and a reserve (`./nacelle devices BOARD`). The
group holds the process to that; planner and run see the group alone. Memory is emulated so, speed is not: seconds are this
machine's. Needs root, and a machine with more memory than the board.
"""

import argparse
import datetime
import json
import os
import re
import shutil
import subprocess

from plan_accuracy import ROOT
from processor import processor_name

STEPS = 2
MIB = 1 << 20
GROUPS = ("/sys/fs/cgroup/memory", "/sys/fs/cgroup")
LIMITS = ("memory.limit_in_bytes", "memory.max")


class Group:
    """A memory control group, version 1 or 2, for one process and its children."""

    def __init__(self, limit):
        v2 = not os.path.exists(os.path.join(GROUPS[0], LIMITS[0]))
        self.folder = os.path.join(GROUPS[v2], f"nacelle-board-{os.getpid()}")
        os.mkdir(self.folder)
        with open(os.path.join(self.folder, LIMITS[v2]), "w") as file:
            file.write(str(limit))
        self.events = os.path.join(self.folder, ("memory.oom_control", "memory.events")[v2])

    def enter(self):
        with open(os.path.join(self.folder, "cgroup.procs"), "w") as file:
            file.write(str(os.getpid()))

    def kills(self):
        with open(self.events) as file:
            return int(re.search(r"^oom_kill (\d+)", file.read(), re.M).group(1))

    def close(self):
        os.rmdir(self.folder)


def usable(nacelle, board):
    text = subprocess.run([nacelle, "devices", board], check=True, capture_output=True, text=True).stdout
    return int(re.search(r"usable memory\s+(\d+)", text).group(1))


def run(nacelle, board, name, model, length, data, out):
    limit = usable(nacelle, board)
    shutil.rmtree(out, ignore_errors=True)
    group = Group(limit)
    try:
        done = subprocess.run(
            [nacelle, "finetune", "--model", model, "--data", data, "--out", out, "--max-length", str(length),
             "--batch-size", "1", "--rank", "16", "--steps", str(STEPS), "--train-on", "all", "--order", "file", "--json"],
            capture_output=True, text=True, preexec_fn=group.enter)
        row = dict(board=board, usable=limit, model=name, length=length, exit=done.returncode, kills=group.kills())
    finally:
        group.close()
    try:
        report = json.loads(done.stdout)
    except json.JSONDecodeError:
        return {**row, "error": done.stderr[-400:]}
    if done.returncode == 0:
        plan = report["plan"]
        return {**row, "predicted": report["predicted_peak_bytes"], "measured": report["measured_peak_bytes"],
                "minimum": plan["minimum_bytes"], "strategy": plan["strategy"]["words"], "loss": report["loss"],
                "step_seconds": report["train_seconds"] / STEPS}
    return {**row, "error": report["error"]["message"]}


def page(rows, machine):
    lines = [
        "# What fits on which board (emulated)", "",
        "Fine-tunings inside the usable memory of boards (`./nacelle devices BOARD`: the profile's memory less the system's share",
        f"and a reserve), each in a memory control group of that size on {machine['processor']}, {machine['when']}; one row a",
        f"step, rank 16 on all linear layers, {STEPS} steps. **Memory is emulated, nothing ran on a board**, and seconds are this",
        "machine's. Models with `random` in their name have the shape and size of the real one and random weights",
        "(`make_random_gguf.py`). Written by `jetson-tests/peers/emulated_boards.py`.", "",
        "| board | usable MiB | model | length | least MiB | foreseen MiB | measured MiB | how | a step here |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for r in rows:
        start = f"| {r['board']} | {r['usable'] // MIB} | {r['model']} | {r['length']} | "
        if r["exit"] == 0 and r["kills"] == 0:
            lines.append(start + f"{r['minimum'] // MIB} | {r['predicted'] // MIB} | {r['measured'] // MIB} | {r['strategy']} | "
                         f"{r['step_seconds']:.1f} s |")
        else:
            lines.append(start + f"– | – | – | exit {r['exit']}, {r['kills']} killed: {r.get('error', '')} | – |")
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--nacelle", default=os.path.join(ROOT, "nacelle"))
    parser.add_argument("--data", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--results", required=True)
    parser.add_argument("--page")
    parser.add_argument("--pair", action="append", required=True, metavar="BOARD:NAME=MODEL:LENGTH")
    args = parser.parse_args()
    machine = {"processor": processor_name(), "when": datetime.date.today().isoformat()}
    rows = []
    for pair in args.pair:
        board, named, length = pair.split(":")
        name, model = named.split("=", 1)
        rows.append(run(args.nacelle, board, name, model, int(length), args.data, args.out))
        print(json.dumps(rows[-1]), flush=True)
        with open(args.results, "w") as file:
            json.dump({"machine": machine, "steps": STEPS, "pairs": rows}, file, indent=1)
    if args.page:
        with open(args.page, "w") as file:
            file.write(page(rows, machine))


if __name__ == "__main__":
    main()
