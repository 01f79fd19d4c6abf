//! Results on disk: a file for each section and model, so that a report goes on where it was stopped.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use serde::de::DeserializeOwned;

use super::measured::Measured;
use super::settings::Settings;

/// The folder of a report.
pub(crate) struct Kept {
    out: PathBuf,
}

/// The settings of the report in its folder.
const SETTINGS: &str = "settings.json";

impl Kept {
    /// Opens a folder for a report with these settings. A folder with results of others is refused.
    pub(crate) fn open(out: &Path, settings: &Settings) -> anyhow::Result<Self> {
        let shown = out.display();
        fs::create_dir_all(out).with_context(|| format!("--out {shown}"))?;
        let path = out.join(SETTINGS);
        if path.exists() {
            let there: Settings = read(&path).with_context(|| {
                format!("--out {shown}: delete this file, or take another folder")
            })?;
            let differences = settings.differences(&there);
            ensure!(
                differences.is_empty(),
                "--out {shown}: holds a report with another {}; take another folder, or delete this one",
                differences.join(", another ")
            );
        } else {
            write(&path, &serde_json::to_vec_pretty(settings)?)?;
        }
        Ok(Self { out: out.into() })
    }

    /// The folder of the models that are trained.
    pub(crate) fn family(&self) -> PathBuf {
        self.out.join("family")
    }

    fn path(&self, section: &str, subject: &str) -> PathBuf {
        self.out.join("results").join(section).join(format!("{subject}.json"))
    }

    /// What was found before, if anything. A file that cannot be read is told, and counts as none.
    pub(crate) fn read(&self, section: &str, subject: &str) -> Option<Measured> {
        let path = self.path(section, subject);
        if !path.exists() {
            return None;
        }
        match read(&path) {
            Ok(measured) => Some(measured),
            Err(error) => {
                eprintln!("{error:#}: it is measured again");
                None
            }
        }
    }

    pub(crate) fn write(
        &self,
        section: &str,
        subject: &str,
        measured: &Measured,
    ) -> anyhow::Result<()> {
        ensure!(
            measured.numbers.values().all(|number| number.is_finite()),
            "{section}, {subject}: a number is not finite: {:?}",
            measured.numbers
        );
        write(&self.path(section, subject), &serde_json::to_vec_pretty(measured)?)
    }

    /// Writes a file of the report itself.
    pub(crate) fn write_page(&self, name: &str, text: &str) -> anyhow::Result<()> {
        write(&self.out.join(name), text.as_bytes())
    }
}

fn read<T: DeserializeOwned>(path: &Path) -> anyhow::Result<T> {
    let shown = path.display();
    let text = fs::read(path).with_context(|| format!("{shown}: cannot be read"))?;
    serde_json::from_slice(&text).with_context(|| format!("{shown}: is damaged or half-written"))
}

/// Writes a file beside its name and moves it there, so that it is whole or not there.
fn write(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let told = || format!("cannot write {}", path.display());
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).with_context(told)?;
    }
    let beside = path.with_extension("partial");
    fs::write(&beside, bytes).and_then(|()| fs::rename(&beside, path)).with_context(told)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings() -> Settings {
        Settings { version: 1, family: None, quick: true, steps: 3, seeds: vec![0], share: 0.1 }
    }

    #[test]
    fn results_come_back_and_broken_ones_count_as_none() {
        let out = std::env::temp_dir().join(format!("vit22b-kept-{}", std::process::id()));
        let kept = Kept::open(&out, &settings()).unwrap();
        assert!(kept.read("few-shot", "small-0").is_none());
        let measured = Measured::default().with("a", 0.1).with_curve("c", [[1.0, 0.3]]);
        kept.write("few-shot", "small-0", &measured).unwrap();
        assert_eq!(kept.read("few-shot", "small-0"), Some(measured));
        let path = kept.path("few-shot", "small-0");
        let text = fs::read_to_string(&path).unwrap();
        fs::write(&path, &text[..text.len() / 2]).unwrap();
        assert!(kept.read("few-shot", "small-0").is_none());
        let nan = Measured::default().with("a", f64::NAN);
        assert!(kept.write("few-shot", "small-0", &nan).is_err());

        assert!(Kept::open(&out, &settings()).is_ok());
        let other = Settings { steps: 4, quick: false, ..settings() };
        let error = Kept::open(&out, &other).map(|_| ()).unwrap_err().to_string();
        assert!(error.contains("another --quick, another --steps; take another folder"), "{error}");
        fs::write(out.join(SETTINGS), "{").unwrap();
        let error = format!("{:#}", Kept::open(&out, &settings()).map(|_| ()).unwrap_err());
        assert!(error.contains("settings.json: is damaged or half-written"), "{error}");
        fs::remove_dir_all(out).unwrap();
    }
}
