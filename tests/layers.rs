//! Layers by themselves: masks against their definition, blocks in one loop, layers bound as they
//! are, and what their configs refuse.

use burn::module::Module;
use burn::tensor::{Bool, DType, Device, Distribution, Tensor, TensorData};
use burn_trace::{TensorTree, value_and_grad};
use vit22b::layers::{
    Attention, AttentionConfig, Block, BlockConfig, BlockKind, Draws, Gate, Interpolation, MapPool,
    MapPoolConfig, Mlp, MlpConfig, Norm, NormConfig, PatchEmbed, PatchEmbedConfig, QkNorm,
    RotaryConfig, SubNorm, TokenGrid, encode, resample, sin_cos_2d,
};
use vit22b::params;
use vit22b::train::Precision;
use vit22b::vit::{Positions, Projections, ViT22B, ViT22BConfig};
use vit22b::{ConfigError, RandomKey, Runtime};

const WIDTH: usize = 16;
const HEADS: usize = 2;
const EXAMPLES: usize = 2;
const TOKENS: usize = 5;

/// Burn's CPU backend and, where it is built in, XLA.
fn runtimes() -> Vec<Runtime> {
    let names: &[&str] = if cfg!(feature = "xla") { &["flex", "xla"] } else { &["flex"] };
    names.iter().map(|name| Runtime::named(name).unwrap()).collect()
}

fn random<const D: usize>(shape: [usize; D]) -> Tensor<D> {
    Tensor::random(shape, Distribution::Normal(0.0, 1.0), &Device::flex())
}

/// About two thirds of the pairs; where the axes allow it, a query that attends to nothing.
fn mask(shape: [usize; 4]) -> Tensor<4, Bool> {
    let [b, h, m, n] = shape;
    let last_row = b * h * m - 1;
    let value = |i: usize| (i * 7919 % 10) < 7 && (m == 1 || i / n != last_row);
    let values = (0..b * h * m * n).map(value).collect::<Vec<_>>();
    Tensor::from_data(TensorData::new(values, shape), &Device::flex())
}

/// Masked attention as it is defined: weights are exponentials of the attended logits by their sum.
fn definition(attention: &Attention, x: Tensor<3>, mask: Tensor<4, Bool>) -> Tensor<3> {
    let [b, n, d] = x.dims();
    let logits = attention.logits(x.clone(), x.clone());
    let heads = logits.dims()[1];
    let attended = logits.exp() * mask.expand([b, heads, n, n]).float();
    let sum = attended.clone().sum_dim(3);
    let weights = attended / (sum.clone() + sum.equal_scalar(0.0).float());
    let value = attention.value.forward(x).reshape([b, n, heads, d / heads]).swap_dims(1, 2);
    attention.out.forward(weights.matmul(value).swap_dims(1, 2).reshape([b, n, d]))
}

fn largest<const D: usize>(difference: Tensor<D>) -> f32 {
    difference.abs().max().into_scalar()
}

/// Gradients within 1e-4 of their norm. That of the keys' bias is zero but for rounding.
fn assert_alike<M: Module>(got: &M, expected: &M) {
    let (got, expected) = (params::collect(got), params::collect(expected));
    for ((path, got), (_, expected)) in got.iter().zip(expected.iter()) {
        let (got, expected) = (got.to_data(), expected.to_data());
        let norm = |squares: f32| squares.sqrt();
        let error =
            norm(got.iter().zip(expected.iter()).map(|(a, b): (f32, f32)| (a - b).powi(2)).sum());
        let size = norm(expected.iter().map(|b: f32| b.powi(2)).sum());
        assert!(error < 1e-4 * size + 1e-5, "{path}: {error} of {size}");
    }
}

