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
fn a_folder_with_one_file_of_weights_is_taken_and_one_image_is_not() {
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
    let error = vit22b(["embed", "--weights", weights, "--images", &image, "--out", out]).failed();
    assert!(error.starts_with("--images") && error.contains("and not an image"), "{error}");
}
