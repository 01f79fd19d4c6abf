//! What a weights file leaves open, and errors about it in the words of this program.

use std::fmt::{self, Debug, Display};

use anyhow::{anyhow, ensure};
use burn::tensor::Device;
use clap::{Args, ValueEnum};
use vit22b::data::Preprocess;
use vit22b::vit::{Gelu, Pool, ViT22B};
use vit22b::weights::{
    Description, HeadChoice, Inspection, LoadOptions, WeightsError, WeightsFile,
};

use crate::weights::WeightsName;

/// Opens a checkpoint, without its tensors.
pub(crate) fn open_weights(weights: &WeightsName) -> anyhow::Result<WeightsFile> {
    WeightsFile::open(weights.path()?).map_err(explained)
}

/// What a weights file leaves open, or what shall be other than the file says.
#[derive(Args, Clone)]
pub(crate) struct Unsaid {
    #[command(flatten)]
    pub(crate) tower: UnsaidOfTower,
    /// How tokens become one vector, in place of what the file says
    #[arg(long)]
    pub(crate) pool: Option<PoolName>,
}

/// The same for models that make no vector of tokens.
#[derive(Args, Clone)]
pub(crate) struct UnsaidOfTower {
    /// Attention heads, where neither the file nor JSON beside it says
    #[arg(long, value_parser = positive)]
    num_heads: Option<usize>,
    /// The form of GELU, in place of the origin's usual one
    #[arg(long)]
    gelu: Option<GeluName>,
    /// Side of the images in pixels, in place of the model's own
    #[arg(long, value_name = "PIXELS", alias = "image", value_parser = positive)]
    side: Option<usize>,
    /// Rows and columns of the positions in the file, such as 7x9, where
    /// they form no square
    #[arg(long, value_name = "ROWSxCOLUMNS", value_parser = grid)]
    grid: Option<[usize; 2]>,
    /// Steps of preprocessing, in place of the model's own
    #[arg(long, value_name = "STEPS")]
    preprocess: Option<Preprocess>,
    /// Which model, where the file holds several: the beginning of its
    /// tensors' names, such as teacher.backbone
    #[arg(long, value_name = "PREFIX", verbatim_doc_comment)]
    part: Option<String>,
    /// The architecture, in place of a config.json that is refused
    #[arg(long, value_name = "NAME")]
    assume: Option<String>,
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
pub(crate) enum PoolName {
    Token,
    Average,
    Map,
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum GeluName {
    Tanh,
    Erf,
    Quick,
}

impl From<PoolName> for Pool {
    fn from(name: PoolName) -> Self {
        match name {
            PoolName::Token => Self::ClassToken,
            PoolName::Average => Self::Average,
            PoolName::Map => Self::Map,
        }
    }
}

impl From<GeluName> for Gelu {
    fn from(name: GeluName) -> Self {
        match name {
            GeluName::Tanh => Self::Tanh,
            GeluName::Erf => Self::Erf,
            GeluName::Quick => Self::Quick,
        }
    }
}

/// The option's value for a field of the config; of one that no option has, its own name.
pub(crate) fn named<N: ValueEnum, T: From<N> + PartialEq + Debug>(field: T) -> String {
    let is_it = |name: &&N| T::from((*name).clone()) == field;
    let value = N::value_variants().iter().find(is_it).and_then(N::to_possible_value);
    value.map_or_else(|| format!("{field:?}").to_lowercase(), |value| value.get_name().into())
}

pub(crate) fn positive(text: &str) -> Result<usize, String> {
    let number = text.parse().ok().filter(|number| *number > 0);
    number.ok_or_else(|| "expected a whole number from 1 on".into())
}

fn grid(text: &str) -> Result<[usize; 2], String> {
    let sides = text.split_once('x').map(|(rows, columns)| [positive(rows), positive(columns)]);
    match sides {
        Some([Ok(rows), Ok(columns)]) => Ok([rows, columns]),
        _ => Err("expected rows and columns, such as 7x9".into()),
    }
}

/// A model, and what images become for it.
pub(crate) struct Loaded {
    pub(crate) model: ViT22B,
    pub(crate) preprocess: Preprocess,
}

impl Unsaid {
    /// The model without its classifier, for images of its own size; and the side that was asked for.
    pub(crate) fn body(
        &self,
        file: &WeightsFile,
        device: &Device,
    ) -> anyhow::Result<(Loaded, Option<usize>)> {
        let mut own = self.clone();
        own.tower.side = None;
        Ok((own.load(file, device)?, self.tower.side))
    }

    /// For heads that read tokens: a pooling that is not followed is replaced by one that leaves the tokens as they are.
    pub(crate) fn with_any_pool(self, file: &WeightsFile) -> Self {
        let found = |unsaid: &Self| file.describe(&unsaid.options().with_head(HeadChoice::Drop));
        if !matches!(found(&self), Err(WeightsError::NotUnderstood { option: "pool", .. })) {
            return self;
        }
        // With a class token where there is one: all other tokens attend to it.
        let other = |pool| Self { pool: Some(pool), ..self.clone() };
        let others = [PoolName::Token, PoolName::Average].map(other);
        others.into_iter().find(|other| found(other).is_ok()).unwrap_or(self)
    }

