"""Records what the equations of HydraLoRA come to in PyTorch on tiny models: the goldens of HydraGoldenTest.

    python make_hydra_goldens.py [--out DIR] [--only CASE …]

The module below is written from the paper's equations (Tian et al. 2024, arXiv 2404.19245) with the key names of its
repository's files; autograd does the rest. Base models are those of make_peft_goldens.py. Needs torch, transformers,
peft (its scheduler and sample code alone), safetensors and tokenizers.
"""

import argparse
import json
import math
import os
import shutil

os.environ["HF_HUB_OFFLINE"] = "1"

import torch
from safetensors.torch import save_file
from torch import nn
from transformers import AutoTokenizer

from peft_goldens import cases, models_made, samples, texts, training, writing

HERE = os.path.dirname(os.path.abspath(__file__))
GOLDENS = os.path.normpath(os.path.join(HERE, "..", "src", "test", "resources", "goldens"))
PREFIX = "base_model.model."


def case(model, records, targets, heads, **flags):
    return cases.case(model, records, targets, 4, 8, **flags) | {"steps": 30, "heads": heads}


CASES = {
    "hydra-text": case("plain", texts.text_records(0, 18), "q_proj,v_proj,down_proj", 3),
    # The initial adapter as the repository saves it: a pickle, and LORA for its type.
    "hydra-pickled": case(
        "gqa-tied", texts.chat_records(3, 9), "gate_proj,up_proj,down_proj", 4,
        batch_size=2, accumulate=2, max_length=96, packing="off", schedule="cosine", warmup=0.1, weight_decay=0.05,
        lora_plus_ratio=4.0,
    ),
    "hydra-bf16": case(
        "gqa-tied", texts.text_records(6, 12), "q_proj,o_proj", 2, batch_size=4, lr=2e-4, dtype="bf16",
    ),
}


class HydraLinear(nn.Module):
    """y = W0·x + (alpha / r) · Σ ω_i · B_i(A·x), ω = softmax(x·Rᵀ) in fp32."""

    def __init__(self, base, rank, alpha, heads):
        super().__init__()
        self.base, self.heads, self.scaling = base.requires_grad_(False), heads, alpha / rank
        self.lora_A = nn.Linear(base.in_features, rank, bias=False)
        self.lora_route = nn.Linear(base.in_features, heads, bias=False)
        nn.init.kaiming_uniform_(self.lora_A.weight, a=math.sqrt(5))
        nn.init.kaiming_uniform_(self.lora_route.weight, a=math.sqrt(5))
        for i in range(heads):
            b = nn.Linear(rank, base.out_features, bias=False)
            nn.init.normal_(b.weight, 0, 0.02)
            setattr(self, f"lora_B{i}", b)

    def forward(self, x):
        y = self.base(x)
        wide = x.to(self.lora_A.weight.dtype)
        omega = torch.softmax(self.lora_route(wide), dim=-1)
        hidden = self.lora_A(wide)
        update = sum(omega[..., i : i + 1] * getattr(self, f"lora_B{i}")(hidden) for i in range(self.heads))
        return y + (self.scaling * update).to(y.dtype)


def adapt(model, wanted):
    model.requires_grad_(False)
    ends = wanted["targets"].split(",")
    for path, module in list(model.named_modules()):
        if isinstance(module, nn.Linear) and path.rsplit(".", 1)[-1] in ends:
            parent = model.get_submodule(path.rsplit(".", 1)[0])
            setattr(parent, path.rsplit(".", 1)[-1], HydraLinear(module, wanted["rank"], wanted["alpha"], wanted["heads"]))
    return model


def tensors(model):
    return {PREFIX + n: p.detach().clone() for n, p in model.named_parameters() if ".lora_" in n}


def config(wanted, peft_type):
    return {
        "base_model_name_or_path": f"models/{wanted['model']}", "bias": "none", "blc_alpha": 0.0, "blc_weight": 0.0,
        "enable_lora": None, "fan_in_fan_out": False, "inference_mode": True, "lora_alpha": wanted["alpha"],
        "lora_dropout": 0.0, "lora_nums": wanted["heads"], "merge_weights": False, "modules_to_save": None,
        "peft_type": peft_type, "r": wanted["rank"], "target_modules": wanted["targets"].split(","),
        "task_type": "CAUSAL_LM",
    }


def save(model, wanted, folder, pickled=False):
    os.makedirs(folder)
    if pickled:
        torch.save(tensors(model), os.path.join(folder, "adapter_model.bin"))
    else:
        save_file(tensors(model), os.path.join(folder, "adapter_model.safetensors"), metadata={"format": "pt"})
    with open(os.path.join(folder, "adapter_config.json"), "w", encoding="utf-8") as sink:
        json.dump(config(wanted, "LORA" if pickled else "HYDRA_LORA"), sink, indent=2, sort_keys=True)


def optimizer(model, wanted):
    """PEFT's LoRA+ knows lora_B alone; these are its groups with all heads in the fast one."""
    fast = [p for n, p in model.named_parameters() if p.requires_grad and ".lora_B" in n]
    slow = [p for n, p in model.named_parameters() if p.requires_grad and ".lora_B" not in n]
    return torch.optim.AdamW(
        [{"params": slow, "lr": wanted["lr"]}, {"params": fast, "lr": wanted["lr"] * wanted["lora-plus-ratio"]}],
        betas=tuple(wanted["betas"]), eps=wanted["eps"], weight_decay=wanted["weight-decay"],
    )


def write_case(name, folder):
    wanted = CASES[name]
    model_folder = os.path.join(GOLDENS, "peft", "models", wanted["model"])
    os.makedirs(folder)
    writing.dump_lines(wanted["records"], os.path.join(folder, "data.jsonl"))
    torch.manual_seed(100 + wanted["seed"])
    model = adapt(models_made.load(model_folder, training.COMPUTE[wanted["dtype"]]), wanted)
    save(model, wanted, os.path.join(folder, "init"), pickled=name == "hydra-pickled")
    encoder = samples.Encoder(AutoTokenizer.from_pretrained(model_folder))
    kept, cut, dropped = samples.prepare(encoder, wanted["records"], wanted["max-length"])
    steps = samples.steps(kept, wanted["batch-size"], wanted["accumulate"], wanted["steps"])
    training.make_optimizer = optimizer
    run = training.train(model, wanted, steps)
    first = {PREFIX + n: g for n, g in run["first"].items()}
    save_file(first, os.path.join(folder, "step1_gradients.safetensors"), metadata={"format": "pt"})
    save(model, wanted, os.path.join(folder, "final"))
    flags = {k: v for k, v in wanted.items() if k not in ("model", "records", "seed", "heads")}
    writing.dump_json(
        {
            "name": name,
            "flags": {
                "model": f"../../peft/models/{wanted['model']}", "data": "data.jsonl", "init-adapter": "init",
            } | flags,
            "heads": wanted["heads"], "losses": run["losses"], "lrs": run["lrs"], "grad_norms": run["grad_norms"],
            "tokens": run["tokens"], "target_tokens": run["target_tokens"],
        },
        os.path.join(folder, "case.json"),
    )
    print(f"{name:14} loss {run['losses'][0]:.4f} -> {run['losses'][-1]:.4f}, kept {len(kept)}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", default=os.path.join(GOLDENS, "hydra"))
    parser.add_argument("--only", nargs="*")
    args = parser.parse_args()
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    for name in args.only or CASES:
        folder = os.path.join(args.out, name)
        shutil.rmtree(folder, ignore_errors=True)
        write_case(name, folder)


if __name__ == "__main__":
    main()
