//! Training sharded over a mesh, and blocks as one loop: options, and what is made of them.

use anyhow::{Context, bail, ensure};
use burn_trace::Save;
use clap::{Args, ValueEnum};
use vit22b::Runtime;
use vit22b::layers::activation;
use vit22b::shard::{Activations, Mesh, MeshError, Sharding};
use vit22b::train::{Task, Trainer};

use crate::args::DeviceName;

/// How activations are sharded over the axis `model` between blocks.
#[derive(Clone, Copy, ValueEnum, Debug)]
pub(crate) enum ActivationsName {
    Width,
    Tokens,
    Images,
    Whole,
}

impl From<ActivationsName> for Activations {
    fn from(name: ActivationsName) -> Self {
        match name {
            ActivationsName::Width => Self::Width,
            ActivationsName::Tokens => Self::Tokens,
            ActivationsName::Images => Self::Images,
            ActivationsName::Whole => Self::Whole,
        }
    }
}

/// What blocks can keep for their gradients, by name.
const KEPT: [&str; 6] = [
    activation::QUERY,
    activation::KEY,
    activation::VALUE,
    activation::SCORES,
    activation::ATTENDED,
    activation::HIDDEN,
];

/// What blocks keep for their gradients.
pub(crate) fn saved(names: &[String]) -> anyhow::Result<Save> {
    Ok(match names.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["nothing"] => Save::Nothing,
        ["products"] => Save::Products,
        ["everything"] => Save::Everything,
        ref names => match names.iter().find(|name| !KEPT.contains(name)) {
            Some(unknown) => bail!(
                "blocks keep nothing that is called {unknown}; expected nothing, products, everything, or \
                 names of {}",
                KEPT.join(", ")
            ),
            None => Save::Named(names.iter().map(ToString::to_string).collect()),
        },
    })
}

/// The sharding where axes of the mesh that are neither `data` nor `model` cut the batch alone.
pub(crate) fn with_replicas(mut sharding: Sharding, mesh: &Mesh) -> anyhow::Result<Sharding> {
    for (axis, _) in mesh.axes().iter().filter(|(axis, _)| !["data", "model"].contains(&&**axis)) {
        sharding = sharding.with_replicas(axis)?;
    }
    Ok(sharding)
}

/// A mesh with the axes that the sharding names: those that are not given have one device.
fn mesh(text: &str) -> Result<Mesh, MeshError> {
    let mesh: Mesh = text.parse()?;
    let missing = ["data", "model"].into_iter().filter(|name| mesh.size(name).is_none());
    let missing = missing.map(|name| (name.to_owned(), 1));
    Mesh::new(mesh.axes().iter().cloned().chain(missing))
}

/// How a model is trained over several devices, or over the cores of one.
#[derive(Args, Clone)]
pub(crate) struct Large {
    /// Train over devices of XLA, by axes and sizes, such as
    /// data=4,model=2: both cut the state, `data` also cuts batches and
    /// `model` products; other axes cut batches alone. A CPU is given as
    /// many devices. A run goes on on any other mesh
    #[arg(long, value_name = "AXES", value_parser = mesh)]
    mesh: Option<Mesh>,
    /// How activations are sharded over the axis `model` between blocks
    #[arg(long, default_value = "width", requires = "mesh")]
    activations: ActivationsName,
    /// Compile the blocks as one loop, and keep this of each for its
    /// gradients: nothing, products, everything, or names of
    /// query,key,value,scores,attended,hidden; the rest is computed again
    #[arg(long, value_name = "WHAT", value_delimiter = ',')]
    save: Vec<String>,
    /// Equal parts of a batch that are computed at the same time, each on
    /// its share of the cores (flex)
    #[arg(long, value_name = "COUNT", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..))]
    workers: u16,
}

impl Large {
    /// A trainer that does so.
    pub(crate) fn apply<T: Task>(&self, mut trainer: Trainer<T>) -> anyhow::Result<Trainer<T>> {
        if !self.save.is_empty() {
            let save = saved(&self.save).with_context(|| format!("--save {}", self.save.join(",")));
            trainer = trainer.with_rolled_blocks(save?);
        }
        if let Some((mesh, sharding)) = self.sharding()? {
            trainer = trainer.with_mesh(mesh.clone(), sharding.layout()?);
        }
        Ok(trainer.with_workers(self.workers.into()))
    }

    /// The mesh, if there is one, and what it cuts.
    fn sharding(&self) -> anyhow::Result<Option<(&Mesh, Sharding)>> {
        let Some(mesh) = &self.mesh else { return Ok(None) };
        let sharding = with_replicas(Sharding::vit22b(self.activations.into()), mesh);
        Ok(Some((mesh, sharding.with_context(|| format!("--mesh {mesh}"))?)))
    }

    /// The devices of a runtime as the mesh, if there is one.
    pub(crate) fn over(&self, runtime: &Runtime) -> anyhow::Result<Runtime> {
        match self.sharding()? {
            Some((mesh, sharding)) => Ok(runtime.over(mesh, &sharding.layout()?)?),
            None => Ok(runtime.clone()),
        }
    }

    /// An error for devices that form no such mesh, and for a batch or a number of heads that it does not divide: for verbs that do
    /// other work before they train. `option` sets the heads.
    pub(crate) fn check(
        &self,
        runtime: &Runtime,
        batch: u64,
        (option, heads): (&str, usize),
    ) -> anyhow::Result<()> {
        let Some((mesh, sharding)) = self.sharding()? else { return Ok(()) };
        self.over(runtime).with_context(|| format!("--mesh {mesh}"))?;
        let rows = mesh.shard_shape("--batch", &sharding.batch.first(1), &[batch as usize]);
        rows.with_context(|| format!("--mesh {mesh}"))?;
        let parts = mesh.size("model").unwrap_or(1);
        ensure!(
            heads.is_multiple_of(parts),
            "--mesh {mesh}: {option}: {heads} attention heads are cut into {parts} by the axis `model`; expected a multiple of {parts}"
        );
        Ok(())
    }

    /// The runtime of a name, with devices for the mesh.
    pub(crate) fn runtime(&self, device: &DeviceName) -> anyhow::Result<Runtime> {
        let runtime = match &self.mesh {
            Some(mesh) => device.runtime_of(mesh.num_devices())?,
            None => device.runtime()?,
        };
        ensure!(
            self.workers == 1 || runtime.name() == "flex",
            "--workers {}: expected --device flex, whose operations keep one core busy, got {}",
            self.workers,
            runtime.name()
        );
        Ok(runtime)
    }

    /// How many times more than one device all devices of the mesh compute in the same time. Those that a CPU is
    /// given share its cores.
    pub(crate) fn times_faster(&self, runtime: &Runtime) -> f64 {
        let shares = runtime.as_xla().is_none_or(|xla| xla.client().platform() == "cpu");
        match &self.mesh {
            Some(mesh) if !shares => mesh.num_devices() as f64,
            _ => 1.0,
        }
    }

    /// An error of a run, with the mesh that it is about.
    pub(crate) fn explained(&self, error: anyhow::Error) -> anyhow::Error {
        let text = format!("{error:#}");
        let is_of_mesh = ["mesh", "spec `"].iter().any(|word| text.contains(word));
        match &self.mesh {
            Some(mesh) if is_of_mesh => error.context(format!("--mesh {mesh}")),
            _ => error,
        }
    }
}
