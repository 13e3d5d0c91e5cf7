"""Makes the goldens of tokenizers out of GGUF metadata.

    python -m venv V && V/bin/pip install tokenizers==0.23.3 transformers gguf sentencepiece protobuf
    pip download --no-binary :all: --no-deps llama_cpp_python==0.3.36 && tar xzf llama_cpp_python-*.gz
    V/bin/python jetson-tests/peers/make_gguf_tokenizer_goldens.py \
        --vocabularies llama_cpp_python-0.3.36/vendor/llama.cpp/models \
        --out runtime/src/test/resources/goldens/gguf

Two sets:

kinds: small GGUF files written with the gguf package, and what PyPI's tokenizers answers on the
hard strings of make_tokenizer_goldens.py for the tokenizer.json that means the same: byte-level
pairs under each pre-tokenizer, and SentencePiece models (trained here, converted by transformers).
Of an answer the lower half of its CRC-32 is kept.

reduced: the vocabulary files of llama.cpp (MIT) with the ids that the models' own tokenizers gave,
each cut down to the tokens and merges that its texts can meet, ids renumbered in their order.
"""

import argparse
import json
import random
import sys
import tempfile
import zlib
from pathlib import Path

import gguf
import sentencepiece
from tokenizers import AddedToken, Regex, Tokenizer
from tokenizers import decoders, models, normalizers, pre_tokenizers, processors, trainers

sys.path.insert(0, str(Path(__file__).parent))
import make_tokenizer_goldens as hard  # noqa: E402

SEED = 20261128
ENGLISH = "(?i:'s|'t|'re|'ve|'m|'ll|'d)"
END = r"\s*[\r\n]+|\s+(?!\S)|\s+"
GPT2 = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)"
QWEN2 = hard.LLAMA3.replace("{1,3}", "")
BLOOM = r" ?[^(\s|[.,!?…。，、।۔،])]+"
CJK = "[一-龥\u0800-\u4e00\uac00-\ud7ff]+"
TEKKEN = hard.GPT4O.replace("(?i:'s|'t|'re|'ve|'m|'ll|'d)?", "").replace(r"\p{N}{1,3}", r"\p{N}")
DEEPSEEK3 = [
    r"\p{N}{1,3}",
    "[一-龥\u3040-ゟ゠-ヿ]+",
    r"[!\"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+|"
    r" ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+",
]


def cuts(*patterns, words=False):
    return pre_tokenizers.Sequence(
        [pre_tokenizers.Split(Regex(p), "isolated") for p in patterns]
        + [pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=words)]
    )


def falcon():
    return pre_tokenizers.Sequence([
        pre_tokenizers.Punctuation("contiguous"),
        pre_tokenizers.ByteLevel(add_prefix_space=False),
        pre_tokenizers.Digits(individual_digits=False),
        pre_tokenizers.Split(Regex("[0-9][0-9][0-9]"), "isolated"),
    ])


def digits(words=True):
    return pre_tokenizers.Sequence([
        pre_tokenizers.Digits(individual_digits=True),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=words),
    ])


def deepseek(letters, marks, *more):
    return pre_tokenizers.Sequence(
        [pre_tokenizers.Split(Regex(p), "isolated") for p in (r"[\r\n]", letters, marks, *more, CJK)]
        + [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)]
    )


