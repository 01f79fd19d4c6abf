//! Programs of training steps, pinned: the text of a small step, and a hash of ViT-22B's.
//!
//! `VIT22B_UPDATE_PROGRAMS=1 cargo test --test programs` writes `tests/programs/` anew; review the
//! difference. No plugin is needed: the steps are lowered, and not compiled.

use std::fmt::Write as _;
use std::path::Path;

use burn_trace::mesh::Layout;
use burn_xla::lower::Save;
use burn_xla::program::{Lowering, MatmulPrecision};
use sha2::{Digest, Sha256};
use vit22b::layers::activation;
use vit22b::shard::{Activations, Mesh, Sharding};
use vit22b::train::{Classify, Loss, Precision, Recipe, TrainStep};
use vit22b::vit::{Variant, ViT22BConfig};

/// Compares `text` with a file of `tests/programs`, or writes it.
fn pin(file: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/programs").join(file);
    if std::env::var_os("VIT22B_UPDATE_PROGRAMS").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        return;
    }
    let pinned = std::fs::read_to_string(&path).unwrap_or_default();
    for (number, (pinned, got)) in pinned.lines().zip(text.lines()).enumerate() {
        assert_eq!(pinned, got, "{file}:{}; VIT22B_UPDATE_PROGRAMS=1 writes it anew", number + 1);
    }
    let (expected, got) = (pinned.lines().count(), text.lines().count());
    assert_eq!(expected, got, "lines of {file}; VIT22B_UPDATE_PROGRAMS=1 writes it anew");
}

/// A training step over a mesh of chips.
struct Case {
    mesh: &'static str,
    activations: Activations,
    /// What blocks keep for their gradients.
    save: Save,
    micro_batches: u64,
}

fn named(names: &[&str]) -> Save {
    Save::Named(names.iter().map(|&name| name.to_owned()).collect())
}

impl Case {
    fn text(&self, config: &ViT22BConfig, batch: usize) -> String {
        let recipe = Recipe {
            batch_size: batch as u64,
            precision: Precision::Bf16,
            micro_batches: self.micro_batches,
            ..Recipe::vit22b()
        };
        let task = Classify::new(config.clone(), Loss::SigmoidCrossEntropy).unwrap();
        let train = TrainStep::new(task, &recipe, None).unwrap();
        let train = train.with_rolled_blocks(self.save.clone());
        let mesh: Mesh = self.mesh.parse().unwrap();
        let mut sharding = Sharding::vit22b(self.activations);
        if mesh.size("replica").is_some() {
            sharding = sharding.with_replicas("replica").unwrap();
        }
        let layout = sharding.layout().unwrap();
        train.lower(batch, Lowering::new().over(&mesh, &layout).on("tpu")).unwrap().program.text
    }
}

/// Two blocks over replicas whose devices share weights, with products round rings.
fn small() -> (Case, ViT22BConfig) {
    let case = Case {
        mesh: "replica=2,data=2,model=2",
        activations: Activations::Images,
        save: named(&[activation::QUERY, activation::HIDDEN]),
        micro_batches: 2,
    };
    let config = ViT22BConfig::new(16).with_image([8, 8]).with_patch(4).with_depth(2);
    (case, config.with_width(16).with_mlp_dim(32).with_num_heads(2))
}

#[test]
fn the_program_of_a_small_step() {
    let (case, config) = small();
    pin("small_step.mlir", &case.text(&config, 16));
}

#[test]
fn a_step_has_one_text() {
    let (case, config) = small();
    let first = case.text(&config, 16);
    for _ in 1..8 {
        assert_eq!(case.text(&config, 16), first);
    }
}

#[test]
fn a_step_multiplies_f32_as_accurately_as_its_lowering_says() {
    let (_, config) = small();
    let task = Classify::new(config, Loss::SigmoidCrossEntropy).unwrap();
    let recipe = Recipe { batch_size: 16, ..Recipe::vit22b() };
    let train = TrainStep::new(task, &recipe, None).unwrap();
    let (mesh, layout) = ("data=1".parse().unwrap(), Layout::replicated());
    let lowering = || Lowering::new().over(&mesh, &layout).on("tpu");
    let has_full = |lowering| train.lower(16, lowering).unwrap().program.text.contains("HIGHEST");
    assert!(has_full(lowering()));
    assert!(!has_full(lowering().matmul_precision(MatmulPrecision::Fast)));
}

/// As `plan_22b` has it, and in other ways to lay it out.
#[test]
fn the_programs_of_vit_22b() {
    let kept = named(&[
        activation::QUERY,
        activation::KEY,
        activation::VALUE,
        activation::ATTENDED,
        activation::HIDDEN,
    ]);
    let case = |mesh, activations, save: &Save, micro_batches| Case {
        mesh,
        activations,
        save: save.clone(),
        micro_batches,
    };
    use Activations::{Images, Tokens, Whole, Width};
    let cases = [
        case("replica=4,data=256,model=1", Images, &kept, 4),
        case("data=256,model=4", Images, &kept, 4),
        case("replica=4,data=128,model=2", Images, &named(&[activation::QUERY]), 1),
        case("data=512,model=2", Width, &Save::Nothing, 1),
        case("data=128,model=8", Tokens, &Save::Products, 2),
        case("data=1024,model=1", Whole, &Save::Everything, 1),
    ];
    let config = Variant::parse("22B/14").unwrap().config(29_593);
    let mut list = String::new();
    for case in &cases {
        let text = case.text(&config, 65_536);
        let hash: String = Sha256::digest(&text).iter().map(|byte| format!("{byte:02x}")).collect();
        let (Case { mesh, activations, save, micro_batches }, lines) = (case, text.lines().count());
        let _ = writeln!(
            list,
            "{mesh} {activations:?} {save:?} in {micro_batches}: {lines} lines, sha256 {hash}"
        );
    }
    pin("vit_22b.txt", &list);
}
