//! When each instruction of a program runs.

use std::collections::HashMap;

use super::chip::Chip;
use super::collective::{CollectiveKind, Transfer};
use super::error::CostError;
use super::torus::{CHANNELS, Torus};
use super::trips::{Computation, trips};
use crate::hlo::{Instruction, OptimizedProgram};
use crate::pjrt::Topology;

/// The times of a program, by the compiler's estimates and its order of instructions; see the
/// [module](crate::cost).
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct Schedule {
    /// The instructions that compute and have an estimate.
    pub work: Vec<Work>,
    /// The collectives.
    pub collectives: Vec<Collective>,
    /// Kernels without an estimate, which all times leave out.
    pub kernels: Vec<Kernel>,
    /// The step in seconds: computing, and waiting for collectives.
    pub step_s: f64,
}

/// An instruction that computes.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Work {
    /// Its name in the optimised program.
    pub name: String,
    /// The operation of the program that it stems from.
    pub op_name: String,
    /// How often it runs.
    pub times: f64,
    /// Seconds of all runs.
    pub seconds: f64,
}

/// A kernel that the compiler has no estimate of.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Kernel {
    /// Its name in the optimised program.
    pub name: String,
    /// The operation of the program that it stems from.
    pub op_name: String,
    /// How often it runs.
    pub times: f64,
}

/// An instruction that communicates.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Collective {
    /// Its kind.
    pub kind: CollectiveKind,
    /// Its name in the optimised program.
    pub name: String,
    /// The operation of the program that it stems from.
    pub op_name: String,
    /// The number of devices that take part.
    pub group_size: usize,
    /// How often it runs.
    pub times: f64,
    /// The bytes that each device sends in all runs.
    pub bytes: f64,
    /// How long the most loaded link needs for all runs.
    pub seconds: f64,
    /// How long the core waits for it in all runs.
    pub exposed_s: f64,
}

impl Schedule {
    /// Walks through a program that was compiled for these devices.
    ///
    /// ```no_run
    /// use burn_xla::cost::Schedule;
    /// # fn compiled() -> (burn_xla::pjrt::Topology, burn_xla::pjrt::CompiledProgram) { unimplemented!() }
    ///
    /// let (topology, program) = compiled();
    /// let schedule = Schedule::new(&program.optimized_program()?, &topology)?;
    /// println!("{} s, of which {} s computing", schedule.step_s, schedule.compute_s());
    /// # Ok::<(), burn_xla::cost::CostError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`CostError`] if the program has no estimates or a loop whose iterations are not known, or the
    /// devices are no TPUs of a known kind.
    pub fn new(program: &OptimizedProgram, topology: &Topology) -> Result<Self, CostError> {
        let chip = Chip::in_topology(topology)?;
        let torus = Torus::of(topology)?;
        Self::of(&program.instructions()?, &program.entry()?, &chip, &torus)
    }

    fn of(
        instructions: &[Instruction],
        entry: &str,
        chip: &Chip,
        torus: &Torus,
    ) -> Result<Self, CostError> {
        let computations = Computation::all(instructions);
        let mut walk = Walk { computations, chip, torus, schedule: Self::default() };
        let step_s = walk.run(entry, 1.0)?;
        if walk.schedule.work.is_empty() {
            return Err(CostError::NoEstimates);
        }
        Ok(Self { step_s, ..walk.schedule })
    }

    /// Seconds of computing: the step if all communication were hidden.
    pub fn compute_s(&self) -> f64 {
        self.work.iter().map(|work| work.seconds).sum()
    }

    /// Seconds of all collectives, one after the other.
    pub fn collectives_s(&self) -> f64 {
        self.collectives.iter().map(|collective| collective.seconds).sum()
    }

    /// Seconds for which the core waits for collectives.
    pub fn exposed_s(&self) -> f64 {
        self.collectives.iter().map(|collective| collective.exposed_s).sum()
    }
}

struct Walk<'a> {
    computations: HashMap<&'a str, Computation<'a>>,
    chip: &'a Chip,
    torus: &'a Torus,
    schedule: Schedule,
}

/// A collective that was started.
struct Flight {
    ends: f64,
    /// Its number in the schedule.
    number: usize,
}

