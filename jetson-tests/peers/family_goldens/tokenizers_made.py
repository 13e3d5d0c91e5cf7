"""Small tokenizers of the kinds that the families have, each with what its GGUF file says of it."""

import json
import os

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

from . import texts

SPACE = "\u2581"
QWEN_SPLIT = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
LLAMA3_SPLIT = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
CHATML = (
    "{%- for message in messages %}{{- '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>' + '\\n' }}"
    "{%- endfor %}{%- if add_generation_prompt %}{{- '<|im_start|>assistant\\n' }}{%- endif %}"
)
TURNS = (
    "{{ bos_token }}{% for message in messages %}"
    "{% if (message['role'] == 'assistant') %}{% set role = 'model' %}{% else %}{% set role = message['role'] %}{% endif %}"
    "{{ '<start_of_turn>' + role + '\n' + message['content'] | trim + '<end_of_turn>\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{'<start_of_turn>model\n'}}{% endif %}"
)
INSTRUCT = (
    "{{ bos_token }}{% for message in messages %}{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}"
    "{{ raise_exception('roles must alternate') }}{% endif %}{% if message['role'] == 'user' %}"
    "{{ '[INST] ' + message['content'] + ' [/INST]' }}{% else %}{{ ' ' + message['content'] + eos_token }}{% endif %}"
    "{% endfor %}"
)
HEADERS = (
    "{{- bos_token }}{%- for message in messages %}"
    "{{- '<|start_header_id|>' + message['role'] + '<|end_header_id|>\\n\\n' + message['content'] | trim + '<|eot_id|>' }}"
    "{%- endfor %}{%- if add_generation_prompt %}{{- '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}{%- endif %}"
)
KINDS = {
    "qwen": dict(specials=["<|endoftext|>", "<|im_start|>", "<|im_end|>"], bos=None, eos="<|im_end|>", pad="<|endoftext|>",
                 template=CHATML, pre="qwen2"),
    "llama3": dict(specials=["<|begin_of_text|>", "<|end_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"],
                   bos="<|begin_of_text|>", eos="<|eot_id|>", pad=None, template=HEADERS, pre="llama-bpe"),
    "gemma": dict(specials=["<pad>", "<eos>", "<bos>", "<unk>", "<start_of_turn>", "<end_of_turn>"], bos="<bos>",
                  eos="<eos>", pad="<pad>", template=TURNS, prefix=False),
    "mistral": dict(specials=["<unk>", "<s>", "</s>"], bos="<s>", eos="</s>", pad=None, template=INSTRUCT, prefix=True),
}


def byte_level(kind):
    spec = KINDS[kind]
    made = Tokenizer(models.BPE(ignore_merges=kind == "llama3"))
    if kind == "qwen":
        made.normalizer = normalizers.NFC()
    made.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(QWEN_SPLIT if kind == "qwen" else LLAMA3_SPLIT), "isolated"),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    made.decoder = decoders.ByteLevel()
    specials = [AddedToken(s, special=True, normalized=False) for s in spec["specials"]]
    made.train_from_iterator(texts.TRAIN, trainers.BpeTrainer(
        vocab_size=290, special_tokens=specials, show_progress=False,
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet())))
    bos(made, spec)
    return made


def bos(made, spec):
    if spec["bos"]:
        made.post_processor = processors.TemplateProcessing(
            single=f"{spec['bos']} $A", special_tokens=[(spec["bos"], made.token_to_id(spec["bos"]))])


def pieces():
    """Pieces in the order in which SentencePiece would have learnt them, then single characters."""
    learner = Tokenizer(models.BPE())
    learner.normalizer = normalizers.Replace(" ", SPACE)
    learner.train_from_iterator(texts.TRAIN, trainers.BpeTrainer(vocab_size=75, show_progress=False))
    vocab = sorted(learner.get_vocab().items(), key=lambda item: item[1])
    kept = [piece for piece, _ in vocab if all(c.isascii() or c == SPACE for c in piece) and "\n" not in piece]
    return [p for p in kept if len(p) > 1] + [p for p in kept if len(p) == 1]


