//! A logistic regression on features of one source.

use vit22b::eval::{LogisticConfig, LogisticFit, Matrix, Predictions};
use vit22b::probe::FeatureTable;

/// Features with labels.
pub(crate) struct Labelled {
    pub(crate) features: FeatureTable,
    pub(crate) labels: Vec<usize>,
}

impl Labelled {
    /// The first so many, and the others.
    pub(crate) fn split(self, first: usize) -> anyhow::Result<(Self, Self)> {
        let columns = self.features.matrix().columns();
        let (train, test) = self.features.matrix().values().split_at(first * columns);
        let (train_labels, test_labels) = self.labels.split_at(first);
        let part = |values: &[f32], labels: &[usize]| -> anyhow::Result<Self> {
            Ok(Self {
                features: FeatureTable::new(values.to_vec(), columns)?,
                labels: labels.to_vec(),
            })
        };
        Ok((part(train, train_labels)?, part(test, test_labels)?))
    }
}

/// A logistic regression on the features of a source, and its logits of the test examples.
pub(crate) struct Fitted {
    pub(crate) name: String,
    pub(crate) logistic: LogisticFit,
    pub(crate) logits: Vec<f64>,
    pub(crate) labels: Vec<usize>,
    pub(crate) classes: usize,
}

impl Fitted {
    pub(crate) fn new(
        name: &str,
        train: &Labelled,
        test: &Labelled,
        classes: usize,
        seed: u64,
    ) -> anyhow::Result<Self> {
        let config = LogisticConfig { seed, ..Default::default() };
        let logistic = config.fit(train.features.matrix(), &train.labels, classes)?;
        let logits = logistic.classifier.scores(test.features.matrix())?;
        Ok(Self { name: name.into(), logistic, logits, labels: test.labels.clone(), classes })
    }

    pub(crate) fn matrix(&self) -> anyhow::Result<Matrix<'_, f64>> {
        Ok(Matrix::new(&self.logits, self.classes)?)
    }

    /// Which predictions are right.
    pub(crate) fn correct(&self) -> anyhow::Result<Vec<bool>> {
        Ok(Predictions::new(self.matrix()?, 1.0)?.correct(&self.labels)?)
    }
}