/// 1e-5 for values of size 1: sums over a few terms in another order.
#[test]
fn a_mask_says_which_pairs_are_attended() {
    let config = AttentionConfig::new(WIDTH, HEADS).with_qkv_bias(true).with_out_bias(true);
    let attention = params::initialize(config.init(&Device::flex()));
    let x = random([EXAMPLES, TOKENS, WIDTH]);
    let shapes = [
        [EXAMPLES, HEADS, TOKENS, TOKENS],
        [EXAMPLES, 1, 1, TOKENS],
        [EXAMPLES, 1, TOKENS, TOKENS],
        [1, HEADS, TOKENS, TOKENS],
        [1, 1, TOKENS, TOKENS],
    ];
    type Arguments = (Attention, (Tensor<3>, Tensor<4, Bool>));
    type Masked = fn(&Attention, Tensor<3>, Tensor<4, Bool>) -> Tensor<3>;
    fn gradients(masked: Masked, (attention, inputs): Arguments) -> (Tensor<1>, Attention) {
        let loss = |attention: Attention, (x, mask): (Tensor<3>, _)| {
            (masked(&attention, x.clone(), mask) + x).square().sum()
        };
        value_and_grad(&attention, &inputs, loss).unwrap()
    }
    let layer: Masked = |attention, x, mask| attention.forward(x.clone(), x, Some(mask));
    for runtime in runtimes() {
        let of_layer = runtime.jit(move |arguments: Arguments| {
            let (attention, (x, mask)) = arguments.clone();
            (layer(&attention, x, mask), gradients(layer, arguments))
        });
        // To compile for each shape takes seconds, and the axes are expanded before all else.
        for shape in &shapes[..if runtime.name() == "flex" { 5 } else { 2 }] {
            let arguments = (attention.clone(), (x.clone(), mask(*shape)));
            let (output, (loss, got)) = of_layer.call(arguments.clone()).unwrap();
            let expected = definition(&attention, x.clone(), mask(*shape));
            assert!(largest(output - expected) < 1e-5, "{shape:?} on {runtime}");
            let (expected_loss, expected) = gradients(definition, arguments);
            assert!(largest(loss / expected_loss - 1.0) < 1e-5, "{shape:?} on {runtime}");
            assert_alike(&got, &expected);
        }
    }
}

/// In each type that models compute in: zeros as the values, and no gradient from NaN.
#[test]
fn a_query_that_attends_to_nothing_takes_zeros() {
    let attention = params::initialize(AttentionConfig::new(WIDTH, HEADS).init(&Device::flex()));
    let nothing = Tensor::<4, Bool>::full([1, 1, TOKENS, TOKENS], false, &Device::flex());
    for (precision, dtype) in [(Precision::F32, DType::F32), (Precision::Bf16, DType::BF16)] {
        let attention = precision.cast(attention.clone());
        let x = random([EXAMPLES, TOKENS, WIDTH]).cast(dtype);
        for runtime in runtimes() {
            type Arguments = (Attention, (Tensor<3>, Tensor<4, Bool>));
            let gradients = runtime.jit(move |(attention, inputs): Arguments| {
                let plain =
                    attention.forward(inputs.0.clone(), inputs.0.clone(), Some(inputs.1.clone()));
                let loss = |attention: Attention, (x, mask): (Tensor<3>, _)| {
                    let attended = attention.forward(x.clone(), x.clone(), Some(mask));
                    (attended + x).square().sum()
                };
                (plain, value_and_grad(&attention, &inputs, loss).unwrap())
            });
            let arguments = (attention.clone(), (x.clone(), nothing.clone()));
            let (plain, (_, gradients)) = gradients.call(arguments).unwrap();
            assert_eq!(largest(plain.cast(DType::F32)), 0.0, "{runtime}");
            for (path, gradient) in params::collect(&gradients).iter() {
                let sum: f32 = gradient.square_sum().into_scalar();
                assert_eq!(sum, 0.0, "{path} in {dtype:?} on {runtime}");
            }
        }
    }
}

#[test]
#[should_panic(expected = "mask: axis 1 (heads) expected 2 or 1, got 3")]
fn a_mask_of_other_axes_names_the_axis() {
    let attention = AttentionConfig::new(WIDTH, HEADS).init(&Device::flex());
    let x = random([EXAMPLES, TOKENS, WIDTH]);
    attention.forward(x.clone(), x, Some(mask([EXAMPLES, 3, TOKENS, TOKENS])));
}

