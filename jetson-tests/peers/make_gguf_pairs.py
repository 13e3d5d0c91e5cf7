"""Makes tiny GGUF models of many shapes and types, and records what transformers says about their tensors.

    python make_gguf_pairs.py --out jetson-tests/src/test/resources/goldens/gguf

For each case: model.gguf; config.json, tokenizer.json and tokenizer_config.json of the Hugging Face folder of
the same model (the test adds its weights, dequantised); and token_losses.jsonl, the losses of transformers in
fp64 over the gguf package's dequantised tensors. Query and key rows are permuted as llama.cpp's converter does it.
"""

import argparse
import json
import math
import os

import gguf
import numpy as np
import torch
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers
from transformers import LlamaConfig, LlamaForCausalLM

Q = gguf.GGMLQuantizationType
SPECIALS = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
TEXTS = [
    "The engine sits in its housing.",
    "Blocks of thirty-two numbers share one scale; a row of them is as long as the layer is wide.",
    "Größe, naïve, 東京, 12 + 30 = 42",
    "to the tower, to the town, to the tin roof that the two of them tarred",
    "short",
    "A longer line, so that batches have rows of unlike lengths, and attention has something to block out. "
    "Then one more sentence.",
    "x = [i * i for i in range(10)]\n\nprint(x)\n",
    "zero one two three four five six seven eight nine ten",
]
LLAMA3 = dict(rope_type="llama3", rope_theta=10000.0, factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0,
              original_max_position_embeddings=64)
PLAIN = dict(rope_type="default", rope_theta=10000.0)
CASES = {
    "f32": dict(hidden=64, heads=4, kv=2, inner=96, biases=True, rope=PLAIN, table=Q.F32, types=[Q.F32]),
    "f16": dict(hidden=48, heads=3, kv=1, inner=80, tied=True, rope=PLAIN, table=Q.F16, types=[Q.F16, Q.BF16]),
    "q4_0": dict(hidden=64, heads=4, kv=2, inner=96, tied=True, rope=LLAMA3, table=Q.Q8_0, types=[Q.Q4_0]),
    "q4_1": dict(hidden=96, heads=3, kv=1, inner=64, biases=True, rope=PLAIN, table=Q.Q4_1, types=[Q.Q4_1]),
    "q8_0": dict(hidden=64, heads=2, kv=2, head_dim=48, inner=128, rope=dict(PLAIN, rope_theta=50000.0), table=Q.Q8_0,
                 types=[Q.Q8_0]),
    "q5": dict(hidden=64, heads=4, kv=1, inner=96, tied=True, rope=LLAMA3, table=Q.Q5_0, types=[Q.Q5_1, Q.Q5_0],
               alignment=128),
    "k": dict(hidden=256, heads=4, kv=2, inner=256, layers=1, rope=PLAIN, table=Q.Q6_K,
              types=[Q.Q4_K, Q.Q5_K, Q.Q6_K]),
}


def tokenizer():
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokens = SPECIALS + alphabet + ["Ġt", "th"]
    model = models.BPE(vocab={t: i for i, t in enumerate(tokens)}, merges=[("Ġ", "t"), ("t", "h")])
    made = Tokenizer(model)
    made.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)])
    made.decoder = decoders.ByteLevel()
    made.add_special_tokens([AddedToken(s, special=True, normalized=False) for s in SPECIALS])
    return made, tokens


