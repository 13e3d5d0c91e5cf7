"""Makes the tokenizer goldens: small tokenizer.json files of unlike kinds, hard strings, and what
the reference library (PyPI tokenizers) answers on them.

    python -m venv V && V/bin/pip install tokenizers==0.23.3
    V/bin/python jetson-tests/peers/make_tokenizer_goldens.py runtime/src/test/resources/goldens/tokenizer

With --real FILE the given tokenizer.json is answered on the same strings instead (not for the
repository: written beside --out as NAME.answers.json.gz).

Everything is drawn from one seed. Strings use only characters that Unicode 9 had, because the
reference's normalisation tables are of that age.
"""

import argparse
import gzip
import json
import math
import random
import unicodedata
from pathlib import Path

import tokenizers
from tokenizers import AddedToken, Regex, Tokenizer
from tokenizers import decoders, models, normalizers, pre_tokenizers, processors, trainers

SEED = 20261123
LLAMA3 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}|"
    r" ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
GPT4O = (
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+"
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)?|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+"
    r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\p{N}{1,3}|"
    r" ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
SPECIALS = ["<s>", "</s>", "<unk>", "<|endoftext|>", "<|im_start|>", "<|im_end|>", "<pad>", "[INST]"]


def old(c):
    """Whether Unicode 9 had the character."""
    return unicodedata.ucd_3_2_0.category(c) != "Cn" or ord(c) in range(0x1F300, 0x1F6D0)


# ---------------------------------------------------------------- strings

WORDS = {
    "latin": "the of and to in that is was for with as his on be at by had not are but from have "
    "they which one you were all her she there would their we him been has when who will more no "
    "if out so said what up its about into than them can only other new some could time these two "
    "may then do first any my now such like our over man me even most made after also did many "
    "before must through back years where much your way well down should because each just those "
    "people how too little state good very make world still own see men work long get here between "
    "both life being under never day same another know while last might us great old year off come "
    "since against go came right used take three".split(),
    "accents": "café naïve résumé Ångström façade jalapeño Übermaß señor coöperate Zoë fiancée "
    "crème brûlée piñata El Niño déjà vu żółć příliš žluťoučký kůň Ærøskøbing İstanbul ıspanak "
    "ﬁnance ﬂow Ǆungla ǅ ǆ ß ẞ Straße ſtern".split(),
    "cyrillic": "привет мир это тест большой новый дом вода огонь земля человек время рука дело".split(),
    "greek": "Καλημέρα κόσμε ΟΔΥΣΣΕΥΣ σοφός λόγος άνθρωπος θάλασσα ήλιος".split(),
    "arabic": "مرحبا بالعالم السلام عليكم كتاب مدرسة الله محمد ﷲ لا إله إلا".split(),
    "hebrew": "שלום עולם ספר בית ילד מים אש ארץ שָׁלוֹם בְּרֵאשִׁית".split(),
    "cjk": "你好 世界 中文 測試 日本語 テスト ひらがな カタカナ 한국어 안녕하세요 세계 東京 北京 上海 繁體 简体 々 〆 ヶ ｶﾞｷﾞ ㎏ ① Ⅷ ｆｕｌｌ".split(),
    "indic": "नमस्ते दुनिया हिन्दी क्षत्रिय தமிழ் తెలుగు ಕನ್ನಡ മലയാളം বাংলা ગુજરાતી ਪੰਜਾਬੀ สวัสดี ชาวโลก ພາສາລາວ ខ្មែរ မြန်မာ".split(),
}
EMOJI = (
    "😀 😂 🤣 ❤️ 👍🏽 👩‍👩‍👧‍👦 🏳️‍🌈 🇩🇪 🇯🇵 1️⃣ #️⃣ 👨🏿‍💻 🙇🏻‍♀️ ☺️ ☺ ✈️ 🧑‍🚀 🏴󠁧󠁢󠁥󠁮󠁧󠁿 🐻‍❄️ 💩 ⌚ ↔️ ©️ ™️ ㊗️ 🀄 🃏 🅰️ 🆎 🈁".split()
)
MARKS = [chr(c) for c in range(0x300, 0x370) if old(chr(c))] + list("\u0591\u05b0\u05bc\u064b\u0651\u0670\u0e31\u0e34\u0f71\u0f72\u0f74\u20d0\u20dd\u20e3\u3099\u309a\ufe20\u1dc0")
SPACES = list(" \t\n\r\x0b\x0c\x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000\u200b\u2060\ufeff\u180e\u200c\u200d\u2581")
CONTROLS = [chr(c) for c in list(range(0, 0x20)) + list(range(0x7F, 0xA0))] + list("\u200e\u200f\u202a\u202e\u2066\u2069\ufff9\ufffc\ufffd\u00ad\u061c\ufe0f\ufe0e\U000e0001\U000e0041\ue000\uf8ff\U0010fffd\ufffe\uffff\U0001ffff")
DIGITS = list("0123456789") + list("٠١٢٣٤٥٦٧٨٩०१२३四五六½¾²³ⅣⅨ①⑳〇一二三໐໑") + ["𝟘", "𝟙", "𐄇", "🄁"]
CODE = [
    "def f(x):\n    return x ** 2  # square\n",
    "for (int i = 0; i < n; ++i) {\n\tsum += a[i];\n}\n",
    "SELECT * FROM `t` WHERE a <> 'b''c' AND d >= 1e-5;",
    '{"key": [1, 2.5e+10, null, "\\u00e9\\n"], "x": {}}',
    "<div class=\"a b\">&nbsp;&lt;</div>\r\n",
    "#!/bin/sh\nset -eu; echo \"$HOME/${x:-y}\" | sed 's/[^a-z]*//g' >&2\n",
    "fn main() -> Result<(), Box<dyn Error>> { let x = &mut 0u8; Ok(()) }",
    "a=b+c-d*e/f%g^h|i&j!k~l?m:n;o,p.q@r#s$t\\u\"v'w`x<y>z=(1)[2]{3}",
    "0xDEADBEEF 0b1010 1_000_000 3.14159 .5 1e10 0777 0x1.8p3",
    "https://example.org/a/b?c=d&e=%20f#g user@example.com C:\\Temp\\x.txt",
    "if(a&&b||!c){d?e:f;}/* comment */ // end",
    "\\frac{a_{1}}{b^{2}} \\sum_{i=0}^{n} \\alpha\\beta $$x$$",
    "I'm you're he's we'll they've I'd DON'T CAN'T it'S we'Ve x'ſ o’clock ''s 'Re",
]


