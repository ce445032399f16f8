"""What a call costs in Python's torch: the peer of the dispatch benchmark.

    python dispatch.py [REPEATS]

Prints one JSON object:
{"torch": version, "threads": 1, "repeats": n, "batches": 7, "ns": {"add": {"2x2": ns, ...}, ...}}.
Each figure is the median over 7 batches of nanoseconds a call; a batch makes REPEATS calls (default 10000), fewer where
one call is slow, so that a batch stays near a fifth of a second.
"""
import json
import statistics
import sys
import time

import torch

BATCHES = 7
LONGEST_BATCH_NS = 2e8
WARM_UP_NS = 5e7
SIZES = (2, 64, 512)


def batch(call, repeats):
    """Nanoseconds a call, over so many calls; the loop itself (about 15 ns a turn) is part of it."""
    start = time.perf_counter_ns()
    for _ in range(repeats):
        call()
    return (time.perf_counter_ns() - start) / repeats


def measure(call, repeats):
    one = batch(call, 3)
    one = batch(call, max(3, int(WARM_UP_NS / one)))  # allocator, caches, the processor's clock
    repeats = max(1, min(repeats, int(LONGEST_BATCH_NS / one)))
    return statistics.median(batch(call, repeats) for _ in range(BATCHES))


def calls(n):
    """The operations at n x n, by name. The model is one linear layer and relu, its loss the sum."""
    torch.manual_seed(0)
    a, b = torch.randn(n, n), torch.randn(n, n)
    weight = torch.randn(n, n, requires_grad=True)
    bias = torch.zeros(n, requires_grad=True)

    def forward():
        return torch.relu(torch.nn.functional.linear(a, weight, bias))

    def forward_backward():
        weight.grad = bias.grad = None
        forward().sum().backward()

    return {
        "add": lambda: a + b,
        "mul": lambda: a * b,
        "matmul": lambda: a @ b,
        "view": lambda: a.view(-1),
        "slice": lambda: a[1:],
        "index": lambda: a[0],
        "linear_relu_forward": forward,
        "linear_relu_backward": forward_backward,
    }


def main():
    repeats = int(sys.argv[1]) if len(sys.argv) > 1 else 10000
    if repeats < 1:
        sys.exit("dispatch.py: REPEATS must be at least 1")
    torch.set_num_threads(1)
    ns = {}
    for n in SIZES:
        for name, call in calls(n).items():
            ns.setdefault(name, {})[f"{n}x{n}"] = round(measure(call, repeats), 1)
    result = {"torch": torch.__version__, "threads": torch.get_num_threads(), "repeats": repeats, "batches": BATCHES}
    print(json.dumps(result | {"ns": ns}, indent=1))


if __name__ == "__main__":
    main()