#[test]
fn encoding_is_the_blocks_one_after_the_other() {
    let device = Device::flex();
    let x = random([EXAMPLES, TOKENS, WIDTH]);
    let causal = mask([1, 1, TOKENS, TOKENS]);
    for kind in [BlockKind::Parallel, BlockKind::Sequential] {
        let config = BlockConfig::new(WIDTH, 32, HEADS).with_kind(kind);
        let blocks = config.with_layer_scale(Some(0.5)).stack(3, &device);
        for mask in [None, Some(causal.clone())] {
            let one = |x, block: &Block| block.forward(x, mask.clone(), None);
            let one_by_one = blocks.iter().fold(x.clone(), one);
            let encoded = encode(&blocks, x.clone(), mask.clone(), None);
            assert_eq!(encoded.into_data(), one_by_one.into_data());
            let fused: Vec<_> = blocks
                .iter()
                .map(|block| block.clone().with_projections(Projections::Fused))
                .collect();
            let difference = encode(&fused, x.clone(), mask.clone(), None)
                - encode(&blocks, x.clone(), mask, None);
            assert!(largest(difference) < 1e-5);
        }
    }
    assert_eq!(encode(&[], x.clone(), None, None).into_data(), x.into_data());
}

/// The first block never drops a path; the last one does at the full rate.
#[test]
fn draws_act_on_hidden_layers_and_branches() {
    let device = Device::flex();
    let x = random([64, TOKENS, WIDTH]);
    let blocks = BlockConfig::new(WIDTH, 32, HEADS).stack(2, &device);
    let draws = Draws::new(RandomKey::new(3, &device));
    let run = |blocks: &[Block], draws: Option<&Draws>| encode(blocks, x.clone(), None, draws);
    let plain = run(&blocks, None);
    assert_eq!(run(&blocks, Some(&draws)).into_data(), plain.clone().into_data());
    let dropping = draws.clone().with_dropout(0.5);
    assert_ne!(run(&blocks, Some(&dropping)).into_data(), plain.clone().into_data());

    let skipping = draws.with_stochastic_depth(0.5);
    let first = run(&blocks[..1], None);
    assert_eq!(run(&blocks[..1], Some(&skipping)).into_data(), first.clone().into_data());
    // Either the first block's output, or the second's branch at twice its size.
    let drawn = run(&blocks, Some(&skipping)) - first.clone();
    let dropped = drawn.clone().abs().sum_dim(2).sum_dim(1).equal_scalar(0.0);
    let kept = (drawn - (plain - first) * 2.0).abs().max_dim(2).max_dim(1).lower_scalar(1e-4);
    let count = |mask: Tensor<3, Bool>| mask.int().sum().into_scalar::<i64>();
    let (dropped, kept) = (count(dropped), count(kept));
    assert_eq!(dropped + kept, 64);
    assert!((16..48).contains(&dropped), "{dropped} of 64");
}

/// One loop forward and one backward that read the mask of the function around them.
#[cfg(feature = "xla")]
#[test]
fn masked_blocks_roll() {
    use burn_trace::Save;
    use burn_xla::Xla;

    type Arguments = (Vec<Block>, (Tensor<3>, Tensor<4, Bool>));
    let gradients = |(blocks, inputs): Arguments| {
        let loss = |blocks: Vec<Block>, (x, mask): (Tensor<3>, _)| {
            encode(&blocks, x, Some(mask), None).square().sum()
        };
        value_and_grad(&blocks, &inputs, loss).unwrap()
    };
    let blocks = BlockConfig::new(WIDTH, 32, HEADS).stack(3, &Device::flex());
    let blocks: Vec<_> = blocks.into_iter().map(params::initialize).collect();
    let arguments =
        (blocks, (random([EXAMPLES, TOKENS, WIDTH]), mask([EXAMPLES, 1, TOKENS, TOKENS])));
    let (expected_loss, expected) = gradients(arguments.clone());
    for save in [Save::Everything, Save::Products, Save::Nothing] {
        let rolled = Xla::cpu().unwrap().jit(gradients).roll(save);
        let (loss, got) = rolled.call(arguments.clone()).unwrap();
        assert!(largest(loss / expected_loss.clone() - 1.0) < 1e-5);
        assert_alike(&got, &expected);
    }
}

