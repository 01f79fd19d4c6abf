//! Prints how many kinds of Burn operations are lowered to XLA, and which are not, or in part.
//!
//! ```text
//! cargo build --workspace --example op_support      # with `-p burn-xla` Burn would be built anew
//! target/debug/examples/op_support
//! target/debug/examples/op_support --markdown > docs/op_support.md
//! ```

use burn_xla::lower::{Support, entries, support_table};

fn main() {
    if std::env::args().any(|a| a == "--markdown") {
        print!("{}", support_table());
        return;
    }
    let lowered = entries().filter(|e| !matches!(e.support, Support::None(_))).count();
    println!("lowered {lowered} / {}", entries().count());
    for entry in entries() {
        match entry.support {
            Support::Full => {}
            Support::Part(limits) => {
                println!("in part: {}::{}: {limits}", entry.family, entry.variant);
            }
            Support::None(reason) => {
                println!("not: {}::{}: {reason}", entry.family, entry.variant);
            }
        }
    }
}
