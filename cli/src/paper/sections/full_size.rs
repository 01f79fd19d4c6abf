use std::process::Command;

use burn_xla::plugin::{self, Platform};
use serde_json::Value;
use vit22b::report::ReportError;
use vit22b::shard::{Activations, Mesh, Plan, Sharding};
use vit22b::train::{Classify, Loss, Precision, Recipe, TrainStep};
use vit22b::vit::{SIZES, Variant};

use crate::evaluate::part::grouped;
use crate::paper::bench::Bench;
use crate::paper::measured::{Figure, Found, Measured};
use crate::paper::section::Measure::Once;
use crate::paper::section::{Said, Section, Sure};

/// What can be known of ViT-22B without its weights.
pub(super) const SECTION: Section = Section {
    name: "full-size",
    title: "The full size",
    paper: &[
        Said {
            text: "Width 6,144, depth 48, MLP 24,576, 48 heads, 21.7 B parameters, 54.9 % of the chips' peak.",
            sure: Sure::Reported,
        },
        Said {
            text: "1,024 TPU v4 chips, a batch of 65,536 images, 177,000 steps, 1,150 tokens a second on each chip.",
            sure: Sure::Recalled,
        },
    ],
    here: "Counted from the config, and planned for that slice with this library's sharding; no weights are needed. Where libtpu is installed, a report that is not quick also has the training step compiled for these chips by `vit22b plan`, without the chips: memory and time are then the compiler's estimates for a step of 65,536 images.",
    metrics: &[],
    claim: None,
    measure: Once(measure),
    figures: |_: &Found| -> Result<Vec<Figure>, ReportError> { Ok(vec![]) },
};

/// Classes of the JFT classifier, as big_vision gives them.
const CLASSES: usize = 29_593;
const CHIPS: usize = 1_024;
/// Images of a step, as the paper has them.
const BATCH: u64 = 65_536;
/// Tokens a second on a chip and its peak, by the paper and by the chip's data sheet.
const TOKENS: f64 = 1_150.0;
const PEAK: f64 = 275e12;

fn measure(bench: &Bench) -> anyhow::Result<Measured> {
    let config = Variant::parse("22B/14")?.config(CLASSES);
    let count = config.parameters();
    let recipe = Recipe { batch_size: BATCH, precision: Precision::Bf16, ..Recipe::vit22b() };
    let step =
        TrainStep::new(Classify::new(config.clone(), Loss::SigmoidCrossEntropy)?, &recipe, None)?;
    // Parts of a weight that are cut further than by 256 are no whole tiles.
    let mesh: Mesh = "replica=4,data=256,model=1".parse()?;
    let sharding = Sharding::vit22b(Activations::Images).with_replicas("replica")?;
    let plan = Plan::new(&mesh, &sharding, &step.state_leaves()?)?;
    let gib = |bytes: u64| format!("{:.2} GiB", bytes as f64 / (1u64 << 30) as f64);
    let billions = |number: u64| format!("{:.2} B", number as f64 / 1e9);
    let used = config.utilisation(TOKENS, PEAK);
    let row = |name: &str, here: String, paper: &str| vec![name.into(), here, paper.into()];
    let mut table = vec![row("of ViT-22B/14", "here".into(), "in the paper")];
    table.extend([
        row("parameters without pooling and classifier", billions(count.body()), "21.7 B"),
        row("parameters, all", billions(count.total()), "–"),
        row("tokens of an image of 224 pixels", "256".into(), "256"),
        row("training, GFLOP a token", format!("{:.1}", config.train_flops_per_token() / 1e9), "–"),
        row(
            "forward pass, TFLOP an image",
            format!("{:.2}", config.forward_flops_per_image() / 1e12),
            "–",
        ),
        row("1,150 tokens a second, of a chip's peak", format!("{:.2} %", 100.0 * used), "54.9 %"),
        row("parameters and optimizer state, all chips", gib(plan.bytes()), "–"),
        row(
            &format!("the same on each of {} chips", grouped(CHIPS as u64)),
            gib(plan.bytes_per_device()),
            "–",
        ),
    ]);
    let mut measured = Measured::default();
    match compiled(bench) {
        Ok(forecast) => {
            let number = |key: &str| forecast[key].as_f64().unwrap_or_default();
            let share = |key: &str| format!("{:.1} %", 100.0 * number(key));
            table.extend([
                row(
                    "compiled: memory of a chip",
                    format!("{:.1} GiB", number("hbm_gib")),
                    "32 GiB a chip",
                ),
                row("compiled: a step", format!("{:.2} s", number("step_s")), "–"),
                row(
                    "compiled: of that, waiting for links",
                    format!("{:.2} s", number("collectives_exposed_s")),
                    "–",
                ),
                row("compiled: of the chips' peak", share("utilisation"), "54.9 %, measured"),
                row("compiled: the same without waiting", share("utilisation_compute_only"), "–"),
                row(
                    "compiled: tokens a second and chip",
                    grouped(number("tokens_per_s_per_chip") as u64),
                    "1,150, measured",
                ),
            ]);
            measured = measured
                .with("compiled_utilisation", number("utilisation"))
                .with("compiled_step_s", number("step_s"));
        }
        Err(reason) => measured.remarks.push(reason),
    }
    let smaller =
        SIZES.iter().rev().filter(|size| size.width >= 1_024 && size.width < 6_144).take(4);
    table.extend(smaller.map(|size| {
        let variant = Variant { size: *size, patch: if size.width < 1_100 { 16 } else { 14 } };
        let body = variant.config(CLASSES).parameters().body();
        row(&format!("{variant}: parameters without pooling and classifier"), billions(body), "–")
    }));
    Ok(Measured { table, ..measured }
        .with("parameters", count.body() as f64)
        .with("utilisation", used)
        .with("bytes_per_chip", plan.bytes_per_device() as f64))
}

/// What `vit22b plan` says of the step on that slice, or why it is not there. Another process asks the compiler, which
/// shares nothing with the plugin of this one.
fn compiled(bench: &Bench) -> Result<Value, String> {
    let without = |why: &str| {
        format!(
            "Memory and time of the compiled step are not here: {why}. `vit22b plan` prints them."
        )
    };
    if bench.settings.quick {
        return Err(without("a quick report does not compile it, which takes a minute"));
    }
    if plugin::find(Platform::Tpu).is_err() {
        return Err(without("libtpu is not installed, which `vit22b install tpu` does"));
    }
    let program = std::env::current_exe().map_err(|error| without(&error.to_string()))?;
    let output = Command::new(program).args(["plan", "--json"]).output();
    let output = output.map_err(|error| without(&error.to_string()))?;
    let said = String::from_utf8_lossy(&output.stdout);
    let forecast = said.lines().last().and_then(|line| serde_json::from_str(line).ok());
    forecast.filter(|_| output.status.success()).ok_or_else(|| {
        let said = String::from_utf8_lossy(&output.stderr);
        without(said.lines().last().unwrap_or("the compiler said nothing"))
    })
}
