//! What holds for every model of the family, at small sizes on Burn's CPU backend.

use burn::module::Module;
use burn::tensor::{Device, Distribution, Tensor, Tolerance};
use vit22b::RandomKey;
use vit22b::data::ImageBatch;
use vit22b::params::{self, NamedTensors};
use vit22b::train::{
    Adam, Budget, Classify, Duration, Ema, Loss, Mixup, Momentum, Optimizer, Recipe,
    Regularisation, Rules, Stage, Task, TrainStep, Tune, value_and_grad,
};
use vit22b::vit::{
    BlockKind, Draws, FeatureRequest, Gate, Gelu, HeadInput, NormKind, Pool, Positions, QkNorm,
    RotaryConfig, SIZES, SubNorm, Variant, ViT22B, ViT22BConfig,
};

fn small() -> ViT22BConfig {
    let config = ViT22BConfig::new(5).with_image([8, 12]).with_patch(4);
    config.with_width(32).with_depth(3).with_mlp_dim(64).with_num_heads(2)
}

/// One config for each choice, and some that combine them.
fn family() -> Vec<ViT22BConfig> {
    let base = small;
    vec![
        base(),
        base().classic(),
        base().with_norm(NormKind::Layer),
        base().with_qk_norm(QkNorm::None),
        base().with_qk_norm(QkNorm::Layer).with_block(BlockKind::Sequential),
        base().with_gelu(Gelu::Erf),
        base().with_pool(Pool::Average),
        base().with_pool(Pool::ClassToken),
        base().with_pool(Pool::ClassToken).with_registers(3).classic(),
        base().with_registers(2).with_pool(Pool::Average).with_norm_pooled(true),
        base().with_registers(2),
        base().with_positions(Positions::SinCos2d),
        base().with_layer_scale(Some(1e-5)),
        base().classic().with_layer_scale(Some(0.1)).with_norm_embedding(true),
        base().with_num_classes(0),
        base().with_channels(1).with_image([4, 4]),
        base().with_gate(Some(Gate::Silu)),
        base().with_gate(Some(Gate::Gelu)).with_sub_norm(Some(SubNorm::MlpAndAttention)),
        base().ijepa(),
        base().deit_distilled(),
        base().dinov2().with_head_input(Some(HeadInput::PooledAndMean)),
        base().dinov3(),
        base().clip().with_projection(Some(12)),
        base().siglip(),
        base().beit(),
        base().eva02(),
        base().aimv2(),
        base().with_num_heads(4).perception_encoder(),
        base().classic().with_block(BlockKind::ResPostNorm).with_positions(Positions::SinCos2dMae),
    ]
}

fn images(config: &ViT22BConfig, batch: usize) -> Tensor<4> {
    let [height, width] = config.image;
    let shape = [batch, config.channels, height, width];
    Tensor::random(shape, Distribution::Uniform(-1.0, 1.0), &Device::flex())
}

trait WithClasses {
    fn with_num_classes(self, classes: usize) -> Self;
}

impl WithClasses for ViT22BConfig {
    fn with_num_classes(mut self, classes: usize) -> Self {
        self.num_classes = classes;
        self
    }
}

#[test]
fn parameters_are_counted_as_they_are_made() {
    for config in family() {
        let model = config.init(&Device::flex()).unwrap();
        assert_eq!(model.num_params() as u64, config.parameters().total(), "{config}");
    }
    // At every published size too; parameters are drawn on first use, so nothing is allocated.
    for size in SIZES {
        let config = Variant { size, patch: 14 }.config(1_000);
        let model = config.init(&Device::flex()).unwrap();
        assert_eq!(model.num_params() as u64, config.parameters().total(), "{}", size.name);
        let _ = model.to_string();
        assert!(!model.blocks[0].attn.query.weight.is_initialized(), "{}", size.name);
    }
}

