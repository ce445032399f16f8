"""Images a second of torchvision's DataLoader, from JPEG files to batches: decoded, random resized crop, flip, normalised.

    jpeg.py FOLDER WORKERS EPOCHS SIDE BATCH        FOLDER/CLASS/*.jpg

Prints "decode N" (one thread, bare decoding by torchvision.io), "loader N", and "cost N", the processor time of an image
in microseconds over all processes.
"""
import glob
import os
import resource
import sys
import time

import torch
import torchvision
from torchvision.io import ImageReadMode, decode_jpeg, read_file
from torchvision.transforms import v2


def load(path):
    return decode_jpeg(read_file(path), mode=ImageReadMode.RGB)


def main(folder, workers, epochs, side, batch):
    torch.set_num_threads(1)
    files = glob.glob(os.path.join(folder, "*", "*.jpg"))
    contents = [read_file(file) for file in files]
    begun = time.perf_counter()
    for content in contents:
        decode_jpeg(content, mode=ImageReadMode.RGB)
    print("decode", len(files) / (time.perf_counter() - begun))
    change = v2.Compose([
        v2.RandomResizedCrop(side, antialias=True),
        v2.RandomHorizontalFlip(),
        v2.ToDtype(torch.float32, scale=True),
        v2.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]),
    ])
    data = torchvision.datasets.ImageFolder(folder, change, loader=load)
    loader = torch.utils.data.DataLoader(data, batch_size=batch, shuffle=True, num_workers=workers,
                                         persistent_workers=True)
    def used():
        own, workers = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
        return own.ru_utime + own.ru_stime + workers.ru_utime + workers.ru_stime

    before = used()
    started = iter(loader)  # starts the processes
    for _ in started:
        pass
    best = 0
    for _ in range(epochs):
        begun, n = time.perf_counter(), 0
        for x, _ in loader:
            n += x.shape[0]
        best = max(best, n / (time.perf_counter() - begun))
    print("loader", best)
    del started, loader  # ends the processes: only then their time is known
    print("cost", (used() - before) / (len(files) * (epochs + 1)) * 1e6)


main(sys.argv[1], *map(int, sys.argv[2:]))
