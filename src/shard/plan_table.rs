//! A plan as text: a table with one row for a parameter that all blocks have, sums, and the reasons why
//! tensors are replicated.

use core::fmt;
use std::collections::BTreeMap;

use super::plan::{Plan, Planned, Reason};
use super::role::StatePart;

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let devices = self.mesh.num_devices();
        writeln!(f, "train state on the mesh {} ({devices} devices)\n", self.mesh)?;
        let rows = self.rows();
        let width = rows.iter().map(|row| row.path.len()).max().unwrap_or(0).max(9);
        let shape = rows.iter().map(|row| row.shape.len()).max().unwrap_or(0).max(5);
        let spec = rows.iter().map(|row| row.spec.len()).max().unwrap_or(0).max(7);
        writeln!(
            f,
            "{:width$}  {:>5}  {:shape$}  {:spec$}  {:>12}  {:>12}",
            "parameter", "times", "shape", "lies as", "each device", "its state"
        )?;
        for row in &rows {
            let Row { path, times, shape: dims, spec: text, bytes, state } = row;
            let (bytes, state) = (Bytes(*bytes).to_string(), Bytes(*state).to_string());
            writeln!(
                f,
                "{path:width$}  {times:>5}  {dims:shape$}  {text:spec$}  {bytes:>12}  {state:>12}"
            )?;
        }
        writeln!(f)?;
        for (name, part) in [
            ("parameters", StatePart::Parameters),
            ("optimizer", StatePart::Optimizer),
            ("averages", StatePart::Averages),
        ] {
            let (all, each) = sums(self.of(part));
            writeln!(f, "{name:10}  {:>10}, {:>10} on each device", Bytes(all), Bytes(each))?;
        }
        let (all, each) = sums(self.tensors.iter());
        writeln!(f, "{:10}  {:>10}, {:>10} on each device", "all", Bytes(all), Bytes(each))?;
        self.write_replicated(f, each)
    }
}

/// A parameter that all blocks have, with the same shape and spec.
struct Row {
    path: String,
    times: usize,
    shape: String,
    spec: String,
    bytes: u64,
    state: u64,
}

impl Plan {
    fn rows(&self) -> Vec<Row> {
        let mut state: BTreeMap<&str, u64> = BTreeMap::new();
        for tensor in
            self.tensors.iter().filter(|tensor| tensor.state_part != StatePart::Parameters)
        {
            *state.entry(&tensor.path).or_default() += tensor.bytes_per_device;
        }
        let mut rows: Vec<Row> = Vec::new();
        for tensor in self.of(StatePart::Parameters) {
            let row = Row {
                path: without_numbers(&tensor.path),
                times: 1,
                shape: format!("{:?}", tensor.shape),
                spec: tensor.spec.to_string(),
                bytes: tensor.bytes_per_device,
                state: state.get(tensor.path.as_str()).copied().unwrap_or(0),
            };
            let alike = |old: &&mut Row| {
                old.path == row.path && old.shape == row.shape && old.spec == row.spec
            };
            match rows.iter_mut().find(alike) {
                Some(old) => {
                    old.times += 1;
                    old.bytes += row.bytes;
                    old.state += row.state;
                }
                None => rows.push(row),
            }
        }
        rows
    }

    fn write_replicated(&self, f: &mut fmt::Formatter<'_>, each: u64) -> fmt::Result {
        let mut reasons: BTreeMap<&Reason, (u64, Vec<String>)> = BTreeMap::new();
        let mut sum = 0;
        for tensor in self.replicated() {
            let Some(reason) = &tensor.replicated else { continue };
            let (bytes, names) = reasons.entry(reason).or_default();
            *bytes += tensor.bytes;
            sum += tensor.bytes;
            let path = without_numbers(&tensor.path);
            // The moments of a parameter have its reason; they are named only without it.
            let name = match tensor.state_part {
                StatePart::Parameters => path,
                _ if names.contains(&path) => continue,
                _ => format!("moments of {path}"),
            };
            if !names.contains(&name) {
                names.push(name);
            }
        }
        if reasons.is_empty() {
            return Ok(());
        }
        let share = 100.0 * sum as f64 / each as f64;
        writeln!(f, "\nwhole on every device: {}, {share:.2} % of what it holds", Bytes(sum))?;
        for (reason, (bytes, names)) in reasons {
            let why = match reason {
                Reason::Rule(pattern) => format!("their rule cuts nothing: {pattern}"),
                Reason::Axes(axes) => format!("there is one device on {}", axes.join(" and ")),
                Reason::Size => "what their spec cuts has size 1".into(),
            };
            writeln!(f, "{:>12}  {why}", Bytes(bytes))?;
            for line in lines(&names) {
                writeln!(f, "{:14}{line}", "")?;
            }
        }
        Ok(())
    }
}

/// The names with commas, in lines that fit the table.
fn lines(names: &[String]) -> Vec<String> {
    const WIDTH: usize = 85;
    let mut lines: Vec<String> = vec![];
    for name in names {
        match lines.last_mut() {
            Some(line) if line.len() + name.len() < WIDTH => *line = format!("{line}, {name}"),
            Some(line) => {
                line.push(',');
                lines.push(name.clone());
            }
            None => lines.push(name.clone()),
        }
    }
    lines
}

fn sums<'a>(tensors: impl Iterator<Item = &'a Planned>) -> (u64, u64) {
    tensors.fold((0, 0), |(all, each), t| (all + t.bytes, each + t.bytes_per_device))
}

/// `blocks.17.norm` as `blocks.*.norm`.
fn without_numbers(path: &str) -> String {
    let part = |part: &str| if part.parse::<usize>().is_ok() { "*".into() } else { part.into() };
    path.split('.').map(part).collect::<Vec<String>>().join(".")
}

/// Bytes as people read them.
pub(crate) struct Bytes(pub(crate) u64);

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut value = self.0 as f64;
        let mut unit = "B";
        for larger in ["KiB", "MiB", "GiB", "TiB"] {
            if value < 1024.0 {
                break;
            }
            value /= 1024.0;
            unit = larger;
        }
        let decimals = usize::from(unit != "B" && value < 100.0);
        f.pad(&format!("{value:.decimals$} {unit}"))
    }
}
