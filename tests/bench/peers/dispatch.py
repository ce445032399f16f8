"""The cases of ../dispatch.lua in Python: prints {"name size": nanoseconds a call} as JSON."""
import json
import math
import time

import torch

ROUNDS = 9


def cases(n):
    x, y = torch.rand(n, n), torch.rand(n, n)
    w, b = torch.rand(n, n, requires_grad=True), torch.zeros(n, requires_grad=True)
    n2 = n * n

    def add(calls):
        for _ in range(calls):
            x.add(y)

    def mul(calls):
        for _ in range(calls):
            x.mul(y)

    def matmul(calls):
        for _ in range(calls):
            x.matmul(y)

    def view(calls):
        for _ in range(calls):
            x.view(n2)

    def slice(calls):
        for _ in range(calls):
            x[0:1]

    def index(calls):
        for _ in range(calls):
            x[0]

    def linear_relu_backward(calls):
        linear = torch.nn.functional.linear
        for _ in range(calls):
            linear(x, w, b).relu().sum().backward()

    return [add, mul, matmul, view, slice, index, linear_relu_backward]


def seconds(case, calls):
    start = time.perf_counter()
    case(calls)
    return time.perf_counter() - start


def calibrate(case):
    calls = 4
    while True:
        spent = seconds(case, calls)
        if spent > 0.005:
            return max(1, math.ceil(calls * 0.02 / spent))
        calls *= 4


times = {}
for size in (2, 64, 512):
    for case in cases(size):
        calls = calibrate(case)
        best = min(seconds(case, calls) for _ in range(ROUNDS))
        times[f"{case.__name__} {size}"] = best / calls * 1e9
print(json.dumps(times))
