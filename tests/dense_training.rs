//! Training for segmentation and depth: compiled by XLA beside the same steps run eagerly, heads that learn on frozen towers, and
//! towers that stay what they are.

use std::sync::Arc;

use burn::tensor::{Device, Int, Tensor};
use vit22b::data::{BatchSource, DepthBatch, MaskBatch, Preprocess, Scenes};
use vit22b::dense::{
    AuxiliaryConfig, BlockChoice, DepthConfig, DepthEstimator, DepthTarget, EstimateDepth, Segment,
    SegmentationConfig, Segmenter, Windows,
};
use vit22b::heads::{
    DepthOutput, DptConfig, FcnConfig, LinearDecoderConfig, PyramidConfig, UperNetConfig,
};
use vit22b::train::{Engine, Recipe, Regularisation, Start, Task, TrainStep};
use vit22b::vit::ViT22BConfig;
use vit22b::{RandomKey, Runtime, params};

const SIDE: usize = 16;
const BATCH: u64 = 4;
const WIDTH: usize = 32;

fn tower() -> ViT22BConfig {
    let config = ViT22BConfig::new(0).with_image([SIDE, SIDE]).with_patch(4).with_width(WIDTH);
    config.with_depth(4).with_mlp_dim(64).with_num_heads(2)
}

fn segment(uper_net: bool) -> Segment {
    let classes = Scenes::CLASSES.len();
    let config = if uper_net {
        let head = UperNetConfig::new(vec![WIDTH; 4], 8, classes).into();
        SegmentationConfig::new(tower(), BlockChoice::quarters(4), head)
            .with_pyramid(Some(PyramidConfig::new(WIDTH)))
            .with_auxiliary(Some(AuxiliaryConfig::new(FcnConfig::new(WIDTH, 8, classes))))
    } else {
        let blocks = BlockChoice::new(vec![3]).with_norm(true);
        SegmentationConfig::new(tower(), blocks, LinearDecoderConfig::new(WIDTH, classes).into())
    };
    Segment::new(config).unwrap()
}

fn depth(dpt: bool, target: DepthTarget) -> EstimateDepth {
    let config = if dpt {
        let head = DptConfig::new(WIDTH)
            .with_neck_widths(vec![8, 8, 16, 16])
            .with_factors(vec![2.0, 1.0, 0.5, 0.25])
            .with_channels(8)
            .with_output(DepthOutput::Linear)
            .depth_anything(4);
        DepthConfig::new(tower(), BlockChoice::quarters(4), head.into())
    } else {
        let blocks = BlockChoice::new(vec![3]).with_norm(true);
        DepthConfig::new(tower(), blocks, LinearDecoderConfig::new(WIDTH, 1).into())
    };
    EstimateDepth::new(config.with_target(target)).unwrap()
}

fn drawn<T: Task>(task: &T, seed: u64) -> T::Model {
    params::with_seed(&Device::flex(), seed, || params::initialize(task.init(&Device::flex())))
}

/// Five steps with all of the model trained, and its scores: sums in another order, over five steps.
fn assert_same_on_xla<T: Task>(name: &str, task: T, recipe: &Recipe)
where
    Scenes: BatchSource<T::Batch>,
{
    let data = Scenes::new(SIDE, 3).with_known(0.5);
    let model = drawn(&task, 1);
    let run = |runtime: &Runtime| -> Vec<f64> {
        let step = TrainStep::new(task.clone(), recipe, None).unwrap();
        let mut engine = Engine::start(runtime, step, Start::From(model.clone(), 0)).unwrap();
        let mut numbers: Vec<f64> = (0..5)
            .map(|index| {
                let batch = data.batch(index * BATCH, BATCH as usize).unwrap();
                f64::from(engine.step(batch).unwrap().read().unwrap().loss)
            })
            .collect();
        let batch = data.batch(100, BATCH as usize).unwrap();
        let scores = engine.sum_scores(batch, Tensor::ones([BATCH as usize], &Device::flex()));
        numbers.extend(scores.unwrap().into_values());
        numbers
    };
    let (eager, compiled) = (run(&Runtime::flex()), run(&Runtime::named("xla:cpu").unwrap()));
    assert!(eager[4] < eager[0], "{name}: {eager:?}");
    for (eager, compiled) in eager.iter().zip(&compiled) {
        approx::assert_relative_eq!(eager, compiled, max_relative = 2e-3, epsilon = 1e-4);
    }
}

