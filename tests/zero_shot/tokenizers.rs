//! Ids of tokenizers: SentencePiece's, open_clip's and Hugging Face's are taken exactly.

use serde_json::Value;
use vit22b::text::{TextConfig, TextEncoder, Tokenizer, TokenizerKind};

use super::{copies, folder, json, list};

/// Every string of a list, by the ids under a key.
#[track_caller]
fn check(tokenizer: &Tokenizer, strings: &Value, key: &str) {
    let strings = strings.as_array().unwrap();
    assert!(strings.len() > 100);
    let wrong: Vec<String> = strings
        .iter()
        .filter_map(|case| {
            let (text, expected) = (case["text"].as_str().unwrap(), list::<u32>(&case[key]));
            let got = tokenizer.encode(text);
            (got != expected).then(|| format!("{text:?}: {got:?}, expected {expected:?}"))
        })
        .collect();
    let count = wrong.len();
    assert!(wrong.is_empty(), "{count} of {}:\n{}", strings.len(), wrong.join("\n"));
}

#[test]
fn sentencepiece() {
    let folder = folder("tokenizers");
    let case = json(&folder.join("sentencepiece.json"));
    for (name, kind) in
        [("unigram", TokenizerKind::Unigram), ("bpe", TokenizerKind::SentencePieceBpe)]
    {
        let tokenizer = Tokenizer::read(folder.join(name).with_extension("model")).unwrap();
        assert_eq!(tokenizer.kind(), kind);
        let about = &case[name];
        assert_eq!(tokenizer.vocabulary() as u64, about["pieces"].as_u64().unwrap());
        assert_eq!(tokenizer.end().map(u64::from), about["eos"].as_u64());
        assert_eq!(tokenizer.start().map(u64::from), about["bos"].as_u64());
        check(&tokenizer, &case["strings"], name);
    }
}

#[test]
fn clip() {
    let folder = folder("tokenizers");
    let case = json(&folder.join("clip.json"));
    let tokenizer = Tokenizer::read(folder.join("clip_merges.txt")).unwrap();
    assert_eq!(tokenizer.kind(), TokenizerKind::ClipBpe);
    assert_eq!(tokenizer.vocabulary() as u64, case["vocabulary"].as_u64().unwrap());
    assert_eq!(tokenizer.start().map(u64::from), case["start"].as_u64());
    assert_eq!(tokenizer.end().map(u64::from), case["end"].as_u64());
    check(&tokenizer, &case["strings"], "ids");
}

/// `tokenizer.json` as the package tokenizers writes and reads it.
#[test]
fn hugging_face() {
    let folder = copies().join("tokenizer_json");
    let strings = json(&folder.join("ids.json"));
    for name in ["unigram", "bpe", "clip"] {
        let tokenizer = Tokenizer::read(folder.join(name).with_extension("json")).unwrap();
        check(&tokenizer, &strings, name);
    }
}

