use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};

use safetensors::SafeTensors;

use crate::folder::Folder;
use crate::{fixture, vit22b};

/// The shape of the features in a file, and what its header says.
fn read(path: &str) -> (Vec<usize>, serde_json::Value) {
    let bytes = std::fs::read(path).unwrap();
    let (_, metadata) = SafeTensors::read_metadata(&bytes).unwrap();
    let header = metadata.metadata().clone().unwrap_or_default();
    let parse = |text: String| serde_json::from_str::<serde_json::Value>(&text).unwrap();
    let parsed = header.into_iter().map(|(key, text)| (key, parse(text)));
    let file = SafeTensors::deserialize(&bytes).unwrap();
    (file.tensor("features").unwrap().shape().to_vec(), parsed.collect())
}

#[test]
fn bf16_rounds_features_and_is_not_mixed_with_f32() {
    let folder = Folder::new("embed-bf16");
    let (weights, images) = (fixture("timm_xp/model.safetensors"), fixture("images"));
    let embed = |out: &str, precision: &str| {
        let out = folder.path().join(out);
        let out = out.to_str().expect("UTF-8");
        vit22b([
            "embed",
            "--weights",
            &weights,
            "--images",
            &images,
            "--out",
            out,
            "--precision",
            precision,
            "--device",
            "flex",
        ])
    };
    embed("parts", "f32").succeeded();
    let error = embed("parts", "bf16").failed();
    assert!(error.contains("precision was \"f32\", is \"bf16\""), "{error}");
    embed("narrow.jsonl", "bf16").succeeded();
}

#[test]
fn a_folder_becomes_features_with_names() {
    let folder = Folder::new("embed");
    let out = folder.path().join("features.safetensors");
    let out = out.to_str().expect("UTF-8");
    let (weights, images) = (fixture("timm_xp/model.safetensors"), fixture("images"));
    let run = vit22b(["embed", "--weights", &weights, "--images", &images, "--out", out]);
    let said = run.succeeded();
    let (shape, header) = read(out);
    let names = header["names"].as_array().unwrap();
    assert_eq!(names.len(), shape[0]);
    assert!(names.iter().any(|name| name == "photo.jpg"), "{names:?}");
    assert!(header.get("labels").is_none(), "a folder has no labels");
    assert!(
        said.starts_with(&format!("{} images, {} features each", shape[0], shape[1])),
        "{said}"
    );
}

#[test]
fn a_list_becomes_features_with_labels_and_what_is_broken_is_said() {
    let folder = Folder::new("embed-list");
    for (name, from) in [("a.png", "photo.png"), ("b.png", "scene.png")] {
        std::fs::copy(fixture(&format!("images/{from}")), folder.path().join(name)).unwrap();
    }
    std::fs::write(folder.path().join("c.png"), "no image").unwrap();
    let list = folder.path().join("list.csv");
    std::fs::write(&list, "path,label\na.png,cat\nc.png,cat\nb.png,dog\n").unwrap();
    let (list, out) = (list.to_str().unwrap(), folder.path().join("f.safetensors"));
    let (weights, out) = (fixture("timm_vit/model.safetensors"), out.to_str().unwrap());
    let arguments = ["embed", "--weights", &weights, "--images", list, "--out", out];
    let run = vit22b(arguments);
    assert!(run.stderr.contains("c.png"), "{}", run.stderr);
    run.succeeded();
    let (shape, header) = read(out);
    assert_eq!(shape[0], 2);
    assert_eq!(header["names"], serde_json::json!(["a.png", "b.png"]));
    assert_eq!(header["classes"], serde_json::json!(["cat", "dog"]));
    assert_eq!(header["labels"], serde_json::json!([[0], [1]]));
    let error = vit22b(arguments.iter().chain(&["--stop-at-broken"])).failed();
    assert!(error.contains("c.png"), "{error}");
}

