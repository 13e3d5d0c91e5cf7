"""Saves a tiny adapter with PEFT for PeftAdapterTest, which reads it and writes the same bytes.

    python adapter_golden.py --out runtime/src/test/resources/dev/nacelle/file/peft-adapter
    python adapter_golden.py --check DIR   (loads an adapter for the same tiny model, strictly)
"""

import argparse
import json
import os

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from safetensors.torch import load_file
from transformers import LlamaConfig, LlamaForCausalLM


def tiny_model():
    torch.manual_seed(0)
    return LlamaForCausalLM(
        LlamaConfig(
            hidden_size=16,
            intermediate_size=24,
            num_hidden_layers=2,
            num_attention_heads=2,
            num_key_value_heads=1,
            vocab_size=32,
        )
    )


def write(folder):
    model = get_peft_model(
        tiny_model(),
        LoraConfig(
            r=3, lora_alpha=6.5, lora_dropout=0.1, target_modules=["k_proj"], layers_to_transform=[1],
            task_type="CAUSAL_LM", base_model_name_or_path="tiny/modèle",
        ),
    )
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "lora_" in name:
                parameter.copy_(torch.arange(parameter.numel()).reshape(parameter.shape) / 8)
    model.peft_config["default"].base_model_name_or_path = "tiny/modèle"
    model.save_pretrained(folder)
    os.remove(os.path.join(folder, "README.md"))


def check(folder):
    model = PeftModel.from_pretrained(tiny_model(), folder)
    state = {k.replace(".default.", "."): v for k, v in model.state_dict().items() if "lora_" in k}
    saved = load_file(os.path.join(folder, "adapter_model.safetensors"))
    assert state.keys() == saved.keys(), state.keys() ^ saved.keys()
    assert all(torch.equal(state[k], saved[k]) for k in saved)
    with open(os.path.join(folder, "adapter_config.json")) as f:
        fields = json.load(f)
    print(f"{folder}: {len(saved)} tensors loaded and equal, {len(fields)} fields, peft {fields['peft_version']}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out")
    parser.add_argument("--check", nargs="*", default=[])
    args = parser.parse_args()
    if args.out:
        write(args.out)
    for folder in args.check:
        check(folder)
