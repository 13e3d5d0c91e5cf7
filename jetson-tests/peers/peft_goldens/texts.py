"""The small texts that the golden cases train on, in each of the data shapes. Written for this purpose."""

SENTENCES = [
    "The nacelle hangs below the wing and keeps the engine out of the cabin's noise.",
    "A tide table is only a promise; the wind decides how much of it is kept.",
    "Water boils at 100 degrees at sea level and at about 93 degrees on a high pass.",
    "She counted 17 boats in the harbour, 4 of them blue, and wrote the number down.",
    "def area(r):\n    return 3.14159 * r * r\n",
    "Der Kapitän prüfte die Seile, bevor der Sturm über die Küste kam.",
    "Le vent tourne, la mer se calme, et le phare s'allume à 18 h 30.",
    "Gears with 12 and 36 teeth turn at a ratio of 3 to 1.",
    "The recipe asks for 250 g of flour, two eggs and a little salt.",
    "海は広いな、大きいな。 The sea is wide, the song says.",
    "A lathe turns the work; a mill turns the tool.",
    "If the oil is cold the pump is slow, and if the pump is slow the gauge lies.",
    "Rain, rain, rain: three days of it, and the river came over the road.",
    "An owl 🦉 sat on the mast and left only when the crew 🚣 sang.",
    "Every map leaves something out. That is what makes it a map.",
    "x = [1, 2, 3]; y = [2 * v for v in x]; print(sum(y))",
    "The clock in the tower is late by four minutes, and nobody minds.",
    "Iron rusts, copper turns green, and gold stays as it is.",
    "To tune the string, listen for the beat between two notes and slow it down to nothing.",
    "The bridge carries 40 trains a day; in 1911 it carried six.",
    "Ropes are sold by length, anchors by weight, and advice is free.",
    "Пароход шёл вверх по реке, и дым стоял над водой.",
    "A good knot holds, and lets go when it is asked to.",
    "The cook said: \"soup first, questions after\", and he meant it.",
    "Bearings fail from dirt more often than from age.",
    "Low clouds in the morning, sun by noon, and a north wind at night.",
]

QUESTIONS = [
    ("What is a nacelle?", "The housing of an engine, outside the hull."),
    ("How many teeth has the large gear?", "It has 36 teeth."),
    ("Name three metals.", "Iron, copper and gold."),
    ("When does the lighthouse start?", "At half past six in the evening."),
    ("What turns in a lathe?", "The work turns; the tool stands still."),
    ("Why is the gauge wrong?", "Cold oil slows the pump, so the pressure reads low."),
    ("Add 17 and 25.", "17 + 25 = 42"),
    ("Was ist ein Seil?", "Ein langes, gedrehtes Tau aus Fasern."),
    ("How do I tune a string?", "Listen for the beat between two notes and slow it down."),
    ("Write a loop in Python.", "for i in range(3):\n    print(i)"),
    ("What does the owl do?", "It sits on the mast 🦉 until the crew sings."),
    ("How late is the clock?", "Four minutes."),
    ("Which wind comes at night?", "A north wind."),
    ("Why do bearings fail?", "From dirt, more often than from age."),
    ("How are ropes sold?", "By length."),
    ("海は?", "広いな、大きいな。"),
    ("How many trains cross the bridge each day?", "Forty a day now; six in 1911."),
    ("What makes a map a map?", "That it leaves something out."),
    ("How much flour?", "250 g, with two eggs and a little salt."),
    ("What did the cook say?", "Soup first, questions after."),
    ("Is a tide table exact?", "No. The wind decides how much of it is kept."),
]

SYSTEMS = ["You are a short-spoken sailor.", "Answer in one sentence.", "You know machines and tools."]


def text_records(start, count):
    picked = [SENTENCES[(start + i) % len(SENTENCES)] for i in range(count)]
    # Every third one is two sentences long, so that lengths differ and some reach the cut.
    return [
        {"text": s if i % 3 else s + " " + SENTENCES[(start + i + 7) % len(SENTENCES)]}
        for i, s in enumerate(picked)
    ]


def completion_records(start, count):
    records = []
    for i in range(count):
        question, answer = QUESTIONS[(start + i) % len(QUESTIONS)]
        # The seam between the two strings falls at a blank, after a blank, or after a line's end.
        prompt, completion = [
            (f"Question: {question}\nAnswer:", f" {answer}"),
            (f"Q: {question} A: ", answer),
            (f"{question}\n", answer),
        ][i % 3]
        records.append({"prompt": prompt, "completion": completion})
    return records


def chat_records(start, count):
    records = []
    for i in range(count):
        messages = []
        if i % 3 != 1:
            messages.append({"role": "system", "content": SYSTEMS[i % len(SYSTEMS)]})
        for turn in range(1 + i % 3):
            question, answer = QUESTIONS[(start + i + 5 * turn) % len(QUESTIONS)]
            messages.append({"role": "user", "content": question})
            messages.append({"role": "assistant", "content": answer})
        records.append({"messages": messages})
    return records


def sharegpt_record(start):
    question, answer = QUESTIONS[start % len(QUESTIONS)]
    again, other = QUESTIONS[(start + 3) % len(QUESTIONS)]
    return {
        "conversations": [
            {"from": "system", "value": SYSTEMS[start % len(SYSTEMS)]},
            {"from": "human", "value": question},
            {"from": "gpt", "value": answer},
            {"from": "human", "value": again},
            {"from": "gpt", "value": other},
        ]
    }


def alpaca_record(start, with_input):
    question, answer = QUESTIONS[start % len(QUESTIONS)]
    record = {"instruction": "Answer the question." if with_input else question, "output": answer}
    if with_input:
        record["input"] = question
    return record


def message_completion_record(start):
    """Prompt and completion as message lists; the assistant's turn inside the prompt is no target."""
    first, second = QUESTIONS[start % len(QUESTIONS)], QUESTIONS[(start + 2) % len(QUESTIONS)]
    return {
        "prompt": [
            {"role": "user", "content": first[0]},
            {"role": "assistant", "content": first[1]},
            {"role": "user", "content": second[0]},
        ],
        "completion": [{"role": "assistant", "content": second[1]}],
    }


def mixed_records(start, count):
    makers = [
        lambda i: text_records(start + i, 1)[0],
        lambda i: completion_records(start + i, 1)[0],
        lambda i: chat_records(start + i, 3)[2],
        lambda i: sharegpt_record(start + i),
        lambda i: alpaca_record(start + i, with_input=False),
        lambda i: alpaca_record(start + i, with_input=True),
        lambda i: message_completion_record(start + i),
    ]
    return [makers[i % len(makers)](i) for i in range(count)]


def long_text_records(start, count):
    """Each longer than any max-length used here, so that every sample is cut to exactly that length."""
    return [
        {"text": " ".join(SENTENCES[(start + 2 * i + k) % len(SENTENCES)] for k in range(4))} for i in range(count)
    ]


def short_text_records(start, count):
    return [{"text": QUESTIONS[(start + i) % len(QUESTIONS)][1][:40]} for i in range(count)]


def training_corpus():
    """What the tokenizers learn their merges from."""
    corpus = list(SENTENCES)
    for question, answer in QUESTIONS:
        corpus += [question, answer]
    return corpus + SYSTEMS + ["system", "user", "assistant", "Question: Answer:"]