#[test]
fn errors_name_the_option() {
    let (weights, images) = (fixture("timm_vit/model.safetensors"), fixture("images"));
    let run = |weights: &str, images: &str, out: &str| {
        vit22b(["embed", "--weights", weights, "--images", images, "--out", out])
    };
    let error = run(&weights, &images, "features.txt").failed();
    assert!(error.starts_with("--out: features.txt: expected a name that ends in"), "{error}");
    let error = run(&weights, "nowhere", "unused.npy").failed();
    assert_eq!(error, "--images: nowhere: there is no such file or folder");
    let folder = Folder::new("embed-errors");
    let out = folder.path().join("features.npy");
    let error = run("nowhere.safetensors", &images, out.to_str().unwrap()).failed();
    assert!(error.starts_with("--weights: nowhere.safetensors"), "{error}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "nothing partial is left");
}

#[test]
fn a_folder_with_one_file_of_weights_and_one_image_are_taken() {
    let folder = Folder::new("embed-one");
    let weights = folder.path().join("weights");
    std::fs::create_dir(&weights).unwrap();
    let npz = fixture("big_vision_map/checkpoint.npz");
    std::fs::copy(npz, weights.join("ViT-B_16.npz")).unwrap();
    let (weights, out) = (weights.to_str().unwrap(), folder.path().join("f.safetensors"));
    let (images, out) = (fixture("images"), out.to_str().unwrap());
    vit22b(["embed", "--weights", weights, "--images", &images, "--out", out]).succeeded();
    assert!(read(out).0[0] > 1);
    let image = fixture("images/photo.jpg");
    vit22b(["embed", "--weights", weights, "--images", &image, "--out", out]).succeeded();
    assert_eq!(read(out).0[0], 1);
}

/// Drawings with the list `labels.csv`.
fn drawings(folder: &Folder, count: usize) -> String {
    let images = folder.path().join("images");
    let images = images.to_str().expect("UTF-8");
    let count = count.to_string();
    let cues = ["--count", &count, "--side", "16", "--cues", "agree"];
    vit22b(["draw", "--out", images].iter().chain(&cues)).succeeded();
    images.into()
}

/// The files of a folder of features.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
    let files = entries.map(|entry| {
        (entry.file_name().into_string().unwrap(), std::fs::read(entry.path()).unwrap())
    });
    files.collect()
}