impl Walk<'_> {
    /// The seconds of one run of a computation that runs so often.
    fn run(&mut self, name: &str, times: f64) -> Result<f64, CostError> {
        let Some(computation) = self.computations.remove(name) else { return Ok(0.0) };
        let result = self.run_through(&computation, times);
        // Another call may follow.
        if let Some(first) = computation.instructions.first() {
            self.computations.insert(&first.computation, computation);
        }
        result
    }

    fn run_through(&mut self, home: &Computation<'_>, times: f64) -> Result<f64, CostError> {
        let mut now = 0.0f64;
        let mut free = [0.0f64; CHANNELS];
        let mut flights: HashMap<&str, Flight> = HashMap::new();
        for &instruction in &home.instructions {
            match instruction.opcode.as_str() {
                "while" => {
                    let rounds = self.rounds(instruction)?;
                    if let Some(body) = instruction.calls.first() {
                        now += rounds * self.run(body, times * rounds)?;
                    }
                    continue;
                }
                "call" | "conditional" => {
                    if let Some(callee) = instruction.calls.first() {
                        now += self.run(callee, times)?;
                    }
                    continue;
                }
                _ => {}
            }
            let awaited =
                instruction.operands.first().filter(|_| instruction.opcode.ends_with("-done"));
            if let Some(flight) = awaited.and_then(|start| flights.remove(start.as_str())) {
                let waits = (flight.ends - now).max(0.0);
                self.schedule.collectives[flight.number].exposed_s += waits * times;
                now += waits;
                continue;
            }
            let computes = cycles(instruction).map(|cycles| cycles / self.chip.clock_hz);
            if let Some(seconds) = computes {
                self.schedule.work.push(Work {
                    name: instruction.name.clone(),
                    op_name: instruction.op_name.clone(),
                    times,
                    seconds: seconds * times,
                });
            }
            // Other calls only name memory.
            if computes.is_none() && instruction.target == "tpu_custom_call" {
                self.schedule.kernels.push(Kernel {
                    name: instruction.name.clone(),
                    op_name: instruction.op_name.clone(),
                    times,
                });
            }
            let computes = computes.unwrap_or(0.0);
            let speed = self.chip.link_bytes_per_second;
            let transfer = Transfer::of(instruction, home, &self.computations, self.torus, speed);
            let Some(transfer) = transfer else {
                now += computes;
                continue;
            };
            let busy = |(seconds, free): (&f64, &f64)| (*seconds > 0.0).then_some(*free);
            let ready = transfer.seconds.iter().zip(&free).filter_map(busy).fold(now, f64::max);
            let ends = ready + transfer.longest();
            for (free, seconds) in free.iter_mut().zip(transfer.seconds) {
                if seconds > 0.0 {
                    *free = ready + seconds;
                }
            }
            let number = self.schedule.collectives.len();
            let is_asynchronous = instruction.opcode.ends_with("-start");
            // An instruction computes and communicates at the same time.
            let exposed = if is_asynchronous { 0.0 } else { (ends - now - computes).max(0.0) };
            now += computes + exposed;
            if is_asynchronous {
                flights.insert(&instruction.name, Flight { ends, number });
            }
            self.schedule.collectives.push(Collective {
                kind: transfer.kind,
                name: instruction.name.clone(),
                op_name: instruction.op_name.clone(),
                group_size: transfer.group_size,
                times,
                bytes: transfer.bytes * times,
                seconds: transfer.longest() * times,
                exposed_s: exposed * times,
            });
        }
        Ok(now)
    }

    fn rounds(&self, instruction: &Instruction) -> Result<f64, CostError> {
        let unknown = || CostError::Trips { name: instruction.name.clone() };
        let [body, condition, ..] = &instruction.calls[..] else { return Err(unknown()) };
        let find = |name: &String| self.computations.get(name.as_str()).ok_or_else(unknown);
        trips(find(condition)?, find(body)?).ok_or_else(unknown)
    }
}

