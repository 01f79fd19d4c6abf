//! The other members of the family against timm's models, and resampling against big_vision's.

use burn::tensor::Tensor;
use vit22b::params::{self, AnyTensor, NamedTensors};
use vit22b::vit::{
    BlockKind, FeatureRequest, Gelu, NormKind, Pool, QkNorm, ViT22BConfig, resample,
};

use crate::fixture::{Fixture, assert_close, device, path, read};

/// A timm model of the fixtures' size with its tensors under our names.
struct Timm {
    tensors: NamedTensors,
    out: NamedTensors,
    width: usize,
    class_token: bool,
}

impl Timm {
    fn matrix(&self, name: &str) -> Tensor<2> {
        self.tensors.get(name).unwrap_or_else(|| panic!("{name}"))
    }

    fn vector(&self, name: &str) -> Option<Tensor<1>> {
        self.tensors.get(name)
    }

    /// A linear layer, which timm keeps as `[out, in]`.
    fn linear(&mut self, ours: &str, theirs: &str) {
        self.out
            .insert(format!("{ours}.weight"), self.matrix(&format!("{theirs}.weight")).transpose());
        if let Some(bias) = self.vector(&format!("{theirs}.bias")) {
            self.out.insert(format!("{ours}.bias"), bias);
        }
    }

    /// Several linear layers that timm keeps as one.
    fn joint(&mut self, ours: &[(&str, usize)], theirs: &str, bias: Option<Tensor<1>>) {
        let weight = self.matrix(&format!("{theirs}.weight")).transpose();
        let mut start = 0;
        for (ours, size) in ours {
            self.out.insert(format!("{ours}.weight"), weight.clone().narrow(1, start, *size));
            if let Some(bias) = &bias {
                self.out.insert(format!("{ours}.bias"), bias.clone().narrow(0, start, *size));
            }
            start += size;
        }
    }

    fn norm(&mut self, ours: &str, theirs: &str) {
        self.vectors(&[
            (&format!("{ours}.scale"), &format!("{theirs}.weight")),
            (&format!("{ours}.bias"), &format!("{theirs}.bias")),
        ]);
    }

    fn vectors(&mut self, names: &[(&str, &str)]) {
        for (ours, theirs) in names {
            if let Some(vector) = self.vector(theirs) {
                self.out.insert(*ours, vector);
            }
        }
    }

    fn ends(&mut self) {
        let patch: Tensor<4> = self.tensors.get("patch_embed.proj.weight").unwrap();
        self.out.insert("embedding.weight", patch);
        self.vectors(&[("embedding.bias", "patch_embed.proj.bias")]);
        let mut positions: Tensor<2> = self.tensors.get::<3>("pos_embed").unwrap().squeeze_dim(0);
        if self.class_token {
            let mut token: Tensor<2> = self.tensors.get::<3>("cls_token").unwrap().squeeze_dim(0);
            // With a position of its own the class token is the sum of both.
            if positions.dims()[0] == 17 {
                token = token + positions.clone().narrow(0, 0, 1);
                positions = positions.narrow(0, 1, 16);
            }
            self.out.insert("class_token", token);
        }
        self.out.insert("pos_embedding", positions);
        if let Some(registers) = self.tensors.get::<3>("reg_token") {
            self.out.insert("registers", registers.squeeze_dim::<2>(0));
        }
        self.norm("embedding_norm", "norm_pre");
        self.norm("norm", "norm");
        self.norm("norm", "fc_norm");
        self.linear("head", "head");
        if let Some(latent) = self.tensors.get::<3>("attn_pool.latent") {
            let d = self.width;
            self.out.insert("map.probe", latent.squeeze_dim::<2>(0));
            self.linear("map.attn.query", "attn_pool.q");
            let bias = self.vector("attn_pool.kv.bias");
            self.joint(&[("map.attn.key", d), ("map.attn.value", d)], "attn_pool.kv", bias);
            self.linear("map.attn.out", "attn_pool.proj");
            self.norm("map.norm", "attn_pool.norm");
            self.linear("map.mlp.fc1", "attn_pool.mlp.fc1");
            self.linear("map.mlp.fc2", "attn_pool.mlp.fc2");
        }
    }

    fn sequential_block(&mut self, i: usize) {
        let (d, b) = (self.width, format!("blocks.{i}"));
        self.norm(&format!("{b}.norm"), &format!("{b}.norm1"));
        self.norm(&format!("{b}.mlp_norm"), &format!("{b}.norm2"));
        let names = ["query", "key", "value"].map(|name| format!("{b}.attn.{name}"));
        let bias = self.vector(&format!("{b}.attn.qkv.bias"));
        self.joint(
            &names.each_ref().map(|name| (name.as_str(), d)),
            &format!("{b}.attn.qkv"),
            bias,
        );
        self.linear(&format!("{b}.attn.out"), &format!("{b}.attn.proj"));
        self.linear(&format!("{b}.mlp.fc1"), &format!("{b}.mlp.fc1"));
        self.linear(&format!("{b}.mlp.fc2"), &format!("{b}.mlp.fc2"));
        self.vectors(&[
            (&format!("{b}.layer_scale"), &format!("{b}.ls1.gamma")),
            (&format!("{b}.mlp_layer_scale"), &format!("{b}.ls2.gamma")),
        ]);
    }

