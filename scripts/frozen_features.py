"""What features of `vit22b embed` are worth beside raw pixels: a ridge probe, ten shots and the nearest neighbour.

    vit22b embed --weights WEIGHTS --images IMAGES --out features.safetensors
    python scripts/frozen_features.py features.safetensors IMAGES

With numpy, Pillow and safetensors. IMAGES has a folder for each class. Half of the images of each class train, the others test,
drawn by a seed; ten shots are the mean of five draws. Columns are centred and scaled by the training images.
"""
import argparse, json, os
import numpy as np
from PIL import Image
from safetensors import safe_open


def ridge(x, y, classes, strength=1.0):
    x1 = np.concatenate([x, np.ones((len(x), 1))], 1)
    # The smaller of the two systems of equations.
    targets = 2 * np.eye(classes)[y] - 1
    if len(x1) < x1.shape[1]:
        w = x1.T @ np.linalg.solve(x1 @ x1.T + strength * len(x1) * np.eye(len(x1)), targets)
    else:
        w = np.linalg.solve(x1.T @ x1 + strength * len(x1) * np.eye(x1.shape[1]), x1.T @ targets)
    return lambda z: (np.concatenate([z, np.ones((len(z), 1))], 1) @ w).argmax(1)


def neighbour(x, y):
    unit = lambda a: a / np.maximum(np.linalg.norm(a, axis=1, keepdims=True), 1e-12)
    return lambda z: y[(unit(z) @ unit(x).T).argmax(1)]


def measure(x, y, classes):
    rng = np.random.default_rng(0)
    train = np.zeros(len(y), bool)
    for c in range(classes):
        own = rng.permutation(np.flatnonzero(y == c))
        train[own[: len(own) // 2]] = True
    mean, std = x[train].mean(0), x[train].std(0)
    z = (x - mean) / np.where(std > 0, std, 1)
    right = lambda f: 100 * (f(z[~train]) == y[~train]).mean()
    shots = []
    for _ in range(5):
        few = np.concatenate([rng.choice(np.flatnonzero(train & (y == c)), 10, replace=False) for c in range(classes)])
        shots.append(right(ridge(z[few], y[few], classes)))
    return right(ridge(z[train], y[train], classes)), np.mean(shots), right(neighbour(z[train], y[train]))


if __name__ == "__main__":
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("features")
    p.add_argument("images")
    a = p.parse_args()
    with safe_open(a.features, "numpy") as f:
        names = json.loads(f.metadata()["names"])
        features = f.get_tensor("features").astype(np.float64)
    folders = sorted({n.split("/")[0] for n in names})
    labels = np.array([folders.index(n.split("/")[0]) for n in names])
    pixels = np.stack([np.asarray(Image.open(os.path.join(a.images, n)), np.float64).ravel() / 255 for n in names])
    print(f"{len(names)} images, {len(folders)} classes; right of 100: ridge probe, ten shots, nearest neighbour")
    for what, x in [(f"{features.shape[1]} features", features), (f"{pixels.shape[1]} pixels", pixels)]:
        print(f"  {what:<14}" + "".join(f"{v:8.1f}" for v in measure(x, labels, len(folders))))
