//! Errors speak of what was typed: options of the command, not fields or methods of the library.

use std::path::Path;

use crate::folder::Folder;
use crate::{fixture, vit22b};

/// All text of the files below a folder.
fn sources(folder: &Path, text: &mut String) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, text);
        } else {
            text.push_str(&std::fs::read_to_string(path).unwrap());
        }
    }
}

/// Each option of the library that an error text advises is one of the verbs that load weights; those of text
/// towers, of the verbs that load both towers. `head` and `strict`
/// are settled by these verbs themselves, and no verb exports, where `epsilon` is advised.
#[test]
fn what_errors_advise_is_an_option_of_the_verb() {
    let mut text = String::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../src"), &mut text);
    let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    let code: String = code.collect::<Vec<_>>().join("\n");
    let mut advised: Vec<String> = Vec::new();
    for mark in ["`LoadOptions::", "`DecodeOptions::", "option: \""] {
        let names = code.split(mark).skip(1).filter_map(|rest| rest.split(['`', '"']).next());
        advised
            .extend(names.filter(|name| !name.starts_with('{')).map(|name| name.replace('_', "-")));
    }
    assert!(advised.len() > 5, "{advised:?}");
    // Those of names for texts are arguments of a function that makes the error.
    advised.extend(["text-heads", "text-pool"].map(String::from));
    for verb in ["embed", "probe", "evaluate", "explain", "inspect", "zero-shot", "retrieve"] {
        let help = vit22b([verb, "--help"]).succeeded();
        let has_texts = ["zero-shot", "retrieve"].contains(&verb);
        for name in &advised {
            let settled = ["head", "strict", "epsilon"].contains(&&**name)
                || !has_texts && name.starts_with("text-")
                || verb == "inspect" && name == "max-pixels";
            assert!(settled || help.contains(&format!("--{name}")), "{verb} has no --{name}");
        }
    }
}

#[test]
fn errors_name_the_option_that_was_typed() {
    let folder = Folder::new("errors");
    let at = |name: &str| folder.path().join(name).to_str().expect("UTF-8").to_string();
    std::fs::create_dir(folder.path().join("images")).unwrap();
    std::fs::copy(fixture("images/photo.png"), folder.path().join("images/1.png")).unwrap();
    let (weights, images, out) = (fixture("timm_vit/model.safetensors"), at("images"), at("o.npy"));
    let embed = |weights: &str, more: &[&str]| {
        let arguments = ["embed", "--weights", weights, "--images", &images, "--out", &out];
        vit22b(arguments.iter().chain(more))
    };
    for (more, said) in [
        (&["--side", "33"][..], "--side 33: expected a multiple of the patch, "),
        (&["--num-heads", "5"], "--num-heads: num_heads = 5 is not valid"),
        (&["--grid", "1x2"], "--grid 1x2: the file is of a model with "),
        (&["--part", "teacher"], "--part: the file holds the model without a prefix"),
        (&["--assume", "resnet"], "--assume resnet: no architecture that is computed here"),
        (&["--preprocess", "resize(30)|value_range(-1, 1)"], "--preprocess resize(30"),
        (&["--device", "gpu"], "--device gpu: "),
    ] {
        let error = embed(&weights, more).failed();
        assert!(error.starts_with(said), "{error}");
        assert!(!error.contains("::"), "{error}");
    }
    let run = embed(&weights, &["--max-pixels", "100"]);
    assert!(run.stderr.contains("exceed the limit of 100; raise --max-pixels"), "{}", run.stderr);
    for (arguments, said) in [
        (&["train", "--out", &out, "--image", "30", "--variant", "S/16"][..], "--image: image"),
        (&["train", "--out", &out, "--batch", "6", "--micro-batches", "4"], "--micro-batches: "),
        (&["evaluate", "--out", &out, "--trials", "nowhere", "--logits", "x"], "--logits x: "),
        (&["draw", "--out", &images], "--out "),
    ] {
        let error = vit22b(arguments).failed();
        assert!(error.starts_with(said), "{error}");
    }
}

/// Weights whose values are no numbers give no features, whichever verb wants them.
#[test]
fn features_that_are_no_numbers_are_an_error_that_names_the_image() {
    let folder = Folder::new("errors-nan");
    let weights = fixture("timm_vit/model.safetensors");
    let mut bytes = std::fs::read(weights).unwrap();
    let end = bytes.len();
    bytes[end - 4096..].as_chunks_mut::<4>().0.fill(f32::NAN.to_le_bytes());
    let broken = folder.path().join("model.safetensors");
    std::fs::write(&broken, bytes).unwrap();
    let images = folder.path().join("images");
    for (class, image) in [("cat", "photo.png"), ("dog", "scene.png")] {
        for number in 0..5 {
            let at = images.join(class);
            std::fs::create_dir_all(&at).unwrap();
            let to = at.join(format!("{number}.png"));
            std::fs::copy(fixture(&format!("images/{image}")), to).unwrap();
        }
    }
    let out = folder.path().join("out.npy");
    let text = |path: &Path| path.to_str().expect("UTF-8").to_string();
    let (broken, images, to) = (text(&broken), text(&images), text(&out));
    let common = ["--weights", &broken, "--images", &images, "--num-heads", "4"];
    for verb in [&["embed", "--out", &to][..], &["probe"], &["evaluate", "--out", &to]] {
        let error = vit22b(verb.iter().chain(&common)).failed();
        assert!(error.contains("are not finite numbers"), "{error}");
        assert!(error.contains(".png"), "{error}");
        assert!(!out.is_file(), "{verb:?}");
    }
}
