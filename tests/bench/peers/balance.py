"""Steps of a mixture of three losses in Python's torch: the peer of tests/bench/balance.lua.

    python balance.py THREADS

Prints {"way": milliseconds a step, ..}: the plain sum; MetaBalance as its public example goes (every loss backward
through the retained graph, a loop over parameters with norms read as numbers); the same with the second forward pass
that makes it right; rewritten with torch.autograd.grad and foreach operators; PCGrad over flat vectors. The least of
several rounds.
"""
import json
import random
import sys
import time

import torch
from torch import nn
from torch.nn import functional as F

BATCH, ROUNDS, STEPS = 128, 5, 15
RELAX, BETA = 0.7, 0.9
torch.set_num_threads(int(sys.argv[1]))


class Setting:
    def __init__(self):
        torch.manual_seed(0)
        self.trunk = nn.Sequential(nn.Linear(784, 500), nn.ReLU(), nn.Linear(500, 500), nn.ReLU())
        self.heads = nn.ModuleList([nn.Linear(500, 10), nn.Linear(500, 128), nn.Linear(500, 64)])
        self.shared = list(self.trunk.parameters())
        self.own = list(self.heads.parameters())
        self.step_all = torch.optim.Adam(self.shared + self.own, lr=1e-3)
        self.step_shared = torch.optim.Adam(self.shared, lr=1e-3)
        self.step_own = torch.optim.Adam(self.own, lr=1e-3)
        self.x = torch.rand(BATCH, 1, 28, 28).flatten(1)
        self.y = torch.randint(0, 10, (BATCH,))
        self.bits = torch.randint(0, 2, (BATCH, 128)).float()
        self.more = torch.randint(0, 2, (BATCH, 64)).float()
        self.norms = {p: [0.0, 0.0, 0.0] for p in self.shared}
        self.flat_norms = torch.zeros(3, len(self.shared))

    def losses(self, features):
        a, b, c = (head(features) for head in self.heads)
        return [0.5 * F.cross_entropy(a, self.y), 0.3 * F.binary_cross_entropy_with_logits(b, self.bits),
                0.2 * F.l1_loss(c.sigmoid(), self.more)]

    def sum(self):
        self.step_all.zero_grad()
        sum(self.losses(self.trunk(self.x))).backward()
        self.step_all.step()

    def balance_loop(self, losses):
        total = [torch.zeros_like(p) for p in self.shared]
        for i, loss in enumerate(losses):
            loss.backward(retain_graph=i + 1 < len(losses))
            for k, p in enumerate(self.shared):
                norms = self.norms[p]
                norms[i] = BETA * norms[i] + (1 - BETA) * torch.norm(p.grad).item()
                if i > 0:
                    p.grad = RELAX * p.grad * norms[0] / norms[i] + (1 - RELAX) * p.grad
                total[k] += p.grad
                p.grad.detach_()
                p.grad.zero_()
        for p, gradient in zip(self.shared, total):
            p.grad = gradient

    def example(self):
        # heads and shared part step together: the example's order (heads first, in place) raises today
        self.step_all.zero_grad()
        losses = self.losses(self.trunk(self.x))
        sum(losses).backward(retain_graph=True)
        heads = [p.grad for p in self.own]
        for p in self.shared:
            p.grad = None
        self.balance_loop(losses)
        for p, gradient in zip(self.own, heads):
            p.grad = gradient
        self.step_all.step()

    def two_passes(self):
        self.step_own.zero_grad()
        self.step_shared.zero_grad()
        sum(self.losses(self.trunk(self.x))).backward()
        self.step_own.step()
        self.step_shared.zero_grad()
        self.balance_loop(self.losses(self.trunk(self.x)))
        self.step_shared.step()

    def by_task(self, losses):
        lists = []
        for i, (loss, head) in enumerate(zip(losses, self.heads)):
            own = list(head.parameters())
            found = torch.autograd.grad(loss, self.shared + own, retain_graph=i + 1 < len(losses))
            for p, gradient in zip(own, found[len(self.shared):]):
                p.grad = gradient
            lists.append(list(found[:len(self.shared)]))
        return lists

    def rewritten(self):
        self.step_all.zero_grad()
        lists = self.by_task(self.losses(self.trunk(self.x)))
        now = torch.stack([torch.stack(torch._foreach_norm(g)) for g in lists])
        self.flat_norms = BETA * self.flat_norms + (1 - BETA) * now
        factors = RELAX * self.flat_norms[0] / self.flat_norms + (1 - RELAX)
        total = lists[0]
        for i in (1, 2):
            total = torch._foreach_add(total, torch._foreach_mul(lists[i], list(factors[i].unbind())))
        for p, gradient in zip(self.shared, total):
            p.grad = gradient
        self.step_all.step()

    def pcgrad(self):
        self.step_all.zero_grad()
        flat = [torch.cat([g.flatten() for g in task]) for task in self.by_task(self.losses(self.trunk(self.x)))]
        total = torch.zeros_like(flat[0])
        for i, gradient in enumerate(flat):
            v, others = gradient.clone(), [j for j in range(3) if j != i]
            random.shuffle(others)
            for j in others:
                product = v @ flat[j]
                if product < 0:
                    v -= product / (flat[j] @ flat[j]) * flat[j]
            total += v
        at = 0
        for p in self.shared:
            p.grad = total[at:at + p.numel()].view_as(p)
            at += p.numel()
        self.step_all.step()


ways = {"sum": "sum", "metabalance, example": "example", "metabalance, two passes": "two_passes",
        "metabalance, rewritten": "rewritten", "pcgrad": "pcgrad"}
runs = {name: getattr(Setting(), method) for name, method in ways.items()}
best = {name: float("inf") for name in ways}
for run in runs.values():
    for _ in range(5):
        run()
for _ in range(ROUNDS):
    for name, run in runs.items():
        start = time.perf_counter()
        for _ in range(STEPS):
            run()
        best[name] = min(best[name], (time.perf_counter() - start) / STEPS * 1e3)
print(json.dumps({name: round(ms, 3) for name, ms in best.items()}))
