"""Writes a PEFT adapter with random A and B for a model folder: something to merge and to export.

    python make_random_adapter.py --model DIR --out ADAPTER [--targets q_proj,lm_head] [--rank 16] [--size 0.003]

B is scaled so that each update has about --size of its weight's norm. Only config.json and the shapes of the weights
are read, so that the base may be large.
"""

import argparse
import json
import os

import torch
from safetensors.torch import save_file


def linears(config):
    hidden, inner = config["hidden_size"], config["intermediate_size"]
    heads = config["num_attention_heads"]
    head_dim = config.get("head_dim") or hidden // heads
    query, kv = heads * head_dim, config.get("num_key_value_heads", heads) * head_dim
    for layer in range(config["num_hidden_layers"]):
        path = f"model.layers.{layer}."
        yield path + "self_attn.q_proj", query, hidden
        yield path + "self_attn.k_proj", kv, hidden
        yield path + "self_attn.v_proj", kv, hidden
        yield path + "self_attn.o_proj", hidden, query
        yield path + "mlp.gate_proj", inner, hidden
        yield path + "mlp.up_proj", inner, hidden
        yield path + "mlp.down_proj", hidden, inner
    yield "lm_head", config["vocab_size"], hidden


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--targets", default="q_proj,k_proj,v_proj,o_proj,gate_proj,up_proj,down_proj")
    parser.add_argument("--rank", type=int, default=16)
    parser.add_argument("--size", type=float, default=0.003)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    targets = args.targets.split(",")
    config = json.load(open(os.path.join(args.model, "config.json")))
    torch.manual_seed(args.seed)
    tensors = {}
    for path, rows, columns in linears(config):
        if path.rsplit(".", 1)[-1] in targets:
            key = "base_model.model." + path
            a = torch.empty(args.rank, columns).uniform_(-1, 1) / columns**0.5
            b = torch.randn(rows, args.rank)
            # Weights of a trained model have entries of about 1/sqrt(columns); scale is alpha / r = 2.
            update = 2 * torch.linalg.matrix_norm(b @ a)
            tensors[key + ".lora_A.weight"] = a
            tensors[key + ".lora_B.weight"] = b * (args.size * rows**0.5 / update)
    os.makedirs(args.out, exist_ok=True)
    save_file(tensors, os.path.join(args.out, "adapter_model.safetensors"), {"format": "pt"})
    with open(os.path.join(args.out, "adapter_config.json"), "w") as sink:
        json.dump(
            {
                "peft_type": "LORA",
                "task_type": "CAUSAL_LM",
                "r": args.rank,
                "lora_alpha": 2 * args.rank,
                "lora_dropout": 0.0,
                "bias": "none",
                "target_modules": targets,
            },
            sink,
            indent=2,
        )
    print(f"{args.out}: {len(tensors) // 2} pairs")


if __name__ == "__main__":
    main()
