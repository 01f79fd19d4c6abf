//! Pre-trains a small ViT-22B on drawings, locks it, and tunes a text tower to match it on drawings of shapes in colours with captions. One
//! colour of each shape is held out of both; drawings of these pairs are then named among all pairs. A minute on a laptop's CPU:
//!
//!     cargo run --release --example zero_shot

use std::sync::Arc;

use burn::tensor::{Tensor, TensorData};
use clap::Parser;
use vit22b::Runtime;
use vit22b::contrast::{ClassVectors, Prompts, TextEmbedder};
use vit22b::data::{CaptionedDrawing, Captions, ColouredShapes, Drawings};
use vit22b::eval::{Matrix, Ranks};
use vit22b::lit::{Contrast, ImageViews, Lit, Pairs};
use vit22b::probe::{Embedder, FeatureTable};
use vit22b::text::{TextConfig, TextEncoder, Tokenizer, words_json};
use vit22b::train::{Classify, Engine, Loss, Recipe, Start, TrainStep};
use vit22b::vit::ViT22BConfig;

#[derive(Parser)]
struct Args {
    /// Steps of pre-training, of 32 drawings each
    #[arg(long, default_value_t = 3000, value_parser = clap::value_parser!(u64).range(1..))]
    steps: u64,
    /// Steps of the text tower, of 128 drawings with captions each
    #[arg(long, default_value_t = 400, value_parser = clap::value_parser!(u64).range(1..))]
    text_steps: u64,
    /// What computes: auto, flex, xla or a GPU backend that is built in
    #[arg(long, default_value = "auto")]
    device: String,
}

fn vectors(model: &Embedder, drawings: &[CaptionedDrawing]) -> anyhow::Result<FeatureTable> {
    let pixels: Vec<f32> = drawings.iter().flat_map(|one| one.pixels.clone()).collect();
    let images = TensorData::new(pixels, [drawings.len(), 3, 16, 16]);
    let vectors = model.tensor(Tensor::from_data(images, &Default::default()))?;
    let width = vectors.dims()[1];
    Ok(FeatureTable::new(vectors.into_data().iter().collect(), width)?)
}

fn main() -> anyhow::Result<()> {
    let Args { steps, text_steps, device } = Args::parse();
    let runtime = Runtime::named(&device)?;
    let data = Drawings::new(16, 0);
    let vit = ViT22BConfig::new(data.hierarchy().names().len()).with_image([16, 16]).with_patch(4);
    let vit = vit.with_width(96).with_depth(2).with_mlp_dim(384).with_num_heads(6);
    let task = Classify::new(vit, Loss::SigmoidCrossEntropy)?;
    let step = TrainStep::new(task, &Recipe::vit22b_scaled(32, steps, 0.006), None)?;
    let mut engine = Engine::start(&runtime, step, Start::Drawn(0))?;
    engine.train(Arc::new(data), |_| {})?;
    let preprocess = "resize(16)|value_range(-1, 1)".parse()?;
    let locked = Embedder::new(&runtime, engine.state()?.model, preprocess)?.with_batch(100);

    let drawings: Vec<_> = (0..1800).map(|index| ColouredShapes::new(16, 0).seen(index)).collect();
    let captions = drawings.iter().map(|one| vec![one.caption.clone()]).collect();
    let words = words_json(&ColouredShapes::words());
    let text =
        TextConfig::new(3 + ColouredShapes::words().len(), 12, 1).with_width(64).with_depth(2);
    let text = text.with_mlp_dim(256).with_num_heads(4).with_output(Some(96));
    let encoder = || TextEncoder::new(Tokenizer::from_bytes("words", words.as_bytes())?, &text);
    let views = ImageViews::new(vec![vectors(&locked, &drawings)?])?;
    let pairs = Pairs::new(&views, &Captions::new(captions), &encoder()?, 0)?;
    let task = Lit::new(text.clone(), Contrast::Sigmoid)?;
    let step = TrainStep::new(task, &Recipe::lit(128, text_steps, 3e-3), None)?;
    let mut engine = Engine::start(&runtime, step, Start::Drawn(0))?;
    engine.train(Arc::new(pairs), |progress| println!("{progress}"))?;

    let texts = TextEmbedder::new(&runtime, engine.state()?.model.text, encoder()?)?;
    let (names, prompts) =
        (ColouredShapes::pairs(), Prompts::new(&["here is a {}", "the {} on ground"])?);
    let classes = ClassVectors::new(&texts, &names, &prompts)?;
    let unseen: Vec<_> = (0..600).map(|index| ColouredShapes::new(16, 1).held_out(index)).collect();
    let cosines = classes.cosines(vectors(&locked, &unseen)?.matrix())?;
    let right: Vec<_> = unseen.iter().map(|one| vec![one.pair]).collect();
    let ranks = Ranks::new(Matrix::new(&cosines, names.len())?, &right)?;
    let [one, five] = [1, 5].map(|k| 100.0 * ranks.recall_at(k));
    println!("pairs never seen, among {} names: top-1 {one:.1} %, top-5 {five:.1} %", names.len());
    Ok(())
}
