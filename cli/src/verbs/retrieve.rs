//! Images by their texts, and texts by their image, over a folder.

use std::path::PathBuf;

use anyhow::{Context, ensure};
use clap::Args;
use serde_json::{Value, json};
use vit22b::contrast::cosines;
use vit22b::data::{Captions, DecodeOptions, ExampleKey, ImageSet, Preprocess};
use vit22b::eval::{Matrix, Ranks, Retrieval};
use vit22b::report::{Block, Report, Section, picture};

use crate::args::{DeviceName, Images, tell_remarks};
use crate::terminal::counted;
use crate::two_towers::{ImageVectors, TwoTowers, lines};
use crate::unsaid::positive;

/// The longer side of a picture on the page, in pixels.
const PICTURE: usize = 224;

#[derive(Args)]
#[group(id = "asked", required = true, multiple = true, args = ["text", "texts", "captions"])]
// In one line it would be wider than a terminal.
#[command(override_usage = "vit22b retrieve [OPTIONS] --weights <PATH> --images <PATH>
       <--text <TEXT>|--texts <FILE>|--captions <FILE>>")]
pub(crate) struct Arguments {
    #[command(flatten)]
    towers: TwoTowers,
    #[command(flatten)]
    images: Images,
    /// A text to find images for; it may be given several times
    #[arg(long, value_name = "TEXT")]
    text: Vec<String>,
    /// A file with a text on each line
    #[arg(long, value_name = "FILE")]
    texts: Option<PathBuf>,
    /// Texts whose image is known, as lines of JSON such as
    /// {"image": "a/b.png", "text": "a red cat"} (.jsonl), or the shards
    /// of --images; recall is measured
    #[arg(long, value_name = "FILE", verbatim_doc_comment)]
    captions: Option<PathBuf>,
    /// How many images are shown for a text
    #[arg(long, default_value_t = 5, value_parser = positive)]
    top: usize,
    /// Write a page of HTML with the images that are found
    #[arg(long, value_name = "FILE")]
    page: Option<PathBuf>,
    /// Print one line of JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    device: DeviceName,
}

/// A text, and the place of its image in the set if that is known.
struct Asked {
    text: String,
    image: Option<usize>,
}

pub(crate) fn run(arguments: Arguments) -> anyhow::Result<()> {
    let set = arguments.images.open()?;
    let asked = arguments.asked(&set)?;
    if let Some(page) = &arguments.page {
        // An error now, not after all images.
        let mut file = std::fs::OpenOptions::new();
        let file = file.write(true).create(true).truncate(false).open(page);
        file.with_context(|| format!("--page {}", page.display()))?;
    }
    let Arguments { towers, images, top, page, json: is_json, device, .. } = arguments;
    let of_text: Vec<Option<usize>> = asked.iter().map(|asked| asked.image).collect();
    let pair = towers.load(&device, &images)?;
    let texts: Vec<String> = asked.iter().map(|asked| asked.text.clone()).collect();
    let of_texts = pair.embed_texts(&texts)?;
    let of_images = pair.embed_images(&set)?;
    tell_remarks(&set);
    let similarity = cosines(of_images.matrix()?, of_texts.matrix()?)?;
    let similarity = Matrix::new(&similarity, texts.len())?;

    let found: Vec<Vec<(usize, f32)>> = (0..texts.len())
        .map(|text| {
            let mut scores: Vec<(usize, f32)> =
                similarity.iter().map(|row| row[text]).enumerate().collect();
            scores.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
            scores.truncate(top);
            scores
        })
        .collect();
    let name = |row: usize| set.name(of_images.indices[row]);
    let recall = recall(similarity, &of_text, &of_images)?;
    if let Some(page) = &page {
        let html = html(&texts, &found, &set, &of_images, images.decoding().options())?;
        std::fs::write(page, html).with_context(|| format!("--page {}", page.display()))?;
    }
    let best_text = |row: &[f32]| {
        let best = (0..row.len()).rev().max_by(|a, b| row[*a].total_cmp(&row[*b])).unwrap_or(0);
        (best, row[best])
    };
    if is_json {
        let by_text: Vec<Value> = texts
            .iter()
            .zip(&found)
            .map(|(text, found)| {
                let images = found
                    .iter()
                    .map(|(row, cosine)| json!({"image": name(*row), "cosine": cosine}));
                json!({"text": text, "images": images.collect::<Vec<_>>()})
            })
            .collect();
        let by_image: Vec<Value> = similarity
            .iter()
            .enumerate()
            .map(|(row, scores)| {
                let (text, cosine) = best_text(scores);
                json!({"image": name(row), "text": texts[text], "cosine": cosine})
            })
            .collect();
        let measured = |ranks: &Ranks| {
            json!({
                "recall_at_1": ranks.recall_at(1), "recall_at_5": ranks.recall_at(5),
                "recall_at_10": ranks.recall_at(10), "median_rank": ranks.median(),
            })
        };
        let recall = recall.map(|recall| {
            json!({
                "image_to_text": measured(&recall.image_to_text),
                "text_to_image": measured(&recall.text_to_image),
            })
        });
        println!(
            "{}",
            json!({
                "weights": towers.shown(), "images": images.path(), "cut_texts": of_texts.cut,
                "texts": by_text, "by_image": by_image, "recall": recall,
            })
        );
        return Ok(());
    }
    for (text, found) in texts.iter().zip(&found) {
        println!("{text}");
        found.iter().for_each(|(row, cosine)| println!("  {cosine:+.3}  {}", name(*row)));
    }
    if texts.len() > 1 {
        println!("texts of images");
        for (row, scores) in similarity.iter().enumerate() {
            let (text, cosine) = best_text(scores);
            println!("  {cosine:+.3}  {}  {}", name(row), texts[text]);
        }
    }
    if let Some(recall) = recall {
        println!("{:<16} recall@1  recall@5  recall@10  median rank", "");
        for (way, ranks) in
            [("image to text", &recall.image_to_text), ("text to image", &recall.text_to_image)]
        {
            let [one, five, ten] = [1, 5, 10].map(|k| 100.0 * ranks.recall_at(k));
            println!("{way:<16} {one:>6.1} %  {five:>6.1} %  {ten:>7.1} %  {:>11}", ranks.median());
        }
    }
    if let Some(page) = page {
        println!("{}", page.display());
    }
    Ok(())
}

