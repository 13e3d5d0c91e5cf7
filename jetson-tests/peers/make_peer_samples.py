"""Makes the samples that both engines are timed on, from seeded word problems, or from a data file of one's own.

    python make_peer_samples.py --model DIR --out DIR [--count 64] [--seed 0]
    python make_peer_samples.py --model DIR --out DIR --data F.jsonl [--max-length 512]

Without --data the folder gets `chat.jsonl` (messages; the lengths are about those of GSM8K: 60 to 450 tokens, some two thirds of
them targets) and `rows.jsonl` (texts longer than 512 tokens, so that every row is full). Beside each data file, NAME.samples.json is what
peft_train.py takes: {"samples": [{"ids": […], "trained": [0 or 1, …]}]}, cut at --max-length as `./nacelle finetune` cuts it.
"""

import argparse
import json
import os
import random

from transformers import AutoTokenizer

from peft_goldens import samples

NAMES = ["Ada", "Bruno", "Carla", "Dimitri", "Edda", "Farid", "Greta", "Hugo", "Ines", "Jonas"]
THINGS = ["apples", "bolts", "planks", "letters", "candles", "buckets of paint", "tickets", "loaves of bread"]
PLACES = ["at the harbour", "in the workshop", "on the market", "behind the mill", "in the old library"]


def problem(random_state):
    """A question and an answer in steps; the number of steps sets the length."""
    name, thing, place = (random_state.choice(x) for x in (NAMES, THINGS, PLACES))
    have = random_state.randint(12, 90)
    question = [f"{name} has {have} {thing} {place}."]
    answer = [f"{name} starts with {have} {thing}."]
    for day in range(1, random_state.randint(2, 9)):
        other, amount = random_state.choice(NAMES), random_state.randint(2, 11)
        if random_state.random() < 0.5:
            question.append(f"On day {day}, {other} brings {amount} more.")
            answer.append(f"On day {day} there are {have} + {amount} = {have + amount} {thing}, since {other} adds some.")
            have += amount
        else:
            question.append(f"On day {day}, {amount} are given to {other}.")
            answer.append(f"On day {day} {other} takes {amount}, so {have} - {amount} = {have - amount} are left.")
            have -= amount
    question.append(f"How many {thing} does {name} have in the end?")
    return " ".join(question), " ".join(answer) + f" The answer is {have}."


def chat_records(random_state, count):
    pairs = [problem(random_state) for _ in range(count)]
    return [
        {"messages": [{"role": "user", "content": q}, {"role": "assistant", "content": a}]} for q, a in pairs
    ]


def row_records(random_state, count, encoder, length):
    records = []
    for _ in range(count):
        text = ""
        while len(encoder.plain(text)) <= length:
            text += " ".join(problem(random_state)) + "\n"
        records.append({"text": text})
    return records


def write_samples(encoder, records, max_length, path):
    kept, cut, dropped = samples.prepare(encoder, records, max_length)
    with open(path, "w", encoding="utf-8") as sink:
        json.dump({"samples": [{"ids": s.ids, "trained": s.targets()} for s in kept]}, sink)
    lengths = [len(s.ids) for s in kept]
    print(
        f"{path}: {len(kept)} samples ({cut} cut, {dropped} dropped), {min(lengths)} to {max(lengths)} tokens,"
        f" {sum(lengths)} in all, {sum(sum(s.targets()) for s in kept)} targets"
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", required=True, help="a Hugging Face folder: its tokenizer and template are used")
    parser.add_argument("--out", required=True)
    parser.add_argument("--data", help="a JSONL file of one's own")
    parser.add_argument("--count", type=int, default=64)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--max-length", type=int, default=512)
    args = parser.parse_args()

    os.makedirs(args.out, exist_ok=True)
    encoder = samples.Encoder(AutoTokenizer.from_pretrained(args.model))
    if args.data:
        with open(args.data, encoding="utf-8") as source:
            sets = {os.path.splitext(os.path.basename(args.data))[0]: [json.loads(line) for line in source]}
    else:
        random_state = random.Random(args.seed)
        sets = {"chat": chat_records(random_state, args.count)}
        sets["rows"] = row_records(random_state, args.count // 2, encoder, args.max_length)
        for name, records in sets.items():
            with open(os.path.join(args.out, name + ".jsonl"), "w", encoding="utf-8") as sink:
                sink.writelines(json.dumps(r, ensure_ascii=False) + "\n" for r in records)
    for name, records in sets.items():
        write_samples(encoder, records, args.max_length, os.path.join(args.out, name + ".samples.json"))


if __name__ == "__main__":
    main()
