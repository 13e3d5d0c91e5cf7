"""Records what bitsandbytes makes of a tiny model in nf4, once with its absmaxes quantised again and once without.

    python make_nf4_golden.py [--out DIR]

Needs torch, transformers, accelerate, safetensors and bitsandbytes 0.50 (its kernels for the processor). Each folder is what
`save_pretrained` writes, with `dequantised.safetensors`, every matrix as bitsandbytes widens it to fp32, and
`token_losses.jsonl` as `eval --token-losses` writes it, computed by transformers on the quantised model.
"""

import argparse
import os
import shutil

os.environ["HF_HUB_OFFLINE"] = "1"

import bitsandbytes
import torch
from bitsandbytes.functional import dequantize_4bit
from safetensors.torch import save_file
from transformers import AutoModelForCausalLM, AutoTokenizer, BitsAndBytesConfig

from peft_goldens import samples, texts, writing

HERE = os.path.dirname(os.path.abspath(__file__))
GOLDENS = os.path.join(HERE, "..", "src", "test", "resources", "goldens")
CARRIED = ("tokenizer.json", "tokenizer_config.json")


def write(model_folder, folder, nested):
    shutil.rmtree(folder, ignore_errors=True)
    quantisation = BitsAndBytesConfig(
        load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_use_double_quant=nested,
        bnb_4bit_compute_dtype=torch.float32,
    )
    model = AutoModelForCausalLM.from_pretrained(
        model_folder, dtype=torch.float32, quantization_config=quantisation, device_map="cpu",
        attn_implementation="eager",
    ).eval()
    model.save_pretrained(folder)
    for name in CARRIED:
        shutil.copy(os.path.join(model_folder, name), folder)
    widened = {}
    for name, module in model.named_modules():
        if isinstance(module, bitsandbytes.nn.Linear4bit):
            weight = module.weight
            widened[f"{name}.weight"] = dequantize_4bit(weight.data, weight.quant_state).float().contiguous()
    save_file(widened, os.path.join(folder, "dequantised.safetensors"), metadata={"format": "pt"})
    records = texts.text_records(0, 10)
    writing.dump_lines(records, os.path.join(folder, "data.jsonl"))
    encoder = samples.Encoder(AutoTokenizer.from_pretrained(model_folder))
    kept, _, _ = samples.prepare(encoder, records, 64)
    writing.dump_lines(writing.initial_losses(model, kept), os.path.join(folder, "token_losses.jsonl"))
    state = next(iter(model.model.layers[0].self_attn.q_proj.weight.quant_state.as_dict(packed=True)))
    print(folder, len(widened), "matrices", state)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", default=os.path.normpath(os.path.join(GOLDENS, "nf4")))
    args = parser.parse_args()
    torch.set_num_threads(1)
    model = os.path.join(GOLDENS, "peft", "models", "plain")
    for name, nested in (("double", True), ("single", False)):
        write(model, os.path.join(args.out, name), nested)
    versions = writing.versions() | {"bitsandbytes": bitsandbytes.__version__}
    writing.dump_json({"command": "python jetson-tests/peers/make_nf4_golden.py", "versions": versions},
                      os.path.join(args.out, "MANIFEST.json"))
    for folder, _, names in os.walk(args.out):
        for name in names:
            os.chmod(os.path.join(folder, name), 0o644)


if __name__ == "__main__":
    main()