def sentence_piece(kind):
    """The tokenizer, and by id the score and type that a GGUF file has of each token."""
    spec = KINDS[kind]
    learnt = pieces()
    tokens = spec["specials"] + [f"<0x{b:02X}>" for b in range(256)] + learnt
    scores = [0.0] * (len(spec["specials"]) + 256) + [-float(i) for i in range(len(learnt))]
    kinds = [2 if t == "<unk>" else 3 for t in spec["specials"]] + [6] * 256 + [1] * len(learnt)
    score = dict(zip(learnt, scores[-len(learnt):]))
    merges = [(score[p], p[:i], p[i:]) for p in learnt for i in range(1, len(p)) if p[:i] in score and p[i:] in score]
    merges.sort(key=lambda m: (m[0], len(m[1]), len(m[2])), reverse=True)
    made = Tokenizer(models.BPE(
        vocab={t: i for i, t in enumerate(tokens)}, merges=[(a, b) for _, a, b in merges], unk_token="<unk>",
        fuse_unk=True, byte_fallback=True))
    replace = normalizers.Replace(" ", SPACE)
    made.normalizer = normalizers.Sequence([normalizers.Prepend(SPACE), replace]) if spec["prefix"] else replace
    steps = [decoders.Replace(SPACE, " "), decoders.ByteFallback(), decoders.Fuse()]
    if spec["prefix"]:
        steps.append(decoders.Strip(" ", 1, 0))
    else:
        made.pre_tokenizer = pre_tokenizers.Split(" ", "merged_with_previous")
    made.decoder = decoders.Sequence(steps)
    made.add_special_tokens([AddedToken(s, special=True, normalized=False) for s in spec["specials"]])
    bos(made, spec)
    return made, scores, kinds


def make(kind):
    """The tokenizer and what of it goes into GGUF metadata."""
    spec = KINDS[kind]
    if "pre" in spec:
        made = byte_level(kind)
        count = len(spec["specials"])
        merges = [" ".join(pair) for pair in json.loads(made.to_str())["model"]["merges"]]
        return made, dict(model="gpt2", pre=spec["pre"], types=[3] * count + [1] * (made.get_vocab_size() - count), merges=merges)
    made, scores, kinds = sentence_piece(kind)
    return made, dict(model="llama", pre="default", types=kinds, scores=scores)


def write(kind, made, folder):
    spec = KINDS[kind]
    made.save(os.path.join(folder, "tokenizer.json"), pretty=False)
    config = {"tokenizer_class": "PreTrainedTokenizerFast", "chat_template": spec["template"],
              "clean_up_tokenization_spaces": False}
    for name in ("bos", "eos", "pad"):
        if spec[name]:
            config[name + "_token"] = spec[name]
    with open(os.path.join(folder, "tokenizer_config.json"), "w", encoding="utf-8") as sink:
        json.dump(config, sink, indent=1, ensure_ascii=False)
        sink.write("\n")


def to_gguf(writer, kind, made, facts):
    spec = KINDS[kind]
    tokens = sorted(made.get_vocab(), key=made.get_vocab().get)
    writer.add_tokenizer_model(facts["model"])
    writer.add_tokenizer_pre(facts["pre"])
    writer.add_token_list(tokens)
    writer.add_token_types(facts["types"])
    if "scores" in facts:
        writer.add_token_scores(facts["scores"])
        writer.add_add_space_prefix(spec["prefix"])
        writer.add_unk_token_id(made.token_to_id("<unk>"))
    else:
        writer.add_token_merges(facts["merges"])
    if spec["bos"]:
        writer.add_bos_token_id(made.token_to_id(spec["bos"]))
    writer.add_add_bos_token(bool(spec["bos"]))
    writer.add_eos_token_id(made.token_to_id(spec["eos"]))
    if spec["pad"]:
        writer.add_pad_token_id(made.token_to_id(spec["pad"]))
    writer.add_chat_template(spec["template"])