/// Calls a function of a module directly and bound to each runtime.
fn bound_alike<M, A, const D: usize>(
    module: M,
    input: A,
    function: impl Fn(&M, A) -> Tensor<D> + Send + Sync + Copy + 'static,
) where
    M: Module + TensorTree + Sync,
    A: TensorTree,
{
    let module = params::initialize(module);
    let expected = function(&module, input.clone());
    for runtime in runtimes() {
        let bound = runtime.bind(module.clone(), function).unwrap();
        let got = bound.call(input.clone()).unwrap();
        assert!(
            largest(got - expected.clone()) < 1e-4,
            "{} on {runtime}",
            std::any::type_name::<M>()
        );
    }
}

#[test]
fn layers_and_models_are_bound_as_they_are() {
    let device = &Device::flex();
    let tokens = random([EXAMPLES, TOKENS, WIDTH]);
    let images = random([EXAMPLES, 3, 8, 12]);
    bound_alike(NormConfig::new(WIDTH).init(device), tokens.clone(), |m: &Norm, x: Tensor<3>| {
        m.forward(x)
    });
    bound_alike(MlpConfig::new(WIDTH, 32).init(device), tokens.clone(), |m: &Mlp, x: Tensor<3>| {
        m.forward(x, None)
    });
    let attention = AttentionConfig::new(WIDTH, HEADS).init(device);
    bound_alike(attention, tokens.clone(), |m: &Attention, x: Tensor<3>| {
        m.forward(x.clone(), x, None)
    });
    let block = BlockConfig::new(WIDTH, 32, HEADS).init(device);
    bound_alike(block, tokens.clone(), |m: &Block, x: Tensor<3>| m.forward(x, None, None));
    let pool = MapPoolConfig::new(WIDTH, 32, HEADS).init(device);
    bound_alike(pool, tokens, |m: &MapPool, x: Tensor<3>| m.forward(x));
    let embedding = PatchEmbedConfig::new(WIDTH, 4).init(device);
    bound_alike(embedding, images.clone(), |m: &PatchEmbed, x: Tensor<4>| m.forward(x).0);
    let config = ViT22BConfig::new(5).with_image([8, 12]).with_patch(4).with_width(WIDTH);
    let config = config.with_depth(2).with_mlp_dim(32).with_num_heads(HEADS);
    bound_alike(config.init(device).unwrap(), images, |m: &ViT22B, x: Tensor<4>| m.pooled(x));
}

/// The parts that published families have and ViT-22B does not, on a grid that is not the model's.
#[test]
fn models_of_other_families_are_bound_as_they_are() {
    let images = random([EXAMPLES, 3, 12, 8]);
    let config = ViT22BConfig::new(5).with_image([8, 12]).with_patch(4).with_width(WIDTH);
    let config = config.with_depth(2).with_mlp_dim(32).with_num_heads(HEADS);
    let gated = config.clone().dinov3().with_gate(Some(Gate::Gelu));
    for config in [config.clone().eva02(), config.clone().beit(), config.aimv2(), gated] {
        let model = config.init(&Device::flex()).unwrap();
        bound_alike(model, images.clone(), |m: &ViT22B, x: Tensor<4>| m.pooled(x));
    }
}