#[test]
fn every_model_runs_trains_and_passes_gradients_to_all_parameters() {
    for config in family() {
        let device = Device::flex();
        let model = config.init(&device).unwrap();
        let x = images(&config, 2);
        let outputs = if config.num_classes > 0 { config.num_classes } else { config.width };
        assert_eq!(model.forward(x.clone()).dims(), [2, outputs], "{config}");
        if let Some(width) = config.projection {
            let projected = model.features(x.clone(), &FeatureRequest::new().projected()).unwrap();
            assert_eq!(projected.projected.unwrap().dims(), [2, width], "{config}");
        }
        if config.patches() == 1 {
            continue; // With one token attention is constant, and queries and keys learn nothing.
        }
        // The classifier starts at zero and would hide what lies before it.
        let (_, gradients) =
            value_and_grad(&model, |_| false, x, |model, x| model.pooled(x).square().sum());
        for (path, gradient) in gradients.iter() {
            let zero: f32 = gradient.square_sum().into_scalar();
            let behind = ["head.", "distillation_head.", "projection."];
            let is_behind = behind.iter().any(|layer| path.starts_with(layer));
            assert!(is_behind || zero > 0.0, "{path} of {config}");
        }
    }
}

#[test]
fn features_are_those_of_the_forward_pass_and_cost_only_what_is_asked_for() {
    let config = small().with_pool(Pool::ClassToken).with_registers(1);
    let device = Device::flex();
    let x = images(&config, 2);
    let model = config.init(&device).unwrap();
    let features = model.features(x.clone(), &"block1, attention0".parse().unwrap()).unwrap();
    assert_eq!(features.blocks[&1].dims(), [2, 8, 32]);
    assert_eq!(features.patch_grid(features.blocks[&1].clone()).dims(), [2, 2, 3, 32]);
    let sums = features.attention[&0].clone().sum_dim(3).into_data();
    let ones = Tensor::<4>::ones([2, 2, 8, 1], &device).into_data();
    sums.assert_approx_eq::<f32>(&ones, Tolerance::absolute(1e-5));
    let request: FeatureRequest = "attention_logits0".parse().unwrap();
    assert_eq!(request, FeatureRequest::new().attention_logits(0));
    let logits = model.features(x.clone(), &request).unwrap().attention_logits[&0].clone();
    let weights = burn::tensor::activation::softmax(logits, 3);
    assert_eq!(weights.into_data(), features.attention[&0].clone().into_data());
    assert!(features.encoded.is_none() && features.pooled.is_none() && features.logits.is_none());
    // What did not run has not even been drawn.
    assert!(model.blocks[1].mlp.fc2.weight.is_initialized());
    assert!(!model.blocks[2].norm.scale.is_initialized());
    assert!(!model.norm.scale.is_initialized());

    // Attention of a block needs its input alone.
    let model = config.init(&device).unwrap();
    model.features(x.clone(), &FeatureRequest::new().attention(1)).unwrap();
    assert!(model.blocks[1].attn.key.weight.is_initialized());
    assert!(!model.blocks[1].attn.value.weight.is_initialized());

    let all = model.features(x.clone(), &FeatureRequest::all(3)).unwrap();
    assert_eq!(all.logits.unwrap().into_data(), model.forward(x.clone()).into_data());
    assert_eq!(all.pooled.unwrap().into_data(), model.pooled(x.clone()).into_data());

    let message = |text: &str| {
        let request = text.parse::<FeatureRequest>();
        request.and_then(|request| model.features(x.clone(), &request)).unwrap_err().to_string()
    };
    assert_eq!(
        message("attention_logits3"),
        "feature \"attention_logits3\" is not known: the last one is attention_logits2"
    );
    assert_eq!(message("block3"), "feature \"block3\" is not known: the last one is block2");
    assert_eq!(
        message("projected"),
        "feature \"projected\" is not known: the model has no projection; ask for pooled"
    );
    assert!(message("blocks").starts_with("feature \"blocks\" is not known: names are embedded"));
}

#[test]
fn other_sizes_resample_the_positions() {
    for config in [
        small(),
        small().with_positions(Positions::SinCos2d),
        small().with_positions(Positions::SinCos2dMae),
        small().with_rotary(Some(RotaryConfig::dinov3())).with_positions(Positions::None),
        small().beit(),
        small().eva02(),
    ] {
        let model = config.init(&Device::flex()).unwrap();
        for image in [[8, 12], [4, 4], [16, 8], [4, 40]] {
            let other = config.clone().with_image(image);
            let features = model
                .features(images(&other, 1), &FeatureRequest::new().encoded().logits())
                .unwrap();
            assert_eq!(features.encoded.unwrap().dims(), [1, other.tokens(), 32]);
            assert!(features.logits.unwrap().is_finite().all().into_scalar::<bool>());
        }
    }
}