impl Arguments {
    /// All texts, those without a known image first.
    fn asked(&self, set: &ImageSet) -> anyhow::Result<Vec<Asked>> {
        let mut texts = self.text.clone();
        let is_blank = texts.iter().any(|text| text.trim().is_empty());
        ensure!(!is_blank, "--text: there is nothing in it; give a text to find images for");
        if let Some(file) = &self.texts {
            ensure!(file.is_file(), "--texts {}: there is no such file", file.display());
            texts.extend(lines("--texts", file, "text")?);
        }
        let mut asked: Vec<Asked> =
            texts.into_iter().map(|text| Asked { text, image: None }).collect();
        if let Some(file) = &self.captions {
            let captions = Captions::open(file, set).context("--captions")?;
            for image in 0..set.len() {
                let texts = captions.of(image).iter().cloned();
                asked.extend(texts.map(|text| Asked { text, image: Some(image) }));
            }
        }
        Ok(asked)
    }
}

/// Recall over the texts whose image is known and could be read; none without such texts.
fn recall(
    similarity: Matrix<'_>,
    of_text: &[Option<usize>],
    images: &ImageVectors,
) -> anyhow::Result<Option<Retrieval>> {
    let row =
        |image: &Option<usize>| images.indices.iter().position(|index| Some(*index) == *image);
    let pairs: Vec<(usize, usize)> =
        of_text.iter().enumerate().filter_map(|(text, image)| Some((text, row(image)?))).collect();
    let known = of_text.iter().flatten().count();
    if pairs.len() < known {
        let left = counted(known - pairs.len(), "text");
        eprintln!("note: {left} of images that could not be read, and not counted in the recall");
    }
    if pairs.is_empty() {
        return Ok(None);
    }
    let values: Vec<f32> = similarity
        .iter()
        .flat_map(|row| pairs.iter().map(|(text, _)| row[*text]).collect::<Vec<_>>())
        .collect();
    let rows: Vec<usize> = pairs.iter().map(|(_, row)| *row).collect();
    Ok(Some(Retrieval::new(Matrix::new(&values, pairs.len())?, &rows)?))
}

/// A page with the images that each text finds.
fn html(
    texts: &[String],
    found: &[Vec<(usize, f32)>],
    set: &ImageSet,
    images: &ImageVectors,
    decoding: DecodeOptions,
) -> anyhow::Result<String> {
    let figure = |row: usize, cosine: f32| {
        let index = images.indices[row];
        let image = set.decode(index, decoding)?;
        let longer = image.height().max(image.width()).max(1);
        let side = |side: usize| (side * PICTURE / longer).clamp(1, side.max(1));
        let size = [side(image.height()), side(image.width())];
        let steps: Preprocess =
            format!("resize({}, {}, bilinear)|value_range(0, 1)", size[0], size[1]).parse()?;
        let mut pixels = vec![0.0; 3 * size[0] * size[1]];
        steps.write(&image, ExampleKey::new(0, 0, 0), &mut pixels);
        anyhow::Ok((format!("{cosine:+.3} {}", set.name(index)), picture(&pixels, size)?))
    };
    let section = |(text, found): (&String, &Vec<(usize, f32)>)| {
        let figures = found.iter().map(|(row, cosine)| figure(*row, *cosine));
        let figures = figures.collect::<anyhow::Result<Vec<_>>>()?;
        anyhow::Ok(Section { title: text.clone(), blocks: vec![Block::Figures(figures)] })
    };
    let sections = texts.iter().zip(found).map(section).collect::<anyhow::Result<Vec<_>>>()?;
    let of = [counted(texts.len(), "text"), counted(images.indices.len(), "image")];
    let lead =
        format!("{} over {}. The number is the cosine of the image with the text.", of[0], of[1]);
    Ok(Report { title: "Images by their texts".into(), lead, sections }.html())
}