def sentence(rng, kinds, most=12):
    return " ".join(rng.choice(WORDS[rng.choice(kinds)]) for _ in range(rng.randint(1, most)))


def strings():
    rng = random.Random(SEED)
    every = list(WORDS)
    out = []

    def add(kind, text):
        out.append((kind, text))

    for i in range(160):
        add("plain", sentence(rng, ["latin", "accents"] if i % 3 else every))
    for i in range(160):
        glue = rng.choice(["", "", " ", "x", " the "])
        add("emoji", glue.join(rng.choice(EMOJI) for _ in range(rng.randint(1, 9))))
    for i in range(160):
        joiner = rng.choice(["", "", "，", "。", " ", "a"])
        add("cjk", joiner.join(rng.choice(WORDS["cjk"]) for _ in range(rng.randint(1, 9))))
    for i in range(160):
        text = sentence(rng, ["arabic", "hebrew"])
        if i % 3 == 0:
            text += " " + sentence(rng, ["latin"], 3) + " \u202b" + sentence(rng, ["arabic"], 2)
        add("rtl", text)
    for i in range(160):
        text = ""
        for _ in range(rng.randint(1, 10)):
            base = rng.choice("aeiouncszkAEOIGTقבक가힣ぁは①ﬁ ")
            text += base + "".join(rng.choice(MARKS) for _ in range(rng.choice([0, 1, 1, 2, 3, 5])))
        if i % 4 == 0:
            text = unicodedata.normalize(rng.choice(["NFD", "NFKD"]), sentence(rng, every, 5)) + text
        if i % 10 == 0:
            text = rng.choice(MARKS) + text
        add("marks", text)
    for i in range(160):
        text = "".join(
            rng.choice(CONTROLS) if rng.random() < 0.5 else rng.choice("abc é語😀 ")
            for _ in range(rng.randint(1, 20))
        )
        add("controls", text)
    for i in range(120):
        unit = rng.choice(["a", "ab", "the", "Ab1", "é", "你好", "😀", "а", "=", "-", "x1", "\u0301", "\u05e9\u05bc", "qwertyuiop"])
        length = rng.choice([50, 120, 300, 700])
        text = (unit * (length // len(unit) + 1))[:length]
        if i % 3 == 0:
            text = "".join(rng.choice("abcdefghijklmnopqrstuvwxyzäöüéß") for _ in range(length))
        add("long", ("" if i % 2 else "so ") + text + ("" if i % 5 else " end"))
    for i in range(200):
        text = "".join(
            rng.choice(SPACES) * rng.choice([1, 1, 1, 2, 3, 8]) + rng.choice(["", "", "a", "Word", "é", "1", "!", "中"])
            for _ in range(rng.randint(1, 8))
        )
        add("spaces", text)
    for s in SPACES:
        for text in (s, s + "a", "a" + s, "a" + s + "b", s * 3, "a " + s + " b"):
            add("spaces", text)
    for i in range(160):
        text = "".join(
            rng.choice(DIGITS[:10] if i % 2 else DIGITS) for _ in range(rng.randint(1, 14))
        )
        add("digits", rng.choice(["", " ", "a", "$", "-", "x="]) + text + rng.choice(["", ".", "%", "th", " 42", ",000"]))
    for i in range(160):
        text = rng.choice(CODE)
        if i % 2:
            cut = sorted(rng.sample(range(len(text) + 1), 2))
            text = text[cut[0] : cut[1]] + rng.choice(CODE)
        add("code", text)
    for i in range(200):
        parts = []
        for _ in range(rng.randint(1, 6)):
            token = rng.choice(SPECIALS)
            if rng.random() < 0.2:
                token = rng.choice([token[:-1], token[1:], token.upper(), token + token[-1], token[0] + token])
            parts.append(token)
            parts.append(rng.choice(["", " ", "  ", "\n", sentence(rng, ["latin"], 3), "é", "😀", " added", "addedtoken", "_"]))
        add("special", "".join(parts))
    pool = [chr(c) for c in range(0x20, 0x2FFFF) if unicodedata.category(chr(c)) not in ("Cs", "Cn") and old(chr(c))]
    for i in range(200):
        add("mixed", "".join(rng.choice(pool) for _ in range(rng.randint(1, 15))))
    for text in ["", "a", " ", "  ", "\n", "▁", "▁▁a", " ▁ a", "<0x41>", "<0x0A>", "\u0000", "é", "e\u0301", "İ", "ǅ", "ﷺ", "각", "\u1100\u1161\u11a8", "\u1100\u1161\u11a8\u0301", "\uac00\u11a8", "a\u0323\u0307", "a\u0307\u0323", "\u0344", "\u0f73", "\u212b", "\uff76\uff9e", "\u2126", "q\u0307\u0323\u0301"]:
        add("edge", text)
    return out


# ---------------------------------------------------------------- tokenizers


def corpus(texts):
    rng = random.Random(SEED + 1)
    lines = [t for kind, t in texts if kind not in ("mixed", "controls", "marks", "long")]
    lines += [sentence(rng, list(WORDS), 30) for _ in range(1500)]
    return lines


def special(*names):
    return [AddedToken(n, special=True, normalized=False) for n in names]


def gpt2(lines):
    t = Tokenizer(models.BPE())
    t.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    t.decoder = decoders.ByteLevel()
    t.post_processor = processors.ByteLevel(trim_offsets=False)
    t.train_from_iterator(lines, trainers.BpeTrainer(vocab_size=2000, special_tokens=special("<|endoftext|>", "<|im_start|>", "<|im_end|>"), initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False))
    t.add_tokens([AddedToken("added", single_word=True), AddedToken("[INST]", lstrip=True, rstrip=True, normalized=False)])
    return t


def roberta(lines):
    t = Tokenizer(models.BPE(unk_token="<unk>"))
    t.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    t.decoder = decoders.ByteLevel()
    t.train_from_iterator(lines, trainers.BpeTrainer(vocab_size=1200, special_tokens=special("<s>", "<pad>", "</s>", "<unk>"), initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False))
    t.add_special_tokens([AddedToken("<mask>", lstrip=True, normalized=False)])
    t.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0), trim_offsets=True, add_prefix_space=True)
    return t