#[test]
fn compiled_steps_are_the_eager_ones() {
    let recipe = Recipe::segmentation(BATCH, 100, 3e-3);
    assert_same_on_xla("UPerNet", segment(true), &recipe);
    let dropped = Regularisation { dropout: 0.0, stochastic_depth: 0.2 };
    let task = segment(false).with_regularisation(dropped).unwrap();
    assert_same_on_xla("linear decoder, stochastic depth", task, &recipe);
    let recipe = Recipe::depth(BATCH, 100, 3e-3);
    assert_same_on_xla("linear readout", depth(false, DepthTarget::Direct), &recipe);
    assert_same_on_xla("DPT", depth(true, DepthTarget::LogDepth), &recipe);
}

#[test]
fn a_frozen_tower_stays_and_the_head_learns() {
    let task = segment(true);
    let recipe = Recipe::segmentation(BATCH, 30, 5e-3).with_frozen([r"tower\..*"]);
    let step = TrainStep::new(task.clone(), &recipe, None).unwrap();
    let model = drawn(&task, 2);
    let before = params::collect(&model);
    let mut engine = Engine::start(&Runtime::flex(), step, Start::From(model, 0)).unwrap();
    let data: Arc<dyn BatchSource<MaskBatch>> = Arc::new(Scenes::new(SIDE, 3));
    let mut losses = Vec::new();
    engine.train(data, |progress| losses.push(progress.reading.loss)).unwrap();
    let after = params::collect(&engine.state().unwrap().model);
    let mut moved = 0;
    for (path, tensor) in after.iter() {
        let before = before.iter().find(|(name, _)| *name == path).unwrap().1;
        let same = tensor.to_data() == before.to_data();
        assert!(same || !path.starts_with("tower."), "{path}");
        moved += usize::from(!same);
    }
    assert!(moved > 20, "{moved} parameters of the heads moved");
    assert!(losses[29] < 0.8 * losses[0], "{losses:?}");
}

#[test]
fn branches_of_the_tower_are_dropped_in_training_alone() {
    let batch: MaskBatch = Scenes::new(SIDE, 5).batch(0, 4).unwrap();
    let task = segment(false);
    let model = drawn(&task, 3);
    let dropped = Regularisation { dropout: 0.0, stochastic_depth: 0.6 };
    let dropping = task.clone().with_regularisation(dropped).unwrap();
    let key = RandomKey::new(1, &Device::flex());
    let loss = |task: &Segment, key: Option<&RandomKey>| -> f32 {
        task.loss(&model, batch.clone(), key).into_scalar()
    };
    assert_eq!(loss(&task, Some(&key)), loss(&task, None));
    assert_eq!(loss(&dropping, None), loss(&task, None));
    assert_ne!(loss(&dropping, Some(&key)), loss(&task, None));
    assert_ne!(loss(&dropping, Some(&key)), loss(&dropping, Some(&key.fold_in(1))));
    let never = Regularisation { dropout: 0.0, stochastic_depth: 1.0 };
    assert!(
        task.with_regularisation(never).unwrap_err().to_string().starts_with("stochastic_depth")
    );
}

/// Labels that do not count, and depths that are not known, change neither loss nor gradient.
#[test]
fn unknown_pixels_teach_nothing() {
    let scenes = Scenes::new(SIDE, 5);
    let task = segment(false);
    let model = drawn(&task, 3);
    let batch: MaskBatch = scenes.batch(0, 2).unwrap();
    let unknown = Tensor::<3, Int>::full([2, SIDE, SIDE], 255, &Device::flex());
    let nothing = MaskBatch { labels: unknown, ..batch.clone() };
    let loss: f32 = task.loss(&model, nothing, None).into_scalar();
    assert_eq!(loss, 0.0);
    let task = depth(true, DepthTarget::LogDepth);
    let model = drawn(&task, 3);
    let batch: DepthBatch = scenes.batch(0, 2).unwrap();
    let nothing = DepthBatch { depths: batch.depths.zeros_like(), ..batch };
    let loss: f32 = task.loss(&model, nothing, None).into_scalar();
    assert_eq!(loss, 0.0);
}

#[test]
fn heads_that_cannot_be_trained_are_refused_by_their_field() {
    let head = DptConfig::new(WIDTH).with_channels(8).with_neck_widths(vec![8; 4]);
    let config = |head: DptConfig| {
        DepthConfig::new(tower(), BlockChoice::quarters(4), head.into())
            .with_target(DepthTarget::LogDepth)
    };
    let message = |head| EstimateDepth::new(config(head)).unwrap_err().to_string();
    assert!(message(head.clone()).starts_with("head.size = Double is not valid: Patch(4)"));
    let text = message(head.depth_anything(4));
    assert!(text.starts_with("head.output = Relu(1.0) is not valid: Linear"), "{text}");
}

