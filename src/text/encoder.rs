//! Texts as a tower takes them: ids of a fixed length.

use burn::tensor::{Device, Int, Tensor, TensorData};
use sha2::{Digest, Sha256};

use crate::files::hex;

use super::config::TextConfig;
use super::error::TokenizerError;
use super::tokenizer::Tokenizer;

/// A tokenizer with the lengths, ends and padding that a tower was trained with.
///
/// ```
/// use vit22b::text::{TextConfig, TextEncoder, Tokenizer};
///
/// let tokenizer = Tokenizer::read("tests/fixtures/parts/tokenizers/unigram.model")?;
/// let config = TextConfig::new(200, 6, 1).with_pad(1);
/// let encoder = TextEncoder::new(tokenizer, &config)?;
/// let texts = encoder.encode(&["Red CAT", ""]);
/// assert_eq!(texts.row(0), [52, 12, 86, 1, 1, 1]);
/// assert_eq!((texts.row(1), texts.cut), (&[1; 6][..], 0));
/// # Ok::<(), vit22b::text::TokenizerError>(())
/// ```
#[derive(Debug)]
pub struct TextEncoder {
    tokenizer: Tokenizer,
    length: usize,
    start: Option<u32>,
    end: u32,
    pad: u32,
    lowercase: bool,
}

/// The ids of texts, all of one length.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextIds {
    ids: Vec<u32>,
    length: usize,
    /// How many texts were longer and are cut.
    pub cut: usize,
}

impl TextEncoder {
    /// Joins a tokenizer to a tower.
    ///
    /// # Errors
    ///
    /// [`TokenizerError::NotTheTowers`] for a tokenizer with another number of ids, another end, or another start than
    /// the tower.
    pub fn new(tokenizer: Tokenizer, tower: &TextConfig) -> Result<Self, TokenizerError> {
        let refuse = |what, got: String, expected: String| TokenizerError::NotTheTowers {
            file: tokenizer.file().into(),
            what,
            got,
            expected,
        };
        if tokenizer.vocabulary() != tower.vocabulary {
            let [got, expected] =
                [tokenizer.vocabulary(), tower.vocabulary].map(|count| format!("{count} ids"));
            return Err(refuse("its vocabulary", got, expected));
        }
        let shown = |id: Option<u32>| id.map_or("none".to_string(), |id| format!("id {id}"));
        let of_tower = |id: usize| u32::try_from(id).unwrap_or(u32::MAX);
        let (end, start) = (of_tower(tower.end), tower.start.map(of_tower));
        if tokenizer.end() != Some(end) {
            return Err(refuse("its end of a text", shown(tokenizer.end()), shown(Some(end))));
        }
        // Many tokenizers have an id for the start that towers do without.
        if start.is_some() && tokenizer.start() != start {
            return Err(refuse("its start of a text", shown(tokenizer.start()), shown(start)));
        }
        let (length, pad, lowercase) = (tower.length, of_tower(tower.pad), tower.lowercase);
        Ok(Self { tokenizer, length, start, end, pad, lowercase })
    }

    /// The ids of texts: start, text, end, padding. A text that is too long is cut so that its end stays.
    pub fn encode<T: AsRef<str>>(&self, texts: &[T]) -> TextIds {
        let (length, mut cut) = (self.length, 0);
        let mut ids = Vec::with_capacity(texts.len() * length);
        for text in texts {
            let text = text.as_ref();
            let text = match self.lowercase {
                true => self.tokenizer.encode(&text.to_lowercase()),
                false => self.tokenizer.encode(text),
            };
            let whole = self.start.into_iter().chain(text).chain([self.end]);
            let mut row: Vec<u32> = whole.collect();
            if row.len() > length {
                cut += 1;
                row.truncate(length);
                row[length - 1] = self.end;
            }
            row.resize(length, self.pad);
            ids.extend(row);
        }
        TextIds { ids, length, cut }
    }

    /// The tokenizer.
    pub fn tokenizer(&self) -> &Tokenizer {
        &self.tokenizer
    }
}

impl TextIds {
    /// How many texts there are.
    pub fn len(&self) -> usize {
        self.ids.len() / self.length
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// The ids of a text.
    ///
    /// # Panics
    ///
    /// If there are not so many texts.
    pub fn row(&self, index: usize) -> &[u32] {
        &self.ids[index * self.length..][..self.length]
    }

    /// The same with as many texts as a program takes: those that are missing are zeros.
    pub(crate) fn filled_up(mut self, texts: usize) -> Self {
        self.ids.resize(self.ids.len().max(texts * self.length), 0);
        self
    }

    /// A hash of all ids, as 64 hexadecimal digits.
    pub fn digest(&self) -> String {
        let mut hash = Sha256::new();
        hash.update((self.length as u64).to_le_bytes());
        self.ids.iter().for_each(|id| hash.update(id.to_le_bytes()));
        hex(hash.finalize())
    }

    /// All texts as a tensor `[b, n]`.
    pub fn tensor(&self, device: &Device) -> Tensor<2, Int> {
        let ids: Vec<i32> = self.ids.iter().map(|id| *id as i32).collect();
        Tensor::from_data(TensorData::new(ids, [self.len(), self.length]), device)
    }
}
