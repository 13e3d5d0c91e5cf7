"""Times our operators and what Python has for them in turn, and says how they compare.

    VENV/bin/python jetson-tests/peers/ops_interleave.py --rounds 3 --out results.json [--nacelle ./nacelle] [--only lif alif]

The environment needs torch and spikingjelly (`pip install torch spikingjelly loguru`). A round is, for each row, the best of some
runs of the peer in this process, then `./nacelle bench ops` as a process of its own, which takes the best of many runs too, and
measures copy bandwidth and product rate beside them. Printed and written: the median of the rounds' ratios. The machine
should be idle.

Rows without a peer in Python are held against the copy bandwidth (bytes that the operator has to move) or against another of
our own operators, the two in turn, as the column says.
"""

import argparse
import json
import math
import os
import pathlib
import platform
import statistics
import subprocess
import sys
import time

import torch
import torch.nn.functional as F

from peer_machine import best_seconds
from processor import processor_name

HERE = pathlib.Path(__file__).resolve().parent
STEPS = 16


def best(work):
    return best_seconds(work, at_least=1.5)


def spikingjelly_lif(neurons):
    from spikingjelly.activation_based import functional, neuron, surrogate

    cell = neuron.LIFNode(tau=2.0, surrogate_function=surrogate.ATan(), step_mode="m")
    x = torch.rand(STEPS, neurons, requires_grad=True)
    grad = torch.rand(STEPS, neurons)

    def work():
        functional.reset_net(cell)
        x.grad = None
        cell(x).backward(grad)

    return best(work)


class Fire(torch.autograd.Function):
    """A step with the derivative of SpikingJelly's arc tangent, alpha 2."""

    @staticmethod
    def forward(ctx, above):
        ctx.save_for_backward(above)
        return (above >= 0).to(above)

    @staticmethod
    def backward(ctx, grad):
        (above,) = ctx.saved_tensors
        return grad / (1 + (math.pi * above) ** 2)


def adaptive(x, tau=2.0, rho=0.9, beta=0.1, threshold=1.0):
    """`alif` of OPERATORS.md, hard reset to 0, as a loop over time."""
    v = torch.zeros_like(x[0])
    b = torch.zeros_like(x[0])
    spikes = []
    for now in x:
        h = v + (now - v) / tau
        s = Fire.apply(h - (threshold + beta * b))
        v = (1 - s) * h
        b = rho * b + (1 - rho) * s
        spikes.append(s)
    return torch.stack(spikes)


def torch_alif(neurons):
    x = torch.rand(STEPS, neurons, requires_grad=True)
    grad = torch.rand(STEPS, neurons)

    def work():
        x.grad = None
        adaptive(x).backward(grad)

    return best(work)


def torch_fa_lif(neurons, modes):
    x = torch.rand(STEPS, neurons, requires_grad=True)
    gain = [torch.randn(modes, neurons, requires_grad=True) for _ in range(2)]
    grad = torch.rand(STEPS, neurons)

    def work():
        for t in (x, *gain):
            t.grad = None
        spectrum = torch.fft.rfft(x, dim=0)[:modes] * torch.complex(*gain)
        adaptive(torch.fft.irfft(spectrum, n=STEPS, dim=0)).backward(grad)

    return best(work)


def torch_dense(size):
    x, w = torch.rand(size, size), torch.rand(size, size)
    with torch.no_grad():
        return best(lambda: F.linear(x, w))


def torch_head(rows, vocabulary, width):
    hidden = torch.randn(rows, width, requires_grad=True)
    weight = torch.randn(vocabulary, width) * 0.02
    targets = torch.randint(vocabulary, (rows,))

    def work():
        hidden.grad = None
        F.cross_entropy(hidden @ weight.T, targets).backward()

    return best(work)


def torch_attention(tokens, heads, width):
    q, k, v = (torch.randn(1, heads, tokens, width, requires_grad=True) for _ in range(3))
    grad = torch.randn(1, heads, tokens, width)

    def work():
        for t in (q, k, v):
            t.grad = None
        F.scaled_dot_product_attention(q, k, v, is_causal=True).backward(grad)

    return best(work)


