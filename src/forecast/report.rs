//! A forecast as a printed report.

use core::fmt;
use std::collections::BTreeMap;

use burn_xla::cost::CollectiveKind;

use crate::shard::Bytes;

use super::Forecast;

impl fmt::Display for Forecast {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { mesh, chips, batch_size, times, memory, schedule, chip, .. } = self;
        let per_chip = *batch_size as f64 / *chips as f64;
        writeln!(
            f,
            "{chips} chips {}, mesh {mesh}, {batch_size} images ({per_chip} per chip)",
            chip.kind
        )?;
        writeln!(
            f,
            "recorded in {:.2} s, lowered in {:.2} s, compiled in {:.1} s\n",
            times.capture.as_secs_f64(),
            times.lower.as_secs_f64(),
            times.compile.as_secs_f64()
        )?;
        writeln!(f, "memory of a device")?;
        for (name, bytes) in [
            ("parameters", memory.parameters),
            ("optimizer", memory.optimizer),
            ("activations kept", memory.activations),
            ("temporaries", memory.temporaries),
            ("batch, program", memory.rest),
            ("all", memory.total()),
        ] {
            write!(f, "  {name:18}{:>10}", Bytes(bytes).to_string())?;
            match memory.limit.filter(|_| name == "all") {
                Some(limit) => writeln!(f, " of {}", Bytes(limit))?,
                None => writeln!(f)?,
            }
        }
        writeln!(
            f,
            "\ntime of a step, by the compiler's estimates and the bytes on the links; not measured"
        )?;
        let (compute, exposed) = (schedule.compute_s(), schedule.exposed_s());
        writeln!(f, "  computing         {compute:8.3} s")?;
        writeln!(
            f,
            "  waiting for links {exposed:8.3} s of {:.3} s that they are busy",
            schedule.collectives_s()
        )?;
        writeln!(f, "  step              {:8.3} s", self.step_s())?;
        writeln!(
            f,
            "  utilisation          {:.3}, {:.3} if all communication were hidden",
            self.utilisation(),
            self.utilisation_compute_only()
        )?;
        writeln!(f, "  tokens/s per chip {:8.0}\n", self.tokens_per_s_per_chip())?;
        if let [first, rest @ ..] = &schedule.kernels[..] {
            let more = rest.len();
            let op = &first.op_name;
            writeln!(
                f,
                "  without kernels that the compiler has no estimate of: {op} and {more} more\n"
            )?;
        }
        self.write_labels(f)?;
        self.write_collectives(f)
    }
}

impl Forecast {
    fn write_labels(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 20;
        let all = self.schedule.compute_s();
        writeln!(f, "computing, by part of the model")?;
        let labels = self.by_label();
        for (name, seconds) in labels.iter().take(SHOWN) {
            writeln!(f, "  {name:32} {seconds:8.3} s {:5.1} %", 100.0 * seconds / all)?;
        }
        let rest: f64 = labels.iter().skip(SHOWN).map(|(_, seconds)| seconds).sum();
        if rest > 0.0 {
            writeln!(f, "  {:32} {rest:8.3} s {:5.1} %", "the rest", 100.0 * rest / all)?;
        }
        Ok(())
    }

    fn write_collectives(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut groups: BTreeMap<(CollectiveKind, usize), [f64; 3]> = BTreeMap::new();
        for one in &self.schedule.collectives {
            let sums = groups.entry((one.kind, one.group_size)).or_default();
            for (sum, value) in sums.iter_mut().zip([one.bytes, one.seconds, one.exposed_s]) {
                *sum += value;
            }
        }
        writeln!(f, "\nbytes that each chip sends      among     bytes   links busy   waited for")?;
        for ((kind, size), [bytes, seconds, exposed]) in groups {
            let bytes = Bytes(bytes as u64).to_string();
            writeln!(
                f,
                "  {:28} {size:6} {bytes:>11} {seconds:8.3} s   {exposed:8.3} s",
                kind.name()
            )?;
        }
        Ok(())
    }
}
