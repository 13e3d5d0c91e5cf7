"""Makes the four task families of PROTOCOL.md: train, validation and test, disjoint by construction.

    python make_tasks.py --wordnet FOLDER --out tasks

FOLDER holds what `./nacelle pull wordnet-tasks` made. The same files come out on every machine.
"""

import argparse
import glob
import hashlib
import json
import pathlib
import random

SIZES = {"train": 480, "validation": 24, "test": 48}
SEED = 2024

FIRST = """Ada Ben Clara David Elena Farid Greta Hiro Ines Jonas Karim Lena Mara Nils Olga Pavel Rosa Samir Tessa Umar Vera Walid
Yara Zeno Anna Boris Cem Dalia Emil Fatima""".split()
LAST = """Abel Brandt Costa Dorn Ekman Falk Gomez Haas Ivanov Jansen Keller Lopez Meyer Nagy Olsen Petrov Quist Rossi Sato Tamm
Ueda Varga Weber Xu Young Zeman Adler Bauer Conti Duval""".split()
CITIES = "Bern Cairo Delft Essen Faro Genoa Hanoi Izmir Jena Kyoto Lagos Malmo Nantes Oslo Porto Quito Riga Seville Turin Vaduz".split()
PLACES = ("library|town hall|harbour office|museum|concert hall|old station|sports centre|botanical garden|city archive|theatre|"
          "university").split("|")
ROOMS = "the blue room|the main hall|room 12|room 7|the cellar|the garden room|the gallery|room 31|the attic|the reading room".split("|")
HOSTS = "the chess club|the choir|the planning committee|the film circle|the repair workshop|the history society|the swim team|the poets".split("|")
EVENTS = "meeting|rehearsal|lecture|workshop|exhibition|auction|quiz|reading".split("|")
MONTHS = "January February March April May June July August September October November December".split()


def part_of(key):
    """Which part a key belongs to: of ten, eight are for training."""
    digit = int.from_bytes(hashlib.sha256(repr(key).encode()).digest()[:4], "big") % 10
    return {8: "validation", 9: "test"}.get(digit, "train")


def addition(a, b):
    steps, carry = [], 0
    left, right = a, b
    while left or right or carry:
        x, y = left % 10, right % 10
        if not (left or right):
            steps.append(f"carry {carry}")
            break
        total = x + y + carry
        steps.append(f"{x} + {y}" + (f" + {carry}" if carry else "") + f" = {total}")
        carry, left, right = total // 10, left // 10, right // 10
    return "\n".join(steps) + f"\nresult: {a + b}"


def subtraction(a, b):
    tens = b // 10 * 10
    return f"{a} - {tens} = {a - tens}\n{a - tens} - {b - tens} = {a - b}\nresult: {a - b}"


def arithmetic(rng):
    a, b = rng.randrange(11, 1000), rng.randrange(11, 1000)
    if rng.random() < 0.5:
        return (a, b), f"Work out {a} + {b}.", addition(a, b)
    a, b = max(a, b), min(a, b)
    return (a, b), f"Work out {a} - {b}.", subtraction(a, b)


def conversion(rng):
    first, last = rng.choice(FIRST), rng.choice(LAST)
    record = {"first": first, "last": last, "age": rng.randrange(18, 90), "city": rng.choice(CITIES)}
    forms = {
        "JSON": json.dumps(record),
        "CSV": ",".join(record) + "\n" + ",".join(map(str, record.values())),
        "lines": "\n".join(f"{k}: {v}" for k, v in record.items()),
    }
    source, target = rng.sample(sorted(forms), 2)
    return (first, last), f"Write this as {target}:\n{forms[source]}", forms[target]


TEMPLATES = [
    "On {day} {month} at {hour}:{minute:02d} {host} invites you to a {event} in {room} of the {place}.",
    "Notice: the {event} of {host} takes place in {room}, {place}, on {month} {day}, starting {hour}:{minute:02d}.",
    "Please note that {host} has moved its {event} to the {place} ({room}). New date: {day} {month}, {hour}:{minute:02d}.",
]


def extraction(rng):
    place = rng.choice(PLACES)
    fields = dict(place=place, day=rng.randrange(1, 29), month=rng.choice(MONTHS), hour=rng.randrange(8, 22),
                  minute=rng.choice([0, 15, 30, 45]), host=rng.choice(HOSTS), event=rng.choice(EVENTS), room=rng.choice(ROOMS))
    text = rng.choice(TEMPLATES).format(**fields)
    answer = (f"who: {fields['host']}\nwhat: {fields['event']}\nwhere: {place}, {fields['room']}\n"
              f"when: {fields['day']:02d}.{MONTHS.index(fields['month']) + 1:02d}. {fields['hour']:02d}:{fields['minute']:02d}")
    return (place, fields["day"]), f"Give who, what, where and when.\n{text}", answer


MAKERS = {"arithmetic": arithmetic, "conversion": conversion, "extraction": extraction}


def made(name):
    rng = random.Random(f"{SEED} {name}")
    parts = {part: [] for part in SIZES}
    seen = set()
    while any(len(parts[p]) < n for p, n in SIZES.items()):
        key, question, answer = MAKERS[name](rng)
        part = part_of((name, key))
        if question not in seen and len(parts[part]) < SIZES[part]:
            seen.add(question)
            parts[part].append((question, answer))
    return parts


def wordnet(folder):
    """The data set's own two parts; its held-out one is cut in two."""
    train, held_out = sorted(glob.glob(str(folder / "*.jsonl")), key=lambda f: -pathlib.Path(f).stat().st_size)[:2]

    def turns(file):
        for line in pathlib.Path(file).read_text().splitlines():
            user, assistant = json.loads(line)["messages"]
            yield user["content"], assistant["content"]

    rest = list(turns(held_out))
    middle = SIZES["validation"]
    return {"train": list(turns(train))[: SIZES["train"]], "validation": rest[:middle], "test": rest[middle : middle + SIZES["test"]]}


def write(file, samples):
    with open(file, "w") as out:
        for question, answer in samples:
            turns = [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]
            out.write(json.dumps({"messages": turns}) + "\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--wordnet", required=True, type=pathlib.Path)
    parser.add_argument("--out", required=True, type=pathlib.Path)
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    families = {"wordnet": wordnet(args.wordnet), **{name: made(name) for name in MAKERS}}
    for name, parts in families.items():
        for part, samples in parts.items():
            assert len(samples) == SIZES[part], (name, part, len(samples))
            write(args.out / f"{name}-{part}.jsonl", samples)


if __name__ == "__main__":
    main()