#[test]
fn other_files_are_refused() {
    let read = |bytes: &[u8]| match Tokenizer::from_bytes("t", bytes) {
        Ok(tokenizer) => panic!("{bytes:?} is read as {}", tokenizer.kind()),
        Err(error) => error.to_string(),
    };
    for bytes in [&b""[..], b"{", b"{}", b"hello", b"a b\nc d e", &[0x1f, 0x8b, 0], &[0x0a, 0xff]] {
        let error = read(bytes);
        assert!(error.starts_with("t: no tokenizer can be read: "), "{error}");
    }
    let json = std::fs::read_to_string(copies().join("tokenizer_json/clip.json")).unwrap();
    let other = json.replace(r#""type": "NFC""#, r#""type": "NFKC""#);
    assert_ne!(other, json);
    let error = read(other.as_bytes());
    assert!(error.contains("the step NFKC is not computed here"), "{error}");
    // A model that is cut anywhere is an error or a smaller model, and no panic.
    let model = std::fs::read(folder("tokenizers").join("unigram.model")).unwrap();
    for length in (0..model.len()).step_by(7) {
        if let Ok(tokenizer) = Tokenizer::from_bytes("t", &model[..length]) {
            tokenizer.encode("a café and ｶﾞ\u{0}");
        }
    }
    for at in (0..model.len()).step_by(11) {
        let mut model = model.clone();
        model[at] ^= 0x55;
        if let Ok(tokenizer) = Tokenizer::from_bytes("t", &model) {
            tokenizer.encode("a café and ｶﾞ\u{0} ﬁ １");
        }
    }
}

/// Ends that stay where a text is cut, and the padding of each tower.
#[test]
fn texts_are_cut_and_padded_as_towers_were_trained() {
    let folder = folder("tokenizers");
    let check = |file: &str, case: &Value, strings: &Value, key: &str, config: TextConfig| {
        let tokenizer = Tokenizer::read(folder.join(file)).unwrap();
        let encoder = TextEncoder::new(tokenizer, &config.with_lowercase(false)).unwrap();
        let padded = case["padded"].as_array().unwrap();
        let texts: Vec<&str> = padded
            .iter()
            .map(|row| strings[row["string"].as_u64().unwrap() as usize]["text"].as_str().unwrap())
            .collect();
        let ids = encoder.encode(&texts);
        assert_eq!(ids.len(), padded.len());
        let expected: Vec<Vec<u32>> = padded.iter().map(|row| list(&row[key])).collect();
        let whole = |text: &&&str| encoder.tokenizer().encode(text).len() + 1;
        for (index, expected) in expected.iter().enumerate() {
            assert_eq!(ids.row(index), expected, "{file}: {:?}", texts[index]);
        }
        let longer = texts.iter().filter(|text| whole(text) > expected[0].len()).count();
        assert!(ids.cut >= longer && ids.cut < texts.len());
    };
    let case = json(&folder.join("sentencepiece.json"));
    let number = |value: &Value| value.as_u64().unwrap() as usize;
    let length = number(&case["length"]);
    for (name, key, pad) in
        [("unigram", "unigram_sticky_pad_is_eos", 1), ("bpe", "bpe_sticky_pad_0", 0)]
    {
        let config = TextConfig::new(number(&case[name]["pieces"]), length, 1).with_pad(pad);
        check(&format!("{name}.model"), &case, &case["strings"], key, config);
    }
    let case = json(&folder.join("clip.json"));
    let config =
        TextConfig::new(number(&case["vocabulary"]), number(&case["length"]), number(&case["end"]));
    let config = config.with_start(Some(number(&case["start"])));
    check("clip_merges.txt", &case, &case["strings"], "ids", config);
}

#[test]
fn the_tokenizer_of_another_tower_is_refused() {
    let refused = |file: &str, config: TextConfig| {
        let tokenizer = Tokenizer::read(copies().join("parts/tokenizers").join(file)).unwrap();
        let error = TextEncoder::new(tokenizer, &config).unwrap_err().to_string();
        error.split(" is not the tokenizer of this text tower: ").nth(1).unwrap().to_string()
    };
    let next = "; take the file that was published with the weights";
    let error = refused("unigram.model", TextConfig::new(32_000, 16, 1));
    assert_eq!(error, format!("its vocabulary is 200 ids, expected 32000 ids{next}"));
    let error = refused("bpe.model", TextConfig::new(420, 16, 419));
    assert_eq!(error, format!("its end of a text is id 1, expected id 419{next}"));
    let error = refused("unigram.model", TextConfig::new(200, 16, 1).with_start(Some(2)));
    assert_eq!(error, format!("its start of a text is none, expected id 2{next}"));
}

/// The same model with every second piece unused, by SentencePiece: such a piece is a step to longer ones, and cut again where it is
/// left.
#[test]
fn pieces_that_are_not_used_are_cut() {
    let folder = copies().join("tokenizer_unused");
    let case = json(&folder.join("ids.json"));
    let tokenizer = Tokenizer::read(folder.join("bpe.model")).unwrap();
    check(&tokenizer, &case["strings"], "ids");
    let unused: Vec<u32> = list(&case["unused"]);
    let whole = Tokenizer::read(copies().join("parts/tokenizers/bpe.model")).unwrap();
    let mut changed = 0;
    for case in case["strings"].as_array().unwrap() {
        let text = case["text"].as_str().unwrap();
        let ids = tokenizer.encode(text);
        assert!(ids.iter().all(|id| !unused.contains(id)), "{text}: {ids:?}");
        changed += usize::from(ids != whole.encode(text));
    }
    assert!(changed > 50, "{changed}");
}