# name, our operator, sizes for it, pass, the peer in words, the peer, the mark
PEERS = [
    ("LIF, T 16 × 1,048,576", "lif", "T=16,N=1048576", "forward+backward", "SpikingJelly", lambda: spikingjelly_lif(1 << 20), 0.25),
    ("LIF, T 16 × 4,096", "lif", "T=16,N=4096", "forward+backward", "SpikingJelly", lambda: spikingjelly_lif(4096), 0.10),
    ("ALIF, T 16 × 1,048,576", "alif", "T=16,N=1048576", "forward+backward", "torch, a loop", lambda: torch_alif(1 << 20), 0.25),
    ("FA-LIF, T 16 × 1,048,576, 8 modes", "fa_lif", "T=16,N=1048576", "forward+backward", "torch, a loop", lambda: torch_fa_lif(1 << 20, 8), 0.25),
    ("spikes × weight, 5 %, 1,024³", "spike_linear", "T=1024,N=1024,M=1024", "forward", "torch, dense", lambda: torch_dense(1024), 0.35),
    ("head and loss, 512 × 49,152 × 576", "cross_entropy", "N=512,V=49152,C=576", "forward+backward", "torch, logits", lambda: torch_head(512, 49152, 576), 1.0),
    ("attention, 2,048 tokens, 9 × 64", "attention", "T=2048,H=9,K=9,D=64", "forward+backward", "torch SDPA", lambda: torch_attention(2048, 9, 64), 0.8),
]
# operator, pass, least share of the copy bandwidth
SHARES = [("lif", "forward+backward", 0.8)] + [
    (name, step, 0.8) for name in ("rms_norm", "rope", "swiglu") for step in ("forward", "backward")
] + [("adamw", "forward", 0.8)]
# the same for operators of several forms
FORMS = [(name, f"{bits}bit", 0.8) for name in ("quantize_activation", "dequantize_activation") for bits in (8, 4, 2)]
HEAD_MEMORY = "head and loss, extra memory"
# ours, its yardstick among our own operators, most of its time
PAIRS = [("hydra_linear", "lora_linear", 1.15), ("dora_linear", "lora_linear", 1.15)]


def ours(args, *arguments):
    command = [args.nacelle, "bench", "ops", *arguments, "--dtype", "fp32", "--threads", str(args.threads), "--json", "-q"]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)} ended with {done.returncode}: {done.stderr[-500:]}")
    return json.loads(done.stdout)


def time_of(results, name, step):
    """Seconds of an operator's pass; both passes together where only each by itself was timed."""
    found = {r["pass"]: r["seconds"] for r in results["results"] if r["op"] == name}
    return found[step] if step in found else found["forward"] + found["backward"]


def head_memory(args, out):
    """What the head takes beside its tensors, as a share of the logits that are never there; what all products share is apart."""
    results = ours(args, "cross_entropy", "--size", "N=512,V=49152,C=576", "--seconds", "0.01")
    extra = next(r["extra_bytes"] for r in results["results"] if r["pass"] == "forward+backward")
    logits = 512 * 49152 * 4
    out.setdefault(HEAD_MEMORY, []).append({
        "extra_bytes": extra, "scratch_bytes": results["scratch_bytes"], "logits_bytes": logits, "share": extra / logits,
        "share_with_scratch": (extra + results["scratch_bytes"]) / logits})


def share_of(results, name, step):
    return next((r["share"] for r in results["results"] if r["op"] == name and r["pass"] == step and r["share_of"] == "copy"), None)


