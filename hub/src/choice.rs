//! Which files of a repository make a model.

/// The index of shards and the file under the names that transformers and timm give them, and those of OpenCLIP.
pub(crate) const WEIGHTS: [&str; 4] = [
    "model.safetensors.index.json",
    "model.safetensors",
    "open_clip_model.safetensors",
    "open_clip_pytorch_model.safetensors",
];

/// Configs, processors and tokenizers.
pub(crate) const BESIDE: [&str; 14] = [
    "config.json",
    "preprocessor_config.json",
    "processor_config.json",
    "open_clip_config.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab.json",
    "vocab.txt",
    "merges.txt",
    "spiece.model",
    "tokenizer.model",
    "sentencepiece.bpe.model",
];

/// Weights of other frameworks, which a repository without a listing is asked for to say what it has.
pub(crate) const UNREAD: [&str; 4] =
    ["pytorch_model.bin", "open_clip_pytorch_model.bin", "tf_model.h5", "flax_model.msgpack"];

const INDEX: &str = ".safetensors.index.json";

/// Whether a name is that of a file in its folder, on every system.
pub(crate) fn is_plain(name: &str) -> bool {
    !name.is_empty()
        && !name.starts_with('.')
        && !name.contains(|c: char| c.is_control() || matches!(c, '/' | '\\' | ':'))
}

/// Whether a file is the index of shards.
pub(crate) fn is_index(file: &str) -> bool {
    file.ends_with(INDEX)
}

/// Why no file of weights is taken: what the repository has, and what can be done.
pub(crate) type NoChoice = (String, &'static str);

/// The file of weights among the files of a repository: the first of [`WEIGHTS`] that is there, or the only other one.
pub(crate) fn weights(files: &[String]) -> Result<&str, NoChoice> {
    if let Some(usual) = WEIGHTS.iter().find(|usual| files.iter().any(|file| file == *usual)) {
        return Ok(usual);
    }
    let ends_in = |endings: &[&str]| -> Vec<&str> {
        let named = files.iter().map(String::as_str).filter(|file| is_plain(file));
        named.filter(|file| endings.iter().any(|ending| file.ends_with(ending))).collect()
    };
    let found = match ends_in(&[INDEX]) {
        index if index.len() == 1 => index,
        _ => ends_in(&[".safetensors", ".npz"]),
    };
    match found[..] {
        [file] => Ok(file),
        [] => {
            let nothing = "the repository has no weights that are read (.safetensors or .npz)";
            let pickles = ends_in(&[".bin", ".pt", ".pth", ".pkl", ".ckpt", ".tar"]);
            let others = ends_in(&[".h5", ".msgpack", ".onnx", ".gguf", ".tflite", ".keras"]);
            let lower: Vec<_> =
                files.iter().filter(|file| file.ends_with(".safetensors")).collect();
            Err(match (&pickles[..], &others[..], &lower[..]) {
                ([], [], []) => {
                    (format!("{nothing}, but {}", listed(files)), "name a model's repository")
                }
                ([], [], lower) => (
                    format!("{nothing} at its top, but {}", listed(lower)),
                    "fetch the folder that you mean, and give its path",
                ),
                ([], others, _) => (
                    format!("{nothing}, but {}", listed(others)),
                    "save the model as safetensors with the library that it is of, and give the path",
                ),
                (pickles, ..) => {
                    let are = if pickles.len() == 1 {
                        "is a Python pickle"
                    } else {
                        "are Python pickles"
                    };
                    (
                        format!(
                            "{nothing}, but {}, which {are} and can run code when read",
                            listed(pickles)
                        ),
                        "save the model as safetensors with the library that it is of, and give the path; or name a \
                         revision that has safetensors",
                    )
                }
            })
        }
        _ => Err((
            format!("the repository has several files of weights: {}", listed(&found)),
            "fetch the one that you mean, and give its path",
        )),
    }
}

/// The first names of some.
pub(crate) fn listed(files: &[impl AsRef<str>]) -> String {
    const SHOWN: usize = 8;
    let names: Vec<&str> = files.iter().map(AsRef::as_ref).take(SHOWN).collect();
    match files.len() {
        0 => "no file at all".into(),
        count if count > SHOWN => format!("{} and {} more", names.join(", "), count - SHOWN),
        _ => names.join(", "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(files: &[&str]) -> Result<String, String> {
        let files: Vec<String> = files.iter().map(ToString::to_string).collect();
        weights(&files).map(str::to_string).map_err(|(problem, next)| format!("{problem}; {next}"))
    }

    #[test]
    fn the_usual_file_comes_first() {
        assert_eq!(
            chosen(&["config.json", "model.safetensors", "a.safetensors"]).unwrap(),
            "model.safetensors"
        );
        assert_eq!(
            chosen(&[
                "model-00001-of-00002.safetensors",
                "model.safetensors.index.json",
                "model.safetensors"
            ])
            .unwrap(),
            "model.safetensors.index.json"
        );
        assert_eq!(
            chosen(&["pytorch_model.bin", "B_16.npz", "x/a.safetensors"]).unwrap(),
            "B_16.npz"
        );
        assert_eq!(
            chosen(&["a-1.safetensors", "a-2.safetensors", "a.safetensors.index.json"]).unwrap(),
            "a.safetensors.index.json"
        );
    }

    #[test]
    fn what_there_is_in_place_of_weights_is_named() {
        let error = chosen(&["README.md", "pytorch_model.bin"]).unwrap_err();
        let start = "the repository has no weights that are read (.safetensors or .npz), but pytorch_model.bin, which is a Python pickle";
        assert!(error.starts_with(start), "{error}");
        let error = chosen(&["a.safetensors", "b.safetensors"]).unwrap_err();
        assert!(
            error.contains("several files of weights: a.safetensors, b.safetensors"),
            "{error}"
        );
        let error = chosen(&["README.md", "unet/a.safetensors"]).unwrap_err();
        assert!(error.contains("at its top, but unet/a.safetensors"), "{error}");
        assert!(chosen(&["tf_model.h5"]).unwrap_err().contains("but tf_model.h5"));
        assert!(chosen(&[]).unwrap_err().contains("but no file at all"));
    }
}