#[test]
#[should_panic(
    expected = "images: axis 3 (width) expected a positive multiple of the patch 4, got 13"
)]
fn a_wrong_side_names_its_axis() {
    let model = small().init(&Device::flex()).unwrap();
    model.forward(Tensor::zeros([1, 3, 8, 13], &Device::flex()));
}

#[test]
#[should_panic(expected = "assert_shape!(images, [_, channels, _, _]): axis 1 expected 3, got 4")]
fn wrong_channels_name_their_axis() {
    let model = small().init(&Device::flex()).unwrap();
    model.forward(Tensor::zeros([1, 4, 8, 12], &Device::flex()));
}

#[test]
fn the_model_prints_its_make() {
    let model = Variant::parse("22B/14").unwrap().config(29_593).init(&Device::flex()).unwrap();
    assert_eq!(
        model.to_string(),
        "ViT22B {
  image: 224 x 224, patch 14 -> 16 x 16 = 256 tokens (5,191,680 parameters)
  blocks: 48 parallel, width 6144, mlp 24576, 48 heads of 128, rms norm, rms qk norm (453,021,952 parameters each)
  pool: attention pooling (453,033,984 parameters)
  head: 29593 classes (181,848,985 parameters)
  total: 22,385,134,489 parameters, 21,750,251,520 without pool and head
}"
    );
}

#[test]
fn dropout_and_stochastic_depth_act_only_in_training() {
    let device = Device::flex();
    let config = small().with_num_classes(0);
    let model = config.init(&device).unwrap();
    let x = images(&config, 4);
    let key = RandomKey::new(1, &device);
    let (a, b) = (model.forward(x.clone()), model.forward(x.clone()));
    assert_eq!(a.clone().into_data(), b.into_data());
    let train = |key: &RandomKey| {
        let draws = Draws::new(key.clone()).with_dropout(0.5).with_stochastic_depth(0.5);
        model.forward_train(x.clone(), &draws).into_data()
    };
    assert_eq!(train(&key), train(&key));
    assert_ne!(train(&key), train(&key.fold_in(1)));
    assert_ne!(train(&key), a.into_data());
    // Blocks that are asked for change nothing in what is dropped.
    let draws = Draws::new(key).with_dropout(0.5).with_stochastic_depth(0.5);
    let request = FeatureRequest::new().block(0).pooled();
    let features = model.features_train(x.clone(), &request, &draws).unwrap();
    let pooled = model.forward_train(x, &draws).into_data();
    features.pooled.unwrap().into_data().assert_approx_eq::<f32>(&pooled, Tolerance::default());
}

/// Every chain of stages: shapes stay, a run cut in two is the same run, and training helps.
#[test]
fn every_optimizer_trains_and_resumes() {
    let rate = |peak| Stage::LearningRate { peak, factors: Rules::all(Tune::Factor(1.0)) };
    let chains = [
        Recipe::vit22b_scaled(4, 20, 3e-3).update,
        vec![Stage::Adam(Adam::default()), rate(1e-3)],
        vec![
            Stage::Momentum(Momentum { momentum: 0.9, nesterov: true, ..Momentum::default() }),
            rate(1e-3),
        ],
    ];
    let config = small();
    let regularisation = Regularisation { dropout: 0.1, ..Default::default() };
    let task = Classify::new(small(), Loss::SigmoidCrossEntropy).unwrap();
    let task = task.with_mixup(Mixup { alpha: 0.2 }).unwrap();
    let task = task.with_regularisation(regularisation).unwrap();
    for update in chains {
        let recipe =
            Recipe { update, ema: Some(Ema { decay: 0.9 }), ..Recipe::vit22b_scaled(4, 20, 1e-3) };
        let device = Device::flex();
        let x = images(&config, 4);
        let y = Tensor::<2>::eye(5, &device).narrow(0, 0, 4);
        let model = params::initialize(config.init(&device).unwrap());
        let train = TrainStep::new(task.clone(), &recipe, None).unwrap();
        let batch = ImageBatch { images: x.clone(), targets: y };
        let mut state = train.init(model.clone(), 3);
        let (mut halfway, mut losses) = (None, vec![]);
        for step in 0..20 {
            if step == 10 {
                halfway = Some(state.clone());
            }
            let (next, metrics) = train.run(state, batch.clone()).unwrap();
            state = next;
            losses.push(metrics.loss.into_scalar::<f32>());
        }
        assert!(losses[19] < losses[0], "{losses:?}");
        let mut resumed = halfway.unwrap();
        for _ in 10..20 {
            resumed = train.run(resumed, batch.clone()).unwrap().0;
        }
        let (a, b) = (params::collect(&state.model), params::collect(&resumed.model));
        for ((path, a), (_, b)) in a.iter().zip(b.iter()) {
            assert_eq!(a.to_data(), b.to_data(), "{path}");
        }
        // The averages lie between the start and the end, and make a model.
        let average = params::replace(model, state.ema.unwrap()).unwrap();
        assert!(average.forward(x).is_finite().all().into_scalar::<bool>());
    }
}

