"""A forward pass and a training step of one image network in PyTorch: the peer of tests/bench/networks.lua.

    python networks.py NAME BATCH CHANNELS SIDE THREADS

Prints the median milliseconds of both, and the resident memory in MB after the imports and at most.
"""
import resource
import statistics
import sys
import time

import torch
import torchvision
from torch import nn
from torch.nn import functional as F

name, (batch, channels, side, threads) = sys.argv[1], map(int, sys.argv[2:6])
torch.set_num_threads(threads)
torch.manual_seed(0)


def resident():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6


def network():
    if name == "lenet":
        return nn.Sequential(nn.Conv2d(1, 6, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(6, 16, 5), nn.ReLU(),
                             nn.MaxPool2d(2), nn.Flatten(), nn.Linear(400, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(),
                             nn.Linear(84, 10))
    if name == "mnist_cnn":
        return nn.Sequential(nn.Conv2d(1, 32, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(32, 64, 5, padding=2),
                             nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(3136, 1024), nn.ReLU(), nn.Linear(1024, 10))
    more = {"dropout": 0.0} if name.startswith("efficientnet") else {}
    return getattr(torchvision.models, name)(num_classes=10, **more)


def time_of(piece, seconds):
    for _ in range(3):
        piece()
    times, ends = [], time.perf_counter() + seconds
    while len(times) < 5 or time.perf_counter() < ends:
        start = time.perf_counter()
        piece()
        times.append((time.perf_counter() - start) * 1e3)
    return statistics.median(times)


start = resident()
model = network()
x, y = torch.rand(batch, channels, side, side), torch.randint(0, 10, (batch,))
optim = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)


def forward():
    with torch.no_grad():
        model(x)


def training():
    optim.zero_grad()
    F.cross_entropy(model(x), y).backward()
    optim.step()


model.eval()
forward_ms = time_of(forward, 1.5)
model.train()
training_ms = time_of(training, 3)
print(forward_ms, training_ms, start, resident())
