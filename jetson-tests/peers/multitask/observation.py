"""Measures HydraLoRA's observation II on the tasks of PROTOCOL.md: of LoRAs trained on unlike tasks the A's are alike and the B's are not.

    python observation.py --adapters FOLDER --train [--steps 150] [--seed 1]    # one LoRA a family, all from one beginning
    python observation.py --adapters FOLDER --json F.json --svg F.svg           # measures what is there

--train runs `./nacelle finetune` (rank 8, gate, up and down projections, as PROTOCOL.md) once a family and leaves FOLDER/FAMILY, and
FOLDER/beginning, the adapter before its first step. What is there already is not trained again. Needs numpy for measuring alone.

Measured for each adapted layer and each pair of families, then averaged:

    cosine     <X, Y> / (|X| |Y|) of the two matrices as vectors: what the paper's t-SNE looks at
    subspace   |Qx' Qy|^2 / r for bases of A's row space and B's column space: 1 for the same space, near r / width for random
               ones. It does not see in which order or rotation the r directions stand
    moved      the cosine of what training changed, A - A0 and B - 0

A begins at random, the same for all, and B at zero. A small learning rate leaves A near its beginning, so that a large cosine
alone says little: `moved` and `drift`, |A - A0| / |A0|, say how much of the likeness was learnt. `begun` is the cosine of two A's
that began apart (those of neighbouring layers before the first step), about 0.
"""

import argparse
import itertools
import json
import math
import pathlib
import re
import struct
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
FAMILIES = ("wordnet", "arithmetic", "conversion", "extraction")
TARGETS = "gate_proj,up_proj,down_proj"
BEGINNING = "beginning"
COLOURS = {"wordnet": "#2166ac", "arithmetic": "#b2182b", "conversion": "#1b7837", "extraction": "#e08214"}


def train(args):
    """One LoRA a family; a step at rate zero leaves the adapter as it begins."""
    for name in (BEGINNING, *FAMILIES):
        out = args.adapters / name
        if (out / "adapter_model.safetensors").exists():
            continue
        begins = name == BEGINNING
        family = FAMILIES[0] if begins else name
        flags = ["--adapter", "lora", "--rank", "8", "--alpha", "32", "--targets", TARGETS, "--model", args.model, "--data",
                 HERE / "tasks" / f"{family}-train.jsonl", "--batch-size", "4", "--max-length", "192", "--seed", args.seed,
                 "--lr", "0" if begins else args.rate, "--steps", 1 if begins else args.steps, "--out", out, "--overwrite", "-q"]
        print(f"training {name}", file=sys.stderr, flush=True)
        done = subprocess.run([args.nacelle, "finetune", *map(str, flags)], stdout=subprocess.DEVNULL)
        if done.returncode != 0:
            sys.exit(f"finetune of {name} ended with {done.returncode}")


def read(folder):
    """The adapter's matrices: (module, "A" or "B") -> array."""
    import numpy

    file = folder / "adapter_model.safetensors"
    if not file.exists():
        sys.exit(f"{file} is missing: train first (--train), or name another --adapters")
    data = file.read_bytes()
    (size,) = struct.unpack("<Q", data[:8])
    tensors = {}
    for name, tensor in json.loads(data[8 : 8 + size]).items():
        found = re.fullmatch(r"base_model\.model\.(.+)\.lora_([AB])\.weight", name)
        if found:
            if tensor["dtype"] != "F32":
                sys.exit(f"{file}: {name} is {tensor['dtype']}; adapters of finetune are F32")
            begin, end = (8 + size + offset for offset in tensor["data_offsets"])
            values = numpy.frombuffer(data[begin:end], dtype="<f4").reshape(tensor["shape"])
            tensors[found.groups()] = values.astype(numpy.float64)
    if not tensors:
        sys.exit(f"{file} holds no lora_A and lora_B")
    return tensors


def cosine(x, y):
    norm = math.sqrt((x * x).sum() * (y * y).sum())
    return float((x * y).sum() / norm) if norm > 0 else math.nan


def subspace(x, y):
    """Mean squared cosine of the principal angles between the columns' spaces of two tall matrices."""
    import numpy

    if not (x.any() and y.any()):
        return math.nan
    inner = numpy.linalg.qr(x)[0].T @ numpy.linalg.qr(y)[0]
    return float((inner * inner).sum() / x.shape[1])


def mean(values):
    known = [v for v in values if not math.isnan(v)]
    return sum(known) / len(known) if known else None


def measure(adapters, beginning):
    """Every layer's means over the pairs, and their means."""
    names = list(adapters)
    modules = sorted({m for m, _ in adapters[names[0]]}, key=layer_first)
    for name in names:
        if {m for m, _ in adapters[name]} != set(modules):
            sys.exit(f"{name} adapts other layers than {names[0]}")
    layers = []
    for module in modules:
        row = {"module": module}
        for part in "AB":
            pairs = [(adapters[a][module, part], adapters[b][module, part]) for a, b in itertools.combinations(names, 2)]
            tall = [(x.T, y.T) if part == "A" else (x, y) for x, y in pairs]
            row[part] = {"cosine": mean(cosine(x, y) for x, y in pairs), "subspace": mean(subspace(x, y) for x, y in tall)}
            if beginning:
                start = beginning[module, part]
                row[part]["moved"] = mean(cosine(x - start, y - start) for x, y in pairs)
        if beginning:
            start = beginning[module, "A"]
            row["drift"] = mean(float(((adapters[n][module, "A"] - start) ** 2).sum() / (start**2).sum()) ** 0.5 for n in names)
        layers.append(row)
    means = {part: {key: mean(row[part][key] if row[part][key] is not None else math.nan for row in layers)
                    for key in layers[0][part]} for part in "AB"}
    result = {"adapters": names, "pairs": math.comb(len(names), 2), "modules": len(modules), "mean": means}
    if beginning:
        result["drift"] = mean(row["drift"] for row in layers)
        result["begun"] = mean(cosine(a, b) for a, b in itertools.pairwise(
            beginning[m, "A"] for m in modules if beginning[m, "A"].shape == beginning[modules[0], "A"].shape))
    holds = {key: means["A"][key] > means["B"][key] for key in means["A"] if None not in (means["A"][key], means["B"][key])}
    return result | {"a_more_alike_than_b": holds, "layers": layers}