def one_round(args, out):
    if not args.only or "cross_entropy" in args.only:
        head_memory(args, out)
    for name, op, size, step, _, peer, _ in PEERS:
        if args.only and op not in args.only:
            continue
        theirs = peer()
        mine = time_of(ours(args, op, "--size", size), op, step)
        out.setdefault(name, []).append({"ours": mine, "peer": theirs, "ratio": mine / theirs})
    names = sorted({n for n, _, _ in SHARES + FORMS})
    if not args.only:
        results = ours(args, *names)
        out.setdefault("copy_bandwidth", []).append(results["copy_bandwidth"])
        out.setdefault("gemm_rate", []).append([results["gemm_rate"], results["gemm_library"]])
        for name, step, _ in SHARES:
            share = share_of(results, name, step)
            if share is not None:
                out.setdefault(f"{name} {step}", []).append({"share": share})
        for name, form, _ in FORMS:
            share = next(r["share"] for r in results["results"] if r["op"] == name and r.get("variant") == form)
            out.setdefault(f"{name} {form}", []).append({"share": share})
        for one, other, _ in PAIRS:
            results = ours(args, one, other, "--in-turn", "--seconds", "1")
            ratio = sum(time_of(results, one, p) for p in ("forward", "backward")) / sum(
                time_of(results, other, p) for p in ("forward", "backward"))
            out.setdefault(f"{one} / {other}", []).append({"ratio": ratio})
        results = ours(args, "quantized_linear", "--size", "T=512")
        for r in results["results"]:
            out.setdefault(f"quantized_linear {r['pass']}", []).append({"share_of_gemm": r["share"]})


def report(args, rounds):
    rows = ["| work | peer | ours | peer's | ours / peer | mark |", "|---|---|---|---|---|---|"]
    for name, _, _, _, words, _, mark in PEERS:
        found = rounds.get(name)
        if found:
            middle = {k: statistics.median(f[k] for f in found) for k in ("ours", "peer", "ratio")}
            rows.append(f"| {name} | {words} | {1e3 * middle['ours']:.3g} ms | {1e3 * middle['peer']:.4g} ms | {middle['ratio']:.3f} | ≤ {mark} |")
    rows += ["", "| work | measure | here | mark |", "|---|---|---|---|"]
    for name, step, mark in SHARES + FORMS:
        if found := rounds.get(f"{name} {step}"):
            rows.append(f"| {name} {step} | share of the copy bandwidth | {statistics.median(f['share'] for f in found):.2f} | ≥ {mark} |")
    for one, other, mark in PAIRS:
        if found := rounds.get(f"{one} / {other}"):
            rows.append(f"| {one} | time over {other}'s | {statistics.median(f['ratio'] for f in found):.2f} | ≤ {mark} |")
    if found := rounds.get(HEAD_MEMORY):
        rows.append(f"| {HEAD_MEMORY} | share of the logits' bytes | {statistics.median(f['share'] for f in found):.3f} | ≤ 0.05 |")
    for name, found in rounds.items():
        if name.startswith("quantized_linear"):
            rows.append(f"| {name}, 512 rows | share of the fastest fp32 product | {statistics.median(f['share_of_gemm'] for f in found):.2f} | ≥ 0.87 |")
    return "\n".join(rows)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--nacelle", default=str(HERE.parent.parent / "nacelle"))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--only", nargs="*", help="operators; default: all")
    parser.add_argument("--out", type=pathlib.Path)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    torch.manual_seed(0)
    rounds = {}
    for n in range(args.rounds):
        one_round(args, rounds)
        print(f"round {n + 1} of {args.rounds} done", file=sys.stderr, flush=True)
    provenance = {
        "processor": processor_name(), "isa": torch.backends.cpu.get_cpu_capability(),
        "cores": os.cpu_count(), "threads": args.threads, "torch": torch.__version__, "python": platform.python_version(),
        "load_before": os.getloadavg()[2], "when": time.strftime("%Y-%m-%d"), "command": " ".join(sys.argv[1:]),
    }
    if args.out:
        args.out.write_text(json.dumps({"provenance": provenance, "rounds": rounds}, indent=1, ensure_ascii=False) + "\n")
    print(report(args, rounds))


if __name__ == "__main__":
    main()
