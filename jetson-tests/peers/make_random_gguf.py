"""Writes a GGUF with the shape of a known model and random weights, for memory plans: what a weight is does not matter there.

    python make_random_gguf.py --shape tinyllama-1.1b --tokenizer SmolLM2.gguf --out F.gguf [--type q4_0] [--seed 0]

The tokenizer is that of another GGUF (byte-level BPE), cut or padded with unused tokens to the shape's vocabulary. Matrices are
drawn as blocks whose values have a standard deviation of about 0.02, so losses stay finite; vectors of norms are one.
"""

import argparse

import gguf
import numpy as np

# layers, hidden, feed-forward, heads, key/value heads, head width, vocabulary, tied, rope base
SHAPES = {
    "tinyllama-1.1b": (22, 2048, 5632, 32, 4, 64, 32000, False, 10000.0),
    "llama-3.2-1b": (16, 2048, 8192, 32, 8, 64, 128256, True, 500000.0),
    "llama-3.2-3b": (28, 3072, 8192, 24, 8, 128, 128256, True, 500000.0),
    "qwen-0.5b": (24, 896, 4864, 14, 2, 64, 151936, True, 1000000.0),
}
BLOCK = 32
DEVIATION = 0.02


def q4_0(rng, rows, columns):
    """Blocks of a half-precision scale and 32 nibbles around 8: uniform nibbles deviate by 4.61 steps."""
    blocks = rows * columns // BLOCK
    scale = np.full(blocks, DEVIATION / 4.61, np.float16).view(np.uint8).reshape(blocks, 2)
    nibbles = rng.integers(0, 256, (blocks, BLOCK // 2), np.uint8)
    return np.concatenate([scale, nibbles], axis=1).reshape(rows, -1)


def q8_0(rng, rows, columns):
    blocks = rows * columns // BLOCK
    scale = np.full(blocks, DEVIATION / 73.6, np.float16).view(np.uint8).reshape(blocks, 2)
    values = rng.integers(-127, 128, (blocks, BLOCK), np.int8).view(np.uint8)
    return np.concatenate([scale, values], axis=1).reshape(rows, -1)


MAKERS = {"q4_0": q4_0, "q8_0": q8_0}


def copy_tokenizer(reader, writer, vocabulary):
    """Tokens and kinds get the wanted length; merges stay where both their parts and their product do."""
    tokens = reader.fields["tokenizer.ggml.tokens"].contents()
    kinds = reader.fields["tokenizer.ggml.token_type"].contents()
    unused = [f"<unused{i}>" for i in range(vocabulary - len(tokens))]
    tokens = (tokens + unused)[:vocabulary]
    kinds = (kinds + [int(gguf.TokenType.UNUSED)] * len(unused))[:vocabulary]
    known = set(tokens)
    merges = [m for m in reader.fields["tokenizer.ggml.merges"].contents() if m.replace(" ", "") in known]
    for name, field in reader.fields.items():
        if name.startswith("tokenizer.") and not name.endswith((".tokens", ".token_type", ".merges", ".scores")):
            sub = field.types[-1] if field.types[0] == gguf.GGUFValueType.ARRAY else None
            writer.add_key_value(name, field.contents(), field.types[0], sub_type=sub)
    writer.add_token_list(tokens)
    writer.add_token_types(kinds)
    writer.add_token_merges(merges)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shape", required=True, choices=sorted(SHAPES))
    parser.add_argument("--tokenizer", required=True, metavar="F.gguf")
    parser.add_argument("--type", default="q4_0", choices=sorted(MAKERS))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", required=True)
    args = parser.parse_args()
    layers, hidden, inner, heads, kv_heads, head, vocabulary, tied, base = SHAPES[args.shape]
    rng = np.random.default_rng(args.seed)
    kind = gguf.GGMLQuantizationType[args.type.upper()]
    writer = gguf.GGUFWriter(args.out, "llama")
    writer.add_name(f"{args.shape} with random weights")
    writer.add_block_count(layers)
    writer.add_context_length(4096)
    writer.add_embedding_length(hidden)
    writer.add_feed_forward_length(inner)
    writer.add_head_count(heads)
    writer.add_head_count_kv(kv_heads)
    writer.add_key_length(head)
    writer.add_value_length(head)
    writer.add_rope_dimension_count(head)
    writer.add_rope_freq_base(base)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_vocab_size(vocabulary)
    copy_tokenizer(gguf.GGUFReader(args.tokenizer), writer, vocabulary)

    def matrix(name, rows, columns):
        writer.add_tensor(name + ".weight", MAKERS[args.type](rng, rows, columns), raw_dtype=kind)

    def norm(name):
        writer.add_tensor(name + ".weight", np.ones(hidden, np.float32))

    matrix("token_embd", vocabulary, hidden)
    for i in range(layers):
        at = f"blk.{i}."
        norm(at + "attn_norm")
        matrix(at + "attn_q", heads * head, hidden)
        matrix(at + "attn_k", kv_heads * head, hidden)
        matrix(at + "attn_v", kv_heads * head, hidden)
        matrix(at + "attn_output", hidden, heads * head)
        norm(at + "ffn_norm")
        matrix(at + "ffn_gate", inner, hidden)
        matrix(at + "ffn_up", inner, hidden)
        matrix(at + "ffn_down", hidden, inner)
    norm("output_norm")
    if not tied:
        matrix("output", vocabulary, hidden)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    print(f"{args.out}: {args.shape} in {args.type}")


if __name__ == "__main__":
    main()