def llama3(lines):
    t = Tokenizer(models.BPE(ignore_merges=True))
    t.normalizer = normalizers.NFC()
    t.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(LLAMA3), "isolated"),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
    ])
    t.decoder = decoders.ByteLevel()
    t.train_from_iterator(lines, trainers.BpeTrainer(vocab_size=2200, special_tokens=special("<|endoftext|>", "<s>"), initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False))
    t.add_special_tokens(special("<|im_start|>", "<|im_end|>", "[INST]"))
    t.post_processor = processors.Sequence([
        processors.ByteLevel(trim_offsets=True),
        processors.TemplateProcessing(single="<s> $A", pair="<s> $A <s> $B", special_tokens=[("<s>", t.token_to_id("<s>"))]),
    ])
    return t


def falcon(lines):
    """The order of Falcon's: byte-level first, then more splits over the bytes' letters."""
    t = Tokenizer(models.BPE())
    t.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Replace(Regex(r"[-‐–—]{2,}"), "—")])
    t.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Punctuation("contiguous"),
        pre_tokenizers.ByteLevel(add_prefix_space=False),
        pre_tokenizers.Digits(individual_digits=False),
        pre_tokenizers.Split(Regex("[0-9][0-9][0-9]"), "isolated"),
        pre_tokenizers.Split(Regex(GPT4O), "removed", invert=True),
    ])
    t.decoder = decoders.ByteLevel()
    t.train_from_iterator(lines, trainers.BpeTrainer(vocab_size=1500, special_tokens=special("<|endoftext|>", "<pad>"), initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False))
    return t