/// Joined and separate projections of a parallel block that has every part.
#[test]
fn a_gate_and_inner_norms_are_joined_too() {
    let device = Device::flex();
    let config = BlockConfig::new(WIDTH, 24, HEADS).with_gate(Some(Gate::Silu)).with_qkv_bias(true);
    let config = config.with_sub_norm(Some(SubNorm::MlpAndAttention)).with_key_bias(Some(false));
    let block = params::initialize(config.init(&device));
    let grid = TokenGrid::new([2, 2], 1);
    let grid = grid.with_rotary(&RotaryConfig::eva02(), WIDTH / HEADS, &device);
    let tokens = random([EXAMPLES, TOKENS, WIDTH]);
    let separate = block.forward_on(tokens.clone(), &grid, None, None);
    let without = block.forward(tokens.clone(), None, None);
    assert!(largest(separate.clone() - without) > 1e-3);
    let fused = block.with_projections(Projections::Fused).forward_on(tokens, &grid, None, None);
    // Sums over a few terms in another order.
    assert!(largest(separate - fused) < 1e-5);
}

/// Turning queries and keys leaves each vector as long as it was, and their products the same where
/// both are turned alike: only offsets between patches count.
#[test]
fn rotary_positions_see_offsets_alone() {
    let device = Device::flex();
    let attention = AttentionConfig::new(WIDTH, HEADS).with_qk_norm(QkNorm::None).init(&device);
    let attention = params::initialize(attention);
    let token = random([1, 1, WIDTH]);
    let tokens = Tensor::cat(vec![token; 6], 1);
    for rotary in [RotaryConfig::dinov3(), RotaryConfig::perception_encoder([3, 2])] {
        let grid = TokenGrid::new([3, 2], 0).with_rotary(&rotary, WIDTH / HEADS, &device);
        let logits = attention.logits_on(tokens.clone(), &grid);
        let pair = |from, to| logits.clone().narrow(2, from, 1).narrow(3, to, 1);
        // One row down, and one row down and a column to the left, from two places each.
        assert!(largest(pair(0, 2) - pair(3, 5)) < 1e-5, "{rotary}");
        assert!(largest(pair(1, 2) - pair(3, 4)) < 1e-5, "{rotary}");
        assert!(largest(pair(0, 2) - pair(0, 1)) > 1e-4, "{rotary}");
    }
}

#[test]
#[should_panic(expected = "relative position biases follow from the grid of the tokens")]
fn relative_position_biases_want_a_grid() {
    let config = BlockConfig::new(WIDTH, 32, HEADS).with_relative_bias(Some([2, 2]));
    config.init(&Device::flex()).forward(random([1, 5, WIDTH]), None, None);
}

#[test]
#[should_panic(
    expected = "tokens: axis 1 expected 5, which stand on the grid and before it, got 6"
)]
fn tokens_of_another_grid_are_not_turned() {
    let device = Device::flex();
    let grid = TokenGrid::new([2, 2], 1).with_rotary(&RotaryConfig::dinov3(), 8, &device);
    let block = BlockConfig::new(WIDTH, 32, HEADS).init(&device);
    block.forward_on(random([1, 6, WIDTH]), &grid, None, None);
}

