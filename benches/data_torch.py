"""Reading photographs: PyTorch's DataLoader with torchvision and Pillow beside vit22b's, two workers each.

    python benches/data_torch.py      # torch, torchvision, pillow; cargo

Both read the files that the bench draws, take turns, and the medians are compared.
"""

import re
import statistics
import subprocess
import time

import torch
from torchvision import datasets, transforms

ROUNDS, SIZE = 5, 64
BENCH = ["cargo", "bench", "--workspace", "--quiet", "--bench", "data", "--"]
BENCH += ["--noplot", "--warm-up-time", "1", "--measurement-time", "4"]
normalize = transforms.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])
STEPS = {
    "training": [transforms.RandomResizedCrop(224), transforms.RandomHorizontalFlip()],
    "evaluation": [transforms.Resize(256), transforms.CenterCrop(224)],
}


def ours(name):
    command = [*BENCH, f"two threads/{name}"]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    # thrpt: [low unit middle unit high unit]
    middle, unit = re.search(r"thrpt:\s*\[(.*)\]", text)[1].split()[2:4]
    return float(middle) * (1000 if unit == "Kelem/s" else 1)


def torchs(name):
    steps = transforms.Compose([*STEPS[name], transforms.ToTensor(), normalize])
    data = datasets.ImageFolder("out/photos", steps)
    loader = torch.utils.data.DataLoader(
        data, SIZE, shuffle=True, num_workers=2, drop_last=True, persistent_workers=True
    )
    for _ in loader:  # starts the workers
        pass
    start, seen = time.perf_counter(), 0
    for _ in range(8):
        for images, _ in loader:
            seen += len(images)
    return seen / (time.perf_counter() - start)


for name in STEPS:
    ours(name)  # builds the bench, draws the photographs
    rounds = [(torchs(name), ours(name)) for _ in range(ROUNDS)]
    for torch_rate, rate in rounds:
        print(f"{name}: PyTorch {torch_rate:.0f} images/s, vit22b {rate:.0f}")
    torch_rate, rate = (statistics.median(column) for column in zip(*rounds))
    print(f"{name}, medians: PyTorch {torch_rate:.0f}, vit22b {rate:.0f}, ratio {rate / torch_rate:.2f}")
