#!/usr/bin/env python3
"""Makes km.txt from three open word sources. README.md beside it says which, how to get them, and why this way.

usage: make-km.py DICT.TXT WORDS.TXT MODEL.MSGPACK > km.txt
"""

import re
import sys

import msgpack

SIZE = 1296  # 6 ** 4: the list can be used with four dice
LEAST_USE = 20
HERE = sys.path[0]

HEADER = """\
# list: km-1
# language: km
# review_status: unreviewed
# source: made by make-km.py from three sources under the MIT licence; see README.md beside this file
"""

# Consonants in use, dependent vowels, the signs am, ah, the two shifters, bantoc, coeng. No independent vowels, no
# deprecated or rare signs; not U+17C8, which looks like a colon or like U+17C7.
LETTERS = re.compile("^[\u1780-\u179c\u179f-\u17a2\u17b6-\u17c7\u17c9\u17ca\u17cb\u17d2]+$")
COENG = "\u17d2"


def lines(path):
    with open(path, encoding="utf-8") as file:
        return [line.strip() for line in file if line.strip() and not line.startswith("#")]


def easy(word):
    """Short, with at most one subscript and one shifter, of everyday letters."""
    few = word.count(COENG) <= 1 and len(re.findall("[\u17c9\u17ca]", word)) <= 1
    return bool(LETTERS.match(word)) and 3 <= len(word) <= 8 and few


def looks(word):
    """The word as the vault reads it, and as a hasty eye does: two words with a look in common are one."""
    read = word.replace(COENG + "\u178a", COENG + "\u178f")  # subscript da looks like subscript ta
    hasty = re.sub("[\u17c9\u17ca]", "", read)  # shifters are often left out
    # M before a consonant has two accepted spellings.
    return read, re.sub("\u17c6(?=[\u1780-\u17a2])", "\u1798" + COENG, hasty)


def clash(mine, other):
    pairs = zip(mine, other)
    return any(a.startswith(b) or b.startswith(a) or near(a, b) for a, b in pairs)


def near(a, b):
    """One slip apart: one letter changed, left out or added, or two neighbours exchanged."""
    if len(a) > len(b):
        a, b = b, a
    if len(b) - len(a) > 1:
        return False
    at = next((i for i in range(len(a)) if a[i] != b[i]), len(a))
    if len(a) < len(b):
        return a[at:] == b[at + 1 :]
    return a[at + 1 :] == b[at + 1 :] or (a[at + 2 :] == b[at + 2 :] and a[at : at + 2] == b[at : at + 2][::-1])


def main():
    dictionary, lexicon = set(lines(sys.argv[1])), set(lines(sys.argv[2]))
    with open(sys.argv[3], "rb") as file:
        use = msgpack.unpackb(file.read(), raw=False, strict_map_key=False)["unigram"]
    excluded = lines(HERE + "/km-excluded.txt")
    whole = {line[1:] for line in excluded if line.startswith("=")}
    parts = [line for line in excluded if not line.startswith("=")]

    # Spelled alike by two sources that do not know each other; the hand-made lexicon of everyday words comes first.
    words = {w for w in dictionary if w in lexicon or use.get(w, 0) >= LEAST_USE} | {w for w in lexicon if w in use}
    words = [w for w in words if easy(w) and w not in whole and not any(part in w for part in parts)]
    # "ការ" before a verb makes a noun: thousands of words that begin alike.
    words = [w for w in words if w in lexicon or not w.startswith("ការ")]
    words.sort(key=lambda w: (w not in lexicon, -use.get(w, 0), w))

    kept = []
    for word in words:
        mine = looks(word)
        if len(kept) < SIZE and not any(clash(mine, other) for _, other in kept):
            kept.append((word, mine))
    print(f"{len(words)} candidates, {len(kept)} kept", file=sys.stderr)
    if len(kept) < SIZE:
        sys.exit("too few words")
    print(HEADER + "\n".join(sorted(word for word, _ in kept)))


main()
