"""Trials of a linear head on features that were computed before, as Python programs run them: the peer of
tests/bench/trials.lua.

    python trials.py loop FEATURES TRIALS BATCHES           one program, one trial after the other
    python trials.py one FEATURES SEED RATE BATCHES         one trial: a process for each
    python trials.py --multirun hydra/launcher=joblib features=FEATURES 'seed=range(5)' rate=1e-3,2e-3 batches=...

FEATURES: written by torch.save, { train_x, train_y, test_x, test_y, classes }. BATCHES: "loader" takes them from
torch.utils.data.DataLoader, as most programs do; "indexed" takes them by hand, with one index_select a batch. A trial
reads the features, trains 20 epochs of batches of 64 with Adam, evaluates, and keeps its weights and its accuracy. One
thread a trial. Prints the accuracy.
"""
import json
import os
import sys

EPOCHS, BATCH = 20, 64


def batches(x, y, kind):
    import torch
    if kind == "loader":
        data = torch.utils.data.TensorDataset(x, y)
        yield from torch.utils.data.DataLoader(data, batch_size=BATCH, shuffle=True)
    else:
        for index in torch.randperm(len(y)).split(BATCH):
            yield x[index], y[index]


def trial(features, seed, rate, kind, folder):
    import torch
    from torch import nn
    torch.set_num_threads(1)
    torch.manual_seed(seed)
    data = torch.load(features)
    x, y = data["train_x"], data["train_y"]
    head = nn.Linear(x.shape[1], int(data["classes"]))
    optimizer = torch.optim.Adam(head.parameters(), lr=rate)
    for _ in range(EPOCHS):
        for inputs, targets in batches(x, y, kind):
            optimizer.zero_grad()
            nn.functional.cross_entropy(head(inputs), targets).backward()
            optimizer.step()
    with torch.no_grad():
        accuracy = (head(data["test_x"]).argmax(1) == data["test_y"]).float().mean().item()
    os.makedirs(folder, exist_ok=True)
    torch.save(head.state_dict(), os.path.join(folder, "last.pt"))
    with open(os.path.join(folder, "metrics.json"), "w") as file:
        json.dump({"test.top1": accuracy}, file)
    return accuracy


def main():
    if sys.argv[1] == "loop":
        features, count, kind = sys.argv[2], int(sys.argv[3]), sys.argv[4]
        for i in range(count):
            print(trial(features, i // 4, 1e-3 * (i % 4 + 1), kind, f"loop/{i}"))
    elif sys.argv[1] == "one":
        features, seed, rate, kind = sys.argv[2], int(sys.argv[3]), float(sys.argv[4]), sys.argv[5]
        print(trial(features, seed, rate, kind, f"one/{seed}-{rate}"))
    else:
        import hydra
        from hydra.core.config_store import ConfigStore
        from hydra.core.hydra_config import HydraConfig
        ConfigStore.instance().store(name="trial", node={"features": "?", "seed": 0, "rate": 1e-3, "batches": "loader"})

        @hydra.main(version_base=None, config_name="trial")
        def app(cfg):
            return trial(cfg.features, cfg.seed, cfg.rate, cfg.batches, HydraConfig.get().runtime.output_dir)

        app()


if __name__ == "__main__":
    main()
