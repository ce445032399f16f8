"""ResNet-18 from given weights over given batches in PyTorch: the peer of tests/bench/twin.lua.

    python twin.py IN.safetensors OUT.safetensors LR MOMENTUM WEIGHT_DECAY THREADS

IN: first.* (weights), pictures, labels, batches (indices of every step), first_batch (what the other side saw first).
OUT: losses of every step, last.* (weights and statistics). Prints the seconds of training.
"""
import sys
import time

import torch
from safetensors.torch import load_file, save_file
from torch import nn
from torch.nn import functional as F
from torchvision.models.resnet import BasicBlock

given = load_file(sys.argv[1])
lr, momentum, weight_decay = map(float, sys.argv[3:6])
torch.set_num_threads(int(sys.argv[6]))


class Trunk(nn.Module):
    """ResNet-18 for pictures of 32 x 32: a 3x3 convolution at first and no pooling."""

    def __init__(self, width):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(3, width, 3, 1, 1, bias=False), nn.BatchNorm2d(width)
        channels = width
        for stage in range(4):
            out, stride = width * 2 ** stage, 1 if stage == 0 else 2
            shortcut = None
            if stage > 0:
                shortcut = nn.Sequential(nn.Conv2d(channels, out, 1, stride, bias=False), nn.BatchNorm2d(out))
            self.add_module(f"layer{stage + 1}", nn.Sequential(BasicBlock(channels, out, stride, shortcut), BasicBlock(out, out)))
            channels = out

    def forward(self, x):
        x = F.relu(self.bn1(self.conv1(x)))
        for stage in range(4):
            x = getattr(self, f"layer{stage + 1}")(x)
        return x.mean((2, 3))


first = {name[len("first."):]: value for name, value in given.items() if name.startswith("first.")}
width, classes = first["encoder.conv1.weight"].shape[0], first["head.weight"].shape[0]
dtype = first["encoder.conv1.weight"].dtype
model = nn.ModuleDict({"encoder": Trunk(width), "head": nn.Linear(8 * width, classes)}).to(dtype)
model.load_state_dict(first)
pictures = given["pictures"].to(dtype)
assert torch.equal(pictures[given["batches"][0]], given["first_batch"]), "the first batch is another one"
optim = torch.optim.SGD(model.parameters(), lr=lr, momentum=momentum, weight_decay=weight_decay)

losses, start = [], time.perf_counter()
for batch in given["batches"]:
    optim.zero_grad()
    loss = F.cross_entropy(model["head"](model["encoder"](pictures[batch])), given["labels"][batch])
    loss.backward()
    optim.step()
    losses.append(loss.item())
print(time.perf_counter() - start)
save_file({"losses": torch.tensor(losses, dtype=torch.float64),
           **{"last." + name: value.contiguous() for name, value in model.state_dict().items()}}, sys.argv[2])
