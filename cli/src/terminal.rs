//! Progress on the terminal: one line that changes. Where standard error is a file, a run prints plain lines, and
//! images nothing.

use std::io::IsTerminal;
use std::time::Instant;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use vit22b::data::BrokenImages;
use vit22b::train::{Event, Progress};

/// A number with its noun.
pub(crate) fn counted(count: usize, noun: &str) -> String {
    match count {
        1 => format!("1 {noun}"),
        _ => format!("{count} {noun}s"),
    }
}

/// Shows the events of a run.
pub(crate) struct Terminal {
    bar: ProgressBar,
    plain: bool,
}

/// Lines for steps in a run, where lines stay.
const LINES: u64 = 20;

impl Terminal {
    pub(crate) fn new() -> Self {
        let plain = !std::io::stderr().is_terminal();
        let target =
            if plain { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
        let bar = ProgressBar::with_draw_target(None, target);
        let style = ProgressStyle::with_template("{bar:24} {msg}").expect("the template is valid");
        bar.set_style(style);
        Self { bar, plain }
    }

    pub(crate) fn show(&self, event: &Event) {
        match event {
            Event::Step(progress) => self.step(progress),
            Event::Saved { .. } if !self.plain => {}
            other if self.plain => eprintln!("{other}"),
            other => self.bar.println(other.to_string()),
        }
    }

    fn step(&self, progress: &Progress) {
        let Progress { step, total, .. } = *progress;
        let every = total.div_ceil(LINES);
        if self.plain && (step == 1 || step == total || step.is_multiple_of(every)) {
            eprintln!("{progress}");
        }
        self.bar.set_length(total);
        self.bar.set_position(step);
        self.bar.set_message(progress.to_string());
    }

    pub(crate) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

/// How many images are done.
pub(crate) struct ImageBar {
    bar: ProgressBar,
    start: Instant,
}

impl ImageBar {
    pub(crate) fn new(images: usize) -> Self {
        let style = ProgressStyle::with_template("{bar:24} {pos} of {len}, {msg}, {eta} left");
        let bar = ProgressBar::new(images as u64).with_style(style.expect("the template is valid"));
        Self { bar, start: Instant::now() }
    }

    /// So many are done.
    pub(crate) fn done(&self, images: usize) {
        self.bar.set_position(images as u64);
        let rate = images as f64 / self.start.elapsed().as_secs_f64();
        self.bar.set_message(format!("{rate:.1} images/s"));
    }

    /// Removes the bar, and prints which images could not be read.
    pub(crate) fn finish(self, broken: &BrokenImages) {
        self.bar.finish_and_clear();
        if !broken.images.is_empty() {
            eprintln!("{broken}");
        }
    }
}
