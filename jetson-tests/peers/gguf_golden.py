"""Writes the tiny GGUF of GgufModelTest and its tensors as Hugging Face names and lays them out.

    python gguf_golden.py --out runtime/src/test/resources/dev/nacelle/model

The tensors are made in Hugging Face's layout, quantised by the gguf package after llama.cpp's permutation
of query and key rows, and dequantised by the gguf package for the expectation.
"""

import argparse
import os

import gguf
import numpy as np
from safetensors.numpy import save_file

HIDDEN, INNER, HEADS, KV_HEADS, HEAD_DIM, VOCAB = 32, 64, 4, 2, 8, 40
TYPES = [
    gguf.GGMLQuantizationType.F32,
    gguf.GGMLQuantizationType.F16,
    gguf.GGMLQuantizationType.BF16,
    gguf.GGMLQuantizationType.Q4_0,
    gguf.GGMLQuantizationType.Q4_1,
    gguf.GGMLQuantizationType.Q8_0,
]


def interleave(rows, heads):
    """llama.cpp's permutation: halves of a head become neighbours."""
    return rows.reshape(heads, 2, rows.shape[0] // heads // 2, *rows.shape[1:]).swapaxes(1, 2).reshape(rows.shape)


def halves(rows, heads):
    return rows.reshape(heads, rows.shape[0] // heads // 2, 2, *rows.shape[1:]).swapaxes(1, 2).reshape(rows.shape)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", required=True)
    folder = parser.parse_args().out
    rng = np.random.default_rng(11)
    writer = gguf.GGUFWriter(os.path.join(folder, "tiny.gguf"), "llama")
    writer.add_name("tiny")
    writer.add_context_length(256)
    writer.add_embedding_length(HIDDEN)
    writer.add_feed_forward_length(INNER)
    writer.add_block_count(1)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(KV_HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_freq_base(50000.0)
    writer.add_rope_dimension_count(HEAD_DIM)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("smollm")
    writer.add_token_list(["<|end|>"] + [chr(ord("!") + i) for i in range(VOCAB - 1)])
    writer.add_token_types([3] + [1] * (VOCAB - 1))
    writer.add_token_merges(["! \""])
    writer.add_bos_token_id(0)
    writer.add_eos_token_id(0)
    writer.add_add_bos_token(True)
    writer.add_chat_template("{{ messages }}")

    expected = {}

    def add(gguf_name, hf_name, shape, kind, heads=None):
        value = rng.standard_normal(shape, dtype=np.float32)
        stored = interleave(value, heads) if heads else value
        raw = gguf.quants.quantize(stored, kind)
        back = gguf.quants.dequantize(raw, kind).astype(np.float32).reshape(shape)
        expected[hf_name] = np.ascontiguousarray(halves(back, heads) if heads else back)
        writer.add_tensor(gguf_name, raw, raw_dtype=kind)

    f32 = gguf.GGMLQuantizationType.F32
    layer = "model.layers.0."
    add("token_embd.weight", "model.embed_tokens.weight", (VOCAB, HIDDEN), kind=TYPES[5])
    add("blk.0.attn_norm.weight", layer + "input_layernorm.weight", (HIDDEN,), kind=f32)
    add("blk.0.attn_q.weight", layer + "self_attn.q_proj.weight", (HEADS * HEAD_DIM, HIDDEN), heads=HEADS, kind=TYPES[4])
    add("blk.0.attn_q.bias", layer + "self_attn.q_proj.bias", (HEADS * HEAD_DIM,), heads=HEADS, kind=f32)
    add("blk.0.attn_k.weight", layer + "self_attn.k_proj.weight", (KV_HEADS * HEAD_DIM, HIDDEN), heads=KV_HEADS, kind=f32)
    add("blk.0.attn_k.bias", layer + "self_attn.k_proj.bias", (KV_HEADS * HEAD_DIM,), heads=KV_HEADS, kind=f32)
    add("blk.0.attn_v.weight", layer + "self_attn.v_proj.weight", (KV_HEADS * HEAD_DIM, HIDDEN), kind=TYPES[3])
    add("blk.0.attn_v.bias", layer + "self_attn.v_proj.bias", (KV_HEADS * HEAD_DIM,), kind=f32)
    add("blk.0.attn_output.weight", layer + "self_attn.o_proj.weight", (HIDDEN, HEADS * HEAD_DIM), kind=TYPES[2])
    add("blk.0.attn_output.bias", layer + "self_attn.o_proj.bias", (HIDDEN,), kind=f32)
    add("blk.0.ffn_norm.weight", layer + "post_attention_layernorm.weight", (HIDDEN,), kind=f32)
    add("blk.0.ffn_gate.weight", layer + "mlp.gate_proj.weight", (INNER, HIDDEN), kind=TYPES[4])
    add("blk.0.ffn_up.weight", layer + "mlp.up_proj.weight", (INNER, HIDDEN), kind=TYPES[1])
    add("blk.0.ffn_down.weight", layer + "mlp.down_proj.weight", (HIDDEN, INNER), kind=TYPES[3])
    add("output_norm.weight", "model.norm.weight", (HIDDEN,), kind=f32)
    add("output.weight", "lm_head.weight", (VOCAB, HIDDEN), kind=TYPES[5])
    writer.add_tensor("rope_freqs.weight", np.array([1.0, 1.5, 4.0, 8.0], dtype=np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    save_file(expected, os.path.join(folder, "tiny_gguf.safetensors"))


if __name__ == "__main__":
    main()
