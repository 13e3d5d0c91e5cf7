"""Loads an adapter folder that we wrote into PEFT, strictly, and says what it computes.

PEFT itself only warns of a missing key and says nothing of one too many; here both are errors, as are unknown fields of
adapter_config.json, and shapes or dtypes other than those PEFT would write.

    python check_adapter_in_peft.py --model DIR --adapter DIR --ids 1,2,3 [--expect-losses F.jsonl] [--dtype fp32]

`--expect-losses` takes what `./nacelle eval --token-losses` wrote. One JSON object goes to standard output; exit 0 when all
holds, 1 when losses differ by more than --tolerance, a traceback when PEFT cannot take the adapter.
"""

import argparse
import dataclasses
import hashlib
import json
import os
import sys

os.environ["HF_HUB_OFFLINE"] = "1"

import torch
from peft import LoraConfig, PeftModel, VeraConfig, get_peft_model, get_peft_model_state_dict
from safetensors import safe_open
from torch.nn import functional
from transformers import AutoModelForCausalLM


CONFIGS = {"LORA": LoraConfig, "VERA": VeraConfig}


class NotAsPeft(Exception):
    pass


def read_config(folder):
    with open(os.path.join(folder, "adapter_config.json"), encoding="utf-8") as source:
        data = json.load(source)
    kind = CONFIGS.get(data.get("peft_type"))
    if kind is None:
        raise NotAsPeft(f"peft_type is {data.get('peft_type')!r}, none of {', '.join(CONFIGS)}")
    known = {f.name for f in dataclasses.fields(kind)}
    if unknown := sorted(data.keys() - known):
        raise NotAsPeft(f"fields of adapter_config.json that PEFT does not have: {unknown}")
    return kind, sorted(known - data.keys())


def read_tensors(folder):
    with safe_open(os.path.join(folder, "adapter_model.safetensors"), "pt") as source:
        return {name: source.get_tensor(name) for name in source.keys()}, source.metadata()


def same_keys(found, expected, what):
    missing, extra = sorted(expected.keys() - found.keys()), sorted(found.keys() - expected.keys())
    if missing or extra:
        raise NotAsPeft(f"{what}: missing {missing}, unexpected {extra}")
    for name, tensor in expected.items():
        if tensor.shape != found[name].shape or tensor.dtype != found[name].dtype:
            raise NotAsPeft(
                f"{what}: {name} is {found[name].dtype} {tuple(found[name].shape)},"
                f" PEFT has {tensor.dtype} {tuple(tensor.shape)}"
            )


def load_strictly(base, folder, kind):
    """Compares with an adapter of the same config that PEFT made itself, then with what PEFT took from the file."""
    tensors, metadata = read_tensors(folder)
    fresh = get_peft_model(base, kind.from_pretrained(folder))
    same_keys(tensors, get_peft_model_state_dict(fresh), "adapter_model.safetensors")
    model = PeftModel.from_pretrained(fresh.unload(), folder).eval()
    taken = get_peft_model_state_dict(model)
    same_keys(taken, tensors, "after loading")
    if unequal := [name for name in tensors if not torch.equal(taken[name], tensors[name])]:
        raise NotAsPeft(f"PEFT holds other values than the file: {unequal}")
    return model, tensors, metadata


def logits_of(model, ids):
    with torch.no_grad():
        return model(input_ids=torch.tensor([ids]), use_cache=False).logits[0].float()


def digest(logits):
    last = logits[-1]
    return {
        "sha256": hashlib.sha256(logits.contiguous().numpy().tobytes()).hexdigest(),
        "norm": logits.double().norm().item(),
        "last_argmax": int(last.argmax()),
        "last_first_eight": [round(v, 6) for v in last[:8].tolist()],
    }


def compare_losses(model, path):
    largest, where, count, samples, total = 0.0, None, 0, 0, 0.0
    with open(path, encoding="utf-8") as source:
        for number, line in enumerate(source, 1):
            row = json.loads(line)
            if "dropped" in row:
                continue
            ids, losses = row["ids"], row["losses"]
            if len(ids) != len(losses) or losses[0] is not None:
                raise NotAsPeft(f"{path}:{number}: {len(ids)} ids, {len(losses)} losses, the first one must be null")
            logits = logits_of(model, ids)
            mine = functional.cross_entropy(logits[:-1], torch.tensor(ids[1:]), reduction="none").tolist()
            samples += 1
            for position, (a, b) in enumerate(zip(losses[1:], mine), 1):
                if a is None:
                    continue
                count, total = count + 1, total + b
                if not abs(a - b) <= largest:  # also when a is NaN
                    largest, where = abs(a - b), {"line": number, "position": position, "ours": a, "peft": b}
    if count == 0:
        raise NotAsPeft(f"{path}: no loss to compare")
    return {"samples": samples, "targets": count, "largest_difference": largest, "at": where, "mean": total / count}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", required=True)
    parser.add_argument("--adapter", required=True)
    parser.add_argument("--ids", default="1,2,3", help="token ids whose logits are digested")
    parser.add_argument("--expect-losses", help="a file of `eval --token-losses`")
    parser.add_argument("--tolerance", type=float, default=1e-4)
    parser.add_argument("--dtype", choices=["fp32", "bf16"], default="fp32")
    args = parser.parse_args()

    kind, absent = read_config(args.adapter)
    dtype = {"fp32": torch.float32, "bf16": torch.bfloat16}[args.dtype]
    base = AutoModelForCausalLM.from_pretrained(args.model, dtype=dtype, attn_implementation="eager").eval()
    ids = [int(i) for i in args.ids.split(",")]
    before = logits_of(base, ids)
    model, tensors, metadata = load_strictly(base, args.adapter, kind)
    after = logits_of(model, ids)
    result = {
        "tensors": len(tensors), "parameters": sum(t.numel() for t in tensors.values()), "metadata": metadata,
        "config_fields_absent": absent, "base_logits": digest(before), "adapter_logits": digest(after),
        "largest_change_of_a_logit": (after - before).abs().max().item(),
    }
    ok = True
    if args.expect_losses:
        result["losses"] = compare_losses(model, args.expect_losses)
        ok = result["losses"]["largest_difference"] <= args.tolerance
    print(json.dumps(result | {"ok": ok}, indent=1))
    return 0 if ok else 1


if __name__ == "__main__":
    sys.exit(main())
