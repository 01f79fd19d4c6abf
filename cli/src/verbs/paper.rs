//! The measurements of the ViT-22B paper on models of three sizes, as one page of HTML.

use std::num::NonZero;
use std::path::PathBuf;
use std::sync::atomic::Ordering;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use clap::Args;
use rayon::ThreadPoolBuilder;
use vit22b::Runtime;

use crate::evaluate::part::grouped;
use crate::paper::bench::Bench;
use crate::paper::clock::{Clock, rough};
use crate::paper::family::{BATCH, HEAD_DECAY, Member, drawn};
use crate::paper::family_file::FamilyFile;
use crate::paper::kept::Kept;
use crate::paper::measured::{Control, Found, Measured, Row};
use crate::paper::page::{Filled, Told, report};
use crate::paper::section::{Measure, Section};
use crate::paper::sections::SECTIONS;
use crate::paper::settings::{Settings, VERSION};
use crate::paper::subject::{Id, Subject};
use crate::training::stop_on_signal;

#[derive(Args)]
pub(crate) struct Arguments {
    /// Folder for report.html, report.md, report.json, the models and
    /// what was measured of each: the same command goes on with it
    #[arg(long, value_name = "FOLDER", default_value = "out/paper")]
    out: PathBuf,
    /// Fewer steps, seeds and images: about three minutes on two cores
    #[arg(long)]
    quick: bool,
    /// This section alone. Can be repeated
    #[arg(long, value_name = "SECTION")]
    only: Vec<String>,
    /// Published models of three sizes or more and images of your own, in
    /// place of models that are trained on drawings: JSON such as
    /// {"images": "photos", "models": [{"name": "S/16", "weights": "PATH"}, …]}
    #[arg(long, value_name = "FILE", verbatim_doc_comment)]
    family: Option<PathBuf>,
    /// Steps of training each model [default: 2000, or 800 with --quick]
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..), conflicts_with = "family")]
    steps: Option<u64>,
    /// Seeds with which all is done [default: 3; 2 with --quick; 1 with
    /// --family]
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..=100))]
    seeds: Option<u64>,
    /// The first seed
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Share of the usual number of images
    #[arg(long, default_value_t = 1.0)]
    share: f64,
    /// What computes, by the names that `vit22b train --help` has
    /// [default: flex, on which small models take least time; auto with
    /// --family]
    #[arg(long, value_name = "NAME")]
    device: Option<String>,
}

/// What is to be done of a model: train it, or measure it for a section.
struct Step {
    section: Option<&'static Section>,
    /// The member of the family, and which form of it. None for what needs no model.
    id: Option<(usize, Id)>,
    cost: f64,
}

pub(crate) fn run(arguments: Arguments) -> anyhow::Result<()> {
    let Arguments { quick, seed, share, ref out, .. } = arguments;
    anyhow::ensure!(share > 0.0 && share <= 1.0, "--share {share}: expected above 0, at most 1");
    let asked = asked(&arguments.only)?;
    let file = arguments
        .family
        .as_ref()
        .map(|path| FamilyFile::read(path).with_context(|| format!("--family {}", path.display())));
    let file = file.transpose()?;
    let (text, images, members) = match file {
        Some(FamilyFile { text, images, models }) => {
            let models = models.into_iter().map(|model| Member::Given(Box::new(model)));
            (Some(text), Some(images), models.collect())
        }
        None => (None, None, drawn()),
    };
    let usual = if text.is_some() {
        1
    } else if quick {
        2
    } else {
        3
    };
    let seeds = arguments.seeds.unwrap_or(usual);
    let settings = Settings {
        version: VERSION,
        steps: arguments.steps.unwrap_or(if quick { 800 } else { 2_000 }),
        seeds: (0..seeds).map(|next| seed.wrapping_add(next)).collect(),
        family: text,
        quick,
        share,
    };
    let kept = Kept::open(out, &settings)?;
    let device = arguments.device.as_deref();
    let device = device.unwrap_or(if settings.is_given() { "auto" } else { "flex" });
    // Operations on small models do not fill two cores; large models and other devices are full with one.
    let workers = if device == "flex" && !settings.is_given() { cores() } else { 1 };
    if workers > 1 {
        // Of each worker a thread waits, and another one computes.
        burn_xla::pjrt::divide_memory(2 * workers);
    }
    let stop = stop_on_signal()?;
    let runtime = Runtime::named(device).with_context(|| format!("--device {device}"))?;
    let bench = Bench::new(runtime, settings, images, stop, workers);
    println!("on {}", bench.runtime);

    let steps = steps(&asked, &members, &bench, &kept);
    let clock = Mutex::new(Clock::new(steps.iter().map(|step| step.cost).collect()));
    let work = Work { members: &members, bench: &bench, kept: &kept, clock: &clock };
    let finished = work.all(&steps)?;
    let took = locked(&clock).elapsed();
    if !finished {
        println!("stopped; the same command goes on");
        return Ok(());
    }
    write(&members, &bench, &kept, took)?;
    println!("{} after {}", out.join("report.html").display(), rough(took));
    Ok(())
}