def kinds():
    """name in tokenizer.ggml.pre: pre-tokenizer, NFC or not, whether merges are ignored."""
    words = pre_tokenizers.ByteLevel(add_prefix_space=False)
    qwen35 = QWEN2.replace(r"]?\p{L}+", r"]?[\p{L}\p{M}]+").replace(r"[^\s\p{L}\p{N}]", r"[^\s\p{L}\p{M}\p{N}]")
    return {
        "default": (cuts(r"[\p{P}\$\+<=>\^~\|]+", GPT2, r"\p{N}+", "[0-9][0-9][0-9]"), False, False),
        "gpt-2": (words, False, False),
        "mpt": (words, True, False),
        "smollm": (digits(), False, False),
        "command-r": (digits(), True, False),
        "llama-bpe": (cuts(hard.LLAMA3), False, True),
        "chatglm-bpe": (cuts(hard.LLAMA3), False, False),
        "glm4": (cuts(hard.LLAMA3), False, True),
        "qwen2": (cuts(QWEN2), True, False),
        "hunyuan": (cuts(QWEN2), False, False),
        "qwen35": (cuts(qwen35), False, False),
        "deepseek-coder": (deepseek(r"\s?\p{L}+", r"\s?\p{P}+"), False, False),
        "deepseek-v3": (cuts(*DEEPSEEK3), False, False),
        "falcon": (falcon(), False, False),
        "bloom": (cuts(BLOOM), False, False),
        "viking": (cuts(BLOOM, r"\p{N}"), False, False),
        "tekken": (cuts(TEKKEN), False, True),
        "gpt-4o": (cuts(hard.GPT4O), False, False),
        "tiny_aya": (cuts(r"\d{1,3}(?=(?:\d{3})*\b)", hard.GPT4O), False, False),
        "chameleon": (cuts(r"<sentinel:[0-9]+>", "(IMGIMG)((A|B|C|D|E|F|G|H|I){1,4})Z", r"([\t\n]|    |  )", r"\p{N}", r"[\p{P}!-/:-@\[-`{-~]", words=True), False, False),
        "superbpe": (cuts(r"\p{N}+", r"(?=(\d{3})+(?!\d))"), False, False),
        "bailingmoe": (cuts(r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+"), False, False),
        "seed-coder": (cuts(ENGLISH + r"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1}| ?[^\s\p{L}\p{N}\r\n]+|" + END), False, False),
        "exaone-moe": (cuts(ENGLISH + r"|[^\r\n\p{L}\p{N}]?(?:\p{L}\p{M}*(?: \p{L}\p{M}*)*)+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]?|\s*[\r\n]|\s+(?!\S)|\s+"), False, False),
        "ufakzeka": (cuts(QWEN2[len(ENGLISH) + 1 :]), False, False),
        "minicpm5": (cuts(r"\p{N}{1,3}", QWEN2.replace(r"|\p{N}|", r"|\p{N}+|")), False, True),
        "laguna": (cuts(r"[^\n]+|[\n]+", QWEN2), False, False),
    }


# ---------------------------------------------------------------- writing


def write_gguf(path, model, tokens, types, scores=None, merges=None, **more):
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_tokenizer_model(model)
    writer.add_token_list(tokens)
    writer.add_token_types(types)
    if scores is not None:
        writer.add_token_scores(scores)
    if merges is not None:
        writer.add_token_merges(merges)
    for key, value in more.items():
        getattr(writer, "add_" + key)(value)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.close()


def crcs(t, texts, special):
    out = []
    for _, text in texts:
        ids = t.encode(text, add_special_tokens=special).ids
        out.append(zlib.crc32(b"".join(i.to_bytes(4, "little") for i in ids)) & 0xFFFF)
    return out


def decoded(t, texts):
    """CRCs of the text that the ids without added tokens are decoded to."""
    return [zlib.crc32(t.decode(t.encode(text, add_special_tokens=False).ids, skip_special_tokens=False).encode()) & 0xFFFF for _, text in texts]


SPECIALS = ["<|endoftext|>", "<s>", "</s>", "<|im_start|>", "<|im_end|>"]


def byte_level(out, texts, lines):
    """One vocabulary whose merges cross letters, digits and signs, so that each cut tells."""
    t = Tokenizer(models.BPE())
    t.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(r"\s+\S+|\S+|\s+"), "isolated"),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
    ])
    t.train_from_iterator(lines, trainers.BpeTrainer(vocab_size=2600, special_tokens=[AddedToken(s, special=True, normalized=False) for s in SPECIALS], initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False))
    data = json.loads(t.to_str())["model"]
    tokens = sorted(data["vocab"], key=data["vocab"].get) + ["<tool>"]
    merges = [tuple(m) if isinstance(m, list) else tuple(m.split(" ")) for m in data["merges"]]
    types = [3 if k in SPECIALS else 1 for k in tokens[:-1]] + [4]
    write_gguf(out / "bytes.gguf", "gpt2", tokens, types, merges=[" ".join(m) for m in merges], tokenizer_pre="gpt-2", bos_token_id=1, eos_token_id=2)
    answers = {}
    for name, (pre, nfc, ignore) in kinds().items():
        t = Tokenizer(models.BPE(vocab=data["vocab"], merges=merges, ignore_merges=ignore))
        t.normalizer = normalizers.NFC() if nfc else None
        t.pre_tokenizer = pre
        t.decoder = decoders.ByteLevel()
        t.add_special_tokens([AddedToken(s, special=True, normalized=False) for s in SPECIALS])
        t.add_tokens([AddedToken("<tool>", normalized=False)])
        # Decoding is the same for all of them.
        answers[name] = {"ids": crcs(t, texts, False), "text": decoded(t, texts) if name in ("gpt-2", "mpt") else []}
    return answers


