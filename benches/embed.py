"""Files to features: `vit22b embed` beside a script with timm, two threads or worker processes each.

    python benches/embed.py [IMAGES]    # torch, timm and what they need; cargo build --release

IMAGES is a folder of JPEG files. Without it 2,000 photographs of 500 x 375 pixels are drawn into out/embed/photos: noise whose strength
falls with its frequency, and edges. Both sides run as programs of their own, in turns, from start to written features, so starting and
compiling count. The model is timm's ViT-S/16 with random weights, in bf16, and the script is what people write: timm's
preprocessing, PyTorch's DataLoader, torch.compile. Prints images per second, processor seconds, and how far the two are apart:
the mean cosine of the features of an image.
"""

import argparse
import pathlib
import resource
import statistics
import subprocess
import sys
import time

import numpy as np

MODEL, BATCH = "vit_small_patch16_224", 32
PHOTOS, SIZE = 2000, (500, 375)


def draw(seed, size):
    """A picture like a photograph, with colours at half the resolution, as cameras write it."""
    from PIL import Image

    rng, (width, height) = np.random.default_rng(seed), size
    planes = np.zeros((3, height, width), np.float32)
    for octave in range(9):
        cell = max(max(size) >> octave + 1, 1)
        for plane, strength in zip(planes, (1.0, 0.3, 0.3)):
            grid = rng.uniform(-1, 1, (height // cell + 2, width // cell + 2)).astype(np.float32)
            whole = Image.fromarray(grid).resize((grid.shape[1] * cell, grid.shape[0] * cell), Image.Resampling.BILINEAR)
            plane += strength * 0.9**octave * np.asarray(whole)[:height, :width]
    x, y = np.arange(width) / width, np.arange(height)[:, None] / height
    light = 120 + 40 * planes[0]
    for _ in range(4):
        a, b, at, by = rng.uniform(-0.5, 0.5, 4)
        light += (a * x + b * y > at) * 60 * by
    red, blue = 40 * planes[1:]
    pixels = np.stack([light + red, light - (red + blue) / 2, light + blue], -1)
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8))


def photos(folder, count, size):
    """A folder of photographs, each third upright. Those that are there stay."""
    folder.mkdir(parents=True, exist_ok=True)
    for seed in range(count):
        path = folder / f"{seed:05}.jpg"
        if not path.exists():
            draw(seed, size[::-1] if seed % 3 == 0 else size).save(path, quality=90, subsampling="4:2:0")
    return folder


class Files:
    """The images of a folder, in the order of their names."""

    def __init__(self, folder, transform):
        self.paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in (".jpg", ".jpeg"))
        self.transform = transform

    def __len__(self):
        return len(self.paths)

    def __getitem__(self, at):
        from PIL import Image

        return self.transform(Image.open(self.paths[at]).convert("RGB"))


def script(images, weights, out):
    """What people write with timm."""
    import timm
    import torch
    from timm.data import create_transform, resolve_data_config

    torch.set_num_threads(2)
    model = timm.create_model(MODEL, num_classes=0).eval()
    model.load_state_dict(torch.load(weights / "weights.pt"), strict=False)
    transform = create_transform(**resolve_data_config({}, model=model))
    loader = torch.utils.data.DataLoader(Files(images, transform), BATCH, num_workers=2)
    model = torch.compile(model.bfloat16(), dynamic=False)
    features = []
    with torch.inference_mode():
        for batch in loader:
            rest = BATCH - len(batch)  # one shape, one compilation
            batch = torch.cat([batch, batch.new_zeros(rest, *batch.shape[1:])])
            features.append(model(batch.bfloat16())[: BATCH - rest].float())
    np.save(out, torch.cat(features).numpy())


def write_model(folder):
    import timm
    import torch
    from timm.models import save_for_hf

    torch.manual_seed(0)
    model = timm.create_model(MODEL, num_classes=1000)
    folder.mkdir(parents=True, exist_ok=True)
    save_for_hf(model, folder, safe_serialization=True)
    torch.save(model.state_dict(), folder / "weights.pt")


def timed(command):
    """Seconds by the clock and of processors."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    seconds, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return seconds, used


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("images", type=pathlib.Path, nargs="?")
    parser.add_argument("--command", default="target/release/vit22b", help="the command that embeds")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--precision", default="bf16")
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("out/embed"))
    parser.add_argument("--script", action="store_true", help="run the script alone")
    arguments = parser.parse_args()
    weights, theirs, ours = (arguments.out / name for name in ("model", "timm.npy", "vit22b.npy"))
    if arguments.script:
        return script(arguments.images, weights, theirs)
    arguments.images = arguments.images or photos(arguments.out / "photos", PHOTOS, SIZE)
    write_model(weights)
    count = len(Files(arguments.images, None))
    sides = {
        "script": [sys.executable, __file__, str(arguments.images), "--out", str(arguments.out), "--script"],
        "vit22b": [arguments.command, "embed", "--weights", str(weights), "--images", str(arguments.images)]
        + ["--out", str(ours), "--device", "xla", "--precision", arguments.precision, "--batch", str(BATCH)],
    }
    found = {name: [] for name in sides}
    for _ in range(arguments.rounds):
        for name, command in sides.items():
            found[name].append(timed(command))
            seconds, used = found[name][-1]
            print(f"{name}: {count / seconds:.1f} images/s, {seconds:.1f} s, {used:.1f} s of processors", flush=True)
    medians = [statistics.median(seconds for seconds, _ in found[name]) for name in ("vit22b", "script")]
    x, y = np.load(ours), np.load(theirs)
    cosines = (x * y).sum(1) / np.linalg.norm(x, axis=1) / np.linalg.norm(y, axis=1)
    print(f"medians: vit22b {medians[0]:.1f} s, script {medians[1]:.1f} s, ratio {medians[0] / medians[1]:.2f}")
    print(f"cosine of features: mean {cosines.mean():.4f}, least {cosines.min():.4f}")


if __name__ == "__main__":
    main()
