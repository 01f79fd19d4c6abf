//! Prompts, vectors of classes and retrieval beside big_vision's rules, open_clip and NumPy.

use burn::tensor::Device;
use vit22b::contrast::{Prompts, canonical_name, check_names, first_name};
use vit22b::eval::{Matrix, Ranks, Retrieval, class_vectors};
use vit22b::weights::WeightsFile;

use super::{folder, json, list};

#[test]
fn prompts() {
    let case = json(&folder("zero_shot").join("prompts.json"));
    let strings = |key: &str| list::<String>(&case[key]);
    let names: Vec<String> = strings("names");
    let canonical: Vec<String> = names.iter().map(|name| canonical_name(name)).collect();
    assert_eq!(canonical, strings("canonical_names"));
    let first: Vec<String> = names.iter().map(|name| first_name(name)).collect();
    assert_eq!(first, strings("first_names"));
    let prompts = Prompts::new(&strings("templates")).unwrap();
    assert_eq!(prompts.templates(), strings("canonical_templates"));
    let of_names: Vec<Vec<String>> = names.iter().map(|name| prompts.of(name)).collect();
    assert_eq!(of_names, list::<Vec<String>>(&case["prompts"]));
    let best = case["clip_best"].as_u64().unwrap() as usize;
    assert_eq!(Prompts::clip_best().templates(), &strings("canonical_templates")[..best]);
}

#[test]
fn named_prompts() {
    assert_eq!(Prompts::parse("clip_best").unwrap(), Prompts::clip_best());
    let paper = Prompts::parse("clip_paper").unwrap();
    assert_eq!(paper.templates().len(), 81);
    let mut apart = paper.templates().to_vec();
    apart.sort();
    apart.dedup();
    assert_eq!(apart.len(), 81);
    for template in Prompts::clip_best().templates() {
        assert!(paper.templates().contains(template), "{template}");
    }
    assert!(paper.templates().contains(&"a closeup photo of a {}".to_string()));
    assert_eq!(Prompts::parse("class_name_only").unwrap().of("T_shirt"), ["t shirt"]);
}

#[test]
fn names_and_prompts_that_ask_nothing_are_refused() {
    let error = |names: &[&str]| check_names(names).unwrap_err().to_string();
    assert_eq!(error(&[]), "classes: there are none; give at least one");
    assert_eq!(
        error(&["cat", "!?"]),
        "the class \"!?\" (number 2) has no name: nothing is left of it without punctuation; rename it"
    );
    assert_eq!(
        error(&["Red_fox", "dog", "red fox, vulpes"]),
        "the classes \"Red_fox\" and \"red fox, vulpes\" have one name for the model, \"red fox\"; rename one of them"
    );
    assert_eq!(
        Prompts::parse("clip").unwrap_err().to_string(),
        "no prompts are called \"clip\": expected clip_best, clip_paper, class_name_only, or a file with a template on \
         each line"
    );
    assert_eq!(
        Prompts::new(&["a photo"]).unwrap_err().to_string(),
        "the template \"a photo\" has no place for the name of a class: expected {} in it"
    );
    let none: [&str; 0] = [];
    assert_eq!(
        Prompts::new(&none).unwrap_err().to_string(),
        "templates: there are none; give at least one"
    );
}

#[test]
fn vectors_of_classes() {
    let file = WeightsFile::open(folder("zero_shot").join("class_weights.safetensors")).unwrap();
    let tensors = file.tensors(&Device::flex()).unwrap();
    let values = |name: &str| -> (Vec<f32>, Vec<usize>) {
        let (_, tensor) = tensors.iter().find(|(other, _)| *other == name).unwrap();
        (tensor.to_data().iter::<f32>().collect(), tensor.shape().to_vec())
    };
    let (prompts, shape) = values("prompt_embeddings");
    let classes = class_vectors(Matrix::new(&prompts, shape[2]).unwrap(), shape[1]).unwrap();
    let (expected, _) = values("class_weights");
    let (wrong, _) = values("without_unit_length_before_the_mean");
    let far =
        |other: &[f32]| classes.iter().zip(other).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    // Double precision, stored as single.
    assert!(far(&expected) < 1e-6 && far(&wrong) > 1e-4, "{} {}", far(&expected), far(&wrong));
    let (images, _) = values("image_embeddings");
    let images = Matrix::new(&images, shape[2]).unwrap();
    let similarity =
        vit22b::contrast::cosines(images, Matrix::new(&classes, shape[2]).unwrap()).unwrap();
    let (expected, of_similarity) = values("similarity");
    let norms: Vec<f32> =
        images.iter().map(|row| row.iter().map(|x| x * x).sum::<f32>().sqrt()).collect();
    for (index, (got, expected)) in similarity.iter().zip(&expected).enumerate() {
        let norm = norms[index / of_similarity[1]];
        // Images may be stored as vectors of any length.
        let near = (got - expected).abs().min((got * norm - expected).abs());
        assert!(near < 2e-6 * norm.max(1.0), "{got} {expected}");
    }
}

#[test]
fn retrieval() {
    let case = json(&folder("zero_shot").join("retrieval.json"));
    let rows: Vec<Vec<f64>> = list(&case["similarity"]);
    let values = rows.concat();
    let similarity = Matrix::new(&values, rows[0].len()).unwrap();
    let retrieval = Retrieval::new(similarity, &list::<usize>(&case["image_of_text"])).unwrap();
    for (ranks, key) in
        [(&retrieval.image_to_text, "image_to_text"), (&retrieval.text_to_image, "text_to_image")]
    {
        let case = &case[key];
        assert_eq!(ranks.ranks(), list::<usize>(&case["ranks"]), "{key}");
        let number = |key: &str| case[key].as_f64().unwrap();
        assert_eq!(ranks.median(), number("median_rank"));
        for k in [1, 5, 10] {
            let far = (ranks.recall_at(k) - number(&format!("recall_at_{k}"))).abs();
            assert!(far < 1e-12, "{key}, {k}");
        }
    }
}

#[test]
fn several_labels_and_shares_by_class() {
    let scores = [0.9f32, 0.8, 0.1, 0.2, 0.2, 0.1, 0.3, 0.3, 0.3];
    let scores = Matrix::new(&scores, 3).unwrap();
    let ranks = Ranks::new(scores, &[vec![1, 2], vec![], vec![1]]).unwrap();
    // The second image has no label; a tie of all counts against the third.
    assert_eq!(ranks.ranks(), [2, 3]);
    let ranks = Ranks::new(scores, &[vec![0], vec![2], vec![0, 1, 2]]).unwrap();
    assert_eq!(ranks.by_class(&[0, 0, 1], 3).unwrap(), [Some(0.5), Some(1.0), None]);
    let error = Ranks::new(scores, &[vec![3], vec![], vec![]]).unwrap_err().to_string();
    assert_eq!(error, "class 3 of example 0 is out of range: the classes are 0 to 2");
    assert!(Ranks::new(scores, &[vec![], vec![], vec![]]).is_err());
    assert!(Retrieval::new(scores, &[0, 1]).is_err());
}
