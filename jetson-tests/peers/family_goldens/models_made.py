"""The tiny models, a case or two a family, with what makes the family differ set to where it is felt."""

import json
import os

import torch
import transformers
from safetensors.torch import save_file

COMMON = dict(hidden_size=32, intermediate_size=48, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2,
              max_position_embeddings=256, rms_norm_eps=1e-6)
LLAMA3 = dict(rope_type="llama3", rope_theta=500.0, factor=4.0, low_freq_factor=1.0, high_freq_factor=4.0,
              original_max_position_embeddings=64)


def theta(value):
    return dict(rope_type="default", rope_theta=value)


# gguf: False where the file format cannot say what the case has.
CASES = {
    "llama32": dict(kind="Llama", tokenizer="llama3", rope_parameters=LLAMA3, tie_word_embeddings=True),
    "mistral": dict(kind="Mistral", tokenizer="mistral", rope_parameters=theta(1e4), sliding_window=None, head_dim=12),
    "mistral-window": dict(kind="Mistral", tokenizer="mistral", rope_parameters=theta(1e4), sliding_window=7, gguf=False),
    "qwen2": dict(kind="Qwen2", tokenizer="qwen", rope_parameters=theta(1e6), tie_word_embeddings=True),
    "qwen2-window": dict(kind="Qwen2", tokenizer="qwen", rope_parameters=theta(1e4), use_sliding_window=True,
                         sliding_window=5, max_window_layers=1, gguf=False),
    "qwen3": dict(kind="Qwen3", tokenizer="qwen", rope_parameters=theta(1e6), head_dim=12),
    "gemma": dict(kind="Gemma", tokenizer="gemma", rope_parameters=theta(1e4), head_dim=12, num_key_value_heads=1),
    "gemma2": dict(kind="Gemma2", tokenizer="gemma", rope_parameters=theta(1e4), head_dim=16, query_pre_attn_scalar=16,
                   sliding_window=6, attn_logit_softcapping=3.0, final_logit_softcapping=5.0, num_hidden_layers=3),
    "gemma3": dict(kind="Gemma3", tokenizer="gemma", head_dim=16, query_pre_attn_scalar=16, sliding_window=7,
                   sliding_window_pattern=3, num_hidden_layers=4, final_logit_softcapping=None,
                   rope_parameters=dict(full_attention=dict(rope_type="linear", factor=8.0, rope_theta=1e6),
                                        sliding_attention=theta(1e4))),
    "gemma3-odd": dict(kind="Gemma3", tokenizer="gemma", head_dim=8, query_pre_attn_scalar=20, sliding_window=4,
                       layer_types=["full_attention", "sliding_attention", "sliding_attention"], num_hidden_layers=3,
                       final_logit_softcapping=8.0, gguf=False,
                       rope_parameters=dict(full_attention=theta(5e4), sliding_attention=theta(100.0))),
    "phi3": dict(kind="Phi3", tokenizer="mistral", sliding_window=20, original_max_position_embeddings=24,
                 max_position_embeddings=96,
                 rope_parameters=dict(rope_type="longrope", rope_theta=1e4, short_factor=[1.0, 1.1, 1.3, 1.5],
                                      long_factor=[1.0, 2.0, 3.5, 6.0], original_max_position_embeddings=24)),
    "smollm3": dict(kind="SmolLM3", tokenizer="llama3", rope_parameters=theta(2e6), num_hidden_layers=4,
                    tie_word_embeddings=True),
    "olmo2": dict(kind="Olmo2", tokenizer="qwen", rope_parameters=theta(5e5)),
    "granite": dict(kind="Granite", tokenizer="llama3", rope_parameters=theta(1e4), attention_multiplier=0.2,
                    embedding_multiplier=6.0, residual_multiplier=0.3, logits_scaling=3.0, tie_word_embeddings=True),
}
CLASSES = {"Gemma3": ("Gemma3TextConfig", "Gemma3ForCausalLM")}
KEPT = {"architectures", "dtype", "model_type", "rope_parameters", "hidden_act", "hidden_activation", "attention_bias",
        "mlp_bias", "tie_word_embeddings", "bos_token_id", "eos_token_id", "pad_token_id", "vocab_size", "layer_types",
        "no_rope_layers", "max_window_layers"}


def config_of(name, tokenizer, spec):
    case = {k: v for k, v in CASES[name].items() if k not in ("kind", "tokenizer", "gguf")}
    kind = CASES[name]["kind"]
    config_class, _ = CLASSES.get(kind, (kind + "Config", kind + "ForCausalLM"))
    ids = {k + "_token_id": tokenizer.token_to_id(spec[k]) if spec[k] else None for k in ("bos", "eos", "pad")}
    return getattr(transformers, config_class)(vocab_size=tokenizer.get_vocab_size(), **ids, **(COMMON | case))


def class_of(name):
    kind = CASES[name]["kind"]
    return getattr(transformers, CLASSES.get(kind, (None, kind + "ForCausalLM"))[1])


def seeded_weights(name, config):
    """Every parameter random in bf16, norms near their neutral value, biases not zero."""
    model = class_of(name)(config)
    generator = torch.Generator().manual_seed(3000 + list(CASES).index(name))
    centre = 0.0 if "Gemma" in CASES[name]["kind"] else 1.0
    state = {}
    for key, parameter in model.named_parameters():
        noise = torch.randn(parameter.shape, generator=generator)
        if key.endswith("norm.weight"):
            value = centre + 0.2 * noise
        elif key.endswith("bias"):
            value = 0.2 * noise
        else:
            value = noise * parameter.shape[1] ** -0.5
        state[key] = value.to(torch.bfloat16).contiguous()
    return state


def write(name, config, state, folder):
    keys = KEPT | set(COMMON) | set(CASES[name]) - {"kind", "tokenizer", "gguf"}
    data = {k: v for k, v in config.to_dict().items() if k in keys}
    data |= {"architectures": [class_of(name).__name__], "dtype": "bfloat16"}
    with open(os.path.join(folder, "config.json"), "w", encoding="utf-8") as sink:
        json.dump(dict(sorted(data.items())), sink, indent=1)
        sink.write("\n")
    save_file(state, os.path.join(folder, "model.safetensors"), metadata={"format": "pt"})
    os.chmod(os.path.join(folder, "model.safetensors"), 0o644)