def sentence_piece(out, texts, lines, kind):
    """A SentencePiece model, its GGUF, and what transformers' conversion of it answers."""
    from transformers.convert_slow_tokenizer import LlamaConverter, SpmConverter

    with tempfile.TemporaryDirectory() as folder:
        prefix = str(Path(folder) / "m")
        (Path(folder) / "lines.txt").write_text("\n".join(x.replace("\n", " ") for x in lines if x.strip()), encoding="utf-8")
        sentencepiece.SentencePieceTrainer.train(input=str(Path(folder) / "lines.txt"), model_prefix=prefix, model_type=kind, vocab_size=1600 if kind == "bpe" else 1300, byte_fallback=True, normalization_rule_name="identity", remove_extra_whitespaces=False, add_dummy_prefix=True, character_coverage=0.99, split_digits=True, num_threads=1, allow_whitespace_only_pieces=True, user_defined_symbols=["<tool>"], minloglevel=2)
        p = sentencepiece.SentencePieceProcessor(model_file=prefix + ".model")
        n = p.get_piece_size()
        kinds_of = [2 if p.is_unknown(i) else 3 if p.is_control(i) else 6 if p.is_byte(i) else 4 if p.id_to_piece(i) == "<tool>" else 1 for i in range(n)]
        pieces, scores = [p.id_to_piece(i) for i in range(n)], [p.get_score(i) for i in range(n)]
    answers = {}
    vocab = list(zip(pieces, scores))
    added = [AddedToken(pieces[i], special=kinds_of[i] != 4, normalized=False) for i in range(n) if kinds_of[i] in (2, 3, 4)]
    if kind == "bpe":
        from transformers.convert_slow_tokenizer import generate_merges

        ids = {piece: i for i, piece in enumerate(pieces)}
        merges = generate_merges(ids, vocab)
        for prefixed in (True, False):
            t = Tokenizer(models.BPE(ids, merges, unk_token="<unk>", fuse_unk=True, byte_fallback=True))
            t.normalizer = normalizers.Sequence(([normalizers.Prepend("▁")] if prefixed else []) + [normalizers.Replace(" ", "▁")])
            t.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()] + ([decoders.Strip(" ", 1, 0)] if prefixed else []))
            for token in added:
                (t.add_special_tokens if token.special else t.add_tokens)([token])
            name = "llama" if prefixed else "llama-no-prefix"
            answers[name] = {"ids": crcs(t, texts, False), "text": decoded(t, texts)}
            write_gguf(out / f"{name}.gguf", "llama", pieces, kinds_of, scores, tokenizer_pre="default", bos_token_id=1, eos_token_id=2, unk_token_id=0, add_bos_token=True, add_eos_token=False, add_space_prefix=prefixed)
            if not prefixed:
                answers["gemma4"] = answers[name]
                write_gguf(out / "gemma4.gguf", "gemma4", pieces, kinds_of, scores, merges=[" ".join(m) for m in merges], bos_token_id=1, eos_token_id=2, unk_token_id=0, add_space_prefix=False)
    else:
        t = Tokenizer(models.Unigram(vocab, 0, byte_fallback=True))
        t.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="always")
        t.decoder = decoders.Sequence([decoders.ByteFallback(), decoders.Metaspace(prepend_scheme="always")])
        for token in added:
            (t.add_special_tokens if token.special else t.add_tokens)([token])
        answers["unigram"] = {"ids": crcs(t, texts, False), "text": decoded(t, texts)}
        write_gguf(out / "unigram.gguf", "t5", pieces, kinds_of, scores, bos_token_id=1, eos_token_id=2, unk_token_id=0, add_bos_token=False, add_eos_token=True, add_space_prefix=True)
    return answers


# ---------------------------------------------------------------- reduced vocabularies