def layer_first(module):
    return [int(part) if part.isdigit() else part for part in re.split(r"(\d+)", module)]


def plane(points):
    """The two main directions of some vectors, as the paper's t-SNE shows two dimensions."""
    import numpy

    stacked = numpy.stack([p.ravel() for p in points])
    stacked = stacked - stacked.mean(axis=0)
    values, vectors = numpy.linalg.eigh(stacked @ stacked.T)
    return vectors[:, -2:] * numpy.sqrt(numpy.maximum(values[-2:], 0))


def picture(adapters, measured):
    """Likeness layer by layer above; below, one projection's A's and B's in their two main directions."""
    out = ['<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 860 760" font-family="sans-serif" font-size="12">',
           '<rect width="860" height="760" fill="white"/>']

    def text(x, y, words, more=""):
        out.append(f'<text x="{x:.1f}" y="{y:.1f}" {more}>{words}</text>')

    text(50, 24, f"LoRAs of {len(adapters)} tasks from one beginning: likeness of their A's and B's, layer by layer", 'font-size="15"')
    layers = measured["layers"]
    low = min([0.0] + [row[p][k] or 0 for row in layers for p in "AB" for k in ("cosine", "subspace")])
    for tick in (low, 0, 0.25, 0.5, 0.75, 1):
        y = 310 - 260 * (tick - low) / (1 - low)
        out.append(f'<path d="M50 {y:.1f}H830" stroke="#ddd"/>')
        text(44, y + 4, f"{tick:.2f}", 'text-anchor="end"')
    for n, (part, key) in enumerate(itertools.product("AB", ("cosine", "subspace"))):
        colour, dash = "#2166ac" if part == "A" else "#b2182b", "" if key == "cosine" else 'stroke-dasharray="5 4"'
        known = [(i, row[part][key]) for i, row in enumerate(layers) if row[part][key] is not None]
        path = "L".join(f"{50 + 780 * i / max(1, len(layers) - 1):.1f} {310 - 260 * (v - low) / (1 - low):.1f}" for i, v in known)
        out.append(f'<path d="M{path}" fill="none" stroke="{colour}" {dash}/>' if known else "")
        out.append(f'<path d="M{60 + 190 * n} 340h24" stroke="{colour}" {dash}/>')
        average = measured["mean"][part][key]
        text(90 + 190 * n, 344, f"{part}, {key}: {average:.3f}" if average is not None else f"{part}, {key}: –")
    kind = layers[0]["module"].rsplit(".", 1)[-1]
    modules = [row["module"] for row in layers if row["module"].endswith(kind)]
    for panel, part in enumerate("AB"):
        left = 50 + 410 * panel
        text(left, 384, f"{part} of each {kind}, two main directions", 'font-size="14"')
        out.append(f'<rect x="{left}" y="394" width="370" height="310" fill="none" stroke="#bbb"/>')
        spots = plane([adapters[name][module, part] for name in adapters for module in modules])
        span = float(abs(spots).max()) or 1.0
        for n, (x, y) in enumerate(spots):
            name = list(adapters)[n // len(modules)]
            radius = 7 - 1.5 * (n // len(modules))  # rings: those that lie on each other still show
            out.append(f'<circle cx="{left + 185 + 170 * x / span:.1f}" cy="{549 - 140 * y / span:.1f}" r="{radius}" fill="none" '
                       f'stroke="{COLOURS.get(name, "#444")}" stroke-width="1.3"/>')
    for n, name in enumerate(adapters):
        out.append(f'<circle cx="{60 + 190 * n}" cy="730" r="5" fill="none" stroke="{COLOURS.get(name, "#444")}" stroke-width="2"/>')
        text(72 + 190 * n, 734, name)
    return "\n".join([*filter(None, out), "</svg>"]) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--adapters", required=True, type=pathlib.Path)
    parser.add_argument("--train", action="store_true")
    parser.add_argument("--model", default="smollm2-135m")
    parser.add_argument("--nacelle", default=str(HERE.parents[2] / "nacelle"))
    parser.add_argument("--steps", type=int, default=150)
    parser.add_argument("--rate", default="6e-4")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", type=pathlib.Path, help="where the figures go")
    parser.add_argument("--svg", type=pathlib.Path, help="where the picture goes")
    args = parser.parse_args()
    if args.train:
        train(args)
    if not (args.json or args.svg):
        return
    adapters = {f: read(args.adapters / f) for f in FAMILIES if (args.adapters / f).exists()}
    if len(adapters) < 2:
        sys.exit(f"{args.adapters} holds the adapters of {len(adapters)} families, and two at least are compared")
    beginning = read(args.adapters / BEGINNING) if (args.adapters / BEGINNING).exists() else None
    measured = measure(adapters, beginning)
    if args.json:
        args.json.write_text(json.dumps(measured, indent=1) + "\n")
    if args.svg:
        args.svg.write_text(picture(adapters, measured))
    print(json.dumps({k: v for k, v in measured.items() if k != "layers"}, indent=1))


if __name__ == "__main__":
    main()