#[test]
fn configs_name_what_they_refuse() {
    let message = |checked: Result<(), ConfigError>| checked.unwrap_err().to_string();
    let width = "width = 0 is not valid: at least 1; the nearest valid value is 1";
    let heads = "num_heads = 5 is not valid: divides width = 16; the nearest valid value is 4";
    let epsilon = "epsilon = 0 is not valid: a finite number above 0; the nearest valid value is \
                   0.000001";
    for (got, expected) in [
        (NormConfig::new(0).validate(), width),
        (NormConfig::new(1).with_epsilon(0.0).validate(), epsilon),
        (MlpConfig::new(0, 1).validate(), width),
        (
            MlpConfig::new(1, 0).validate(),
            "mlp_dim = 0 is not valid: at least 1; the nearest valid value is 1",
        ),
        (AttentionConfig::new(0, 1).validate(), width),
        (AttentionConfig::new(16, 5).validate(), heads),
        (
            AttentionConfig::new(16, 0).validate(),
            "num_heads = 0 is not valid: at least 1; the nearest valid value is 1",
        ),
        (AttentionConfig::new(16, 4).with_epsilon(0.0).validate(), epsilon),
        (BlockConfig::new(16, 32, 5).validate(), heads),
        (BlockConfig::new(16, 32, 4).with_epsilon(0.0).validate(), epsilon),
        (
            BlockConfig::new(16, 32, 4).with_layer_scale(Some(f64::NAN)).validate(),
            "layer_scale = NaN is not valid: a finite number; the nearest valid value is 0.00001",
        ),
        (PatchEmbedConfig::new(0, 4).validate(), width),
        (
            PatchEmbedConfig::new(16, 0).validate(),
            "patch = 0 is not valid: at least 1; the nearest valid value is 1",
        ),
        (
            PatchEmbedConfig::new(16, 4).with_channels(0).validate(),
            "channels = 0 is not valid: at least 1; the nearest valid value is 1",
        ),
        (MapPoolConfig::new(16, 32, 5).validate(), heads),
    ] {
        assert_eq!(message(got), expected);
    }
    assert_eq!(BlockConfig::new(16, 32, 4).classic().qk_norm, QkNorm::None);
}

#[test]
#[should_panic(
    expected = "num_heads = 5 is not valid: divides width = 16; the nearest valid value is 4"
)]
fn a_layer_of_an_invalid_config_panics_with_its_text() {
    BlockConfig::new(16, 32, 5).init(&Device::flex());
}

#[test]
fn models_in_half_precision_take_images_in_f32() {
    let device = Device::flex();
    let config = ViT22BConfig::new(0).with_image([8, 12]).with_patch(4);
    let config = config.with_width(16).with_depth(2).with_mlp_dim(32).with_num_heads(2);
    for config in [
        config.clone(),
        config.clone().with_positions(Positions::SinCos2d),
        config.clone().with_positions(Positions::SinCos2dMae),
        config.clone().dinov3(),
        config.clone().eva02(),
        config.clone().beit(),
        config.aimv2(),
    ] {
        let model = params::initialize(config.init(&device).unwrap());
        // On its own grid and on another one.
        for images in [random([2, 3, 8, 12]), random([2, 3, 16, 8])] {
            let expected = model.pooled(images.clone());
            let got = Precision::Bf16.cast(model.clone()).pooled(images);
            assert_eq!(got.dtype(), DType::BF16);
            // bf16 has 8 bits: a few roundings of 2⁻⁹ each.
            let difference = largest(got.cast(DType::F32) - expected.clone());
            assert!(difference < 0.05 * largest(expected), "{config}: {difference}");
        }
    }
}

/// Half precision is how positions are kept, not how they are computed with.
#[test]
fn positions_in_half_precision_are_resampled_in_f32() {
    let kept = random([6, 16]).cast(DType::BF16);
    for by in [Interpolation::Bilinear, Interpolation::Bicubic, Interpolation::BicubicAntialias] {
        let got = resample(kept.clone(), [2, 3], [4, 5], by);
        let exact = resample(kept.clone().cast(DType::F32), [2, 3], [4, 5], by);
        assert_eq!(got.into_data(), exact.cast(DType::BF16).into_data(), "{by}");
    }
}

#[test]
#[should_panic(expected = "dropout = 1 is not valid: a probability in [0, 1)")]
fn a_rate_that_keeps_nothing_is_refused() {
    let _ = Draws::new(RandomKey::new(0, &Device::flex())).with_dropout(1.0);
}

#[test]
#[should_panic(expected = "positions: axis 0 expected 6 for a grid of [2, 3], got 4")]
fn positions_of_another_grid_are_refused() {
    let positions = Tensor::<2>::ones([4, 8], &Device::flex());
    resample(positions, [2, 3], [4, 4], Interpolation::Bilinear);
}

#[test]
#[should_panic(expected = "width = 4 is not valid: a multiple of 4 from 8 on")]
fn sines_and_cosines_want_eight_columns() {
    sin_cos_2d([2, 2], 4, &Device::flex());
}
