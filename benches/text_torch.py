"""Embedding texts: a text tower of SigLIP's form in PyTorch beside vit22b's, from the same file.

    python benches/text_torch.py      # torch, safetensors; cargo, or BENCH=path of the built bench

Both embed 10,000 texts of 16 tokens in batches of 64 and take turns; vit22b cuts the strings into tokens too, PyTorch is given ids.
The processor's time is compared beside the clock's, since other work on the machine lengthens the latter.
"""

import json
import os
import pathlib
import random
import statistics
import subprocess
import time

import torch
from safetensors.torch import save_file
from torch.nn.functional import gelu, layer_norm, linear, scaled_dot_product_attention

TEXTS, LENGTH, BATCH = int(os.environ.get("TEXTS", 10_000)), 16, 64
WIDTH, DEPTH, HEADS, MLP, WORDS = 512, 12, 8, 2048, 2000
ROUNDS = int(os.environ.get("ROUNDS", 3))
OUT = pathlib.Path("out/text_bench")
BENCH = os.environ.get("BENCH")
BENCH = [BENCH] if BENCH else ["cargo", "bench", "--workspace", "--quiet", "--bench", "text", "--"]

torch.manual_seed(0)
tensors, draw = {}, lambda *shape: torch.randn(shape) / shape[-1] ** 0.5


def put(name, *shape):
    tensors[f"text_model.{name}.weight"] = draw(*shape)
    tensors[f"text_model.{name}.bias"] = 0.1 * torch.randn(shape[0])


tensors["text_model.embeddings.token_embedding.weight"] = draw(WORDS + 3, WIDTH)
tensors["text_model.embeddings.position_embedding.weight"] = draw(LENGTH, WIDTH)
for block in range(DEPTH):
    layer = f"encoder.layers.{block}"
    for name in ["q_proj", "k_proj", "v_proj", "out_proj"]:
        put(f"{layer}.self_attn.{name}", WIDTH, WIDTH)
    put(f"{layer}.mlp.fc1", MLP, WIDTH)
    put(f"{layer}.mlp.fc2", WIDTH, MLP)
for name in [*(f"encoder.layers.{b}.layer_norm{n}" for b in range(DEPTH) for n in (1, 2)), "final_layer_norm"]:
    tensors[f"text_model.{name}.weight"] = 1 + 0.1 * torch.randn(WIDTH)
    tensors[f"text_model.{name}.bias"] = 0.1 * torch.randn(WIDTH)
put("head", WIDTH, WIDTH)

OUT.mkdir(parents=True, exist_ok=True)
save_file(tensors, OUT / "model.safetensors")
config = dict(model_type="siglip_text_model", num_attention_heads=HEADS, hidden_size=WIDTH)
(OUT / "config.json").write_text(json.dumps(config))
pieces = [["<pad>", 0.0], ["</s>", 0.0], ["<unk>", 0.0]] + [[f"\u2581w{word}", -1.0] for word in range(WORDS)]
tokenizer = dict(
    normalizer=dict(type="Replace", pattern=dict(Regex=" {2,}"), content=" "),
    pre_tokenizer=dict(type="Metaspace", replacement="\u2581", prepend_scheme="always"),
    model=dict(type="Unigram", unk_id=2, vocab=pieces),
)
(OUT / "tokenizer.json").write_text(json.dumps(tokenizer))
rows = [[random.Random(text).randrange(WORDS) for _ in range(LENGTH - 1)] for text in range(TEXTS)]
(OUT / "texts.txt").write_text("\n".join(" ".join(f"w{word}" for word in row) for row in rows) + "\n")
ids = torch.tensor([[word + 3 for word in row] + [1] for row in rows])


def module(name, x):
    return linear(x, tensors[f"text_model.{name}.weight"], tensors[f"text_model.{name}.bias"])


def norm(name, x):
    weight, bias = tensors[f"text_model.{name}.weight"], tensors[f"text_model.{name}.bias"]
    return layer_norm(x, (WIDTH,), weight, bias, 1e-6)


def tower(ids):
    x = tensors["text_model.embeddings.token_embedding.weight"][ids]
    x = x + tensors["text_model.embeddings.position_embedding.weight"]
    heads = lambda y: y.view(*y.shape[:2], HEADS, -1).transpose(1, 2)
    for block in range(DEPTH):
        layer = f"encoder.layers.{block}"
        y = norm(f"{layer}.layer_norm1", x)
        q, k, v = (heads(module(f"{layer}.self_attn.{name}_proj", y)) for name in "qkv")
        y = scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2)
        x = x + module(f"{layer}.self_attn.out_proj", y)
        y = gelu(module(f"{layer}.mlp.fc1", norm(f"{layer}.layer_norm2", x)), approximate="tanh")
        x = x + module(f"{layer}.mlp.fc2", y)
    return module("head", norm("final_layer_norm", x)[:, -1])


def torchs():
    with torch.inference_mode():
        tower(ids[:BATCH])
        start, processor = time.perf_counter(), time.process_time()
        vectors = torch.cat([tower(part) for part in ids.split(BATCH)])
        return time.perf_counter() - start, time.process_time() - processor, vectors[-1]


def ours():
    text = subprocess.run([*BENCH, str(OUT), "1"], capture_output=True, text=True, check=True).stdout
    numbers = [float(number) for number in text.split()]
    return numbers[0], numbers[1], torch.tensor(numbers[2:6])


ratios = []
for _ in range(ROUNDS):
    (theirs, their_processor, expected), (wall, processor, got) = torchs(), ours()
    far = (got - expected[:4]).abs().max().item()
    print(f"PyTorch {theirs:.1f} s, processor {their_processor:.1f} s; vit22b {wall:.1f} s, processor {processor:.1f} s;", end=" ")
    print(f"vectors differ by {far:.1e}", flush=True)
    ratios.append((wall / theirs, processor / their_processor))
wall, processor = (statistics.median(column) for column in zip(*ratios))
print(f"{TEXTS} texts, medians: vit22b takes {wall:.2f} of PyTorch's time, {processor:.2f} of its processor time")
