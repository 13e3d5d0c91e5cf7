"""Records to token ids and targets, as CLI.md's table of data shapes has it.

Character positions of tokens are taken from the bytes that a byte-level token stands for, not from the library's
offsets, so that nothing here depends on how a post-processor trims them.
"""

import dataclasses

ROLES = {"human": "user", "gpt": "assistant", "system": "system"}


@dataclasses.dataclass
class Sample:
    ids: list
    trained: list  # 0 or 1 a token

    def targets(self):
        """1 where a token is predicted: trained, and not the first."""
        return [0] + self.trained[1:]


def byte_of_symbol():
    """GPT-2's table of printable stand-ins, from symbol to byte."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    table, extra = {chr(b): b for b in printable}, 0
    for b in range(256):
        if b not in printable:
            table[chr(256 + extra)] = b
            extra += 1
    return table


class Encoder:
    def __init__(self, tokenizer):
        self.tokenizer = tokenizer
        self.symbols = byte_of_symbol()
        self.special = set(tokenizer.all_special_ids) | set(tokenizer.get_added_vocab().values())

    def plain(self, text):
        """With the special tokens that the post-processor adds."""
        return self.tokenizer(text)["input_ids"]

    def sample(self, record):
        if "text" in record:
            ids = self.plain(record["text"]) + [self.tokenizer.eos_token_id]
            return Sample(ids, [1] * len(ids))
        if "messages" in record:
            return self.chat(record["messages"])
        if "conversations" in record:
            turns = record["conversations"]
            return self.chat([{"role": ROLES[t["from"]], "content": t["value"]} for t in turns])
        if "instruction" in record:
            question = record["instruction"]
            if record.get("input"):
                question += "\n\n" + record["input"]
            answer = {"role": "assistant", "content": record["output"]}
            return self.chat([{"role": "user", "content": question}, answer])
        prompt, completion = record["prompt"], record["completion"]
        if isinstance(prompt, list):
            return self.chat(prompt + completion, first_trained=len(prompt))
        ids, start = self.plain(prompt + completion), len(self.plain(prompt))
        ids = ids + [self.tokenizer.eos_token_id]
        return Sample(ids, [int(i >= start) for i in range(len(ids))])

    def render(self, messages, generation_prompt=False):
        if not messages:
            return ""
        return self.tokenizer.apply_chat_template(
            messages, tokenize=False, add_generation_prompt=generation_prompt
        )

    def chat(self, messages, first_trained=0):
        text = self.render(messages)
        spans = []
        for i, message in enumerate(messages):
            if message["role"] != "assistant" or i < first_trained:
                continue
            before, upto = self.render(messages[:i], generation_prompt=True), self.render(messages[: i + 1])
            assert upto.startswith(before) and text.startswith(upto), "the template rewrites earlier turns"
            end = len(upto)
            while text[end - 1].isspace():  # each template here ends a turn with a special token
                end -= 1
            spans.append((len(before), end))
        ids = self.tokenizer(text, add_special_tokens=False)["input_ids"]
        starts = self.first_characters(ids, text)
        return Sample(ids, [int(any(a <= s < b for a, b in spans)) for s in starts])

    def first_characters(self, ids, text):
        """For each token the index of the character that its first byte belongs to."""
        pieces = []
        for i, token in zip(ids, self.tokenizer.convert_ids_to_tokens(ids)):
            pieces.append(token.encode() if i in self.special else bytes(self.symbols[c] for c in token))
        assert b"".join(pieces) == text.encode(), "the tokens do not spell the text"
        character_of_byte = [i for i, c in enumerate(text) for _ in c.encode()]
        starts, at = [], 0
        for piece in pieces:
            starts.append(character_of_byte[at])
            at += len(piece)
        return starts


def prepare(encoder, records, max_length):
    """The samples in file order, cut and dropped, with the counts of both."""
    kept, cut, dropped = [], 0, 0
    for record in records:
        sample = encoder.sample(record)
        if len(sample.ids) > max_length:
            sample = Sample(sample.ids[:max_length], sample.trained[:max_length])
            cut += 1
        if any(sample.targets()):
            kept.append(sample)
        else:
            dropped += 1
    return kept, cut, dropped


def steps(samples, batch_size, accumulate, count):
    """`count` steps, each a list of micro-batches. An epoch's last batch and last accumulation may be smaller."""
    batches = [samples[i : i + batch_size] for i in range(0, len(samples), batch_size)]
    epoch = [batches[i : i + accumulate] for i in range(0, len(batches), accumulate)]
    return [epoch[i % len(epoch)] for i in range(count)]
