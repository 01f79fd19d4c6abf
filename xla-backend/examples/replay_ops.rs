//! Runs recorded Burn operations through the lowering on XLA, and compares with what Burn answered.
//!
//! ```text
//! cargo run --release -p burn-xla --example replay_ops -- [--eager] FILE [--verbose]
//! ```
//!
//! Each call is a program of its own; with `--eager` it is recorded by the eager backend, as a
//! session of a server does it.
//!
//! A line per kind of operation counts its calls: `agree` (floats within Burn's default tolerance,
//! all else exactly), `disagree` (also programs that do not compile) and `unsupported` (no
//! lowering), with the first disagreement. The last line is JSON: `kinds` counts kinds, the rest
//! counts calls.

#[path = "../tests/harness/mod.rs"]
mod harness;

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context as _, Result};
use burn_xla::lower::name_of;
use harness::{Outcome, Runner, read_cases};

/// The calls of one kind.
#[derive(Default)]
struct Tally {
    agree: usize,
    disagree: usize,
    unsupported: usize,
    first: Option<String>,
}

fn main() -> Result<()> {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let has = |name: &str| arguments.iter().any(|argument| argument == name);
    let file = arguments.iter().find(|argument| !argument.starts_with("--"));
    let file = file.context("usage: replay_ops [--eager] FILE [--verbose]")?;
    let (eager, verbose) = (has("--eager"), has("--verbose"));
    let cases = read_cases(Path::new(file))?;
    let mut kinds: BTreeMap<String, Tally> = BTreeMap::new();
    let outcomes = match eager {
        true => harness::eager::replay_all(&cases),
        false => Runner::new()?.replay_all(&cases),
    };
    for (case, outcome) in cases.iter().zip(outcomes) {
        let (family, variant) = name_of(&case.op);
        let tally = kinds.entry(format!("{family}::{variant}")).or_default();
        match outcome {
            Outcome::Agree => tally.agree += 1,
            Outcome::Disagree(why) => {
                tally.disagree += 1;
                if verbose {
                    eprintln!("{:?}\n    {why}", case.op);
                }
                tally.first.get_or_insert(why);
            }
            Outcome::Unsupported(why) => {
                tally.unsupported += 1;
                tally.first.get_or_insert(why);
            }
        }
    }
    let (mut agree, mut disagree, mut unsupported) = (0, 0, 0);
    for (kind, tally) in &kinds {
        (agree, disagree) = (agree + tally.agree, disagree + tally.disagree);
        unsupported += tally.unsupported;
        let first: String = tally.first.as_deref().unwrap_or("").chars().take(300).collect();
        println!(
            "{kind:44} agree {:5}  disagree {:4}  unsupported {:4}  {}",
            tally.agree,
            tally.disagree,
            tally.unsupported,
            first.replace('\n', " ")
        );
    }
    println!(
        "{}",
        serde_json::json!({
            "kinds": kinds.len(), "agree": agree, "disagree": disagree, "unsupported": unsupported,
        })
    );
    Ok(())
}
