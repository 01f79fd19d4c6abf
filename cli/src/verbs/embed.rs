//! Features of images by a published model, in a file or in a folder of parts.

use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, anyhow, bail};
use clap::Args;
use vit22b::data::ImageSet;
use vit22b::probe::{
    FeatureFile, FeatureFileError, FeatureForm, FeatureKey, PartsConfig, PartsError, PartsReport,
};

use crate::args::{DeviceName, Images, Weights, tell_remarks};
use crate::terminal::{ImageBar, counted, in_own_words};

#[derive(Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    weights: Weights,
    #[command(flatten)]
    images: Images,
    /// Take the folders in the folder --images for classes, so that the
    /// features have labels
    #[arg(long)]
    class_folders: bool,
    /// Where the features go. A folder, which is a name without an
    /// ending, is written in parts and may have any number of images: a
    /// run that was interrupted goes on. A file ends in .safetensors
    /// (names and labels in its header), .npy (names in a text file
    /// beside it), .jsonl or .parquet; it is kept in memory, written at
    /// the end, and of skipped images ten are named
    #[arg(long, value_name = "PATH")]
    out: PathBuf,
    /// The form of the parts in a folder: safetensors, npy, jsonl or
    /// parquet; safetensors for a new folder
    #[arg(long, value_name = "FORM", value_parser = form)]
    format: Option<FeatureForm>,
    /// Images of a part, rounded up to whole batches; 10000 for a new
    /// folder. Another number than before takes --update
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..))]
    images_per_part: Option<u32>,
    /// Bring the folder --out to the images as they are now: embed those
    /// that are new or whose files have changed, and drop those that are
    /// gone
    #[arg(long)]
    update: bool,
    #[command(flatten)]
    device: DeviceName,
}

fn form(text: &str) -> Result<FeatureForm, String> {
    FeatureForm::from_ending(text).ok_or_else(|| {
        let names: Vec<_> = FeatureForm::ALL.iter().map(|form| form.ending()).collect();
        format!("expected one of {}", names.join(", "))
    })
}

pub(crate) fn run(arguments: Arguments) -> anyhow::Result<()> {
    let start = Instant::now();
    let set = set(&arguments)?;
    let is_folder = is_folder(&arguments.out)?;
    match is_folder {
        true => to_folder(&arguments, &set)?,
        false => to_file(&arguments, &set)?,
    }
    println!("{:.1} s", start.elapsed().as_secs_f64());
    Ok(())
}

/// All images, with labels if folders are classes.
fn set(arguments: &Arguments) -> anyhow::Result<ImageSet> {
    let images = &arguments.images;
    if !arguments.class_folders {
        return images.open();
    }
    let path = images.path();
    let shown = path.display();
    if !path.is_dir() {
        bail!(
            "--class-folders: --images {shown} is no folder; lists and shards have labels of their own"
        );
    }
    if ImageSet::parts(path).context("--images")?.is_some() {
        bail!(
            "--class-folders: --images {shown} has a part to train with and one that is held out; embed each by itself"
        );
    }
    ImageSet::class_folders(path).context("--images")
}

/// Whether features go to a folder. A file is known by its ending.
fn is_folder(out: &Path) -> anyhow::Result<bool> {
    let ends_as_folder = out.as_os_str().as_encoded_bytes().last().is_some_and(|last| {
        char::from(*last) == '/' || char::from(*last) == std::path::MAIN_SEPARATOR
    });
    if out.is_file() && FeatureForm::of(out).is_none() {
        let error = FeatureFileError::Ending { path: out.into() };
        bail!("--out: {} is a file and no folder: {error}, or another folder", out.display());
    }
    if out.is_dir() || ends_as_folder || out.extension().is_none() {
        return Ok(true);
    }
    match FeatureForm::of(out) {
        Some(_) => Ok(false),
        None => {
            let error = FeatureFileError::Ending { path: out.into() };
            Err(anyhow!("--out: {error}, or a folder, whose name has no ending"))
        }
    }
}

