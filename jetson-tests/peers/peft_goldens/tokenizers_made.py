"""Small byte-level BPE tokenizers of three kinds, each with its special tokens and its own way to a chat template."""

import json
import os

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers, processors, trainers

from . import texts

CHATML = (
    "{% for message in messages %}{% if loop.first and message['role'] != 'system' %}"
    "{{ '<|im_start|>system\\nYou answer briefly.<|im_end|>\\n' }}{% endif %}"
    "{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' + '\\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
)
HEADERS = (
    "{{- bos_token }}\n"
    "{%- for message in messages %}\n"
    "    {{- '<|start_header_id|>' + message['role'] + '<|end_header_id|>\\n\\n' }}\n"
    "    {{- message['content'] | trim + '<|eot_id|>' }}\n"
    "{%- endfor %}\n"
    "{%- if add_generation_prompt %}\n"
    "    {{- '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}\n"
    "{%- endif %}\n"
)
INSTRUCT = (
    "{{ bos_token }}{% if messages[0]['role'] == 'system' %}{% set system = messages[0]['content'] + '\\n\\n' %}"
    "{% set turns = messages[1:] %}{% else %}{% set system = '' %}{% set turns = messages %}{% endif %}"
    "{% for message in turns %}{% if message['role'] == 'user' %}"
    "{{ '[INST] ' + (system if loop.first else '') + message['content'] + ' [/INST]' }}"
    "{% else %}{{ ' ' + message['content'] + eos_token }}{% endif %}{% endfor %}"
)

LLAMA3_SPLIT = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}"
    r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)

KINDS = {
    # As SmolLM2: eos ends a turn, plain text gets no special token.
    "chatml": dict(
        specials=["<|endoftext|>", "<|im_start|>", "<|im_end|>"],
        bos="<|im_start|>", eos="<|im_end|>", vocabulary=352, template=CHATML, template_file=False,
    ),
    # As Llama 3: bos before plain text, template in a file of its own, end of turn is the eos token.
    "headers": dict(
        specials=["<|begin_of_text|>", "<|end_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"],
        bos="<|begin_of_text|>", eos="<|eot_id|>", vocabulary=400, template=HEADERS, template_file=True,
    ),
    # As Mistral: bos before plain text, no generation prompt, merges in the older "a b" spelling.
    "instruct": dict(
        specials=["<unk>", "<s>", "</s>", "[INST]", "[/INST]"],
        bos="<s>", eos="</s>", vocabulary=320, template=INSTRUCT, template_file=False,
    ),
}


def pre_tokenizer(kind):
    if kind == "headers":
        return pre_tokenizers.Sequence(
            [
                pre_tokenizers.Split(Regex(LLAMA3_SPLIT), "isolated"),
                pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
            ]
        )
    if kind == "chatml":
        return pre_tokenizers.Sequence(
            [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
        )
    return pre_tokenizers.ByteLevel(add_prefix_space=False)


def make(kind):
    spec = KINDS[kind]
    tokenizer = Tokenizer(models.BPE(ignore_merges=kind == "headers"))
    tokenizer.pre_tokenizer = pre_tokenizer(kind)
    tokenizer.decoder = decoders.ByteLevel()
    specials = [AddedToken(s, special=True, normalized=False) for s in spec["specials"]]
    trainer = trainers.BpeTrainer(
        vocab_size=spec["vocabulary"],
        special_tokens=specials,
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts.training_corpus(), trainer)
    assert tokenizer.get_vocab_size() == spec["vocabulary"], (kind, tokenizer.get_vocab_size())
    byte_level = processors.ByteLevel(trim_offsets=False)
    if kind == "chatml":
        tokenizer.post_processor = byte_level
    else:
        bos = spec["bos"]
        template = processors.TemplateProcessing(
            single=f"{bos} $A", pair=f"{bos} $A {bos}:1 $B:1", special_tokens=[(bos, tokenizer.token_to_id(bos))]
        )
        tokenizer.post_processor = processors.Sequence([byte_level, template]) if kind == "headers" else template
    return tokenizer


def write(kind, folder):
    """tokenizer.json, tokenizer_config.json and, for one kind, chat_template.jinja."""
    spec = KINDS[kind]
    data = json.loads(make(kind).to_str())
    if kind == "instruct":
        data["model"]["merges"] = [" ".join(pair) for pair in data["model"]["merges"]]
    with open(os.path.join(folder, "tokenizer.json"), "w", encoding="utf-8") as sink:
        json.dump(data, sink, ensure_ascii=False, separators=(",", ":"))
    config = {"tokenizer_class": "PreTrainedTokenizerFast", "bos_token": spec["bos"], "eos_token": spec["eos"]}
    if kind == "instruct":
        for name in ("bos_token", "eos_token"):
            config[name] = {"__type": "AddedToken", "content": config[name], "lstrip": False,
                            "normalized": False, "rstrip": False, "single_word": False}
        config["clean_up_tokenization_spaces"] = False
    if spec["template_file"]:
        with open(os.path.join(folder, "chat_template.jinja"), "w", encoding="utf-8") as sink:
            sink.write(spec["template"])
    else:
        config["chat_template"] = spec["template"]
    with open(os.path.join(folder, "tokenizer_config.json"), "w", encoding="utf-8") as sink:
        json.dump(config, sink, indent=2, ensure_ascii=False)
        sink.write("\n")
