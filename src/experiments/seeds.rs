//! The same for several seeds at once.

use std::sync::mpsc;
use std::thread;

use super::result::ExperimentError;
use crate::train::Workers;

/// What a function finds for each seed. All seeds are at work at the same time, each on its share of the cores, because the operations of small
/// models do not fill a machine. (On two cores it is no faster on XLA's CPU backend, whose threads all seeds share.) `progress` is given the
/// lines that the function says, with their seed.
pub(super) fn for_each_seed<T: Send>(
    seeds: &[u64],
    mut progress: impl FnMut(&str),
    find: impl Fn(u64, &dyn Fn(&str)) -> Result<T, ExperimentError> + Sync,
) -> Result<Vec<T>, ExperimentError> {
    let workers = Workers::new(seeds.len().max(1))?;
    let (find, (said, lines)) = (&find, mpsc::channel());
    let all = move || {
        workers.each(seeds.iter().copied(), |seed| {
            let say = |line: &str| {
                // Nobody listens only where the caller panicked.
                let _ = said.send(format!("seed {seed}: {line}"));
            };
            find(seed, &say)
        })
    };
    thread::scope(|scope| {
        let all = scope.spawn(all);
        lines.iter().for_each(|line| progress(&line));
        let found = all.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        found.into_iter().collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_seed_has_its_answer_in_its_place_and_says_whose_line_it_is() {
        let mut lines = vec![];
        let found = for_each_seed(
            &[4, 2, 9],
            |line| lines.push(line.to_string()),
            |seed, say| {
                // The first seed is the last one to end.
                thread::sleep(std::time::Duration::from_millis(if seed == 4 { 50 } else { 0 }));
                say("half");
                Ok(seed * 10)
            },
        );
        assert_eq!(found.unwrap(), [40, 20, 90]);
        lines.sort();
        assert_eq!(lines, ["seed 2: half", "seed 4: half", "seed 9: half"]);
        let failing = |seed, _: &dyn Fn(&str)| match seed {
            2 => Err(ExperimentError::Rates),
            seed => Ok(seed),
        };
        assert!(for_each_seed(&[1, 2, 3], |_| (), failing).is_err());
    }
}