/// The compiler's estimate for one run of an instruction.
fn cycles(instruction: &Instruction) -> Option<f64> {
    let (_, rest) = instruction.backend_config.split_once("\"estimated_cycles\":\"")?;
    rest.split('"').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::{ElementType, TensorType};

    /// One cycle a second, and one byte a second over each link.
    const CHIP: Chip = Chip {
        kind: "test",
        clock_hz: 1.0,
        peak_flops_per_second: 1.0,
        link_bytes_per_second: 1.0,
    };

    fn line(computation: &str, text: &str) -> Instruction {
        // `name = opcode(operand, operand) key=value`
        let (name, rest) = text.split_once(" = ").unwrap();
        let (opcode, rest) = rest.split_once('(').unwrap();
        let (operands, attributes) = rest.split_once(')').unwrap();
        let (is_root, name) = match name.strip_prefix("ROOT ") {
            Some(name) => (true, name),
            None => (false, name),
        };
        let mut instruction = Instruction {
            name: name.into(),
            opcode: opcode.into(),
            computation: computation.into(),
            is_root,
            operands: operands.split(", ").filter(|o| !o.is_empty()).map(str::to_owned).collect(),
            // Eight bytes.
            results: vec![TensorType::new(ElementType::F32, [2])],
            ..Instruction::default()
        };
        for attribute in attributes.split_whitespace() {
            let (key, value) = attribute.split_once('=').unwrap();
            match key {
                "cycles" => {
                    let cycles = format!("{{\"estimated_cycles\":\"{value}\"}}");
                    instruction.backend_config = cycles;
                }
                "calls" => instruction.calls = value.split(',').map(str::to_owned).collect(),
                "index" => instruction.tuple_index = value.parse().ok(),
                "value" => instruction.constant = value.parse().ok(),
                "group" => {
                    let group = value.split(',').map(|id| id.parse().unwrap()).collect();
                    instruction.groups = vec![group];
                }
                _ => {
                    let next = |i: usize| (i, (i + 1) % 4);
                    instruction.pairs = (0..4).map(next).collect();
                }
            }
        }
        instruction
    }

    fn schedule(computations: &[(&str, &[&str])]) -> Result<Schedule, CostError> {
        let lines = computations
            .iter()
            .flat_map(|(computation, lines)| lines.iter().map(move |text| line(computation, text)));
        // A row of four devices, that has no link from its last to its first.
        let torus = Torus::new((0..4).map(|x| [x, 0, 0]).collect(), [false; 3]);
        Schedule::of(&lines.collect::<Vec<_>>(), "main", &CHIP, &torus)
    }

    #[test]
    fn instructions_of_a_loop_count_once_per_round() {
        let condition: (&str, &[&str]) = (
            "condition",
            &[
                "state = parameter()",
                "i = get-tuple-element(state) index=0",
                "bound = constant() value=7",
                "ROOT less = compare(i, bound)",
            ],
        );
        let body: (&str, &[&str]) = (
            "body",
            &[
                "old = parameter()",
                "j = get-tuple-element(old) index=0",
                "two = constant() value=2",
                "next = add(j, two)",
                "copied = copy(next)",
                "work = fusion(old) cycles=10",
                "ROOT new = tuple(copied)",
            ],
        );
        let main: (&str, &[&str]) =
            ("main", &["x = fusion() cycles=5", "ROOT all = while(x) calls=body,condition"]);
        let schedule = super::tests::schedule(&[condition, body, main]).unwrap();
        // 0, 2, 4, 6.
        assert_eq!(schedule.compute_s(), 45.0);
        assert_eq!(schedule.step_s, 45.0);
        assert_eq!(schedule.work.iter().map(|w| w.times).sum::<f64>(), 5.0);

        let mut unknown = condition;
        unknown.1 = &["ROOT same = parameter()"];
        let error = super::tests::schedule(&[unknown, body, main]).unwrap_err().to_string();
        assert!(error.starts_with("the loop all runs a number of times"), "{error}");
    }

    #[test]
    fn a_synchronous_collective_is_waited_for() {
        let main: (&str, &[&str]) =
            ("main", &["x = fusion() cycles=5", "ROOT y = all-gather(x) group=0,1,2,3"]);
        let schedule = schedule(&[main]).unwrap();
        // 32 bytes, three quarters of them from others.
        assert_eq!((schedule.collectives_s(), schedule.exposed_s()), (24.0, 24.0));
        assert_eq!((schedule.collectives[0].bytes, schedule.step_s), (24.0, 29.0));
    }

    #[test]
    fn an_asynchronous_one_goes_on_beside_what_is_computed() {
        let main: (&str, &[&str]) = (
            "main",
            &[
                "x = fusion() cycles=5",
                "a = collective-permute-start(x) next=",
                "y = fusion(x) cycles=3",
                "b = collective-permute-done(a)",
                "c = collective-permute-start(y) next=",
                "z = fusion(y) cycles=20",
                "ROOT d = collective-permute-done(c)",
            ],
        );
        let schedule = schedule(&[main]).unwrap();
        // 8 s each: 3 are hidden of the first, all of the second.
        assert_eq!((schedule.collectives_s(), schedule.exposed_s()), (16.0, 5.0));
        assert_eq!(schedule.step_s, 5.0 + 3.0 + 5.0 + 20.0);
    }

    #[test]
    fn two_that_share_links_go_one_after_the_other() {
        let main: (&str, &[&str]) = (
            "main",
            &[
                "x = fusion() cycles=1",
                "a = all-gather-start(x) group=0,1",
                "b = all-gather-start(x) group=0,1",
                "y = fusion(x) cycles=10",
                "c = all-gather-done(a)",
                "ROOT d = all-gather-done(b)",
            ],
        );
        let schedule = schedule(&[main]).unwrap();
        assert_eq!((schedule.collectives_s(), schedule.exposed_s()), (16.0, 6.0));
    }

    #[test]
    fn an_all_reduce_of_which_a_part_is_kept_is_a_reduce_scatter() {
        let fused: (&str, &[&str]) = (
            "all-reduce-scatter",
            &[
                "given = parameter()",
                "sum = all-reduce(given) group=0,1,2,3",
                "ROOT part = dynamic-slice(sum)",
            ],
        );
        let main: (&str, &[&str]) =
            ("main", &["x = fusion() cycles=1", "ROOT y = fusion(x) calls=all-reduce-scatter"]);
        let schedule = schedule(&[fused, main]).unwrap();
        let collective = &schedule.collectives[0];
        assert_eq!((collective.kind, collective.bytes), (CollectiveKind::ReduceScatter, 6.0));
        assert_eq!(collective.group_size, 4);
        // The whole all-reduce would take twice as long.
        assert_eq!(collective.seconds, 6.0);
    }

    #[test]
    fn a_program_of_another_compiler_has_no_estimates() {
        let error = schedule(&[("main", &["ROOT x = fusion()"])]).unwrap_err();
        assert!(matches!(error, CostError::NoEstimates), "{error}");
    }
}
