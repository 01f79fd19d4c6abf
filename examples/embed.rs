//! Features of a folder of images by a published model:
//!
//!     cargo run --release --example embed -- --weights DIR/model.safetensors --images DIR --out FILE
//!
//! The output is `.safetensors` (`features` of `[n, d]`, names in its header), `.npy` (names in a
//! text file beside it) or `.jsonl`. `--pca DIR` paints the patches of each image by their first
//! three principal components, `--attention DIR` by how much the pooled vector takes from them.

mod embedding;
mod features_out;
mod patch_pictures;

use std::path::PathBuf;
use std::time::Instant;

use anyhow::{bail, ensure};
use burn::tensor::Tensor;
use burn_trace::Params;
use clap::Parser;
use embedding::Published;
use features_out::FeaturesOut;
use patch_pictures::PatchPictures;
use vit22b::Runtime;
use vit22b::data::ImageSet;
use vit22b::params::NamedTensors;
use vit22b::vit::{FeatureRequest, Pool, ViT22B};

#[derive(Parser)]
#[command(about = "Features of a folder of images by a published model")]
struct Args {
    #[command(flatten)]
    published: Published,
    /// Where the features go: a .safetensors, .npy or .jsonl file
    #[arg(long)]
    out: PathBuf,
    /// Folder for pictures of the patches' principal components
    #[arg(long)]
    pca: Option<PathBuf>,
    /// Folder for pictures of the attention that pools the patches
    #[arg(long)]
    attention: Option<PathBuf>,
    /// Images of a batch
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..))]
    batch: u16,
    /// What computes: auto, flex or xla
    #[arg(long, default_value = "auto")]
    device: String,
}

fn main() -> anyhow::Result<()> {
    let args = Args::parse();
    let (Some(weights), Some(images)) = (&args.published.weights, &args.published.images) else {
        bail!("expected --weights FILE and --images DIR");
    };
    let start = Instant::now();
    let set = ImageSet::folder(images)?;
    let mut out = FeaturesOut::create(&args.out)?;
    let runtime = Runtime::named(&args.device)?;
    let frozen = args.published.load(weights, &runtime.device())?;
    eprintln!("on {runtime}\n");

    let config = frozen.model.config().clone();
    let wants_attention = args.attention.is_some();
    ensure!(
        !wants_attention || config.pool != Pool::Average,
        "--attention: this model takes the mean of all patches; attention pooling or a class token \
         is needed"
    );
    let pca = args.pca.map(|folder| PatchPictures::new(folder, &frozen.preprocess)).transpose()?;
    let attention =
        args.attention.map(|folder| PatchPictures::new(folder, &frozen.preprocess)).transpose()?;
    let wants_patches = pca.is_some();
    let features = move |model: &Params<ViT22B>, images: Tensor<4>| -> NamedTensors {
        looked_at(model, images, wants_patches, wants_attention)
    };
    let features = runtime.bind(Params(frozen.model), features)?;

    let size = usize::from(args.batch);
    let published = &args.published;
    let broken = published.for_each_batch(&set, &frozen.preprocess, size, |rows, images| {
        let mut got = features.call(images)?;
        let mut each = |name: &str, then: &mut dyn FnMut(usize, &[f32]) -> anyhow::Result<()>| {
            let Some(values) = got.take::<3>(name) else { return Ok(()) };
            let values: Vec<f32> = values.into_data().try_to_vec()?;
            let length = values.len() / size;
            rows.iter().try_for_each(|(row, index)| then(*index, &values[row * length..][..length]))
        };
        each("pooled", &mut |index, values| out.push(&set.items()[index].name, values))?;
        for (pictures, name) in [(&pca, "patches"), (&attention, "attention")] {
            if let Some(pictures) = pictures {
                each(name, &mut |index, values| pictures.paint(&set, index, values, config.patch))?;
            }
        }
        Ok(())
    })?;
    if !broken.images.is_empty() {
        eprintln!("{broken}");
    }
    let count = out.finish()?;
    let seconds = start.elapsed().as_secs_f64();
    println!(
        "{count} images, {} features each, in {}; {seconds:.1} s",
        config.width,
        args.out.display()
    );
    Ok(())
}

/// The pooled vector `[b, 1, d]`; the patches `[b, n, d]`; the weights `[b, n, 1]` by which it takes from them,
/// in the pooling head or by the class token of the last block.
fn looked_at(
    model: &ViT22B,
    images: Tensor<4>,
    wants_patches: bool,
    wants_attention: bool,
) -> NamedTensors {
    let config = model.config();
    let last = config.depth - 1;
    let mut request = FeatureRequest::new().encoded().pooled();
    if wants_attention && config.pool == Pool::ClassToken {
        request = request.attention(last);
    }
    let mut features = model.features(images, &request).expect("the last block is there");
    let prefix = features.prefix_tokens;
    let tokens = features.encoded.take().expect("it was asked for");
    let [_, n, _] = tokens.dims();
    let patches = tokens.narrow(1, prefix, n - prefix);
    let mut out = NamedTensors::default();
    out.insert("pooled", features.pooled.expect("it was asked for").unsqueeze_dim::<3>(1));
    if wants_attention {
        let weights = match (&model.map, features.attention.remove(&last)) {
            (Some(map), _) => map.attention_weights(patches.clone()),
            (None, Some(weights)) => {
                // From the class token to the patches.
                let [b, h, n, _] = weights.dims();
                weights.narrow(2, 0, 1).narrow(3, prefix, n - prefix).reshape([b, h, n - prefix])
            }
            (None, None) => unreachable!("one of the two pools"),
        };
        out.insert("attention", weights.mean_dim(1).swap_dims(1, 2));
    }
    if wants_patches {
        out.insert("patches", patches);
    }
    out
}
