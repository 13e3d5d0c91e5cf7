"""The same models as GGUF files, by the rules of llama.cpp's converter: names from the gguf package, rows of queries and
keys permuted where an architecture turns neighbours, one added to Gemma's norm weights."""

import gguf
import numpy as np
import torch

ARCHITECTURES = {"Llama": "llama", "Mistral": "llama", "Qwen2": "qwen2", "Qwen3": "qwen3", "Gemma": "gemma", "Gemma2": "gemma2",
                 "Gemma3": "gemma3", "Phi3": "phi3", "SmolLM3": "smollm3", "Olmo2": "olmo2", "Granite": "granite"}
PERMUTED = {"Llama", "Mistral", "SmolLM3", "Granite"}


def permuted(tensor, heads):
    rows = tensor.shape[0]
    return tensor.reshape(heads, 2, rows // heads // 2, *tensor.shape[1:]).swapaxes(1, 2).reshape(tensor.shape)


def metadata(writer, kind, config):
    head_dim = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_block_count(config.num_hidden_layers)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    if kind != "Phi3":
        writer.add_key_length(head_dim)
        writer.add_value_length(head_dim)
    rope = config.rope_parameters
    if kind == "Gemma3":
        full, sliding = rope["full_attention"], rope["sliding_attention"]
        writer.add_rope_freq_base(full["rope_theta"])
        writer.add_rope_freq_base_swa(sliding["rope_theta"])
        writer.add_rope_scaling_type(gguf.RopeScalingType.LINEAR)
        writer.add_rope_scaling_factor(full["factor"])
        writer.add_sliding_window(config.sliding_window)
        writer.add_sliding_window_pattern(3)
        return
    if kind != "Gemma" and kind != "Gemma2":
        writer.add_rope_freq_base(rope["rope_theta"])
    if kind in ("Llama", "Mistral", "Granite", "SmolLM3"):
        writer.add_vocab_size(config.vocab_size)
        writer.add_rope_dimension_count(head_dim)
    if kind == "Gemma2":
        writer.add_sliding_window(config.sliding_window)
        writer.add_attn_logit_softcapping(config.attn_logit_softcapping)
        writer.add_final_logit_softcapping(config.final_logit_softcapping)
    if kind == "Granite":
        writer.add_attention_scale(config.attention_multiplier)
        writer.add_embedding_scale(config.embedding_multiplier)
        writer.add_residual_scale(config.residual_multiplier)
        writer.add_logit_scale(config.logits_scaling)
    if kind == "Phi3":
        original = rope["original_max_position_embeddings"]
        ratio = config.max_position_embeddings / original
        writer.add_rope_dimension_count(head_dim)
        writer.add_sliding_window(config.sliding_window)
        writer.add_rope_scaling_orig_ctx_len(original)
        writer.add_rope_scaling_attn_factors(float(np.sqrt(1 + np.log(ratio) / np.log(original))))


def rope_tables(kind, config):
    rope = config.rope_parameters
    if kind == "Phi3":
        return {"rope_factors_long.weight": rope["long_factor"], "rope_factors_short.weight": rope["short_factor"]}
    if rope.get("rope_type") != "llama3":
        return {}
    head_dim, old, factors = config.hidden_size // config.num_attention_heads, rope["original_max_position_embeddings"], []
    for i in range(0, head_dim, 2):
        wave = 2 * np.pi * rope["rope_theta"] ** (i / head_dim)
        low, high = old / rope["low_freq_factor"], old / rope["high_freq_factor"]
        smooth = (old / wave - rope["low_freq_factor"]) / (rope["high_freq_factor"] - rope["low_freq_factor"])
        between = 1 / ((1 - smooth) / rope["factor"] + smooth)
        factors.append(1.0 if wave < high else rope["factor"] if wave > low else between)
    return {"rope_freqs.weight": factors}


def write(path, kind, config, state, vocabulary):
    architecture = ARCHITECTURES[kind]
    writer = gguf.GGUFWriter(path, architecture)
    metadata(writer, kind, config)
    vocabulary(writer)
    names = gguf.get_tensor_name_map(
        next(a for a, n in gguf.MODEL_ARCH_NAMES.items() if n == architecture), config.num_hidden_layers)
    for name, table in rope_tables(kind, config).items():
        writer.add_tensor(name, np.array(table, dtype=np.float32))
    for key, value in state.items():
        value = value.float()
        if "Gemma" in kind and key.endswith("norm.weight"):
            value = value + 1
        if kind in PERMUTED and ("q_proj" in key or "k_proj" in key):
            value = permuted(value, config.num_attention_heads if "q_proj" in key else config.num_key_value_heads)
        name = names.get_name(key, try_suffixes=(".weight", ".bias"))
        assert name, key
        if value.dim() == 1:
            writer.add_tensor(name, value.numpy())
        else:
            raw = gguf.quants.quantize(value.contiguous().numpy(), gguf.GGMLQuantizationType.BF16)
            assert torch.equal(torch.from_numpy(gguf.quants.dequantize(raw, gguf.GGMLQuantizationType.BF16)), value), key
            writer.add_tensor(name, raw, raw_dtype=gguf.GGMLQuantizationType.BF16)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
