//! timm's `VisionTransformer` and `Eva`: classic, parallel and post-norm blocks, plain and gated MLPs,
//! class token, average and attention pooling, registers, layer scale, rotary positions.

mod choices;
mod describe;
mod forms;
mod registry;
mod terms;

use crate::weights::container::Container;
use crate::weights::error::WeightsError;
use crate::weights::names::prefix::{prefix, unwrapped};
use crate::weights::names::tensors::{ANOTHER_PART, Fate, Tensors};
use crate::weights::options::LoadOptions;
use crate::weights::origin::Origin;
use terms::MARK;

pub(crate) use describe::describe;
pub(crate) use registry::usual_epsilon;
pub(crate) use terms::{Names, terms};

/// The tensors of a model of timm, if the container holds one, alone or in a larger model.
///
/// # Errors
///
/// Those of [`prefix`].
pub(crate) fn tensors<'a>(
    container: &'a Container,
    options: &LoadOptions,
) -> Result<Option<Tensors<'a>>, WeightsError> {
    let Some(prefix) = prefix(container, MARK, options.part.as_deref())? else { return Ok(None) };
    let tensors = Tensors::sort(Origin::Timm, container, |name| {
        let Some(name) = name.strip_prefix(&prefix.text) else {
            return Fate::Aside(ANOTHER_PART);
        };
        let name = without_chunk(&unwrapped(name));
        match name.as_str() {
            "mask_token" => Fate::Aside("it serves masked training alone"),
            // DINOv2's own files have this name.
            "register_tokens" => Fate::Known("reg_token".into()),
            name if name.starts_with("decoder_") => {
                Fate::Aside("it belongs to the decoder, which serves masked training alone")
            }
            name if is_of_projection_head(name) => {
                Fate::Aside("it belongs to a projection head, which serves training alone")
            }
            _ => Fate::Known(name),
        }
    });
    Ok(Some(tensors.with_part(prefix.note)))
}

/// DINOv2's training keeps its blocks in chunks, `blocks.CHUNK.BLOCK.…`, and counts the blocks
/// through all chunks.
fn without_chunk(name: &str) -> String {
    let number = |text: &str| text.parse::<usize>().is_ok();
    match name.splitn(4, '.').collect::<Vec<_>>()[..] {
        ["blocks", chunk, block, rest] if number(chunk) && number(block) => {
            format!("blocks.{block}.{rest}")
        }
        _ => name.into(),
    }
}

/// Self-supervised training puts a sequence of layers where the classifier is: `head.0.weight`.
fn is_of_projection_head(name: &str) -> bool {
    let layer = name.strip_prefix("head.").and_then(|rest| rest.split('.').next());
    layer.is_some_and(|layer| layer.parse::<usize>().is_ok() || layer == "mlp")
}