fn steps() -> Preprocess {
    "resize(32, 32, bilinear)|value_range(-1, 1)".parse().unwrap()
}

/// Windows, sizes and mirroring are means of what is seen: of a model whose answer does not depend on the place, all see the same.
#[test]
fn views_are_averaged() {
    let scenes = Scenes::new(32, 1);
    let images: Vec<_> = (0..3).map(|index| scenes.scene(index).image).collect();
    let model = drawn(&segment(false), 4);
    let segmenter = || Segmenter::new(&Runtime::flex(), model.clone(), |_| steps()).unwrap();
    let whole = segmenter().classes(&images).unwrap();
    let one_by_one: Vec<_> = images
        .iter()
        .map(|image| segmenter().classes(std::slice::from_ref(image)).unwrap().remove(0))
        .collect();
    assert_eq!(whole, one_by_one);
    // One window that is the image.
    let windows = |side, stride| segmenter().with_windows(Some(Windows { side, stride }));
    assert_eq!(windows(32, 16).unwrap().classes(&images).unwrap(), whole);
    // Others see less around each pixel, and mostly agree.
    let agree = |other: &[Vec<u8>]| {
        let pairs = whole.iter().flatten().zip(other.iter().flatten());
        pairs.filter(|(a, b)| a == b).count() as f64 / (3.0 * 1024.0)
    };
    let some = windows(16, 8).unwrap().with_batch(5).classes(&images).unwrap();
    assert!(agree(&some) > 0.3 && some != whole, "{}", agree(&some));
    // A mirrored image has the mirrored answer where both ways are averaged.
    let both = segmenter().with_mirrored(true);
    let mirrored: Vec<_> = images
        .iter()
        .map(|image| {
            let rows = image.pixels().chunks_exact(3 * 32);
            let pixels = rows.flat_map(|row| row.chunks_exact(3).rev().flatten().copied());
            vit22b::data::Image::new(32, 32, pixels.collect()).unwrap()
        })
        .collect();
    let (straight, turned) = (both.classes(&images).unwrap(), both.classes(&mirrored).unwrap());
    for (straight, turned) in straight.iter().zip(&turned) {
        let back = turned.chunks_exact(32).flat_map(|row| row.iter().rev());
        let same = straight.iter().zip(back).filter(|(a, b)| a == b).count();
        // Ties of rounded sums.
        assert!(same > 1_000, "{same}");
    }
    let error =
        |result: Result<Segmenter, vit22b::dense::PredictError>| result.unwrap_err().to_string();
    assert_eq!(error(windows(30, 8)), "window = 30: expected a positive multiple of the patch, 4");
    assert_eq!(error(windows(16, 17)), "stride = 17: expected 1 to 16, the window");
    assert!(error(segmenter().with_scales(vec![])).contains("at least one factor"));
    assert!(error(segmenter().with_scales(vec![0.0])).starts_with("scales = 0"));
    let crop: Preprocess =
        "resize_small(32, bilinear)|central_crop(32)|value_range(-1, 1)".parse().unwrap();
    let other = Segmenter::new(&Runtime::flex(), model.clone(), move |_| crop.clone()).unwrap();
    let error = other.with_scales(vec![2.0]).unwrap().classes(&images).unwrap_err().to_string();
    assert!(error.contains("other sizes need one resize"), "{error}");
}

/// A head that says log(1 + 3) everywhere gives 3 everywhere.
#[test]
fn logarithms_become_depths() {
    let task = depth(false, DepthTarget::LogDepth);
    let mut model = drawn(&task, 4);
    let zero = |path: &str, like: &params::AnyTensor| match path {
        "decoder.head.bias" => vec![4f32.ln(); 1],
        _ => vec![0.0; like.shape().num_elements()],
    };
    let all = params::collect(&model);
    let head = all.iter().filter(|(path, _)| path.starts_with("decoder."));
    let head = head.map(|(path, tensor)| {
        let data = burn::tensor::TensorData::new(zero(path, tensor), tensor.shape());
        (path.to_string(), params::AnyTensor::from_data(data, &Device::flex()))
    });
    model = params::overwrite(model, head.collect()).unwrap();
    let estimator = DepthEstimator::new(&Runtime::flex(), model, |_| steps()).unwrap();
    let image = Scenes::new(20, 1).scene(0).image;
    let map = estimator.depths(&[image]).unwrap().remove(0);
    assert!(!estimator.is_relative() && [map.height(), map.width()] == [20, 20]);
    assert!(
        map.values().iter().all(|depth| (depth - 3.0).abs() < 1e-4),
        "{:?}",
        &map.values()[..4]
    );
}