fn to_file(arguments: &Arguments, set: &ImageSet) -> anyhow::Result<()> {
    let Arguments { weights, images, out, device, .. } = arguments;
    let given = [
        ("--format", arguments.format.is_some()),
        ("--images-per-part", arguments.images_per_part.is_some()),
        ("--update", arguments.update),
    ];
    if let Some((option, _)) = given.into_iter().find(|(_, given)| *given) {
        bail!("{option} is for a folder, and --out {} is a file", out.display());
    }
    // An error now, not after all images.
    let file = FeatureFile::create(out).context("--out")?;
    file.check_names(set.items().map(|item| item.name)).context("--out")?;
    if FeatureForm::of(out) == Some(FeatureForm::Npy) && !set.classes().is_empty() {
        eprintln!(
            "note: --out: .npy holds no labels; .safetensors, .jsonl, .parquet and a folder do"
        );
    }
    let runtime = device.runtime()?;
    let embedder = weights.embedder(&runtime, images)?;
    let gib = (set.len() * embedder.config().width * 4) as f64 / f64::from(1 << 30);
    if gib > 1.0 {
        eprintln!(
            "note: --out: a file is written at the end, and its {gib:.1} GiB are kept in memory until \
             then; a folder is written in parts, and an interrupted run goes on"
        );
    }
    let table = images.embed(&embedder, set)?;
    tell_remarks(set);
    file.write(&table).context("--out")?;
    images.precision().tell(&runtime);
    let (rows, columns) = (counted(table.rows(), "image"), table.columns());
    print!("{rows}, {columns} features each, in {}; ", out.display());
    Ok(())
}

fn to_folder(arguments: &Arguments, set: &ImageSet) -> anyhow::Result<()> {
    let Arguments { weights, images, out, device, .. } = arguments;
    let mut config = PartsConfig::new(out);
    config.form = arguments.format;
    config.images_per_part = arguments.images_per_part.map(|images| images as usize);
    config.update = arguments.update;
    let runtime = device.runtime()?;
    let loaded = weights.load(&runtime)?;
    let parameters = FeatureKey::new("parameters").params(&loaded.model).digest();
    let embedder = loaded.embedder(&runtime, images)?;
    let mut bar = ImageBar::new(set.len());
    let mut said = false;
    let done = embedder.embed_in_parts(set, &parameters, &config, |progress| {
        let before = progress.done - progress.now;
        if !std::mem::replace(&mut said, true) && before > 0 {
            bar.say(&format!("{before} of {} are there already", counted(progress.of, "image")));
        }
        bar.done_and_skipped(progress.done, progress.skipped);
    });
    bar.clear();
    // Also before an error: a shard that was cut may be why images are others.
    tell_remarks(set);
    let report = done.map_err(explained)?;
    if report.seen > 0 {
        images.precision().tell(&runtime);
    }
    tell(&report, set, out, arguments.update);
    Ok(())
}

/// Prints what a folder holds, and what was skipped.
fn tell(report: &PartsReport, set: &ImageSet, out: &Path, update: bool) {
    let skipped = report.skipped_images();
    if skipped > 0 {
        eprintln!("skipped: {skipped} of {}", counted(set.len(), "image"));
        for (kind, images) in &report.skipped {
            eprintln!("  {}: {images}", in_own_words(kind));
        }
        eprintln!("  the reason of each is in {}", out.join("part-*.images.jsonl").display());
    }
    if report.damaged > 0 {
        let parts = counted(report.damaged, "part");
        eprintln!("note: --out: {parts} lacked files or had damaged ones and had to be made again");
    }
    let (rows, parts) = (counted(report.rows, "image"), counted(report.parts, "part"));
    let form = report.form.ending();
    println!("{rows}, {} features each, in {} ({parts}, .{form})", report.columns, out.display());
    let there = set.len() - report.seen;
    match (there, report.seen) {
        (0, _) => {}
        (_, 0) if report.gone == 0 => print!("all were there already; "),
        _ if update => print!(
            "{there} were there, {} new, {} changed, {} gone; ",
            report.seen - report.changed.min(report.seen),
            report.changed,
            report.gone
        ),
        _ => print!("{there} were there already; "),
    }
}

/// The error in the words of this program.
fn explained(error: PartsError) -> anyhow::Error {
    match error {
        PartsError::OtherImages { folder, was, is } => anyhow!(
            "--out: {} was begun with {}, and these {is} are others, in another order or with other \
             labels; give --update to embed what is new and drop what is gone, or another folder",
            folder.display(),
            counted(was, "image")
        ),
        error @ PartsError::OtherSize { .. } => anyhow!(error).context("--images-per-part"),
        PartsError::ManyParts { images_per_part, images, most, least } => anyhow!(
            "--images-per-part: parts of {images_per_part} of {images} images are more than {most}; \
             give at least {least}"
        ),
        PartsError::Embed(error) => anyhow!(error),
        error => anyhow!(error).context("--out"),
    }
}
