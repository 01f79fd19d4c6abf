//! Progress on the terminal: one line that changes. Where standard error is a file, a line now and then.

use std::io::IsTerminal;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use vit22b::data::BrokenImages;
use vit22b::train::{Event, Progress};
use vit22b_hub::HubEvent;

/// A number with its noun.
pub(crate) fn counted(count: usize, noun: &str) -> String {
    match count {
        1 => format!("1 {noun}"),
        _ if noun.ends_with('s') => format!("{count} {noun}es"),
        _ => format!("{count} {noun}s"),
    }
}

/// A text of the libraries in the words of this program: options of the command where they name their own, and this
/// program's verb where `burn-xla`, which has its own command, advises one of that.
pub(crate) fn in_own_words(text: &str) -> String {
    let mut text = text.replace("`burn-xla ", "`vit22b ");
    for options in
        ["`LoadOptions::", "`DecodeOptions::", "`PartsConfig::", "`VideoFeaturesConfig::"]
    {
        while let Some((before, after)) = text.split_once(options) {
            let Some((field, rest)) = after.split_once('`') else { break };
            text = format!("{before}--{}{rest}", field.replace('_', "-"));
        }
    }
    text
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

/// How many images are done, how fast, and how long the others will take. Where standard error is a file, that is a
/// line now and then.
pub(crate) struct ImageBar {
    bar: ProgressBar,
    images: usize,
    /// When the first images were done, and how many: what came before them was no work on images.
    first: Option<(Instant, usize)>,
    /// When the last line was printed, where lines stay.
    line: Option<Instant>,
}

/// The time between two lines.
const LINE_EVERY: Duration = Duration::from_secs(30);

impl ImageBar {
    pub(crate) fn new(images: usize) -> Self {
        let style = ProgressStyle::with_template("{bar:24} {msg}");
        let bar = ProgressBar::new(images as u64).with_style(style.expect("the template is valid"));
        let line = (!std::io::stderr().is_terminal()).then(Instant::now);
        Self { bar, images, first: None, line }
    }

    /// So many are done.
    pub(crate) fn done(&mut self, images: usize) {
        self.done_and_skipped(images, 0);
    }

    /// So many are done, with those that were skipped.
    pub(crate) fn done_and_skipped(&mut self, images: usize, skipped: usize) {
        let (start, first) = *self.first.get_or_insert_with(|| (Instant::now(), images));
        let mut text = format!("{images} of {}", counted(self.images, "image"));
        let seconds = start.elapsed().as_secs_f64();
        if images > first && seconds > 0.0 {
            let rate = (images - first) as f64 / seconds;
            let left = duration(self.images.saturating_sub(images) as f64 / rate);
            text += &format!(", {rate:.1} images/s, {left} left");
        }
        if skipped > 0 {
            text += &format!(", {skipped} skipped");
        }
        self.bar.set_position(images as u64);
        match &mut self.line {
            Some(line) if line.elapsed() >= LINE_EVERY => {
                *line = Instant::now();
                eprintln!("{text}");
            }
            _ => self.bar.set_message(text),
        }
    }

    /// Prints a line above the bar.
    pub(crate) fn say(&self, line: &str) {
        match self.line {
            Some(_) => eprintln!("{line}"),
            None => self.bar.println(line),
        }
    }

    /// Removes the bar.
    pub(crate) fn clear(&self) {
        self.bar.finish_and_clear();
    }

    /// Removes the bar, and prints which images could not be read.
    pub(crate) fn finish(self, broken: &BrokenImages) {
        self.bar.finish_and_clear();
        if !broken.images.is_empty() {
            eprintln!("{}", in_own_words(&broken.to_string()));
        }
    }
}

/// What is fetched: a line that changes, for each large file. Where standard error is a file, a line when a large file
/// begins, and one for each half minute.
#[derive(Clone)]
pub(crate) struct FetchBar {
    plain: bool,
    now: Arc<Mutex<Fetched>>,
}

/// The file that is fetched now.
#[derive(Default)]
struct Fetched {
    file: String,
    bar: Option<ProgressBar>,
    /// When the last plain line was printed.
    printed: Option<Instant>,
}

/// Smaller files have no line.
const LARGE: u64 = 1_000_000;
const BETWEEN_LINES: Duration = Duration::from_secs(30);

impl FetchBar {
    pub(crate) fn new() -> Self {
        Self { plain: !std::io::stderr().is_terminal(), now: Arc::default() }
    }

    pub(crate) fn show(&self, event: &HubEvent) {
        let mut now = self.now.lock().unwrap_or_else(PoisonError::into_inner);
        match event {
            HubEvent::Fetching { file, done, total } => {
                let begins = now.file != *file;
                if begins {
                    now.clear();
                    now.file.clone_from(file);
                }
                if total.is_some_and(|total| total < LARGE) {
                    return;
                }
                if !self.plain {
                    let bar = now.bar.get_or_insert_with(|| bar_of(file, *done, *total));
                    bar.set_position(*done);
                } else if begins || now.printed.is_some_and(|last| last.elapsed() > BETWEEN_LINES) {
                    eprintln!("{event}");
                    now.printed = Some(Instant::now());
                }
            }
            HubEvent::Checking { .. } => {
                if let Some(bar) = &now.bar {
                    bar.set_style(style("{bar:24} {msg}"));
                    bar.set_message(event.to_string());
                }
            }
            HubEvent::Done { .. } => {
                now.clear();
                eprintln!("{event}");
            }
            other => match &now.bar {
                Some(bar) => bar.suspend(|| eprintln!("{other}")),
                None => eprintln!("{other}"),
            },
        }
    }

    pub(crate) fn finish(&self) {
        self.now.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

impl Fetched {
    fn clear(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
        self.printed = None;
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).expect("the template is valid")
}

/// The bar of a file, of which the first bytes may be here. It is drawn when it is complete.
fn bar_of(file: &str, done: u64, total: Option<u64>) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(total, ProgressDrawTarget::hidden());
    bar.set_style(style(match total {
        Some(_) => {
            "{bar:24} {decimal_bytes} of {decimal_total_bytes}, {decimal_bytes_per_sec}, {eta} left, {msg}"
        }
        None => "{decimal_bytes}, {decimal_bytes_per_sec}, {msg}",
    }));
    bar.set_message(file.to_string());
    bar.set_position(done);
    // The rate is that of this run.
    bar.reset_eta();
    bar.set_draw_target(ProgressDrawTarget::stderr());
    bar
}

/// A time in the two largest units.
fn duration(seconds: f64) -> String {
    let seconds = seconds.round() as u64;
    let (minutes, hours, days) = (seconds / 60, seconds / 3_600, seconds / 86_400);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds} s"),
        (0, 0, _) => format!("{minutes} min {:02} s", seconds % 60),
        (0, ..) => format!("{hours} h {:02} min", minutes % 60),
        _ => format!("{days} d {:02} h", hours % 24),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_has_the_two_largest_units() {
        let texts = [59.4, 60.0, 3_661.0, 360_000.0].map(duration);
        assert_eq!(texts, ["59 s", "1 min 00 s", "1 h 01 min", "4 d 04 h"]);
    }
}
