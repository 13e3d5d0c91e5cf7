"""Ids and targets of the golden records once more, by other means: a BPE of twenty lines, and each template taken apart by hand.

Special tokens cut the text, so a rendered conversation can be tokenised piece by piece and each piece is either trained or not;
nothing here looks at character positions or renders a template.
"""

import json
import os

import regex

from peft_goldens.samples import byte_of_symbol

GPT2 = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
LLAMA3 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}"
    r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)


class Text:
    """The tokenizer of one model folder."""

    def __init__(self, folder):
        with open(os.path.join(folder, "tokenizer.json"), encoding="utf-8") as source:
            data = json.load(source)
        self.vocabulary = data["model"]["vocab"]
        merges = [tuple(m.split(" ")) if isinstance(m, str) else tuple(m) for m in data["model"]["merges"]]
        self.rank = {pair: i for i, pair in enumerate(merges)}
        self.symbol = {b: s for s, b in byte_of_symbol().items()}
        specials = [t["content"] for t in data["added_tokens"]]
        self.kind = "chatml" if "<|im_end|>" in specials else "headers" if "<|eot_id|>" in specials else "instruct"
        self.eos = {"chatml": "<|im_end|>", "headers": "<|eot_id|>", "instruct": "</s>"}[self.kind]
        self.bos = {"chatml": None, "headers": "<|begin_of_text|>", "instruct": "<s>"}[self.kind]

    def words(self, text):
        if self.kind == "chatml":  # digits first, each alone
            return [w for part in regex.findall(r"\p{N}|[^\p{N}]+", text) for w in regex.findall(GPT2, part)]
        return regex.findall(LLAMA3 if self.kind == "headers" else GPT2, text)

    def encode(self, text):
        ids = []
        for word in self.words(text):
            parts = [self.symbol[b] for b in word.encode()]
            while len(parts) > 1:
                best = min(range(len(parts) - 1), key=lambda i: self.rank.get((parts[i], parts[i + 1]), 1 << 30))
                if (parts[best], parts[best + 1]) not in self.rank:
                    break
                parts[best : best + 2] = [parts[best] + parts[best + 1]]
            ids += [self.vocabulary[p] for p in parts]
        return ids

    def id(self, special):
        return self.vocabulary[special]

    def plain(self, text):
        return ([self.id(self.bos)] if self.bos else []) + self.encode(text)


def pieces_of_chat(text, messages, trained):
    """(ids, trained) pieces; trained[i] says whether message i is an assistant's turn to be learnt."""
    one = lambda name: [text.id(name)]
    if text.kind == "chatml":
        if messages[0]["role"] != "system":
            messages = [{"role": "system", "content": "You answer briefly."}, *messages]
            trained = [False, *trained]
        for message, learn in zip(messages, trained):
            yield one("<|im_start|>") + text.encode(message["role"] + "\n"), False
            yield text.encode(message["content"]) + one("<|im_end|>"), learn
            yield text.encode("\n"), False
    elif text.kind == "headers":
        yield one("<|begin_of_text|>"), False
        for message, learn in zip(messages, trained):
            yield one("<|start_header_id|>") + text.encode(message["role"]) + one("<|end_header_id|>"), False
            yield text.encode("\n\n"), False
            yield text.encode(message["content"].strip()) + one("<|eot_id|>"), learn
    else:
        yield one("<s>"), False
        system = ""
        for i, (message, learn) in enumerate(zip(messages, trained)):
            if message["role"] == "system":
                system = message["content"] + "\n\n"
            elif message["role"] == "user":
                yield one("[INST]") + text.encode(" " + system + message["content"] + " ") + one("[/INST]"), False
                system = ""
            else:
                yield text.encode(" " + message["content"]) + one("</s>"), learn


def sample_of(text, record):
    """(ids, trained), uncut."""
    if "text" in record:
        ids = text.plain(record["text"]) + [text.id(text.eos)]
        return ids, [1] * len(ids)
    if isinstance(record.get("prompt"), str):
        ids = text.plain(record["prompt"] + record["completion"])
        start = len(text.plain(record["prompt"]))
        return ids + [text.id(text.eos)], [0] * start + [1] * (len(ids) + 1 - start)
    if "prompt" in record:
        messages = record["prompt"] + record["completion"]
        trained = [False] * len(record["prompt"]) + [True] * len(record["completion"])
    elif "instruction" in record:
        question = "\n\n".join(filter(None, [record["instruction"], record.get("input")]))
        messages = [{"role": "user", "content": question}, {"role": "assistant", "content": record["output"]}]
        trained = [False, True]
    else:
        if "conversations" in record:
            names = {"human": "user", "gpt": "assistant", "system": "system"}
            messages = [{"role": names[t["from"]], "content": t["value"]} for t in record["conversations"]]
        else:
            messages = record["messages"]
        trained = [m["role"] == "assistant" for m in messages]
    ids, flags = [], []
    for piece, learn in pieces_of_chat(text, messages, trained):
        ids += piece
        flags += [int(learn)] * len(piece)
    return ids, flags


def kept_samples(text, records, max_length):
    """(ids, targets) of what is left after the cut."""
    kept = []
    for record in records:
        ids, flags = sample_of(text, record)
        targets = [0] + flags[1:max_length]
        if any(targets):
            kept.append((ids[:max_length], targets))
    return kept
