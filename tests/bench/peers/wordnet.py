"""All paths of all nouns of WordNet by a memoised walk: the peer of tests/bench/wordnet.lua.

    python wordnet.py FOLDER

Prints {"load": seconds, "paths": seconds, "count": paths}: reading data.noun, enumerating (the best of three).
"""
import json
import sys
import time


def load(folder):
    parents = {}
    with open(folder + "/data.noun", encoding="latin-1") as file:
        for line in file:
            if line.startswith("  "):
                continue
            fields = line.split(" ")
            at = 4 + 2 * int(fields[3], 16)
            found = []
            for i in range(int(fields[at])):
                if fields[at + 1 + 4 * i] in ("@", "@i"):
                    found.append(fields[at + 2 + 4 * i])
            parents[fields[0]] = found
    return parents


def enumerate_paths(parents):
    known = {}

    def paths(node):
        if node not in known:
            above = parents[node]
            known[node] = [p + (node,) for parent in above for p in paths(parent)] if above else [(node,)]
        return known[node]

    return sum(len(paths(node)) for node in parents)


def main():
    sys.setrecursionlimit(10000)
    start = time.perf_counter()
    parents = load(sys.argv[1])
    loaded = time.perf_counter() - start
    best = float("inf")
    for _ in range(3):
        start = time.perf_counter()
        count = enumerate_paths(parents)
        best = min(best, time.perf_counter() - start)
    print(json.dumps({"load": loaded, "paths": best, "count": count - 1}))  # without the root's own


main()