    fn parallel_block(&mut self, i: usize) {
        let (d, b) = (self.width, format!("blocks.{i}"));
        self.norm(&format!("{b}.norm"), &format!("{b}.in_norm"));
        let hidden = self.matrix(&format!("{b}.in_proj.weight")).dims()[0] - 3 * d;
        let names = ["mlp.fc1", "attn.query", "attn.key", "attn.value"].map(|n| format!("{b}.{n}"));
        let sizes = [hidden, d, d, d];
        let parts: Vec<_> =
            names.iter().zip(sizes).map(|(name, size)| (name.as_str(), size)).collect();
        let bias = self.vector(&format!("{b}.in_proj.bias"));
        self.joint(&parts, &format!("{b}.in_proj"), bias);
        self.vectors(&[
            (&format!("{b}.mlp.fc1.bias"), &format!("{b}.mlp_bias")),
            (&format!("{b}.attn.q_norm.scale"), &format!("{b}.q_norm.weight")),
            (&format!("{b}.attn.k_norm.scale"), &format!("{b}.k_norm.weight")),
            (&format!("{b}.layer_scale"), &format!("{b}.ls.gamma")),
        ]);
        self.linear(&format!("{b}.attn.out"), &format!("{b}.attn_out_proj"));
        self.linear(&format!("{b}.mlp.fc2"), &format!("{b}.mlp_out_proj"));
    }
}

/// 2e-4 in every element: activations here reach 10, f32.
fn compare(name: &str, mlp_ratio: usize, change: impl FnOnce(ViT22BConfig) -> ViT22BConfig) {
    let fixture = Fixture::open(name);
    let [image, width, depth] = ["img_size", "embed_dim", "depth"].map(|key| fixture.number(key));
    let cfg = ViT22BConfig::new(fixture.number("num_classes"))
        .with_image([image, image])
        .with_patch(fixture.number("patch_size"))
        .with_width(width)
        .with_depth(depth)
        .with_mlp_dim(mlp_ratio * width)
        .with_num_heads(fixture.number("num_heads"))
        .with_pool(Pool::ClassToken)
        .with_gelu(Gelu::Erf)
        .classic();
    let cfg = change(cfg);
    let class_token = cfg.pool == Pool::ClassToken;
    let out = NamedTensors::default();
    let mut timm = Timm { tensors: fixture.tensors("model"), out, width, class_token };
    timm.ends();
    for i in 0..depth {
        match cfg.block {
            BlockKind::Sequential => timm.sequential_block(i),
            BlockKind::Parallel => timm.parallel_block(i),
        }
    }
    let model = params::replace(cfg.init(&device()).unwrap(), timm.out).unwrap();

    let io = fixture.tensors("io");
    let request = FeatureRequest::new().encoded().pooled().logits();
    let features = model.features(io.get("images").unwrap(), &request).unwrap();
    for (name, ours) in [
        ("features", AnyTensor::new(features.encoded.unwrap())),
        ("pooled", AnyTensor::new(features.pooled.unwrap())),
        ("logits", AnyTensor::new(features.logits.unwrap())),
    ] {
        let expected = io.iter().find(|(n, _)| *n == name).unwrap().1;
        assert_close(name, &ours, expected, 2e-4);
    }
}

#[test]
fn classic_vit() {
    compare("timm_vit", 4, |cfg| cfg);
}

#[test]
fn attention_pooling() {
    compare("timm_map", 4, |cfg| cfg.with_pool(Pool::Map));
}

#[test]
fn dinov2_with_layer_scale() {
    compare("timm_dinov2", 4, |cfg| cfg.with_layer_scale(Some(1e-5)));
}

#[test]
fn parallel_blocks_with_registers_and_average_pooling() {
    compare("timm_pwee", 5, |cfg| {
        cfg.with_block(BlockKind::Parallel)
            .with_layer_scale(Some(1e-5))
            .with_registers(1)
            .with_pool(Pool::Average)
            .with_norm_pooled(true)
    });
}

#[test]
fn parallel_blocks_with_rms_and_qk_norm() {
    compare("timm_xp", 4, |cfg| {
        let mut cfg = cfg
            .with_block(BlockKind::Parallel)
            .with_norm(NormKind::Rms)
            .with_qk_norm(QkNorm::Rms)
            .with_norm_embedding(true);
        cfg.biases.embedding = false;
        cfg.biases.norm = false;
        cfg.biases.qkv = false;
        cfg
    });
}

/// 1e-6: the same two products and a sum in f32.
#[test]
fn positions_resample_as_in_big_vision() {
    let tensors = read(&path("big_vision_map").join("resample.safetensors"));
    let table = |name: &str| tensors.get::<3>(name).unwrap().squeeze_dim::<2>(0);
    let got = resample(table("pos_embedding_16_tokens"), [4, 4], [6, 6]);
    let expected = AnyTensor::new(table("pos_embedding_36_tokens"));
    assert_close("positions", &AnyTensor::new(got), &expected, 1e-6);
}