    pub(crate) fn options(&self) -> LoadOptions {
        LoadOptions::new()
            .with_num_heads(self.tower.num_heads)
            .with_gelu(self.tower.gelu.map(Gelu::from))
            .with_preprocess(self.tower.preprocess.clone())
            .with_part(self.tower.part.clone())
            .with_assume(self.tower.assume.clone())
            .with_pool(self.pool.map(Pool::from))
            .with_grid(self.tower.grid)
            .with_image(self.tower.side.map(|side| [side, side]))
    }

    /// The first of these options that was given.
    pub(crate) fn first_given(&self) -> Option<&'static str> {
        let given = [
            ("--num-heads", self.tower.num_heads.is_some()),
            ("--gelu", self.tower.gelu.is_some()),
            ("--side", self.tower.side.is_some()),
            ("--grid", self.tower.grid.is_some()),
            ("--preprocess", self.tower.preprocess.is_some()),
            ("--part", self.tower.part.is_some()),
            ("--assume", self.tower.assume.is_some()),
            ("--pool", self.pool.is_some()),
        ];
        given.into_iter().find(|(_, given)| *given).map(|(name, _)| name)
    }

    /// The error in the words of this program; one about a field that an option set names that option.
    pub(crate) fn explained(&self, error: WeightsError) -> anyhow::Error {
        let WeightsError::Config(error) = error else { return explained(error) };
        let fields = [
            ("image", "--side", self.tower.side.is_some()),
            ("num_heads", "--num-heads", self.tower.num_heads.is_some()),
        ];
        let text = error.to_string();
        let set = fields.into_iter().find(|(field, _, given)| *given && text.starts_with(field));
        anyhow!(error).context(set.map_or("--weights", |(_, option, _)| option))
    }

    /// Refuses options that the file contradicts, and prints on standard error which of them replaced
    /// something, and which changed nothing.
    pub(crate) fn compare(&self, file: &WeightsFile, found: &Description) -> anyhow::Result<()> {
        let options = self.options();
        let without = |options: LoadOptions| Some(file.describe(&options).ok()?.config);
        let config = &found.config;
        if let Some(heads) = self.tower.num_heads {
            let said = without(options.clone().with_num_heads(None)).map(|said| said.num_heads);
            compared("num-heads", heads, config.num_heads, said)?;
        }
        if let Some(gelu) = options.gelu {
            let said = without(options.clone().with_gelu(None)).map(|said| said.gelu);
            let [gelu, found] = [gelu, config.gelu].map(named::<GeluName, _>);
            compared("gelu", gelu, found, said.map(named::<GeluName, _>))?;
        }
        if let Some(pool) = options.pool {
            let said = without(options.clone().with_pool(None)).map(|said| said.pool);
            let [pool, found] = [pool, config.pool].map(pool_name);
            compared("pool", pool, found, said.map(pool_name))?;
        }
        if let Some(grid) = self.tower.grid {
            let said = without(options.clone().with_grid(None)).map(|said| Grid(said.grid()));
            compared("grid", Grid(grid), Grid(config.grid()), said)?;
        }
        if let Some(name) = &self.tower.assume {
            let said = without(options.with_assume(None));
            if said.is_some_and(|said| said == *config) {
                eprintln!("--assume {name} changes nothing: the file is understood without it");
            }
        }
        Ok(())
    }

    /// Refuses a side that the patch does not divide, before what the file says is taken for the reason.
    pub(crate) fn check_side(&self, file: &WeightsFile) -> anyhow::Result<()> {
        let options = self.options().with_head(HeadChoice::Drop).with_image(None);
        let (Some(side), Ok(found)) = (self.tower.side, file.describe(&options)) else {
            return Ok(());
        };
        check_side(side, found.config.patch)
    }

    /// What a file is. Of one whose classifier has a form that is not computed, the rest, which is told.
    pub(crate) fn inspect(
        &self,
        file: &WeightsFile,
        options: &LoadOptions,
    ) -> anyhow::Result<Inspection> {
        self.check_side(file)?;
        let inspection = match file.inspect(options) {
            Err(WeightsError::Unsupported { what, .. }) => {
                let without = file.inspect(&options.clone().with_head(HeadChoice::Drop));
                without.inspect(|_| eprintln!("left out: the file's classifier: {what}"))
            }
            other => other,
        };
        let mut inspection = inspection.map_err(|error| self.explained(error))?;
        if let (Some(problem), Err(error)) =
            (&mut inspection.text_problem, file.describe_text(options))
        {
            *problem = format!("{:#}", explained(error));
        }
        Ok(inspection)
    }

