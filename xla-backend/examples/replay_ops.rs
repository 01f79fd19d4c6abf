//! Runs recorded Burn operations through the lowering on XLA, and compares with what Burn answered.
//!
//! ```text
//! cargo build --release --workspace --example replay_ops
//! target/release/examples/replay_ops [--eager] FILE… [--verbose]
//! ```
//!
//! Calls are compiled 32 at a time, and each alone where one of them is at fault; with `--eager`
//! they are recorded by the eager backend, each with the types that it was recorded with.
//!
//! A line per kind of operation counts its calls: `agree` (floats within Burn's default tolerance,
//! all else exactly), `disagree` (also programs that do not compile) and `unsupported` (no
//! lowering), with the first disagreement. The last line is JSON: `kinds` counts kinds, the rest
//! counts calls. Progress goes to standard error.
//!
//! The repository's own sample is `xla-backend/tests/fixtures/burn_ops_sample.cases`. The tests
//! `op_by_op`, `shapes_by_op` and `modules_by_op` write all their calls into the folder that
//! `BURN_XLA_CASES` names.

#[path = "../tests/harness/mod.rs"]
mod harness;

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Result, ensure};
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
    burn_xla::pjrt::keep_memory();
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let has = |name: &str| arguments.iter().any(|argument| argument == name);
    let files: Vec<_> = arguments.iter().filter(|name| !name.starts_with("--")).collect();
    ensure!(!files.is_empty(), "usage: replay_ops [--eager] FILE… [--verbose]");
    let (eager, verbose) = (has("--eager"), has("--verbose"));
    let mut cases = Vec::new();
    for file in files {
        cases.extend(read_cases(Path::new(file))?);
    }
    let mut kinds: BTreeMap<String, Tally> = BTreeMap::new();
    let mut runner = if eager { None } else { Some(Runner::new()?) };
    let mut outcomes = Vec::with_capacity(cases.len());
    for some in cases.chunks(320) {
        outcomes.extend(match &mut runner {
            Some(runner) => runner.replay_all(some),
            None => harness::eager::replay_all(some),
        });
        eprintln!("{} of {} calls", outcomes.len(), cases.len());
    }
    println!("{:44} {:>7} {:>9} {:>12}", "kind", "agree", "disagree", "unsupported");
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
        let line = format!(
            "{kind:44} {:7} {:9} {:12}  {}",
            tally.agree,
            tally.disagree,
            tally.unsupported,
            first.replace('\n', " ")
        );
        println!("{}", line.trim_end());
    }
    println!(
        "{}",
        serde_json::json!({
            "kinds": kinds.len(), "agree": agree, "disagree": disagree, "unsupported": unsupported,
        })
    );
    Ok(())
}
