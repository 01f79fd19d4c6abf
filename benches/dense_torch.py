"""A training step of UPerNet on B/16 in PyTorch, as `benches/dense.rs` has it:

    python benches/dense_torch.py whole 3      # torch and timm; or: frozen 3, without training the tower

The most megabytes that the process held, and for each step seconds by the clock.
"""

import resource
import sys
import time

import timm
import torch
import torch.nn.functional as F
from torch import nn

SIDE, BATCH, CLASSES, WIDTH, CHANNELS = 512, 2, 150, 768, 512
trained, steps = sys.argv[1], int(sys.argv[2])
torch.manual_seed(0)
torch.set_num_threads(2)


class ConvNorm(nn.Sequential):
    def __init__(self, i, o, k):
        super().__init__(nn.Conv2d(i, o, k, padding=k // 2, bias=False), nn.GroupNorm(1, o), nn.ReLU(inplace=True))


class LayerNorm2d(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.w = nn.Parameter(torch.ones(c))
        self.b = nn.Parameter(torch.zeros(c))

    def forward(self, x):
        return F.layer_norm(x.permute(0, 2, 3, 1), (x.shape[1],), self.w, self.b).permute(0, 3, 1, 2)


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.tower = timm.create_model("vit_base_patch16_224", img_size=SIDE, num_classes=0)
        up = lambda: nn.ConvTranspose2d(WIDTH, WIDTH, 2, stride=2)
        self.four = nn.Sequential(up(), LayerNorm2d(WIDTH), nn.GELU(), up())
        self.two = up()
        self.pools = nn.ModuleList(ConvNorm(WIDTH, CHANNELS, 1) for _ in range(4))
        self.bottleneck = ConvNorm(WIDTH + 4 * CHANNELS, CHANNELS, 3)
        self.laterals = nn.ModuleList(ConvNorm(WIDTH, CHANNELS, 1) for _ in range(3))
        self.levels = nn.ModuleList(ConvNorm(CHANNELS, CHANNELS, 3) for _ in range(3))
        self.join = ConvNorm(4 * CHANNELS, CHANNELS, 3)
        self.classifier = nn.Conv2d(CHANNELS, CLASSES, 1)

    def forward(self, x):
        maps = self.tower.get_intermediate_layers(x, n=[2, 5, 8, 11], reshape=True, norm=True)
        maps = [self.four(maps[0]), self.two(maps[1]), maps[2], F.max_pool2d(maps[3], 2)]
        bilinear = lambda m, s: F.interpolate(m, size=s, mode="bilinear", align_corners=False)
        top = maps[3]
        pooled = [bilinear(p(F.adaptive_avg_pool2d(top, s)), top.shape[2:]) for p, s in zip(self.pools, [1, 2, 3, 6])]
        out = [l(m) for l, m in zip(self.laterals, maps)] + [self.bottleneck(torch.cat([top] + pooled, 1))]
        for i in (2, 1, 0):
            out[i] = out[i] + bilinear(out[i + 1], out[i].shape[2:])
        out = [l(m) for l, m in zip(self.levels, out)] + [out[3]]
        joined = self.join(torch.cat([bilinear(m, out[0].shape[2:]) for m in out], 1))
        return bilinear(self.classifier(joined), x.shape[2:])


model = Model()
if trained == "frozen":
    model.tower.requires_grad_(False)
parameters = [p for p in model.parameters() if p.requires_grad]
optimizer = torch.optim.AdamW(parameters, lr=1e-4, weight_decay=0.05)
images = torch.randn(BATCH, 3, SIDE, SIDE)
labels = torch.randint(0, CLASSES, (BATCH, SIDE, SIDE))
seconds = []
for _ in range(steps):
    start = time.perf_counter()
    loss = F.cross_entropy(model(images), labels)
    loss.backward()
    nn.utils.get_total_norm([p.grad for p in parameters]).item()
    optimizer.step()
    optimizer.zero_grad()
    loss.item()
    seconds.append(f"{time.perf_counter() - start:.2f}")
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1.024e-3
print(f"{trained}: {peak:.0f} MB of the process; steps {' '.join(seconds)} s")
