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
    let run = vit22b(model);
    assert_eq!(run.code, 2, "one of the two is wanted");
    assert!(run.stderr.contains("--pca") && run.stderr.contains("--attention"), "{}", run.stderr);
}
