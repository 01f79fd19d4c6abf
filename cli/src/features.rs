//! Features that `embed` has written, for the verbs that measure them.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail, ensure};
use clap::Args;
use vit22b::eval::EvalError;
use vit22b::probe::{FeatureFolder, FeatureRows, FeatureTable, MappedFeatures};

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

/// Features in memory or mapped into it, with labels.
pub(crate) trait Labelled: FeatureRows + Sized {
    fn classes(&self) -> &[String];
    fn labels(&self) -> &[Vec<usize>];
    fn first_labels(&self) -> Result<Vec<usize>, EvalError>;
    fn select(&self, rows: impl IntoIterator<Item = usize>) -> Self;
    fn with_labels(self, classes: &[String], labels: Vec<Vec<usize>>) -> Result<Self, EvalError>;
    /// Opens what a path names.
    fn open(path: &Path) -> anyhow::Result<Self>;
    /// An error for features that are not finite, unless that is found where they are read.
    fn check(&self) -> anyhow::Result<()>;
}

macro_rules! labelled {
    ($type:ty) => {
        fn classes(&self) -> &[String] {
            <$type>::classes(self)
        }

        fn labels(&self) -> &[Vec<usize>] {
            <$type>::labels(self)
        }

        fn first_labels(&self) -> Result<Vec<usize>, EvalError> {
            <$type>::first_labels(self)
        }

        fn select(&self, rows: impl IntoIterator<Item = usize>) -> Self {
            <$type>::select(self, rows)
        }

        fn with_labels(
            self,
            classes: &[String],
            labels: Vec<Vec<usize>>,
        ) -> Result<Self, EvalError> {
            <$type>::with_labels(self, classes.iter().cloned(), labels)
        }
    };
}

impl Labelled for FeatureTable {
    labelled!(FeatureTable);

    fn open(path: &Path) -> anyhow::Result<Self> {
        Ok(match path.is_dir() {
            true => FeatureFolder::open(path)?.table()?,
            false => Self::read(path)?,
        })
    }

    fn check(&self) -> anyhow::Result<()> {
        if let Some(row) = self.first_non_finite() {
            let name = self.names().get(row).cloned().unwrap_or_else(|| format!("row {row}"));
            bail!("the features of {name} are not finite numbers");
        }
        Ok(())
    }
}

impl Labelled for MappedFeatures {
    labelled!(MappedFeatures);

    fn open(path: &Path) -> anyhow::Result<Self> {
        Ok(Self::open(path)?)
    }

    fn check(&self) -> anyhow::Result<()> {
        Ok(())
    }
}

impl Features {
    pub(crate) fn path(&self) -> Option<&Path> {
        self.features.as_deref()
    }

    /// Labelled features to train with, and others with the same classes to test with, where they were given.
    pub(crate) fn train_test<T: Labelled>(&self, seed: u64) -> anyhow::Result<Option<[T; 2]>> {
        let Some(path) = &self.features else { return Ok(None) };
        let option = "--features";
        let table = labelled::<T>(option, path)?;
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
        let (option, test_table) = ("--test-features", labelled::<T>("--test-features", test)?);
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
        let with_labels = |table: &T| {
            table.select((0..table.rows()).filter(|row| !table.labels()[*row].is_empty()))
        };
        let test_table = with_classes(with_labels(&test_table), table.classes())
            .with_context(|| format!("{option} {}", test.display()))?;
        Ok(Some([with_labels(&table), test_table]))
    }
}

/// Features of a file or a folder, some of which have labels.
fn labelled<T: Labelled>(option: &str, path: &Path) -> anyhow::Result<T> {
    let shown = path.display();
    let read = || -> anyhow::Result<T> {
        ensure!(path.exists(), "{shown}: there is no such file or folder");
        T::open(path)
    };
    let table = read().context(option.to_string())?;
    table.check().with_context(|| format!("{option} {shown}"))?;
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
fn with_classes<T: Labelled>(table: T, classes: &[String]) -> anyhow::Result<T> {
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
    Ok(table.with_labels(classes, labels)?)
}
