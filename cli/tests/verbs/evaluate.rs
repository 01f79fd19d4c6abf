use safetensors::tensor::{Dtype, TensorView, serialize};
use serde_json::Value;

use crate::folder::Folder;
use crate::{fixture, vit22b};

/// The report of a run that went well.
fn report(out: &Folder, arguments: &[&str]) -> Value {
    let out = out.path();
    let to = ["evaluate", "--device", "flex", "--out", out.to_str().expect("UTF-8")];
    vit22b(to.iter().chain(arguments)).succeeded();
    assert!(out.join("report.html").exists() && out.join("report.md").exists());
    let text = std::fs::read_to_string(out.join("report.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

#[test]
fn logits_of_any_classifier_are_measured() {
    let out = Folder::new("evaluate-logits");
    let file = out.path().join("logits.csv");
    std::fs::write(&file, "0,2,0,0\n1,0,2,0\n2,0,0,2\n".repeat(20)).unwrap();
    let report = report(&out, &["--logits", file.to_str().expect("UTF-8")]);
    assert_eq!(report["Calibration"]["accuracy"], 1.0);
    assert_eq!(report["Calibration"]["classes"], 3);
    // −ln(e² / (e² + 2))
    let nll = report["Calibration"]["raw"]["nll"].as_f64().unwrap();
    assert!((nll - 0.239_538).abs() < 1e-5, "{nll}");
}

/// A safetensors file with these tensors: name, type, shape and bytes.
fn tensors(path: &std::path::Path, list: &[(&str, Dtype, Vec<usize>, Vec<u8>)]) {
    let views = list.iter().map(|(name, dtype, shape, bytes)| {
        (*name, TensorView::new(*dtype, shape.clone(), bytes).expect("bytes fit the shape"))
    });
    std::fs::write(path, serialize(views, None).unwrap()).unwrap();
}

/// Twenty rows of two classes, the right one by 2: each type of logits, and each of labels.
#[test]
fn logits_and_labels_of_any_width_give_the_same_numbers() {
    let out = Folder::new("evaluate-types");
    let file = out.path().join("logits.safetensors");
    let logits = |zero: &[u8], two: &[u8]| [two, zero, zero, two].concat().repeat(10);
    let floats = [
        (Dtype::F32, logits(&0f32.to_le_bytes(), &2f32.to_le_bytes())),
        (Dtype::F64, logits(&0f64.to_le_bytes(), &2f64.to_le_bytes())),
        (Dtype::F16, logits(&[0, 0], &[0, 0x40])),
        (Dtype::BF16, logits(&[0, 0], &[0, 0x40])),
    ];
    let labels = |zero: &[u8], one: &[u8]| [zero, one].concat().repeat(10);
    let whole = [
        (Dtype::U8, labels(&[0], &[1])),
        (Dtype::I16, labels(&[0, 0], &[1, 0])),
        (Dtype::U32, labels(&[0; 4], &[1, 0, 0, 0])),
        (Dtype::I64, labels(&[0; 8], &1i64.to_le_bytes())),
        (Dtype::F32, labels(&[0; 4], &1f32.to_le_bytes())),
    ];
    // −ln(e² / (e² + 1))
    let expected = 0.126_928;
    for (logits, labels) in floats.iter().flat_map(|l| whole.iter().map(move |w| (l, w))) {
        let list = [
            ("logits", logits.0, vec![20, 2], logits.1.clone()),
            ("labels", labels.0, vec![20], labels.1.clone()),
        ];
        tensors(&file, &list);
        let report = report(&out, &["--logits", file.to_str().expect("UTF-8")]);
        let nll = report["Calibration"]["raw"]["nll"].as_f64().unwrap();
        assert!((nll - expected).abs() < 1e-6, "{:?}, {:?}: {nll}", logits.0, labels.0);
    }
}

#[test]
fn a_row_that_is_no_number_is_named_as_in_the_file() {
    let out = Folder::new("evaluate-nan");
    let (file, table) = (out.path().join("logits.safetensors"), out.path().join("logits.csv"));
    let mut logits = [0f32, 2.0, 2.0, 0.0].map(f32::to_le_bytes).concat().repeat(10);
    logits[8 * 13..8 * 13 + 4].copy_from_slice(&f32::NAN.to_le_bytes());
    let labels = (0..20u8).map(|row| (row + 1) % 2).collect::<Vec<u8>>();
    let both = |labels: Vec<u8>| {
        [
            ("logits", Dtype::F32, vec![20, 2], logits.clone()),
            ("labels", Dtype::U8, vec![20], labels),
        ]
    };
    tensors(&file, &both(labels));
    std::fs::write(&table, "label,cat,dog\n0,2,0\n1,nan,2\n").unwrap();
    for (file, said) in [(&file, "logits, row 13 (the first is 0): NaN"), (&table, "line 3: NaN")] {
        let (file, to) = (file.to_str().unwrap(), out.path().to_str().unwrap());
        let error = vit22b(["evaluate", "--logits", file, "--out", to]).failed();
        assert!(error.starts_with(&format!("--logits {file}: {said}")), "{error}");
    }
}

/// As programs write tables: a byte order mark, semicolons with decimal commas, an index without a name, the label
/// in another place.
#[test]
fn tables_of_logits_as_programs_write_them() {
    let out = Folder::new("evaluate-tables");
    let file = out.path().join("logits.csv");
    let again = |header: &str, lines: &str| header.to_string() + &lines.repeat(10);
    for table in [
        again("", "0,2,0\n1,0,2\n"),
        again("\u{feff}label;cat;dog\r\n", "0.0;2,0;0\r\n1.0;0;2,0\r\n"),
        again(",label,cat,dog\n", "7,0,2,0\n8,1,0,2\n"),
        again("cat\tdog\tTarget\n", "2\t0\t0\n0\t2\t1\n"),
    ] {
        std::fs::write(&file, &table).unwrap();
        let report = report(&out, &["--logits", file.to_str().expect("UTF-8")]);
        let nll = report["Calibration"]["raw"]["nll"].as_f64().unwrap();
        assert!((nll - 0.126_928).abs() < 1e-6, "{table}: {nll}");
        assert_eq!(report["Calibration"]["classes"], 2, "{table}");
    }
}

#[test]
fn probabilities_in_place_of_logits_are_noticed() {
    let out = Folder::new("evaluate-probabilities");
    let file = out.path().join("logits.csv");
    std::fs::write(&file, "0,0.75,0.25\n1,0.25,0.75\n".repeat(30)).unwrap();
    let (file, out) = (file.to_str().unwrap(), out.path().to_str().unwrap());
    let run = vit22b(["evaluate", "--logits", file, "--out", out]);
    assert!(run.stderr.contains("these are probabilities"), "{}", run.stderr);
    run.succeeded();
}

#[test]
fn a_published_model_is_measured_on_class_folders() {
    let (images, out) = (Folder::new("evaluate-images"), Folder::new("evaluate-out"));
    let images = images.path().to_str().expect("UTF-8");
    let cues = ["--count", "60", "--side", "16", "--cues", "agree"];
    vit22b(["draw", "--out", images].iter().chain(&cues)).succeeded();
    let weights = fixture("timm_vit/model.safetensors");
    let arguments = ["--weights", &weights, "--images", images, "--share", "0.1"];
    let report = report(&out, &arguments);
    let probe = &report["Images"][0];
    assert_eq!(probe["features"], "the model");
    assert!(probe["logistic_regression"].as_f64().unwrap() > 0.0, "{probe}");
}

/// The classifier of a file is measured on the images that are held out alone, whatever their folder is called, and
/// features of images that are turned are not taken for those of images that are not.
#[test]
fn a_files_own_classifier_is_measured_on_what_is_held_out() {
    let (images, out) = (Folder::new("evaluate-parts"), Folder::new("evaluate-parts-out"));
    for class in 0..10 {
        for (part, count) in [("train", 2), ("Test", 1)] {
            let folder = images.path().join(part).join(format!("class{class}"));
            std::fs::create_dir_all(&folder).unwrap();
            for number in 0..count {
                let turned = fixture(&format!("images/orientation{}.jpg", 5 + number));
                std::fs::copy(turned, folder.join(format!("{number}.jpg"))).unwrap();
            }
        }
    }
    let images = images.path().to_str().expect("UTF-8");
    let weights = fixture("timm_vit/model.safetensors");
    let arguments = ["--weights", &weights, "--images", images, "--share", "0.1"];
    let kept = || std::fs::read_dir(out.path().join("features")).unwrap().count();
    assert_eq!(report(&out, &arguments)["Classifier"]["images"], 10);
    let first = kept();
    report(&out, &[&arguments[..], &["--ignore-orientation"]].concat());
    assert_eq!(kept(), 2 * first);
}

#[test]
fn what_is_wrong_with_an_option_is_said_with_its_name() {
    let error = vit22b(["evaluate", "--share", "0"]).failed();
    assert_eq!(error, "--share 0: expected above 0, at most 1");
    let error = vit22b(["evaluate", "--num-heads", "3"]).failed();
    assert!(error.starts_with("--num-heads is about a model that --weights names"), "{error}");
    assert_eq!(vit22b(["evaluate", "--steps", "3", "--weights", "x"]).code, 2);
    let out = Folder::new("evaluate-wrong");
    let out = out.path().to_str().expect("UTF-8");
    let error = vit22b(["evaluate", "--out", out, "--logits", "none.csv"]).failed();
    assert!(error.starts_with("--logits none.csv: "), "{error}");
}

#[test]
fn few_logits_with_a_header_are_measured_and_what_they_do_not_show_is_said() {
    let out = Folder::new("evaluate-few");
    let file = out.path().join("logits.csv");
    std::fs::write(&file, "label,cat,dog\n".to_string() + &"0,2,0\n1,0,2\n".repeat(5)).unwrap();
    let (file, to) = (file.to_str().unwrap(), out.path().to_str().unwrap());
    vit22b(["evaluate", "--logits", file, "--out", to]).succeeded();
    let text = std::fs::read_to_string(out.path().join("report.md")).unwrap();
    for said in [
        "No temperature between 0.01 and 100 is best for 2 examples",
        "So few examples leave most of 15 bins empty",
        "There is no oracle-collaborative AUC where all answers are right",
    ] {
        assert!(text.contains(said), "{said}\n{text}");
    }
    std::fs::write(file, "0,2,0\nlabel,cat,dog\n").unwrap();
    let error = vit22b(["evaluate", "--logits", file, "--out", to]).failed();
    let expected = "line 2: expected the number of a class and its logits, got \"label,cat,dog\"";
    assert!(error.ends_with(expected), "{error}");
}