/// The sections that `--only` names, or all.
fn asked(only: &[String]) -> anyhow::Result<Vec<&'static Section>> {
    let known = |name: &str| SECTIONS.into_iter().find(|section| section.name == name);
    if let Some(name) = only.iter().find(|name| known(name).is_none()) {
        let names: Vec<&str> = SECTIONS.iter().map(|section| section.name).collect();
        bail!("--only {name}: there is no such section; there are {}", names.join(", "));
    }
    let wanted =
        |section: &&Section| only.is_empty() || only.iter().any(|name| name == section.name);
    Ok(SECTIONS.into_iter().filter(wanted).collect())
}

/// The forms of the family that a section is measured on: each seed, each size, and the controls.
fn subjects(section: &Section, members: &[Member], bench: &Bench) -> Vec<(usize, Id)> {
    let Measure::Models { controls, trains, .. } = section.measure else { return vec![] };
    let mut all = Vec::new();
    for (nth, &seed) in bench.settings.seeds.iter().enumerate() {
        let controls = if trains && nth > 0 { &[] } else { controls };
        for (size, member) in members.iter().enumerate() {
            let id = |control| Id { name: member.name().into(), size: Some(size), control, seed };
            all.push((size, id(None)));
            if controls.contains(&Control::Untrained) {
                all.push((size, id(Some(Control::Untrained))));
            }
        }
        // The pixels of photographs are too many for a classifier.
        if controls.contains(&Control::Pixels) && !bench.settings.is_given() {
            let (name, control) = (String::new(), Some(Control::Pixels));
            all.push((0, Id { name, size: None, control, seed }));
        }
    }
    all
}

/// What is left to be done, so that each model is opened once.
fn steps(asked: &[&'static Section], members: &[Member], bench: &Bench, kept: &Kept) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    let mut models: Vec<(usize, Id)> = Vec::new();
    for section in asked {
        match section.measure {
            Measure::Once(_) if kept.read(section.name, ONCE).is_none() => {
                steps.push(Step { section: Some(section), id: None, cost: 1.0 });
            }
            Measure::Once(_) => {}
            Measure::Models { .. } => {
                let missing = subjects(section, members, bench).into_iter();
                let missing =
                    missing.filter(|(_, id)| kept.read(section.name, &id.key()).is_none());
                missing.for_each(|subject| {
                    if !models.contains(&subject) {
                        models.push(subject);
                    }
                });
            }
        }
    }
    // Each model is trained before it is measured.
    models.sort_by_key(|(member, id)| (id.seed, *member, id.control.is_some()));
    for (member, id) in models {
        if id.control.is_none() && !bench.settings.is_given() {
            let cost = members[member].training_cost(bench.settings.steps);
            steps.push(Step { section: None, id: Some((member, id.clone())), cost });
        }
        for section in asked {
            let is_measured = subjects(section, members, bench).contains(&(member, id.clone()))
                && kept.read(section.name, &id.key()).is_none();
            if is_measured {
                let part = match section.measure {
                    Measure::Models { trains: true, .. } if bench.settings.quick => 4.0,
                    Measure::Models { trains: true, .. } => 10.0,
                    _ => 0.4,
                };
                let cost = part * members[member].section_cost();
                let id = Some((member, id.clone()));
                steps.push(Step { section: Some(section), id, cost });
            }
        }
    }
    steps
}

/// The name of the file of what is measured once.
const ONCE: &str = "once";

/// The measuring of models: what all of it needs.
struct Work<'a> {
    members: &'a [Member],
    bench: &'a Bench,
    kept: &'a Kept,
    clock: &'a Mutex<Clock>,
}

