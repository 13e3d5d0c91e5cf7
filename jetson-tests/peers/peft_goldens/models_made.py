"""Tiny Llama-family models from a seed, as Hugging Face folders in the older and the newer style of config.json."""

import json
import os

import torch
from safetensors.torch import save_file
from transformers import LlamaConfig, LlamaForCausalLM

from . import tokenizers_made

DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}

# rope: as rope_parameters of the v5 style; the v4 style writes rope_theta and rope_scaling from it.
MODELS = {
    "plain": dict(
        style=5, tokenizer="chatml", vocab=352, hidden=32, layers=2, heads=4, kv=4, inner=64, eps=1e-6,
        rope=dict(rope_type="default", rope_theta=10000.0),
    ),
    "gqa-tied": dict(
        style=4, tokenizer="chatml", vocab=360, hidden=48, layers=2, heads=6, kv=2, inner=80, eps=1e-5, tied=True,
        rope=dict(rope_type="default", rope_theta=100000.0),
    ),
    "biases": dict(
        style=4, tokenizer="instruct", vocab=320, hidden=32, layers=3, heads=4, kv=2, inner=64, eps=1e-5,
        attention_bias=True, mlp_bias=True, shards=3,
        rope=dict(rope_type="linear", factor=2.0, rope_theta=10000.0), old_type_key=True,
    ),
    "linear": dict(
        style=5, tokenizer="headers", vocab=400, hidden=32, layers=2, heads=4, kv=4, inner=72, eps=1e-6, tied=True,
        mlp_bias=True, rope=dict(rope_type="linear", factor=4.0, rope_theta=50000.0),
    ),
    "wide-head": dict(
        style=5, tokenizer="headers", vocab=400, hidden=32, layers=2, heads=4, kv=2, head_dim=16, inner=64, eps=1e-5,
        attention_bias=True, tied=True, eos_list=True,
        rope=dict(rope_type="llama3", rope_theta=10000.0, factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0,
                  original_max_position_embeddings=32),
    ),
    "llama3": dict(
        style=4, tokenizer="headers", vocab=400, hidden=40, layers=2, heads=5, kv=1, inner=64, eps=1e-5, eos_list=True,
        shards=2, positions=256,
        rope=dict(rope_type="llama3", rope_theta=500.0, factor=4.0, low_freq_factor=1.0, high_freq_factor=4.0,
                  original_max_position_embeddings=64),
    ),
    "yarn-bf16": dict(
        style=5, tokenizer="instruct", vocab=320, hidden=32, layers=2, heads=2, kv=1, inner=64, eps=1e-6,
        mlp_bias=True, dtype="bfloat16", positions=128,
        rope=dict(rope_type="yarn", rope_theta=1000.0, factor=4.0, original_max_position_embeddings=32,
                  beta_fast=8.0, beta_slow=0.5),
    ),
    "yarn-f16": dict(
        style=4, tokenizer="chatml", vocab=352, hidden=48, layers=2, heads=3, kv=3, head_dim=24, inner=64, eps=1e-5,
        dtype="float16", positions=160,
        rope=dict(rope_type="yarn", rope_theta=10000.0, factor=2.5, original_max_position_embeddings=64,
                  attention_factor=0.9),
    ),
    "dynamic": dict(
        style=5, tokenizer="chatml", vocab=352, hidden=32, layers=2, heads=4, kv=2, inner=64, eps=1e-5, tied=True,
        positions=24, rope=dict(rope_type="dynamic", factor=3.0, rope_theta=10000.0),
    ),
}

CONFIG_KEYS = (
    "attention_bias", "attention_dropout", "bos_token_id", "eos_token_id", "hidden_act", "hidden_size",
    "initializer_range", "intermediate_size", "max_position_embeddings", "mlp_bias", "model_type",
    "num_attention_heads", "num_hidden_layers", "num_key_value_heads", "pretraining_tp", "rms_norm_eps",
    "tie_word_embeddings", "use_cache", "vocab_size",
)


