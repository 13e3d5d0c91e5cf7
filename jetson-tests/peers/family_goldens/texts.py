"""What the tiny models read: short lines that hold what tokenizers stumble over."""

TRAIN = [
    "The engine sits in its housing, and the housing sits on the wing of the plane.",
    "to the tower, to the town, to the tin roof that the two of them tarred",
    "Größe, naïve café: 東京 🙂 12 + 30 = 42",
    "short",
    "A longer line, so that batches have rows of unlike lengths, and attention has something to block out.",
    "x = [i * i for i in range(10)]\n\nprint(x)\n",
    "zero one two three four five six seven eight nine ten",
    "  spaces  before,   between and behind  ",
    "Water boils, the kettle sings; the tea is in the pot.",
]
PROBES = TRAIN + ["", " ", "\t\n\n", "don't WON'T I'll", "1234567.89", "e\u0301 \u212b \ufb01", "\u2581x\u2581\u2581y", "<bos>a</s>"]
CHAT = [
    {"role": "user", "content": "Name a tower."},
    {"role": "assistant", "content": "The tin one."},
    {"role": "user", "content": "And a town?  "},
]
