//! Images, and where features of them come from.

use burn::tensor::{Device, Tensor, TensorData};
use vit22b::probe::{Embedder, FeatureTable};

/// Square images of `[3, side, side]` values in [−1, 1].
#[derive(Clone)]
pub(crate) struct Images {
    pub(crate) side: usize,
    pub(crate) planes: Vec<Vec<f32>>,
}

impl Images {
    pub(crate) fn from_tensor(images: Tensor<4>) -> anyhow::Result<Self> {
        let [_, channels, side, _] = images.dims();
        let values: Vec<f32> = images.into_data().try_to_vec()?;
        let planes = values.chunks_exact(channels * side * side).map(<[f32]>::to_vec).collect();
        Ok(Self { side, planes })
    }

    fn tensor(&self, planes: &[Vec<f32>], device: &Device) -> Tensor<4> {
        let shape = [planes.len(), 3, self.side, self.side];
        Tensor::from_data(TensorData::new(planes.concat(), shape), device)
    }
}

/// What makes features of images.
pub(crate) enum Source {
    /// A frozen model, whose name is given, on a runtime with this device.
    Model(String, Box<Embedder>, Box<Device>),
    /// The pixels themselves.
    Pixels,
}

/// Images whose features are computed at once; more would take much memory.
const CHUNK: usize = 400;

impl Source {
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Model(name, ..) => name,
            Self::Pixels => "raw pixels",
        }
    }

    /// Pooled features.
    pub(crate) fn features(&self, images: &Images) -> anyhow::Result<FeatureTable> {
        self.read(images, |embedder, images| Ok(embedder.tensor(images)?))
    }

    /// All tokens of each image in a row; pixels are their own.
    pub(crate) fn tokens(&self, images: &Images) -> anyhow::Result<FeatureTable> {
        self.read(images, |embedder, images| Ok(embedder.tokens(images)?.flatten(1, 2)))
    }

    fn read(
        &self,
        images: &Images,
        features: impl Fn(&Embedder, Tensor<4>) -> anyhow::Result<Tensor<2>>,
    ) -> anyhow::Result<FeatureTable> {
        let Self::Model(_, embedder, device) = self else {
            return Ok(FeatureTable::new(images.planes.concat(), 3 * images.side * images.side)?);
        };
        // From [−1, 1] to what the model takes.
        let channels =
            |values: [f32; 3]| Tensor::<1>::from_floats(values, device).reshape([1, 3, 1, 1]);
        let [mean, std] = embedder.preprocess().normalisation().map(channels);
        let (mut values, mut columns) = (Vec::new(), 1);
        for planes in images.planes.chunks(CHUNK) {
            let images = images.tensor(planes, device).mul_scalar(0.5).add_scalar(0.5);
            let features = features(embedder, (images - mean.clone()) / std.clone())?;
            columns = features.dims()[1];
            values.extend(features.into_data().try_to_vec::<f32>()?);
        }
        Ok(FeatureTable::new(values, columns)?)
    }
}