def config_of(name):
    m = MODELS[name]
    kind = tokenizers_made.KINDS[m["tokenizer"]]
    eos = kind["specials"].index(kind["eos"])
    return LlamaConfig(
        vocab_size=m["vocab"], hidden_size=m["hidden"], intermediate_size=m["inner"],
        num_hidden_layers=m["layers"], num_attention_heads=m["heads"], num_key_value_heads=m["kv"],
        head_dim=m.get("head_dim"), max_position_embeddings=m.get("positions", 512), rms_norm_eps=m["eps"],
        attention_bias=m.get("attention_bias", False), mlp_bias=m.get("mlp_bias", False),
        tie_word_embeddings=m.get("tied", False), rope_parameters=dict(m["rope"]), pad_token_id=None,
        bos_token_id=kind["specials"].index(kind["bos"]), eos_token_id=[1, eos] if m.get("eos_list") else eos,
    )


def seeded_weights(name):
    """Every parameter random, norms near one, biases not zero; rounded to the dtype of the file."""
    model = LlamaForCausalLM(config_of(name))
    generator = torch.Generator().manual_seed(1000 + list(MODELS).index(name))
    state = {}
    for key, parameter in model.named_parameters():
        shape = parameter.shape
        noise = torch.randn(shape, generator=generator)
        if key.endswith("norm.weight"):
            value = 1 + 0.1 * noise
        elif key.endswith("bias"):
            value = 0.2 * noise
        elif key.endswith("embed_tokens.weight"):
            value = noise * (shape[1] ** -0.5 if MODELS[name].get("tied") else 0.5)
        else:
            value = noise * shape[1] ** -0.5
        state[key] = value.to(DTYPES[MODELS[name].get("dtype", "float32")]).contiguous()
    return state


def write_config(name, folder):
    m = MODELS[name]
    config = config_of(name).to_dict()
    data = {k: config[k] for k in CONFIG_KEYS}
    data["architectures"] = ["LlamaForCausalLM"]
    if "head_dim" in m or m["style"] == 5:
        data["head_dim"] = m.get("head_dim", m["hidden"] // m["heads"])
    dtype = m.get("dtype", "float32")
    if m["style"] == 5:
        data |= {"dtype": dtype, "rope_parameters": m["rope"], "transformers_version": "5.23.0"}
    else:
        scaling = {k: v for k, v in m["rope"].items() if k != "rope_theta"}
        if m.get("old_type_key"):
            scaling["type"] = scaling.pop("rope_type")
        data |= {"torch_dtype": dtype, "rope_theta": m["rope"]["rope_theta"], "transformers_version": "4.46.0",
                 "rope_scaling": None if m["rope"]["rope_type"] == "default" else scaling}
    with open(os.path.join(folder, "config.json"), "w", encoding="utf-8") as sink:
        json.dump(dict(sorted(data.items())), sink, indent=2)
        sink.write("\n")


def write_weights(name, folder):
    state, shards = seeded_weights(name), MODELS[name].get("shards", 1)
    if shards == 1:
        save_file(state, os.path.join(folder, "model.safetensors"), metadata={"format": "pt"})
        return
    keys, weight_map = list(state), {}
    for i in range(shards):
        part = {k: state[k] for k in keys[i::shards]}  # neighbours lie in different files
        file = f"model-{i + 1:05d}-of-{shards:05d}.safetensors"
        save_file(part, os.path.join(folder, file), metadata={"format": "pt"})
        weight_map |= dict.fromkeys(part, file)
    total = sum(t.numel() * t.element_size() for t in state.values())
    with open(os.path.join(folder, "model.safetensors.index.json"), "w", encoding="utf-8") as sink:
        json.dump({"metadata": {"total_size": total}, "weight_map": dict(sorted(weight_map.items()))}, sink, indent=2)
        sink.write("\n")


def write(name, folder):
    os.makedirs(folder)
    write_config(name, folder)
    write_weights(name, folder)
    tokenizers_made.write(MODELS[name]["tokenizer"], folder)


def load(folder, dtype):
    """The base model as transformers reads it, with everything in `dtype`, plain attention."""
    model = LlamaForCausalLM.from_pretrained(folder, dtype=dtype, attn_implementation="eager")
    assert all(p.dtype == dtype for p in model.parameters())
    wanted = MODELS[os.path.basename(folder)]["rope"]
    found = {k: model.config.rope_parameters.get(k) for k in wanted}
    assert found == wanted, f"{folder}: transformers reads {found}"
    return model
