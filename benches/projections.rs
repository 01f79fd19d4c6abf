//! The paper's fused projections against separate ones, forward and training step:
//!
//!     cargo bench --bench projections

use burn::tensor::{Device, Distribution, Tensor};
use criterion::{Criterion, criterion_group, criterion_main};
use vit22b::params;
use vit22b::train::{loss::sigmoid_cross_entropy, value_and_grad};
use vit22b::vit::{Projections, Variant};

fn projections(c: &mut Criterion) {
    let device = Device::flex();
    for variant in ["Ti/16", "S/16"] {
        let config = Variant::parse(variant).expect("a variant").config(1_000).with_depth(2);
        let images = Tensor::random([8, 3, 224, 224], Distribution::Uniform(-1.0, 1.0), &device);
        let targets = Tensor::<2>::zeros([8, 1_000], &device);
        let mut group = c.benchmark_group(format!("two blocks of {variant}, batch 8"));
        group.sample_size(10);
        for (name, projections) in
            [("separate", Projections::Separate), ("fused", Projections::Fused)]
        {
            let model = config.init(&device).expect("a valid config");
            let model = params::initialize(model.with_projections(projections));
            group.bench_function(format!("forward, {name}"), |bencher| {
                bencher.iter(|| model.forward(images.clone()).into_data());
            });
            group.bench_function(format!("gradients, {name}"), |bencher| {
                bencher.iter(|| {
                    let inputs = (images.clone(), targets.clone());
                    let (loss, gradients) = value_and_grad(
                        &model,
                        |_| false,
                        inputs,
                        |model, (images, targets)| {
                            sigmoid_cross_entropy(model.forward(images), targets)
                        },
                    );
                    (loss.into_data(), gradients.len())
                });
            });
        }
        group.finish();
    }
}

criterion_group!(benches, projections);
criterion_main!(benches);