impl Work<'_> {
    /// Does all that is left, several models at once. False if it was stopped.
    fn all(&self, steps: &[Step]) -> anyhow::Result<bool> {
        let Self { bench, kept, .. } = self;
        let folder = kept.family();
        std::fs::create_dir_all(&folder)
            .with_context(|| format!("cannot make {}", folder.display()))?;
        let cost = |steps: &[Step]| steps.iter().map(|step| step.cost).sum::<f64>();
        let mut models: Vec<&[Step]> = steps.chunk_by(|one, next| one.id == next.id).collect();
        // The longest first, so that at the end no worker waits for a long one.
        models.sort_by(|one, other| cost(other).total_cmp(&cost(one)));
        let count = models.len();
        let queue = Mutex::new(models.into_iter());
        let worker = || {
            while !bench.stop.load(Ordering::Relaxed) {
                let next = locked(&queue).next();
                let Some(steps) = next else { return Ok(true) };
                let ended = self.of_model(steps);
                if !matches!(ended, Ok(true)) {
                    // The others end what they are at.
                    bench.stop.store(true, Ordering::Relaxed);
                    return ended;
                }
            }
            Ok(false)
        };
        // Each worker computes on threads of its own. Operations of small models are short, and to hand each of them to
        // threads that all workers share takes longer than some of them.
        let workers = bench.workers.min(count).max(1);
        let threads = (cores() / workers).max(1);
        let worker = || {
            let pool = ThreadPoolBuilder::new().num_threads(threads).stack_size(STACK).build()?;
            pool.install(worker)
        };
        thread::scope(|scope| {
            let workers: Vec<_> = (0..workers).map(|_| scope.spawn(worker)).collect();
            workers.into_iter().try_fold(true, |all, worker| {
                let ended = worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
                Ok(ended? && all)
            })
        })
    }

    /// Does the steps of one model. False if it was stopped.
    fn of_model(&self, steps: &[Step]) -> anyhow::Result<bool> {
        let Self { members, bench, kept, clock } = self;
        let folder = kept.family();
        let mut open: Option<Subject> = None;
        for step in steps {
            if bench.stop.load(Ordering::Relaxed) {
                return Ok(false);
            }
            let begun = Instant::now();
            let (what, key, measured) = match (step.section, &step.id) {
                (None, Some((member, id))) => {
                    open = None;
                    if !members[*member].train(id.seed, &folder, bench)? {
                        return Ok(false);
                    }
                    (format!("training {}, seed {}", id.name, id.seed), None, None)
                }
                (Some(section), Some((member, id))) => {
                    let told = || format!("{}, {}, seed {}", section.name, id.row(), id.seed);
                    let Measure::Models { run, .. } = section.measure else { continue };
                    if open.as_ref().is_none_or(|subject| subject.id != *id) {
                        open = Some(members[*member].open(id.clone(), &folder, bench)?);
                    }
                    let Some(subject) = &mut open else { continue };
                    let measured = run(subject, bench).with_context(told)?;
                    (told(), Some((section, id.key())), Some(measured))
                }
                (Some(section), None) => {
                    let Measure::Once(run) = section.measure else { continue };
                    let measured = run(bench).with_context(|| section.name)?;
                    (section.name.to_string(), Some((section, ONCE.to_string())), Some(measured))
                }
                (None, None) => continue,
            };
            let took = begun.elapsed();
            if let (Some((section, key)), Some(measured)) = (key, measured) {
                let measured = Measured { seconds: took.as_secs_f64(), ..measured };
                kept.write(section.name, &key, &measured)?;
            }
            locked(clock).done(&what, took);
        }
        Ok(true)
    }
}