BYTES = [f"<0x{b:02X}>" for b in range(256)]


def with_bytes(t, first):
    """Puts the byte tokens into a trained model, as SentencePiece conversions have them."""
    data = json.loads(t.to_str())
    vocab = data["model"]["vocab"]
    known = sorted(vocab, key=vocab.get)
    order = first + BYTES + [v for v in known if v not in first and v not in BYTES]
    data["model"]["vocab"] = {v: i for i, v in enumerate(order)}
    for token in data["added_tokens"]:
        token["id"] = data["model"]["vocab"].get(token["content"], token["id"])
    return Tokenizer.from_str(json.dumps(data))


def llama2(lines):
    t = Tokenizer(models.BPE(unk_token="<unk>", fuse_unk=True, byte_fallback=True))
    t.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    t.pre_tokenizer = pre_tokenizers.Split(" ", "merged_with_previous")
    t.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)])
    # Trained word by word, else whole lines become tokens; then used without a pre-tokenizer.
    trainer = trainers.BpeTrainer(vocab_size=1800, special_tokens=special("<unk>", "<s>", "</s>"), limit_alphabet=300, show_progress=False)
    t.pre_tokenizer = pre_tokenizers.Split("▁", "merged_with_next")
    t.train_from_iterator(lines, trainer)
    t = with_bytes(t, ["<unk>", "<s>", "</s>"])
    t.pre_tokenizer = None
    t.post_processor = processors.TemplateProcessing(single="<s> $A", pair="<s> $A <s> $B", special_tokens=[("<s>", 1)])
    data = json.loads(t.to_str())
    data["pre_tokenizer"] = None
    return Tokenizer.from_str(json.dumps(data))


def gemma(lines):
    t = Tokenizer(models.BPE(unk_token="<unk>", fuse_unk=True, byte_fallback=True))
    t.normalizer = normalizers.Replace(" ", "▁")
    t.pre_tokenizer = pre_tokenizers.Split("▁", "merged_with_next")
    trainer = trainers.BpeTrainer(vocab_size=1800, special_tokens=special("<pad>", "</s>", "<s>", "<unk>"), limit_alphabet=350, show_progress=False)
    t.train_from_iterator(lines, trainer)
    t = with_bytes(t, ["<pad>", "</s>", "<s>", "<unk>"])
    t.pre_tokenizer = pre_tokenizers.Split(" ", "merged_with_previous")
    t.add_tokens([AddedToken("▁▁", normalized=False), AddedToken("\n\n", normalized=False), AddedToken("[INST]", normalized=True)])
    t.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()])
    t.post_processor = processors.TemplateProcessing(single="<s> $A </s>", pair="<s> $A </s> $B", special_tokens=[("<s>", 2), ("</s>", 1)])
    return t