#[test]
fn frozen_parameters_stay_and_keep_no_state() {
    let device = Device::flex();
    let config = small();
    let model = params::initialize(config.init(&device).unwrap());
    let factors = Rules::new([("head.*", Tune::Factor(1.0)), (".*", Tune::Frozen)]);
    let update = vec![Stage::Adam(Adam::default()), Stage::LearningRate { peak: 0.1, factors }];
    let ema = Some(Ema { decay: 0.9 });
    let recipe = Recipe { update, ema, ..Recipe::vit22b_scaled(2, 10, 1e-3) };
    let task = Classify::new(config.clone(), Loss::SigmoidCrossEntropy).unwrap();
    let train = TrainStep::new(task, &recipe, None).unwrap();
    let before = params::collect(&model);
    let state = train.init(model, 0);
    assert_eq!(state.optimizer.len(), 4);
    let averaged = |averages: Option<NamedTensors>| {
        averages.unwrap().iter().map(|(path, _)| path.to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(averaged(state.ema.clone()), ["head.bias", "head.weight"]);
    let batch =
        ImageBatch { images: images(&config, 2), targets: Tensor::<2>::ones([2, 5], &device) };
    let (state, _) = train.run(state, batch.clone()).unwrap();
    assert_eq!(averaged(state.ema.clone()), ["head.bias", "head.weight"]);
    let scores = train.sum_scores(&state, batch, Tensor::ones([2], &device)).unwrap();
    assert_eq!(scores.get::<1>("precision_at_1").unwrap().into_scalar::<f32>(), 2.0);
    for ((path, a), (_, b)) in before.iter().zip(params::collect(&state.model).iter()) {
        assert_eq!(a.to_data() == b.to_data(), !path.starts_with("head."), "{path}");
    }
}

#[test]
fn a_loss_that_is_not_finite_names_the_first_bad_tensor() {
    let device = Device::flex();
    let config = small();
    let model = params::initialize(config.init(&device).unwrap());
    let (x, y) = (images(&config, 2), Tensor::<2>::zeros([2, 5], &device));
    let task = Classify::new(config, Loss::SigmoidCrossEntropy).unwrap();
    let train = TrainStep::new(task, &Recipe::vit22b_scaled(2, 10, 1e-3), None).unwrap();
    let check = |loss, model: &ViT22B, images: &Tensor<4>| {
        let batch = ImageBatch { images: images.clone(), targets: y.clone() };
        train.ensure_finite(loss, 3, model, &batch)
    };
    assert!(check(1.0, &model, &x).is_ok());
    let message =
        |model: &ViT22B, x: &Tensor<4>| check(f32::NAN, model, x).unwrap_err().to_string();
    assert_eq!(
        message(&model, &(x.clone() * f32::NAN)),
        "the loss is NaN at step 3; the first tensor that is not finite is images; lower the \
         learning rate, clip gradients or check the data"
    );
    let mut broken = model.clone();
    broken.blocks[1].mlp.fc1.weight =
        broken.blocks[1].mlp.fc1.weight.clone().map(|weight| weight * f32::INFINITY);
    assert!(message(&broken, &x).contains("is parameter blocks.1.mlp.fc1.weight;"));
    // Finite parameters whose product overflows.
    let mut large = model.clone();
    large.blocks[0].mlp.fc2.weight =
        large.blocks[0].mlp.fc2.weight.clone().map(|weight| weight.ones_like() * 1e38);
    assert!(message(&large, &x).contains("is block0;"), "{}", message(&large, &x));
}

#[test]
fn a_batch_that_does_not_fit_is_an_error() {
    let device = Device::flex();
    let task = Classify::new(small(), Loss::SigmoidCrossEntropy).unwrap();
    let train = TrainStep::new(task, &Recipe::vit22b_scaled(2, 10, 1e-3), None).unwrap();
    let state = train.init(train.task().init(&device), 0);
    let message = |images: [usize; 4], targets: [usize; 2]| {
        let images = Tensor::zeros(images, &device);
        let batch = ImageBatch { images, targets: Tensor::zeros(targets, &device) };
        train.run(state.clone(), batch).unwrap_err().to_string()
    };
    for (images, targets, expected) in [
        ([2, 1, 8, 12], [2, 5], "images axis 1 (channels): expected 3, got 1"),
        (
            [2, 3, 9, 12],
            [2, 5],
            "images axis 2 (height): expected a positive multiple of the patch 4, got 9",
        ),
        ([2, 3, 8, 12], [3, 5], "targets axis 0 (batch): expected 2 as in images, got 3"),
        ([2, 3, 8, 12], [2, 6], "targets axis 1 (classes): expected 5, got 6"),
    ] {
        assert_eq!(message(images, targets), expected);
    }
}

#[test]
fn a_recipe_without_meaning_names_its_field() {
    let model = small().init(&Device::flex()).unwrap();
    let budget = Budget::new(Duration::Steps(10), 1, None).unwrap();
    let message = |stage| Optimizer::new(&[stage], &budget, &model).unwrap_err().to_string();
    assert_eq!(
        message(Stage::ClipGlobalNorm { max_norm: 0.0 }),
        "clip_global_norm.max_norm = 0 is not valid: a finite number above 0"
    );
    assert_eq!(
        message(Stage::Momentum(Momentum { momentum: 1.0, ..Momentum::default() })),
        "momentum.momentum = 1 is not valid: a number in [0, 1)"
    );
    let all_frozen = Stage::LearningRate { peak: 0.1, factors: Rules::all(Tune::Frozen) };
    assert_eq!(
        message(all_frozen),
        "learning_rate.factors = frozen on all paths is not valid: leave some parameters to train"
    );
    let adam = || Stage::Adam(Adam::default());
    let twice = Optimizer::new(&[adam(), adam()], &budget, &model).unwrap_err().to_string();
    assert_eq!(
        twice,
        "update = two stages of adam is not valid: one stage of a kind, since the kind is the name of what it \
         keeps"
    );
    let distil = Recipe::distil(2, Duration::Steps(10), 0.0).update;
    let no_rate = Optimizer::new(&distil, &budget, &model).unwrap_err().to_string();
    assert_eq!(no_rate, "learning_rate.peak = 0 is not valid: a finite number above 0");
    let uncovered = message(Stage::WeightDecay(Rules::new([(r".*\.weight", 0.1)])));
    let expected = "no rule covers embedding.bias, pos_embedding, blocks.0.norm.scale, ";
    assert!(uncovered.starts_with(expected), "{uncovered}");
    // As JSON and back.
    let recipe = Recipe::vit22b();
    let json = serde_json::to_string(&recipe).unwrap();
    assert_eq!(serde_json::from_str::<Recipe>(&json).unwrap(), recipe);
}

#[test]
fn parameters_are_replaced_strictly() {
    let model = small().init(&Device::flex()).unwrap();
    let mut tensors = params::collect(&model);
    tensors.take::<1>("norm.scale");
    tensors.insert("extra", Tensor::<1>::zeros([1], &Device::flex()));
    tensors.insert("head.bias", Tensor::<1>::zeros([4], &Device::flex()));
    assert_eq!(
        params::replace(model, tensors).unwrap_err().to_string(),
        "parameters do not fit the module: missing [norm.scale]; unused [extra]; of another shape \
         [head.bias: expected [5], got [4]]; give exactly the paths and shapes that \
         `params::shapes` lists"
    );
}