def random_blocks(rng, kind, rows, columns):
    """K-quants, which the package cannot make: random codes, scales that give a matrix of about 1/√columns."""
    elements, size = gguf.GGML_QUANT_SIZES[kind]
    raw = rng.integers(0, 256, (rows, columns // elements, size), dtype=np.uint8)

    def put(at, value):
        half = (value * rng.uniform(0.7, 1.3, raw.shape[:2])).astype(np.float16)
        raw[:, :, at:at + 2] = half.view(np.uint8).reshape(*half.shape, 2)

    spread = columns ** -0.5
    if kind == Q.Q6_K:
        put(208, spread / (74 * 18))
    else:
        high = 15 if kind == Q.Q4_K else 31
        put(0, spread / (36 * high / 3))
        put(2, spread / (36 * high / 3) * high / 2)
    return raw.reshape(rows, -1)


def stored(rng, kind, rows, columns):
    """Bytes as the file has them, and what they mean."""
    if kind in (Q.Q4_K, Q.Q5_K, Q.Q6_K):
        raw = random_blocks(rng, kind, rows, columns)
    else:
        raw = gguf.quants.quantize(rng.standard_normal((rows, columns), dtype=np.float32) * columns ** -0.5, kind)
    return raw, gguf.quants.dequantize(raw, kind).astype(np.float32).reshape(rows, columns)


def halves(rows, heads):
    """Undoes llama.cpp's permutation: neighbours of a head become its halves."""
    return rows.reshape(heads, rows.shape[0] // heads // 2, 2, *rows.shape[1:]).swapaxes(1, 2).reshape(rows.shape)


def rope_factors(rope, head_dim):
    """The table that llama.cpp's converter writes for llama3."""
    out = []
    for i in range(0, head_dim, 2):
        wave = 2 * math.pi * rope["rope_theta"] ** (i / head_dim)
        old = rope["original_max_position_embeddings"]
        low, high = old / rope["low_freq_factor"], old / rope["high_freq_factor"]
        if wave < high:
            out.append(1.0)
        elif wave > low:
            out.append(rope["factor"])
        else:
            smooth = (old / wave - rope["low_freq_factor"]) / (rope["high_freq_factor"] - rope["low_freq_factor"])
            out.append(1 / ((1 - smooth) / rope["factor"] + smooth))
    return np.array(out, dtype=np.float32)


def write_gguf(path, case, tokens, seed):
    rng = np.random.default_rng(seed)
    hidden, heads, kv, inner = case["hidden"], case["heads"], case["kv"], case["inner"]
    head_dim, layers = case.get("head_dim", hidden // heads), case.get("layers", 2)
    writer = gguf.GGUFWriter(path, "llama")
    if "alignment" in case:
        writer.add_custom_alignment(case["alignment"])
    writer.add_context_length(512)
    writer.add_embedding_length(hidden)
    writer.add_feed_forward_length(inner)
    writer.add_block_count(layers)
    writer.add_head_count(heads)
    writer.add_head_count_kv(kv)
    writer.add_key_length(head_dim)
    writer.add_value_length(head_dim)
    writer.add_rope_dimension_count(head_dim)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_freq_base(case["rope"]["rope_theta"])
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("smollm")
    writer.add_token_list(tokens)
    writer.add_token_types([3] * len(SPECIALS) + [1] * (len(tokens) - len(SPECIALS)))
    writer.add_token_merges(["Ġ t", "t h"])
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    state, turn = {}, iter(range(10**6))

    def matrix(name, hf, rows, columns, heads=0, kind=None):
        kind = kind or case["types"][next(turn) % len(case["types"])]
        raw, back = stored(rng, kind, rows, columns)
        writer.add_tensor(name, raw, raw_dtype=kind)
        state[hf] = halves(back, heads) if heads else back

    def vector(name, hf, size, mean, spread, heads=0):
        value = (mean + spread * rng.standard_normal(size)).astype(np.float32)
        writer.add_tensor(name, value)
        state[hf] = halves(value, heads) if heads else value

    matrix("token_embd.weight", "model.embed_tokens.weight", len(tokens), hidden, kind=case["table"])
    for i in range(layers):
        g, h = f"blk.{i}.", f"model.layers.{i}."
        vector(g + "attn_norm.weight", h + "input_layernorm.weight", hidden, 1, 0.1)
        vector(g + "ffn_norm.weight", h + "post_attention_layernorm.weight", hidden, 1, 0.1)
        for theirs, ours, rows, columns, turned in [
            ("attn_q", "self_attn.q_proj", heads * head_dim, hidden, heads),
            ("attn_k", "self_attn.k_proj", kv * head_dim, hidden, kv),
            ("attn_v", "self_attn.v_proj", kv * head_dim, hidden, 0),
            ("attn_output", "self_attn.o_proj", hidden, heads * head_dim, 0),
            ("ffn_gate", "mlp.gate_proj", inner, hidden, 0),
            ("ffn_up", "mlp.up_proj", inner, hidden, 0),
            ("ffn_down", "mlp.down_proj", hidden, inner, 0),
        ]:
            matrix(g + theirs + ".weight", h + ours + ".weight", rows, columns, turned)
            if case.get("biases"):
                vector(g + theirs + ".bias", h + ours + ".bias", rows, 0, 0.2, turned)
    vector("output_norm.weight", "model.norm.weight", hidden, 1, 0.1)
    if not case.get("tied"):
        matrix("output.weight", "lm_head.weight", len(tokens), hidden)
    if case["rope"]["rope_type"] == "llama3":
        writer.add_tensor("rope_freqs.weight", rope_factors(case["rope"], head_dim))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return state


def config_of(case, tokens):
    hidden, heads = case["hidden"], case["heads"]
    return LlamaConfig(
        vocab_size=len(tokens), hidden_size=hidden, intermediate_size=case["inner"],
        num_hidden_layers=case.get("layers", 2), num_attention_heads=heads, num_key_value_heads=case["kv"],
        head_dim=case.get("head_dim", hidden // heads), max_position_embeddings=512, rms_norm_eps=1e-5,
        attention_bias=case.get("biases", False), mlp_bias=case.get("biases", False),
        tie_word_embeddings=case.get("tied", False), rope_parameters=dict(case["rope"]), bos_token_id=1,
        eos_token_id=2, pad_token_id=None)


def token_losses(config, state, rows):
    model = LlamaForCausalLM(config).double().eval()
    missing, unexpected = model.load_state_dict({k: torch.from_numpy(v).double() for k, v in state.items()}, strict=False)
    assert not unexpected and set(missing) <= {"lm_head.weight"}, (missing, unexpected)
    model.tie_weights()
    out = []
    for ids in rows:
        with torch.no_grad():
            logits = model(torch.tensor([ids])).logits[0]
        losses = torch.nn.functional.cross_entropy(logits[:-1], torch.tensor(ids[1:]), reduction="none")
        out.append({"ids": ids, "losses": [None] + losses.tolist()})
    return out


def write_json(folder, name, value):
    with open(os.path.join(folder, name), "w", encoding="utf-8") as sink:
        json.dump(value, sink, indent=1, ensure_ascii=False)
        sink.write("\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", required=True)
    out = parser.parse_args().out
    made, tokens = tokenizer()
    rows = [made.encode(text, add_special_tokens=False).ids + [2] for text in TEXTS]
    os.makedirs(out, exist_ok=True)
    with open(os.path.join(out, "data.jsonl"), "w", encoding="utf-8") as sink:
        sink.writelines(json.dumps({"text": text}, ensure_ascii=False) + "\n" for text in TEXTS)
    for number, (name, case) in enumerate(CASES.items()):
        folder = os.path.join(out, name)
        os.makedirs(folder, exist_ok=True)
        state = write_gguf(os.path.join(folder, "model.gguf"), case, tokens, 70 + number)
        config = config_of(case, tokens)
        keys = ("vocab_size", "hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads",
                "num_key_value_heads", "head_dim", "max_position_embeddings", "rms_norm_eps", "attention_bias",
                "mlp_bias", "tie_word_embeddings", "bos_token_id", "eos_token_id", "model_type", "hidden_act")
        all_keys = config.to_dict()
        write_json(folder, "config.json", {"architectures": ["LlamaForCausalLM"], **{k: all_keys[k] for k in keys},
                                           "dtype": "float32", "rope_parameters": case["rope"]})
        made.save(os.path.join(folder, "tokenizer.json"))
        write_json(folder, "tokenizer_config.json", {"bos_token": SPECIALS[1], "eos_token": SPECIALS[2]})
        with open(os.path.join(folder, "token_losses.jsonl"), "w", encoding="utf-8") as sink:
            sink.writelines(json.dumps(line) + "\n" for line in token_losses(config, state, rows))
        print(name, os.path.getsize(os.path.join(folder, "model.gguf")), "bytes")


if __name__ == "__main__":
    main()
