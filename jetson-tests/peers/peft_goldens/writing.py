"""Runs a case and writes its folder; the fresh-start facts; the manifest."""

import hashlib
import json
import os
import platform

import torch
from peft import get_peft_model
from safetensors.torch import save_file
from transformers import AutoTokenizer

from . import models_made, samples, training
from .cases import CASES


def dump_json(data, path):
    with open(path, "w", encoding="utf-8") as sink:
        json.dump(data, sink, indent=1, ensure_ascii=False)
        sink.write("\n")


def dump_lines(rows, path):
    with open(path, "w", encoding="utf-8") as sink:
        for row in rows:
            sink.write(json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n")


def initial_losses(model, kept):
    """A line a sample as `eval --token-losses` writes it: losses under the initial adapter, null where no target."""
    rows = []
    model.eval()
    with torch.no_grad():
        for sample in kept:
            each, is_target = training.token_losses(model, [sample])
            row = [round(v, 6) if t else None for v, t in zip(each[0].tolist(), is_target[0].tolist())]
            rows.append({"ids": sample.ids, "losses": [None] + row})
    return rows


def relative_difference(one, other):
    return max((torch.linalg.norm(one[k] - other[k]) / torch.linalg.norm(other[k])).item() for k in one)


def largest_difference(one, other):
    return max(abs(a - b) for a, b in zip(one, other))


def other_arithmetic(model_folder, case, init, steps, run, model):
    """The same job in another precision: how far honest rounding moves the figures (not the engine's bound)."""
    if case["dtype"] == "bf16":
        dtype = torch.float32
        other = training.open_adapter(model_folder, init, case, dtype, rounded_to=torch.bfloat16)
    else:
        dtype = torch.float64
        other = training.open_adapter(model_folder, init, case, dtype)
    again = training.train(other, case, steps)
    return {
        "dtype": "fp32" if dtype == torch.float32 else "fp64",
        "losses": largest_difference(run["losses"], again["losses"]),
        "final_adapter": relative_difference(training.adapter_tensors(model), training.adapter_tensors(other)),
        "step1_gradients": relative_difference(
            {k: v.double() for k, v in run["first"].items()}, {k: v.double() for k, v in again["first"].items()}
        ),
    }


def write_case(name, model_folder, folder):
    case = CASES[name]
    os.makedirs(folder)
    dump_lines(case["records"], os.path.join(folder, "data.jsonl"))
    init = os.path.join(folder, "init")
    if "init" not in case:
        training.write_initial_adapter(model_folder, case, 100 + case["seed"], init)

    encoder = samples.Encoder(AutoTokenizer.from_pretrained(model_folder))
    kept, cut, dropped = samples.prepare(encoder, case["records"], case["max-length"])
    steps = samples.steps(kept, case["batch-size"], case["accumulate"], case["steps"])

    model = training.open_adapter(model_folder, init, case, training.COMPUTE[case["dtype"]])
    converted = {}
    if "init" in case:
        model.save_pretrained(init)
        # PEFT subtracts this beginning, so that the adapter fits the base as it was.
        converted["path_initial_model_for_weight_conversion"] = init
    dump_lines(initial_losses(model, kept), os.path.join(folder, "token_losses.jsonl"))
    run = training.train(model, case, steps)
    save_file(run["first"], os.path.join(folder, "step1_gradients.safetensors"), metadata={"format": "pt"})
    model.save_pretrained(os.path.join(folder, "final"), **converted)
    for part in ("init", "final"):
        os.remove(os.path.join(folder, part, "README.md"))
    noise = other_arithmetic(model_folder, case, init, steps, run, model)

    flags = {k: v for k, v in case.items() if k not in ("model", "records", "seed")}
    dump_json(
        {
            "name": name,
            "flags": {"model": f"../models/{case['model']}", "data": "data.jsonl"}
            | ({} if "init" in case else {"init-adapter": "init"}) | flags,
            "samples": {"records": len(case["records"]), "kept": len(kept), "cut": cut, "dropped": dropped},
            "losses": run["losses"], "lrs": run["lrs"], "grad_norms": run["grad_norms"],
            "tokens": run["tokens"], "target_tokens": run["target_tokens"], "other_arithmetic": noise,
        },
        os.path.join(folder, "case.json"),
    )
    bitten = sum(n > case["clip"] > 0 for n in run["grad_norms"])
    return (
        f"loss {run['losses'][0]:.4f} -> {run['losses'][-1]:.4f}  norm {run['grad_norms'][0]:.3f}"
        f"  clipped {bitten:2}  kept {len(kept)} cut {cut} dropped {dropped}"
        f"  moved by {noise['dtype']}: loss {noise['losses']:.1e} final {noise['final_adapter']:.1e}"
        f" gradient {noise['step1_gradients']:.1e}"
    )


def write_fresh_start(models, out):
    """B = 0: the loss is the base model's, A's gradient is exactly zero, B's is not."""
    case = CASES["plain-text"]
    folder = os.path.join(models, case["model"])
    torch.manual_seed(7)
    model = get_peft_model(models_made.load(folder, torch.float32), training.adapter_config(case))
    encoder = samples.Encoder(AutoTokenizer.from_pretrained(folder))
    kept, _, _ = samples.prepare(encoder, case["records"], case["max-length"])
    steps = samples.steps(kept, case["batch-size"], case["accumulate"], 1)
    run = training.train(model, case | {"steps": 1}, steps)
    largest = {n: g.abs().max().item() for n, g in run["first"].items()}
    facts = {
        "case": "plain-text, without its initial adapter",
        "loss": run["losses"][0],
        "largest_gradient_of_any_A": max(v for n, v in largest.items() if ".lora_A." in n),
        "smallest_largest_gradient_of_any_B": min(v for n, v in largest.items() if ".lora_B." in n),
    }
    assert facts["largest_gradient_of_any_A"] == 0.0 < facts["smallest_largest_gradient_of_any_B"]
    dump_json(facts, os.path.join(out, "fresh_start.json"))


def processor_name():
    with open("/proc/cpuinfo", encoding="utf-8") as source:
        return next(line.split(":", 1)[1].strip() for line in source if line.startswith("model name"))


def versions():
    from importlib import metadata

    packages = ("torch", "peft", "transformers", "safetensors", "tokenizers", "numpy")
    return {"python": platform.python_version()} | {p: metadata.version(p) for p in packages}


def write_manifest(out, made=None):
    """Versions and processor of each recording; `made` are the cases of this one, None for all."""
    files = {}
    for folder, _, names in os.walk(out):
        for name in names:
            path = os.path.join(folder, name)
            short = os.path.relpath(path, out)
            os.chmod(path, 0o644)  # safetensors writes for the owner alone
            if short not in ("MANIFEST.json", "README.md"):
                with open(path, "rb") as source:
                    files[short] = hashlib.sha256(source.read()).hexdigest()
    path = os.path.join(out, "MANIFEST.json")
    made = list(CASES) if made is None else made
    recordings = []
    if len(made) < len(CASES) and os.path.exists(path):
        with open(path, encoding="utf-8") as source:
            for recording in json.load(source)["recordings"]:
                kept = [name for name in recording["cases"] if name not in made]
                if kept:
                    recordings.append(recording | {"cases": kept})
    recordings.append({"processor": processor_name(), "versions": versions(), "cases": made})
    dump_json(
        {
            "command": "python jetson-tests/peers/make_peft_goldens.py", "threads": 1, "recordings": recordings,
            "cases": list(CASES), "sha256": dict(sorted(files.items())),
        },
        path,
    )