def reduce(source, out):
    reader = gguf.GGUFReader(source)
    get = lambda key: reader.fields[key].contents() if key in reader.fields else None  # noqa: E731
    model, tokens, types = get("tokenizer.ggml.model"), get("tokenizer.ggml.tokens"), get("tokenizer.ggml.token_type")
    texts = (source.parent / (source.name + ".inp")).read_text(encoding="utf-8").split("\n__ggml_vocab_test__\n")
    answers = [[int(i) for i in line.split()] for line in (source.parent / (source.name + ".out")).read_text().splitlines()]
    assert len(texts) >= len(answers), source
    texts = texts[: len(answers)]
    used = {i for row in answers for i in row}
    if model == "gpt2":
        alphabet = {b: c for b, c in zip(range(256), bytes_to_letters())}
        spell = lambda text: "".join(alphabet[b] for b in text.encode())  # noqa: E731
    else:
        spell = lambda text: "▁" + text.replace(" ", "▁")  # noqa: E731
    whole = "\0".join(spell(text) for text in texts)
    meet = lambda token: token in whole  # noqa: E731
    used |= specials(get)
    keep = [i for i, token in enumerate(tokens) if i in used or types[i] == 6 or len(token) == 1 and model == "gpt2" or meet(token)]
    new = {old: i for i, old in enumerate(keep)}
    kept = {tokens[i] for i in keep}
    more = {}
    for name in ("bos", "eos", "unk", "pad"):
        key = {"unk": "unknown", "pad": "padding"}.get(name, name)
        if (value := get(f"tokenizer.ggml.{key}_token_id")) is not None:
            more[f"{name}_token_id"] = new[value]
    for name in ("add_bos_token", "add_eos_token", "add_space_prefix"):
        if (value := get(f"tokenizer.ggml.{name}")) is not None:
            more[name] = value
    if (value := get("tokenizer.ggml.pre")) is not None:
        more["tokenizer_pre"] = value
    merges = get("tokenizer.ggml.merges")
    if merges is not None:
        pairs = [(m, m.index(" ", 1)) for m in merges]
        merges = [m for m, at in pairs if m[:at] in kept and m[at + 1 :] in kept and m[:at] + m[at + 1 :] in kept]
    scores = get("tokenizer.ggml.scores")
    name = source.name.removeprefix("ggml-vocab-").removesuffix(".gguf")
    write_gguf(out / f"{name}.gguf", model, [tokens[i] for i in keep], [types[i] for i in keep], [scores[i] for i in keep] if scores else None, merges, **more)
    return name, {"texts": texts, "ids": [[new[i] for i in row] for row in answers], "of": len(tokens)}


def specials(get):
    keys = ("bos", "eos", "unknown", "padding")
    return {v for k in keys if (v := get(f"tokenizer.ggml.{k}_token_id")) is not None}


def bytes_to_letters():
    shown = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    rest = iter(range(256, 512))
    return [chr(b) if b in shown else chr(next(rest)) for b in range(256)]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--vocabularies", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    random.seed(SEED)
    texts = hard.strings()
    lines = hard.corpus(texts)
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder)
        answers = byte_level(made, texts, lines)
        answers |= sentence_piece(made, texts, lines, "bpe")
        answers |= sentence_piece(made, texts, lines, "unigram")
        reduced = {}
        for source in sorted(args.vocabularies.glob("ggml-vocab-*.gguf")):
            # bert-bge splits words as WordPiece, which Nacelle does not do.
            if (source.parent / (source.name + ".out")).exists() and "bert" not in source.name:
                name, row = reduce(source, made)
                print(name, row["of"], flush=True)
                reduced["reduced-" + name] = row
                (made / f"{name}.gguf").rename(made / f"reduced-{name}.gguf")
        for file in sorted(made.glob("*.gguf")):
            pack(args.out / (file.name + ".gz"), file.read_bytes())
    hard.write(args.out / "kinds.json.gz", answers)
    hard.write(args.out / "reduced.json.gz", reduced)
    print(len(answers), "kinds,", len(texts), "strings;", len(reduced), "vocabularies")


def pack(path, raw):
    import gzip

    with open(path, "wb") as f, gzip.GzipFile(fileobj=f, mode="wb", mtime=0, compresslevel=9, filename="") as z:
        z.write(raw)


if __name__ == "__main__":
    main()