#[test]
fn a_killed_run_goes_on_and_gives_the_same_bytes() {
    let folder = Folder::new("embed-killed");
    let images = drawings(&folder, 300) + "/labels.csv";
    let weights = fixture("timm_vit/model.safetensors");
    let embed = |out: &Path| {
        let out = out.to_str().expect("UTF-8").to_string();
        let base = ["embed", "--weights", &weights, "--images", &images, "--out", &out];
        let parts = ["--images-per-part", "8", "--batch", "4"];
        base.iter().chain(&parts).map(ToString::to_string).collect::<Vec<_>>()
    };
    let [whole, killed] = ["whole", "killed"].map(|name| folder.path().join(name));
    let said = vit22b(embed(&whole)).succeeded();
    assert!(said.contains("300 images, ") && said.contains("(38 parts, .safetensors)"), "{said}");

    let mut run = Command::new(env!("CARGO_BIN_EXE_vit22b"))
        .args(embed(&killed))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    // The third part is there: the run is in the middle of the others.
    while !killed.join("part-00002.safetensors").exists() && run.try_wait().unwrap().is_none() {
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
    run.kill().unwrap();
    run.wait().unwrap();
    let manifest = std::fs::read_to_string(killed.join("manifest.json")).unwrap();
    assert!(manifest.contains("\"complete\": false"), "it was killed before its end");
    let killed_path = killed.to_str().expect("UTF-8");
    let error = vit22b(["probe", "--features", killed_path]).failed();
    assert!(error.contains("of 300 images are done; run the same `embed` again"), "{error}");

    let run = vit22b(embed(&killed));
    assert!(run.stderr.contains("of 300 images are there already"), "{}", run.stderr);
    run.succeeded();
    assert_eq!(files(&killed), files(&whole));
    let said = vit22b(embed(&whole)).succeeded();
    assert!(said.contains("all were there already"), "{said}");
}

#[test]
fn an_update_is_told_and_needs_its_option() {
    let folder = Folder::new("embed-update");
    let images = folder.path().join("images");
    std::fs::create_dir(&images).unwrap();
    for (name, from) in [("a.png", "photo.png"), ("b.png", "scene.png"), ("c.png", "dark.png")] {
        std::fs::copy(fixture(&format!("images/{from}")), images.join(name)).unwrap();
    }
    std::fs::write(images.join("d.png"), "no image").unwrap();
    std::fs::write(images.join("notes.txt"), "").unwrap();
    let (weights, out) = (fixture("timm_vit/model.safetensors"), folder.path().join("features"));
    let (images_path, out) = (images.to_str().unwrap(), out.to_str().unwrap());
    let base = ["embed", "--weights", &weights, "--images", images_path, "--out", out];
    let embed = |more: &[&'static str]| vit22b(base.iter().chain(more));
    let run = embed(&[]);
    for line in [
        "skipped: 1 of 4 images",
        "  files of no format that is read: 1 (d.png)",
        "note: --images: .txt files are not read: 1 (notes.txt)",
    ] {
        assert!(run.stderr.lines().any(|said| said == line), "{line}: {}", run.stderr);
    }
    run.succeeded();
    std::fs::copy(fixture("images/grey.png"), images.join("e.png")).unwrap();
    std::fs::copy(fixture("images/grey.png"), images.join("b.png")).unwrap();
    std::fs::remove_file(images.join("a.png")).unwrap();
    let error = embed(&[]).failed();
    assert!(
        error.contains("was begun with 4 images") && error.contains("give --update"),
        "{error}"
    );
    let said = embed(&["--update"]).succeeded();
    assert!(said.contains("3 images, ") && said.contains("1 new, 1 changed, 1 gone"), "{said}");
    let error = embed(&["--update", "--ignore-orientation"]).failed();
    assert!(error.contains("exif_orientation was true, is false"), "{error}");
    let error = embed(&["--format", "npy"]).failed();
    assert!(error.contains("the form was safetensors, is npy"), "{error}");
    let error = embed(&["--pool", "average"]).failed();
    assert!(error.contains("model pool was") && error.contains("give another folder"), "{error}");
    let error = embed(&["--images-per-part", "16"]).failed();
    assert!(
        error.starts_with("--images-per-part: ") && error.contains("10000 images in a part"),
        "{error}"
    );
    // Files that have changed are told without the option too.
    std::fs::copy(fixture("images/scene.png"), images.join("e.png")).unwrap();
    std::fs::copy(fixture("images/scene.png"), images.join("d.png")).unwrap();
    let error = embed(&[]).failed();
    let said = "2 of its images have changed since they were embedded (d.png, e.png), so that";
    assert!(error.contains(said) && error.contains("with --update they are"), "{error}");
    let said = embed(&["--update"]).succeeded();
    assert!(said.contains("4 images, ") && said.contains("0 new, 2 changed, 0 gone"), "{said}");
    // A folder whose images were all broken.
    for name in ["b.png", "c.png", "d.png", "e.png"] {
        std::fs::write(images.join(name), "no image").unwrap();
    }
    let error = embed(&["--update"]).failed();
    assert!(
        error.contains("no image could be read") && error.contains("--update reads"),
        "{error}"
    );
    std::fs::copy(fixture("images/scene.png"), images.join("d.png")).unwrap();
    let error = embed(&[]).failed();
    assert!(
        error.contains("1 of its images have changed") && error.contains("--update"),
        "{error}"
    );
}

/// Of shards that are cut or damaged the rest is taken, by every verb.
#[test]
fn of_broken_shards_the_rest_is_taken() {
    let folder = Folder::new("embed-shards");
    let at = |name: &str| folder.path().join(name).to_str().expect("UTF-8").to_string();
    let images = ["photo.png", "scene.png"]
        .map(|name| std::fs::read(fixture(&format!("images/{name}"))).unwrap());
    for shard in ["0", "1"] {
        let mut builder = tar::Builder::new(Vec::new());
        for key in 0..12 {
            let class = (key % 2).to_string();
            let files = [("png", &images[key % 2][..]), ("cls", class.as_bytes())];
            for (ending, bytes) in files {
                let mut header = tar::Header::new_gnu();
                header.set_size(bytes.len() as u64);
                let name = format!("{shard}-{key:02}.{ending}");
                builder.append_data(&mut header, name, bytes).unwrap();
            }
        }
        let mut bytes = builder.into_inner().unwrap();
        // The last label ends in the zeros of the end; the image before it is cut.
        if shard == "0" {
            bytes.truncate(bytes.len() - 1024 - 1024 - 600);
        }
        std::fs::write(at(&format!("s{shard}.tar")), bytes).unwrap();
    }
    let (shards, weights) = (at("s{0..1}.tar"), fixture("timm_vit/model.safetensors"));
    let common = ["--weights", &weights, "--images", &shards];
    let cut = format!(
        "note: --images: shards that are cut or damaged, of which all members that can be read are taken: 1 ({}: its end \
         is within 0-11.png)",
        at("s0.tar")
    );
    let (features, report) = (at("features"), at("report"));
    for verb in [&["embed", "--out", &features][..], &["probe"], &["evaluate", "--out", &report]] {
        let run = vit22b(verb.iter().chain(&common));
        assert!(run.stderr.lines().any(|line| line == cut), "{}", run.stderr);
        run.succeeded();
    }
    let probed = vit22b(["probe", "--json", "--features", &features]).succeeded();
    let probed: serde_json::Value = serde_json::from_str(&probed).unwrap();
    assert_eq!((&probed["train_images"], &probed["test_images"]), (&18.into(), &5.into()));
    let error =
        vit22b(["embed", "--weights", &weights, "--images", &at("*.tar"), "--out", &features]);
    let error = error.failed();
    assert!(error.contains("name shards as a-{000..099}.tar"), "{error}");
}

#[test]
fn where_features_cannot_go_or_come_from_is_said() {
    let folder = Folder::new("embed-places");
    let at = |name: &str| folder.path().join(name).to_str().expect("UTF-8").to_string();
    std::fs::write(at("file"), "something").unwrap();
    std::fs::create_dir(at("empty")).unwrap();
    std::fs::create_dir(at("lost")).unwrap();
    std::fs::write(at("lost/part-00000.safetensors"), "features").unwrap();
    let (weights, images) = (fixture("timm_vit/model.safetensors"), fixture("images"));
    for (out, said) in [
        ("file", "is a file and no folder"),
        ("lost", "holds parts of features and no manifest.json"),
    ] {
        let arguments = ["embed", "--weights", &weights, "--images", &images, "--out", &at(out)];
        let error = vit22b(arguments).failed();
        assert!(error.starts_with("--out: ") && error.contains(said), "{error}");
    }
    for (features, said) in [
        ("nowhere", "there is no such file or folder"),
        ("empty", "holds no manifest.json"),
        ("file", "expected a name that ends in .safetensors"),
    ] {
        let error = vit22b(["probe", "--features", &at(features)]).failed();
        assert!(error.starts_with("--features: ") && error.contains(said), "{error}");
    }
}

#[test]
fn what_was_embedded_is_measured_as_the_images_are() {
    let folder = Folder::new("embed-probe");
    let images = drawings(&folder, 60);
    let (list, weights) = (format!("{images}/labels.csv"), fixture("timm_vit/model.safetensors"));
    let probe = |arguments: &[&str]| -> serde_json::Value {
        let run = vit22b(["probe", "--json"].iter().chain(arguments));
        serde_json::from_str(&run.succeeded()).expect("one line of JSON")
    };
    let expected = probe(&["--weights", &weights, "--images", &list]);
    let path = |name: &str| folder.path().join(name).to_str().expect("UTF-8").to_string();
    for (out, format) in [
        ("a", Some("safetensors")),
        ("b", Some("npy")),
        ("c", Some("jsonl")),
        ("d", Some("parquet")),
        ("e.safetensors", None),
        ("f.parquet", None),
        ("g.jsonl", None),
    ] {
        let out = path(out);
        let base = ["embed", "--weights", &weights, "--images", &list, "--out", &out];
        let parts = ["--images-per-part", "16", "--format", format.unwrap_or_default()];
        let parts = if format.is_some() { &parts[..] } else { &[] };
        vit22b(base.iter().chain(parts)).succeeded();
        let got = probe(&["--features", &out]);
        for key in ["classes", "train_images", "test_images", "test_accuracy", "train_accuracy"] {
            assert_eq!(got[key], expected[key], "{key} of {out}");
        }
    }
    // Folders are classes where that is asked for, and test features may be apart.
    let out = path("classes");
    let base = ["embed", "--weights", &weights, "--images", &images, "--out", &out];
    vit22b(base).succeeded();
    let error = vit22b(["probe", "--features", &out]).failed();
    assert!(error.contains("no image has a label") && error.contains("--class-folders"), "{error}");
    let error = vit22b(base.iter().chain(&["--class-folders"])).failed();
    assert!(error.contains("or with other labels; give --update"), "{error}");
    vit22b(base.iter().chain(&["--class-folders", "--update"])).succeeded();
    let got = probe(&["--features", &out, "--test-features", &out]);
    assert_eq!((&got["train_images"], &got["test_images"]), (&60.into(), &60.into()));
    assert_eq!(got["train_accuracy"], got["test_accuracy"]);
    let report = path("report");
    vit22b(["evaluate", "--features", &out, "--out", &report]).succeeded();
    let text = std::fs::read_to_string(folder.path().join("report/report.json")).unwrap();
    let report: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(report["Features"][0]["features"], "the features");
    let error = vit22b(["probe", "--features", "nowhere"]).failed();
    assert!(error.starts_with("--features: nowhere"), "{error}");
    let run = vit22b(["probe", "--features", &out, "--weights", &weights]);
    assert_eq!(run.code, 2, "{}", run.stderr);
    let run = vit22b(["probe", "--images", &images]);
    assert_eq!(run.code, 2);
    assert!(run.stderr.contains("--weights <PATH>"), "{}", run.stderr);
}

#[test]
fn features_that_are_no_numbers_are_refused_by_the_image() {
    let folder = Folder::new("embed-nan");
    let images = folder.path().join("images");
    std::fs::create_dir(&images).unwrap();
    for (name, value) in [("black.ppm", 0), ("white.ppm", 255)] {
        let file = [&b"P6 8 8 255\n"[..], &[value; 192]].concat();
        std::fs::write(images.join(name), file).unwrap();
    }
    let weights = fixture("timm_vit/model.safetensors");
    for out in ["features.npy", "features"] {
        let (out, images) = (folder.path().join(out), images.to_str().unwrap());
        let base = ["embed", "--weights", &weights, "--images", images];
        let steps = ["--side", "28", "--preprocess", "resize(28)|value_range(0, 3e38)"];
        let out = ["--out", out.to_str().unwrap()];
        let error = vit22b(base.iter().chain(&steps).chain(&out)).failed();
        assert!(error.starts_with("the features of white.ppm are not finite numbers"), "{error}");
    }
    assert!(!folder.path().join("features.npy").exists());
}
