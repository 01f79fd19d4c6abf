//! A tokenizer of a closed vocabulary.

use serde_json::{Value, json};

/// A `tokenizer.json` whose ids are whole words, for texts of a closed vocabulary such as those of a grammar. Id 0 is padding, 1 the end
/// of a text, 2 stands for what is no word; the words follow in their order.
///
/// ```
/// use vit22b::text::{Tokenizer, words_json};
///
/// let json = words_json(&["a", "red", "disc"]);
/// let tokenizer = Tokenizer::from_bytes("words", json.as_bytes())?;
/// assert_eq!((tokenizer.encode("a red  disc"), tokenizer.end()), (vec![3, 4, 5], Some(1)));
/// # Ok::<(), vit22b::text::TokenizerError>(())
/// ```
pub fn words_json<T: AsRef<str>>(words: &[T]) -> String {
    let own = ["<pad>", "</s>", "<unk>"].map(|piece| json!([piece, 0.0]));
    let words = words.iter().map(|word| json!([format!("\u{2581}{}", word.as_ref()), -1.0]));
    let pieces: Vec<Value> = own.into_iter().chain(words).collect();
    let json = json!({
        "version": "1.0",
        "added_tokens": [],
        "normalizer": { "type": "Replace", "pattern": { "Regex": " {2,}" }, "content": " " },
        "pre_tokenizer": { "type": "Metaspace", "replacement": "\u{2581}", "prepend_scheme": "always" },
        "model": { "type": "Unigram", "unk_id": 2, "vocab": pieces },
    });
    json.to_string()
}
