//! What the tables of several text towers use.

use crate::text::TextConfig;
use crate::weights::error::WeightsError;
use crate::weights::names::pieces::heads_unknown;

/// Ends and padding of the towers that SentencePiece's tokenizers serve: a text ends in 1; SigLIP and LiT go on with it,
/// SigLIP 2, whose tokenizer has 256,000 pieces, with 0.
pub(super) fn with_sentencepiece_ends(config: TextConfig, is_siglip_2: bool) -> TextConfig {
    let pad = usize::from(!(is_siglip_2 || config.vocabulary == 256_000));
    TextConfig { end: 1, pad, ..config }
}

/// The number of heads follows from neither the tensors nor JSON.
pub(super) fn text_heads_unknown(width: usize) -> WeightsError {
    match heads_unknown(width) {
        WeightsError::Ambiguous { why, .. } => {
            WeightsError::Ambiguous { field: "text_heads", why, option: "text_heads" }
        }
        other => other,
    }
}