    /// Loads a model with the classifier that the file holds, and the names of its classes where they are
    /// known. None where it holds none, or one of a form that is not computed, which is told.
    pub(crate) fn classifier(
        &self,
        file: &WeightsFile,
        device: &Device,
    ) -> anyhow::Result<Option<(Loaded, Vec<String>)>> {
        if self.inspect(file, &self.options())?.num_classes == 0 {
            return Ok(None);
        }
        match file.load(&self.options(), device) {
            Ok(loaded) => {
                let description = loaded.description;
                let preprocess = description.preprocessing;
                Ok(Some((Loaded { model: loaded.model, preprocess }, description.class_names)))
            }
            Err(WeightsError::Unsupported { what, .. }) => {
                eprintln!("left out: the file's classifier: {what}");
                Ok(None)
            }
            Err(error) => Err(self.explained(error)),
        }
    }

    /// Loads a model of colour images without its classifier, and prints on standard error what it is
    /// and how that is known.
    pub(crate) fn load(&self, file: &WeightsFile, device: &Device) -> anyhow::Result<Loaded> {
        self.check_side(file)?;
        let options = self.options().with_head(HeadChoice::Drop);
        let loaded = file.load(&options, device).map_err(|error| self.explained(error))?;
        self.compare(file, &loaded.description)?;
        eprintln!("{}\n{}", loaded.description, loaded.report);
        let preprocess = loaded.description.preprocessing;
        let config = loaded.model.config();
        let ([height, width], patch) = (preprocess.size(), config.patch);
        ensure!(
            height.is_multiple_of(patch) && width.is_multiple_of(patch),
            "--preprocess {preprocess}: makes {height} x {width} pixels, expected multiples of the \
             patch, {patch}"
        );
        ensure!(
            config.channels == 3,
            "--weights: the model takes {} channels, and images have 3",
            config.channels
        );
        Ok(Loaded { model: loaded.model, preprocess })
    }
}

/// Refuses a side that the patch does not divide, or that makes too many patches.
pub(crate) fn check_side(side: usize, patch: usize) -> anyhow::Result<()> {
    ensure!(
        side.is_multiple_of(patch),
        "--side {side}: expected a multiple of the patch, {patch}; the nearest is {}",
        (side + patch / 2).max(patch) / patch * patch
    );
    check_patches(side, patch)
}

/// Refuses a side whose image no machine computes: attention compares each patch with each.
pub(crate) fn check_patches(side: usize, patch: usize) -> anyhow::Result<()> {
    /// Patches along a side.
    const MOST: usize = 256;
    ensure!(
        side / patch <= MOST,
        "--side {side}: makes {rows} rows of {rows} patches, each of which is compared with each; expected at most \
         {MOST} rows, so a side up to {}",
        MOST * patch,
        rows = side / patch
    );
    Ok(())
}

/// An option's value beside that of the model, and that of the model without the option.
pub(crate) fn compared<T: PartialEq + Display>(
    option: &str,
    given: T,
    found: T,
    without: Option<T>,
) -> anyhow::Result<()> {
    ensure!(
        given == found,
        "--{option} {given}: the file is of a model with {found}, which no option changes; leave \
         --{option} out"
    );
    if let Some(without) = without.filter(|without| *without != given) {
        eprintln!(
            "--{option} {given} in place of {without}, which the file says or its origin has"
        );
    }
    Ok(())
}

/// A class token is one also where a distillation token stands behind it.
fn pool_name(pool: Pool) -> String {
    named::<PoolName, _>(match pool {
        Pool::ClassBesideDistillation => Pool::ClassToken,
        other => other,
    })
}

/// Rows and columns of positions.
#[derive(PartialEq)]
struct Grid([usize; 2]);

impl Display for Grid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self([rows, columns]) = self;
        write!(f, "{rows}x{columns}")
    }
}

/// The error in the words of this program: its options where the library names its own.
pub(crate) fn explained(error: WeightsError) -> anyhow::Error {
    match error {
        WeightsError::Ambiguous { field: "part", why, .. } if why.contains("none of these") => {
            anyhow!("--part: {why}; give one of them, or leave --part out where it is one")
        }
        WeightsError::Ambiguous { field: "part", why, .. } if why.contains("more than one") => {
            anyhow!("--part: {why}; give more of the name")
        }
        WeightsError::Ambiguous { field, why, option } => {
            let option = option.replace('_', "-");
            anyhow!("--weights: {field} does not follow from the file: {why}; give --{option}")
        }
        WeightsError::NotUnderstood { file, key, value, expected, option } => anyhow!(
            "--weights: {file} says {key} = {value}, which is not followed: expected {expected}; \
             --{option} goes on without it"
        ),
        WeightsError::UnknownArchitecture { name, expected } => anyhow!(
            "--assume {name}: no architecture that is computed here has this name: expected {expected}"
        ),
        WeightsError::DoesNotFit(report) => {
            anyhow!("--weights: the file does not fit the model\n{report}")
        }
        error => anyhow!(error).context("--weights"),
    }
}
