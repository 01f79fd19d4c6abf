//! big_vision's `models/proj/image_text/text_transformer.py`, in a checkpoint of two towers.

use crate::text::{TextConfig, TextPool};
use crate::weights::container::Container;
use crate::weights::description::{Notes, TextDescription};
use crate::weights::error::WeightsError;
use crate::weights::names::big_vision::{EncoderSizes, Layout, Renumbered, beside, of_module};
use crate::weights::names::tensors::{Fate, Tensors};
use crate::weights::names::term::Term;
use crate::weights::options::LoadOptions;
use crate::weights::origin::Origin;

use super::pieces::with_sentencepiece_ends;

/// The tensor by which these towers are recognised.
const MARK: &str = "Embed_0/embedding";
/// The positions that older files have a second time, inside of the encoder.
const INNER: &str = "Encoder_0/pos_embedding";

/// Which of big_vision's layouts a tower has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Names {
    stacked: bool,
    inner_positions: bool,
}

pub(super) fn tensors(container: &Container) -> Option<Tensors<'_>> {
    let prefix = ["params/txt/", "opt/target/txt/", "txt/"]
        .into_iter()
        .find(|prefix| container.entries.contains_key(&format!("{prefix}{MARK}")))?;
    let root = prefix.strip_suffix("txt/").unwrap_or_default();
    let names = container.entries.keys().filter_map(|name| name.strip_prefix(prefix));
    let renumbered = Renumbered::new(names);
    Some(Tensors::sort(Origin::BigVision, container, |name| {
        let number = name.strip_prefix(root).filter(|name| matches!(*name, "t" | "b"));
        if let Some(number) = number {
            return Fate::Known(number.into());
        }
        match name.strip_prefix(prefix) {
            Some(name) => Fate::Known(match renumbered.name(name).as_str() {
                "Encoder_0/posembed_input/pos_embedding" => INNER.into(),
                name => name.into(),
            }),
            None => Fate::Aside(beside(name, prefix)),
        }
    }))
}

pub(super) fn describe(
    tensors: &Tensors,
    options: &LoadOptions,
) -> Result<(TextDescription, Names), WeightsError> {
    let mut notes = Notes::default();
    let [vocabulary, width] = tensors.axes("vocabulary", MARK)?;
    let [_, length, _] = tensors.axes("length", "pos_embedding")?;
    let EncoderSizes { stacked, depth, num_heads, mlp_dim } =
        EncoderSizes::read(tensors, "Encoder_0", "a text tower")?;
    let pool = match tensors.has("MAPHead_0/probe") {
        true => TextPool::Map,
        false => notes.choose_or("text_pool", options.text_pool, None, TextPool::Last),
    };
    let output = match tensors.has("head/kernel") {
        true => Some(tensors.axes::<2>("output", "head/kernel")?[1]),
        false => None,
    };
    let config = TextConfig::new(vocabulary, length, 1)
        .with_width(width)
        .with_depth(depth)
        .with_mlp_dim(mlp_dim)
        .with_num_heads(num_heads)
        .with_pool(pool)
        .with_output(output)
        .with_head_bias(tensors.has("head/bias"));
    let config = with_sentencepiece_ends(config, false);
    config.validate()?;
    let names = Names { stacked, inner_positions: tensors.has(INNER) };
    Ok((TextDescription { origin: "big_vision", config, notes: notes.0 }, names))
}

pub(super) fn terms(path: &str, shape: &[usize], config: &TextConfig, names: Names) -> Vec<Term> {
    match path {
        "token_embedding" => return vec![Term::whole(MARK, shape)],
        "pos_embedding" => {
            let mut terms = vec![Term::tokens("pos_embedding", shape, 0, shape[0])];
            if names.inner_positions {
                terms.push(Term::tokens(INNER, shape, 0, shape[0]));
            }
            return terms;
        }
        "map.probe" => return vec![Term::tokens("MAPHead_0/probe", shape, 0, 1)],
        _ => {}
    }
    let layout = Layout {
        num_heads: config.num_heads,
        head_dim: config.head_dim(),
        depth: config.depth,
        stacked: names.stacked,
        encoder: "Encoder_0",
    };
    of_module(path, shape, &layout)
}
