"""Counts the words of standard input: a command made with componentize-py."""

import hashlib
import json
import os
import sys

from wit_world import exports


class Run(exports.Run):
    def run(self) -> None:
        text = sys.stdin.read()
        counts = {}
        for word in text.split():
            counts[word] = counts.get(word, 0) + 1
        ranking = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
        print(json.dumps({"arguments": sys.argv[1:], "words": sum(counts.values()), "first": ranking[:3]}))
        print("greeting", os.environ.get("GREETING"))
        print("sha256", hashlib.sha256(text.encode()).hexdigest())
        print("to stderr", file=sys.stderr)
