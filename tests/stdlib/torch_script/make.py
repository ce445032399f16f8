# Makes net.pt beside this file, a small TorchScript archive of PyTorch 2.13, and prints what its methods give.
import pathlib
from typing import Dict, List, Optional, Tuple

import torch


class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = torch.nn.Linear(3, 2)
        self.norm = torch.nn.BatchNorm1d(2)
        with torch.no_grad():
            self.fc.weight.copy_(torch.arange(6.0).reshape(2, 3) / 4)
            self.fc.bias.copy_(torch.tensor([0.5, -0.5]))

    def forward(self, x, scale: float = 1.0):
        return torch.tanh(self.norm(self.fc(x))) * scale

    @torch.jit.export
    def several(self, xs: List[torch.Tensor], names: Dict[str, int], extra: Optional[torch.Tensor] = None):
        total = xs[0]
        for x in xs[1:]:
            total = total + x
        if extra is not None:
            total = total + extra
        count = 0
        for name in names:
            count += names[name]
        return total, {"count": total.sum() * 0 + count}, [count, len(xs)], extra

    @torch.jit.export
    def pair(self, p: Tuple[int, str]):
        return p[1] + str(p[0])

    @torch.jit.export
    def refuse(self, x):
        raise ValueError("never this one")
        return x


if __name__ == "__main__":
    net = torch.jit.script(Net())
    net(torch.ones(2, 3))  # one training step of the running statistics
    net.eval()
    net.save(pathlib.Path(__file__).parent / "net.pt")
    x = torch.tensor([[1.0, 2.0, 3.0], [0.0, -1.0, 1.0]])
    print(net(x), net(x, 2.0), list(net.state_dict()), net.norm.running_mean)