def metaspace(lines):
    """Metaspace with single digits, unknown characters not fused, no byte fallback."""
    t = Tokenizer(models.BPE(unk_token="<unk>", fuse_unk=False))
    t.normalizer = normalizers.Sequence([normalizers.Nmt(), normalizers.NFD(), normalizers.StripAccents(), normalizers.Lowercase(), normalizers.Strip()])
    t.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Metaspace(prepend_scheme="first"),
        pre_tokenizers.Digits(individual_digits=True),
        pre_tokenizers.Punctuation("merged_with_previous"),
    ])
    t.decoder = decoders.Metaspace(prepend_scheme="first")
    t.train_from_iterator(lines, trainers.BpeTrainer(vocab_size=1200, limit_alphabet=250, special_tokens=special("<unk>", "<s>", "</s>"), show_progress=False))
    t.add_tokens([AddedToken("added", single_word=True, normalized=True, lstrip=True), AddedToken("[INST]", rstrip=True, normalized=False)])
    t.post_processor = processors.BertProcessing(("</s>", 2), ("<s>", 1))
    return t


def unigram(lines):
    """Scores from counted substrings: the reference's own trainer gives up on such a mixed corpus."""
    counts = {}
    for line in lines:
        for word in unicodedata.normalize("NFKC", line).split():
            word = "▁" + word[:40]
            for i in range(len(word)):
                for j in range(i + 1, min(i + 9, len(word) + 1)):
                    counts[word[i:j]] = counts.get(word[i:j], 0) + 1
    single = sorted((p for p in counts if len(p) == 1), key=lambda p: (-counts[p], p))[:400]
    longer = sorted((p for p in counts if len(p) > 1), key=lambda p: (-counts[p] * len(p), p))[:1200]
    total = sum(counts[p] for p in single + longer)
    scored = [(p, math.log(counts[p] / total)) for p in single + longer]
    t = Tokenizer(models.Unigram([("<unk>", 0.0), ("<s>", 0.0), ("</s>", 0.0), ("<pad>", 0.0)] + scored, 0, False))
    t.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Replace(Regex(" {2,}"), " ")])
    t.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace(prepend_scheme="always")])
    t.decoder = decoders.Metaspace(prepend_scheme="always")
    t.add_special_tokens(special("<s>", "</s>"))
    t.post_processor = processors.TemplateProcessing(single="$A </s>", pair="$A </s> $B </s>", special_tokens=[("</s>", t.token_to_id("</s>"))])
    return t


def unigram_bytes(lines):
    """Unigram with byte fallback over whole lines, and words split as the Whitespace rule does."""
    t = unigram(lines)
    data = json.loads(t.to_str())
    data["model"]["vocab"] += [[b, -20.0] for b in BYTES]
    data["model"]["byte_fallback"] = True
    data["normalizer"] = {"type": "NFKD"}
    data["pre_tokenizer"] = {"type": "Whitespace"}
    data["decoder"] = {"type": "Sequence", "decoders": [{"type": "ByteFallback"}, {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "never", "split": False}]}
    n = len(data["model"]["vocab"])
    data["added_tokens"] = [a for a in data["added_tokens"] if a["id"] < n - 256]
    return Tokenizer.from_str(json.dumps(data))


KINDS = [gpt2, roberta, llama3, falcon, llama2, gemma, metaspace, unigram, unigram_bytes]


# ---------------------------------------------------------------- answers


def units(text):
    """For each character boundary its index in UTF-16 units."""
    out, at = [0], 0
    for c in text:
        at += 2 if ord(c) > 0xFFFF else 1
        out.append(at)
    return out


