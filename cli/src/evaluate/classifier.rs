//! The classifier that a file of weights holds.

use std::path::Path;

use anyhow::{Context, ensure};
use serde_json::json;
use vit22b::Runtime;
use vit22b::data::ImageSet;
use vit22b::eval::read_real_labels;
use vit22b::probe::{Embedder, evaluate, few_test_images};
use vit22b::report::{Block, Section};
use vit22b::weights::WeightsFile;

use super::part::{Part, line, percent, table};
use crate::args::{Decoding, ModelPrecision};
use crate::terminal::ImageBar;
use crate::unsaid::{Loaded, Unsaid};

/// How often the file's classifier is right about labelled images. None, with a word on it, where the
/// file has no classifier or one of other classes than the images have.
pub(crate) fn own_classifier(
    weights: &WeightsFile,
    unsaid: &Unsaid,
    runtime: &Runtime,
    [train, test]: &[ImageSet; 2],
    root: &Path,
    real: Option<&Path>,
    (decoding, precision): (Decoding, ModelPrecision),
) -> anyhow::Result<Option<Part>> {
    let unused = || {
        real.iter().for_each(|_| eprintln!("--real is not used: it is for the file's classifier"))
    };
    let Some((loaded, names)) = unsaid.classifier(weights, &runtime.device())? else {
        unused();
        return Ok(None);
    };
    let has_parts = root.is_dir() && ImageSet::parts(root)?.is_some();
    let mut items: Vec<_> = test.items().collect();
    if !has_parts {
        items.extend(train.items());
        items.sort_by(|one, other| one.name.cmp(&other.name));
    }
    let set = ImageSet::new(test.classes().to_vec(), items)?;
    let classes = loaded.model.config().num_classes;
    let named = set.classes().iter().all(|class| names.contains(class));
    let set = match named && names.len() == classes {
        true => set.with_classes(&names)?,
        false if set.classes().len() == classes => {
            eprintln!(
                "the classes of the images are taken for those of the file's classifier, in the order \
                 of their names"
            );
            set
        }
        false => {
            eprintln!(
                "left out: the file's classifier of {classes} classes; the images have {} others",
                set.classes().len()
            );
            unused();
            return Ok(None);
        }
    };
    let real = real
        .map(|path| read_real_labels(path).with_context(|| format!("--real {}", path.display())));
    let real = real.transpose()?;
    if let Some(lists) = &real {
        let (got, expected) = (lists.len(), set.len());
        ensure!(
            got == expected,
            "--real: {got} lists of classes, expected {expected}, one for each image"
        );
    }
    let Loaded { model, preprocess } = loaded;
    let embedder = Embedder::in_precision(runtime, model, preprocess, precision.into())?
        .with_decoding(decoding.options());
    let mut bar = ImageBar::new(set.len());
    let (accuracy, broken) = evaluate(&embedder, &set, real.as_deref(), |done| bar.done(done))?;
    bar.finish(&broken);
    let mut rows = vec![
        vec!["top-1".to_string(), percent(accuracy.top1), accuracy.images.to_string()],
        vec!["top-5".to_string(), percent(accuracy.top5), accuracy.images.to_string()],
    ];
    if let Some(share) = accuracy.real {
        rows.push(vec!["real labels".into(), percent(share), accuracy.real_images.to_string()]);
    }
    let mut text = format!("The classifier of {} classes that the file of weights holds.", classes);
    let told = few_test_images(accuracy.images);
    told.iter().for_each(|caution| text += &format!(" {caution}."));
    Ok(Some(Part {
        summary: vec![
            line("The file's classifier, top-1", percent(accuracy.top1), "higher"),
            line("The file's classifier, top-5", percent(accuracy.top5), "higher"),
        ],
        json: json!({
            "classes": classes, "images": accuracy.images, "top1": accuracy.top1,
            "top5": accuracy.top5, "real": accuracy.real, "real_images": accuracy.real_images,
            "cautions": told.iter().collect::<Vec<_>>(),
        }),
        section: Section {
            title: "Classifier".into(),
            blocks: vec![
                Block::Text(text),
                Block::Table(table(["right", "share", "images"], rows)),
            ],
        },
    }))
}
