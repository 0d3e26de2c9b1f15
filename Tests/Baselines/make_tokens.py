"""Writes Tests/TasksTests/Baselines/tokens.json: what the package tokenizers makes of a text of all kinds of
letters, signs and blanks, with bytes that are no UTF-8 in it, by a byte-level BPE that it was trained for.

    pip install tokenizers==0.23.3
    python Tests/Baselines/make_tokens.py ../shared/data/tinyshakespeare/input.txt [LINES]
"""

import base64
import json
import os
import random
import sys
import tempfile

import tokenizers

FILE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "TasksTests", "Baselines", "tokens.json")
STRANGE = (
    "😀 👩‍👩‍👧 🏳️‍🌈 👍🏽 ✨ é e\u0301 ñ ß Ωμέγα привет 世界 你好 こんにちは 한국어 हिन्दी العربية ½ ² ٣٤ Ⅻ — … « » 𝔘𝔫𝔦 𐍈 ﬁ"
).split(" ") + ["\u00a0", "\u2009", "\u3000", "\u200b", "\ufeff", "\u0085", "\u2028"]
CONTRACTIONS = "don't we'll I'm they've it's he'd you're 'sample 'S O'Neill 'tis rock'n'roll ''s".split()
SIGNS = "!?.,;:-_()[]{}<>/\\|@#$%^&*+=~`\"'"


def line(words):
    parts = []
    for _ in range(random.randint(1, 12)):
        kind = random.random()
        parts.append(
            random.choice(words) if kind < 0.5 else random.choice(STRANGE) if kind < 0.65
            else random.choice(CONTRACTIONS) if kind < 0.8
            else str(random.randint(0, 10 ** random.randint(1, 9))) if kind < 0.9
            else "".join(random.choice(SIGNS) for _ in range(random.randint(1, 4))))
    blanks = (" ", " ", " ", "  ", "    ", "\t", " \t ", "", "\r")
    return random.choice(("", " ", "   ")) + "".join(part + random.choice(blanks) for part in parts)


def main(path, lines="400"):
    random.seed(5)
    with open(path, encoding="utf-8") as file:
        words = file.read().split()
    text = bytearray("\n".join(line(words) for _ in range(int(lines))).encode())
    for _ in range(len(text) // 700):
        text[random.randrange(len(text))] = random.choice((0xff, 0xc3, 0xe2, 0xf0, 0x80, 0xed, 0xa0, 0xfe))
    tokenizer = tokenizers.ByteLevelBPETokenizer()
    tokenizer.train([path], vocab_size=700, min_frequency=2, show_progress=False)
    with tempfile.TemporaryDirectory() as folder:
        tokenizer.save_model(folder)
        with open(folder + "/vocab.json", encoding="utf-8") as file:
            vocabulary = json.load(file)
        with open(folder + "/merges.txt", encoding="utf-8") as file:
            merges = file.read()
    content = {
        "version": tokenizers.__version__, "vocab": vocabulary, "merges": merges,
        "text": base64.b64encode(text).decode(),
        "tokens": tokenizer.encode(bytes(text).decode("utf-8", "replace")).ids,
    }
    os.makedirs(os.path.dirname(FILE), exist_ok=True)
    with open(FILE, "w") as file:
        json.dump(content, file, separators=(",", ":"))
        file.write("\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