def answers(t, texts):
    rows = []
    for _, text in texts:
        at = units(text)
        plain = t.encode(text, add_special_tokens=False)
        full = t.encode(text, add_special_tokens=True)
        offsets = []
        for (start, end), mask in zip(full.offsets, full.special_tokens_mask):
            offsets += [-1, -1] if mask else [at[start], at[end]]
        rows.append({
            "ids": plain.ids,
            "full": full.ids,
            "offsets": offsets,
            "text": t.decode(plain.ids, skip_special_tokens=False),
            "skipped": t.decode(full.ids, skip_special_tokens=True),
        })
    return rows


PATTERNS = [
    LLAMA3,
    GPT4O,
    LLAMA3.replace("{1,3}", ""),
    r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+| ?[^\s\p{L}\p{N}]++[\r\n]*+|\s++$|\s*[\r\n]|\s+(?!\S)|\s",
    r" ?[^(\s|[.,!?…。，、।۔،])]+",
    r"[!\"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+",
    "[一-龥\u3040-ゟ゠-ヿ]+",
    r"\p{N}{1,3}",
    r"(?=(\d{3})+(?!\d))",
    r"(?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE])|[^\S\r\n]+|\S",
    r"\p{Han}+|\p{Hiragana}|\p{^Latin}{2,}",
    r"^ |^.", r"$", r".", r"(?m:a.)", r"\bt|\B1", r"a{,3}b?|x{|o{2}", r"e{2,}?|l{1,2}+",
    r"[^a-z[0-9]]+", r"[a-z&&[^aeiou]]+", r"\h+|\H", r"(?<=a)b|(?<!t)h", r"(\w)\1", r"[[:punct:][:space:]]+",
    r"[[:^alpha:]]", r"\R|a", r" *", "(?x: t h # e\n | e  )", r"(?i)tHe|oF", r"[\]\-\\^]|[-a]|[a-]", r"\u00e9|\x{1F600}|\x41|\t",
    r"(?>a+)b|(?<n>c)\k<n>", r"[^\W\d_]+", r"[\s\d]+", r"\p{Lu}\p{Ll}*|\p{Letter}|\p{Emoji}",
]
BEHAVIORS = ["removed", "isolated", "merged_with_previous", "merged_with_next", "contiguous"]


def splits(texts):
    """What Split makes of every ninth string, for patterns that real files have and odd ones."""
    chosen = texts[::9]
    out = []
    for i, pattern in enumerate(PATTERNS + [" ", "th", "▁"]):
        literal = i >= len(PATTERNS)
        for behavior in BEHAVIORS if i % 4 == 0 or literal else [BEHAVIORS[i % 5]]:
            for invert in (False, True):
                split = pre_tokenizers.Split(pattern if literal else Regex(pattern), behavior, invert)
                rows = []
                for _, text in chosen:
                    at = units(text)
                    rows.append([at[o] for _, offsets in split.pre_tokenize_str(text) for o in offsets] if text else [])
                out.append({"pattern": pattern, "literal": literal, "behavior": behavior, "invert": invert, "rows": rows})
    return out


def write(path, data):
    raw = json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode()
    with open(path, "wb") as f, gzip.GzipFile(fileobj=f, mode="wb", mtime=0, compresslevel=9, filename="") as z:
        z.write(raw)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("out", type=Path)
    parser.add_argument("--real", type=Path)
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    texts = strings()
    if args.real:
        t = Tokenizer.from_file(str(args.real))
        write(args.out / "strings.json.gz", texts)
        write(args.out / "real.answers.json.gz", {"reference": tokenizers.__version__, "rows": answers(t, texts)})
        return
    write(args.out / "strings.json.gz", texts)
    for make in KINDS:
        t = make(corpus(texts))
        name = make.__name__.replace("_", "-")
        write(args.out / f"{name}.tokenizer.json.gz", json.loads(t.to_str()))
        rows = answers(t, texts)
        write(args.out / f"{name}.answers.json.gz", {"reference": tokenizers.__version__, "rows": rows})
        print(name, t.get_vocab_size(), len(rows), sum(len(r["full"]) for r in rows))
    write(args.out / "splits.json.gz", splits(texts))
    kinds = {}
    for kind, _ in texts:
        kinds[kind] = kinds.get(kind, 0) + 1
    print(len(texts), kinds)


if __name__ == "__main__":
    main()
