use crate::folder::Folder;
use crate::{fixture, vit22b};

#[test]
fn patches_and_attention_become_pictures() {
    let folder = Folder::new("explain");
    let images = folder.path().join("images");
    std::fs::create_dir(&images).unwrap();
    std::fs::copy(fixture("images/photo.png"), images.join("photo.png")).unwrap();
    let path = |name: &str| folder.path().join(name).to_str().expect("UTF-8").to_string();
    let (weights, pca, attention) = (fixture("timm_vit"), path("pca"), path("attention"));
    let model = ["explain", "--weights", &weights, "--images", &path("images")];
    let pictures = ["--pca", &pca, "--attention", &attention];
    let said = vit22b(model.iter().chain(&pictures)).succeeded();
    assert_eq!(said, format!("1 picture in {pca}\n1 picture in {attention}\n"));
    for folder in [pca, attention] {
        let picture = image::open(format!("{folder}/photo.png")).unwrap();
        assert!(picture.width() > 2 * 448 && picture.height() >= 448);
    }
}

#[test]
fn what_speaks_for_a_class_becomes_a_heat_map() {
    let folder = Folder::new("explain-class");
    let (weights, image) = (fixture("timm_vit"), fixture("images/photo.png"));
    let heat = folder.path().join("heat").to_str().expect("UTF-8").to_string();
    let model = ["explain", "--weights", &weights, "--image", &image, "--heat", &heat];
    let said = vit22b(model.iter().chain(&["--class", "3", "--path-steps", "40"])).succeeded();
    assert!(said.starts_with("photo.png: class 3: logit "), "{said}");
    assert!(said.ends_with(&format!("2 heat maps in {heat}\n")), "{said}");
    // Both sums are printed: what is attributed, and by how much the logit rises.
    let (_, sums) = said.split_once("gradients sum to ").expect("the sums");
    let (sum, rest) = sums.split_once(" of ").expect("two numbers");
    let of: f64 = rest.split_whitespace().next().unwrap().parse().unwrap();
    let sum: f64 = sum.parse().unwrap();
    assert!((sum - of).abs() < 0.02 * of.abs().max(0.1), "{said}");
    let size = |name: &str| image::open(format!("{heat}/{name}")).unwrap().into_rgb8().dimensions();
    let (gradients, rollout) = (size("photo.gradients.png"), size("photo.rollout.png"));
    assert!(gradients.0 > 3 * 448 && gradients.1 >= 448, "{gradients:?}");
    assert!(rollout.0 > 2 * 448 && rollout.0 < gradients.0, "{rollout:?}");

    // Without a class, the likeliest one; a folder of images as well as one.
    let said = vit22b(model).succeeded();
    assert!(said.starts_with("photo.png: class "), "{said}");
    let failed = |class: &str| vit22b(model.iter().chain(&["--class", class])).failed();
    assert_eq!(failed("10"), "--class 10: the classes are 0 to 9");
    let error = failed("tabby");
    assert!(error.starts_with("--class tabby: "), "{error}");

    // A model without a classifier has a rollout alone.
    let weights = fixture("hf_dinov2");
    let model = ["explain", "--weights", &weights, "--image", &image, "--heat", &heat];
    let run = vit22b(model);
    assert!(
        run.stderr.contains("has no classifier, so the rollout is drawn alone"),
        "{}",
        run.stderr
    );
    assert_eq!(run.succeeded(), format!("1 heat map in {heat}\n"));
    let error = vit22b(model.iter().chain(&["--class", "3"])).failed();
    assert!(error.starts_with("--class 3: this file has no classifier"), "{error}");
}
