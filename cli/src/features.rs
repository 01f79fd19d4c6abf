//! Features that `embed` has written, for the verbs that measure them.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail, ensure};
use clap::Args;
use vit22b::probe::{FeatureFolder, FeatureTable};

/// Of features in one place, each fifth row tests.
const TEST_EVERY: usize = 5;

#[derive(Args)]
pub(crate) struct Features {
    /// Features with labels that embed has written, a file or a folder,
    /// instead of a model and images
    #[arg(long, value_name = "PATH", conflicts_with_all = ["weights", "images"])]
    features: Option<PathBuf>,
    /// Features to test with, of the same model; without them each fifth
    /// row of --features tests
    #[arg(long, value_name = "PATH", requires = "features")]
    test_features: Option<PathBuf>,
}

impl Features {
    pub(crate) fn path(&self) -> Option<&Path> {
        self.features.as_deref()
    }

    /// Labelled features to train with, and others with the same classes to test with, where they were given.
    pub(crate) fn train_test(&self, seed: u64) -> anyhow::Result<Option<[FeatureTable; 2]>> {
        let Some(path) = &self.features else { return Ok(None) };
        let option = "--features";
        let table = labelled(option, path)?;
        let used: std::collections::BTreeSet<usize> =
            table.labels().iter().flatten().copied().collect();
        ensure!(
            used.len() > 1,
            "{option} {}: expected features of at least two classes, got {}",
            path.display(),
            used.len()
        );
        let Some(test) = &self.test_features else {
            let mut rows: Vec<usize> = (0..table.rows()).collect();
            fastrand::Rng::with_seed(seed).shuffle(&mut rows);
            rows.retain(|row| !table.labels()[*row].is_empty());
            let part = |test: bool| {
                let rows = rows.iter().enumerate();
                let chosen = rows.filter(|(at, _)| (at % TEST_EVERY == 0) == test);
                table.select(chosen.map(|(_, row)| *row))
            };
            return Ok(Some([part(false), part(true)]));
        };
        let (option, test_table) = ("--test-features", labelled("--test-features", test)?);
        ensure!(
            test_table.columns() == table.columns(),
            "{option} {}: expected {} features of each image as in --features, got {}",
            test.display(),
            table.columns(),
            test_table.columns()
        );
        if let (Ok(one), Ok(other)) = (FeatureFolder::open(path), FeatureFolder::open(test)) {
            ensure!(
                one.made_by() == other.made_by(),
                "{option} {}: made by another model or other preprocessing than --features",
                test.display()
            );
        }
        let with_labels = |table: &FeatureTable| {
            table.select((0..table.rows()).filter(|row| !table.labels()[*row].is_empty()))
        };
        let test_table = with_classes(with_labels(&test_table), table.classes())
            .with_context(|| format!("{option} {}", test.display()))?;
        Ok(Some([with_labels(&table), test_table]))
    }
}

/// Features of a file or a folder, some of which have labels.
fn labelled(option: &str, path: &Path) -> anyhow::Result<FeatureTable> {
    let shown = path.display();
    let read = || -> anyhow::Result<FeatureTable> {
        ensure!(path.exists(), "{shown}: there is no such file or folder");
        Ok(match path.is_dir() {
            true => FeatureFolder::open(path)?.table()?,
            false => FeatureTable::read(path)?,
        })
    };
    let table = read().context(option.to_string())?;
    if let Some(row) = table.first_non_finite() {
        let name = table.names().get(row).cloned().unwrap_or_else(|| format!("row {row}"));
        bail!("{option} {shown}: the features of {name} are not finite numbers");
    }
    let unlabelled = match table.labels() {
        [] => table.rows(),
        labels => labels.iter().filter(|labels| labels.is_empty()).count(),
    };
    ensure!(
        unlabelled < table.rows(),
        "{option} {shown}: no image has a label; embed a list or shards with labels, or give embed \
         --class-folders"
    );
    if unlabelled > 0 {
        let all = table.rows();
        eprintln!("note: {option}: {unlabelled} of {all} images are left out: they have no label");
    }
    Ok(table)
}

/// The same rows with the classes of another table.
fn with_classes(table: FeatureTable, classes: &[String]) -> anyhow::Result<FeatureTable> {
    let of: HashMap<&String, usize> = classes.iter().zip(0..).collect();
    let mut labels = Vec::with_capacity(table.rows());
    for of_row in table.labels() {
        let mut row = Vec::new();
        for label in of_row {
            let name = &table.classes()[*label];
            match of.get(name) {
                Some(class) => row.push(*class),
                None => bail!("the label \"{name}\" is not among those of --features"),
            }
        }
        labels.push(row);
    }
    Ok(table.with_labels(classes.iter().cloned(), labels)?)
}