fn cores() -> usize {
    thread::available_parallelism().map_or(1, NonZero::get)
}

/// The memory of a worker's stack in bytes: that of a main thread.
const STACK: usize = 8 << 20;

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The page of all sections that are measured whole, also by earlier runs.
fn write(members: &[Member], bench: &Bench, kept: &Kept, took: Duration) -> anyhow::Result<()> {
    let (mut filled, mut missing) = (Vec::new(), Vec::new());
    for section in SECTIONS {
        match found(section, members, bench, kept) {
            Some(found) => filled.push(Filled { section, found }),
            None => missing.push(section.name),
        }
    }
    let told = told(members, bench, missing, took);
    let (report, numbers) = report(&filled, &told)?;
    let figures = report.figures().map(|(name, svg)| (name, svg.to_string()));
    for (name, svg) in figures {
        kept.write_page(&format!("figures/{name}"), &svg)?;
    }
    let markdown = report.markdown().replace("](", "](figures/");
    kept.write_page("report.md", &markdown)?;
    kept.write_page("report.json", &serde_json::to_string_pretty(&numbers)?)?;
    kept.write_page("report.html", &report.html())
}

/// All that was measured for a section; none if something is missing.
fn found(
    section: &'static Section,
    members: &[Member],
    bench: &Bench,
    kept: &Kept,
) -> Option<Found> {
    let mut rows: Vec<Row> = Vec::new();
    if let Measure::Once(_) = section.measure {
        let seeds = vec![(0, kept.read(section.name, ONCE)?)];
        rows.push(Row { name: String::new(), size: None, control: None, seeds });
    }
    for (_, id) in subjects(section, members, bench) {
        let measured = kept.read(section.name, &id.key())?;
        let (name, control) = (id.row(), id.control);
        match rows.iter_mut().find(|row| row.name == name && row.control == control) {
            Some(row) => row.seeds.push((id.seed, measured)),
            None => {
                rows.push(Row { name, size: id.size, control, seeds: vec![(id.seed, measured)] });
            }
        }
    }
    rows.sort_by_key(|row| (row.control.is_some(), row.size.is_none(), row.size));
    Some(Found { rows })
}

/// What the page says of itself.
fn told(members: &[Member], bench: &Bench, missing: Vec<&'static str>, took: Duration) -> Told {
    let settings = &bench.settings;
    let given = settings.is_given();
    let family = members.iter().map(|member| {
        let text = format!("{} parameters: {}", member.shown_parameters(), member.description());
        (member.name().to_string(), text)
    });
    let seeds: Vec<String> = settings.seeds.iter().map(u64::to_string).collect();
    let mut made = vec![("seeds".to_string(), seeds.join(", "))];
    if !given {
        let text = format!(
            "{} steps of {BATCH} drawings, sigmoid cross-entropy over all labels, Adafactor, reciprocal square root with warm-up and cool-down; the classifier's decay is {HEAD_DECAY}, and not the paper's 3, which is for features 6,144 wide",
            grouped(settings.steps)
        );
        made.push(("training".into(), text));
        if settings.seeds.len() > 1 {
            let text = "untrained models and raw pixels; where a section trains something on them, with the first seed alone";
            made.push(("controls".into(), text.into()));
        }
    }
    if settings.share < 1.0 {
        made.push(("images".into(), format!("{} of the usual number", settings.share)));
    }
    made.push(("device".into(), bench.runtime.to_string()));
    // Of a run that had nothing left to do there is nothing to tell.
    if took >= Duration::from_secs(1) {
        made.push(("this run took".into(), rough(took)));
    }
    let lead = match given {
        true => {
            "What the ViT-22B paper measured, on models and images that were given. What the paper reports \
            is named with how sure that is: its full text was not at hand."
        }
        false => {
            "What the ViT-22B paper measured, on three small models that were trained on drawings by its \
            recipe scaled down. What the paper reports is named with how sure that is: its full text was not at hand."
        }
    };
    Told {
        lead: lead.into(),
        images: if given { "your images" } else { "drawn shapes" },
        family: family.collect(),
        made,
        missing,
    }
}
