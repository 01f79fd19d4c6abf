//! Parameters by path: every module as a table of named tensors.
//!
//! The path of a parameter, such as `blocks.3.attn.query.weight`, is its name everywhere: in the
//! rules of the recipe, in checkpoints, in gradients and in error texts. Paths are public API.

pub(crate) mod blocks;
mod rules;

pub use rules::{Rules, RulesError};

pub(crate) use rules::Matcher;

use core::any::Any;
use std::collections::{BTreeMap, BTreeSet};

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::tensor::{DType, Device, Shape, Tensor, TensorData};
use thiserror::Error;

/// Parameters that do not fit the module they are meant for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Error)]
#[non_exhaustive]
#[error(
    "parameters do not fit the module: missing [{}]; unused [{}]; of another shape [{}]; \
     give exactly the paths and shapes that `params::shapes` lists",
    list(missing),
    list(unused),
    list(mismatched)
)]
pub struct ParamsError {
    /// Paths of the module for which there was no tensor.
    pub missing: Vec<String>,
    /// Names that no path of the module took.
    pub unused: Vec<String>,
    /// Paths with the expected and the given shape.
    pub mismatched: Vec<String>,
}

/// The first of many names, and how many more there are.
fn list(names: &[String]) -> String {
    let shown = names.len().min(8);
    let rest = match names.len() - shown {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    names[..shown].join(", ") + &rest
}

impl ParamsError {
    /// An error if there is anything to tell.
    pub(crate) fn into_result(self) -> Result<(), Self> {
        if self == Self::default() { Ok(()) } else { Err(self) }
    }

    /// Adds what of the tensors is not as expected; `kind` stands before their names.
    pub(crate) fn compare(
        &mut self,
        kind: &str,
        expected: Vec<(String, Shape)>,
        tensors: &NamedTensors,
    ) {
        for (name, shape) in &expected {
            match tensors.shape(name) {
                None => self.missing.push(format!("{kind}{name}")),
                Some(got) if got != *shape => {
                    let (expected, got) = (shape.as_slice(), got.as_slice());
                    let text = format!("{kind}{name}: expected {expected:?}, got {got:?}");
                    self.mismatched.push(text);
                }
                Some(_) => {}
            }
        }
        let known: BTreeSet<_> = expected.iter().map(|(name, _)| name.as_str()).collect();
        let unused = tensors.iter().map(|(name, _)| name).filter(|name| !known.contains(name));
        self.unused.extend(unused.map(|name| format!("{kind}{name}")));
    }
}

macro_rules! any_tensor {
    ($($variant:ident $rank:literal),*) => {
        /// A float tensor whose rank, 1 to 6, is known when the program runs.
        #[derive(Debug, Clone)]
        pub enum AnyTensor {
            $(#[doc = concat!("Rank ", stringify!($rank), ".")] $variant(Tensor<$rank>),)*
        }

        /// Calls a function that is generic over the rank.
        macro_rules! with_rank {
            ($any:expr, $tensor:ident => $body:expr) => {
                match $any { $($crate::params::AnyTensor::$variant($tensor) => $body,)* }
            };
        }

        impl AnyTensor {
            /// Forgets the rank.
            ///
            /// # Panics
            ///
            /// If the rank is above 6.
            pub fn new<const D: usize>(tensor: Tensor<D>) -> Self {
                let tensor: Box<dyn Any> = Box::new(tensor);
                match D {
                    $($rank => Self::$variant(*tensor.downcast().expect("the rank is D")),)*
                    _ => panic!("a tensor of rank {D} is not supported: ranks are 1 to 6"),
                }
            }

            /// The tensor of these values, their type kept.
            ///
            /// # Panics
            ///
            /// If the rank is 0 or above 6.
            pub fn from_data(data: TensorData, device: &Device) -> Self {
                let options = (device, data.dtype());
                match data.rank() {
                    $($rank => Self::$variant(Tensor::from_data(data, options)),)*
                    rank => panic!("a tensor of rank {rank} is not supported: ranks are 1 to 6"),
                }
            }

            /// The tensor, if it has this rank.
            pub fn get<const D: usize>(&self) -> Option<&Tensor<D>> {
                with_rank!(self, tensor => (tensor as &dyn Any).downcast_ref())
            }
        }
    };
}
any_tensor!(R1 1, R2 2, R3 3, R4 4, R5 5, R6 6);
pub(crate) use with_rank;

impl AnyTensor {
    /// The shape.
    pub fn shape(&self) -> Shape {
        with_rank!(self, tensor => tensor.shape())
    }

    /// The type of the elements.
    pub fn dtype(&self) -> DType {
        with_rank!(self, tensor => tensor.dtype())
    }

    /// The values, read back from the device.
    pub fn to_data(&self) -> TensorData {
        with_rank!(self, tensor => tensor.to_data())
    }

    /// Whether no element is a NaN or an infinity. It reads from the device.
    pub fn is_finite(&self) -> bool {
        with_rank!(self, tensor => tensor.clone().is_finite().all().into_scalar::<bool>())
    }

    /// The sum of squares in f32, a tensor of one element.
    pub fn square_sum(&self) -> Tensor<1> {
        with_rank!(self, tensor => tensor.clone().cast(DType::F32).square().sum())
    }
}

/// A function of one tensor of any rank, and of its path.
pub trait TensorFn {
    /// Maps the tensor at `path`.
    fn call<const D: usize>(&mut self, path: &str, tensor: Tensor<D>) -> Tensor<D>;
}

/// Tensors by name, in the order of the names.
#[derive(Debug, Clone, Default)]
pub struct NamedTensors(BTreeMap<String, AnyTensor>);

impl NamedTensors {
    /// Keeps `tensor` as `name`, in place of what had that name.
    pub fn insert<const D: usize>(&mut self, name: impl Into<String>, tensor: Tensor<D>) {
        self.0.insert(name.into(), AnyTensor::new(tensor));
    }

    /// As [`insert`](Self::insert), for a tensor of any rank.
    pub(crate) fn insert_any(&mut self, name: String, any: AnyTensor) {
        self.0.insert(name, any);
    }

    /// The tensor of this name and rank.
    pub fn get<const D: usize>(&self, name: &str) -> Option<Tensor<D>> {
        self.0.get(name).and_then(|any| any.get()).cloned()
    }

    /// Whether there is a tensor of this name.
    pub fn contains(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// The shape of the tensor of this name.
    pub fn shape(&self, name: &str) -> Option<Shape> {
        self.0.get(name).map(AnyTensor::shape)
    }

    /// Takes the tensor of this name and rank out.
    pub fn take<const D: usize>(&mut self, name: &str) -> Option<Tensor<D>> {
        let found = self.get(name);
        if found.is_some() {
            self.0.remove(name);
        }
        found
    }

    /// Applies a function to each tensor.
    pub fn map(self, f: &mut impl TensorFn) -> Self {
        let mapped = self.0.into_iter().map(|(path, any)| {
            let any = with_rank!(any, tensor => AnyTensor::new(f.call(&path, tensor)));
            (path, any)
        });
        Self(mapped.collect())
    }

    /// Names and tensors.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &AnyTensor)> {
        self.0.iter().map(|(name, any)| (name.as_str(), any))
    }

    /// How many tensors there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The first tensor, by name, that holds a NaN or an infinity. It reads from the device.
    pub fn first_non_finite(&self) -> Option<&str> {
        self.iter().find(|(_, any)| !any.is_finite()).map(|(name, _)| name)
    }
}

impl FromIterator<(String, AnyTensor)> for NamedTensors {
    fn from_iter<I: IntoIterator<Item = (String, AnyTensor)>>(tensors: I) -> Self {
        Self(tensors.into_iter().collect())
    }
}

impl IntoIterator for NamedTensors {
    type Item = (String, AnyTensor);
    type IntoIter = std::collections::btree_map::IntoIter<String, AnyTensor>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

/// Paths and shapes of all float parameters, in the order of the module's fields. Nothing is
/// initialised.
pub fn shapes<M: Module>(module: &M) -> Vec<(String, Shape)> {
    let mut shapes = Shapes(vec![]);
    visit(module, &mut shapes);
    shapes.0
}

/// All float parameters by path; those not yet initialised are.
pub fn collect<M: Module>(module: &M) -> NamedTensors {
    let mut values = NamedTensors::default();
    visit(module, &mut values);
    values
}

/// The module with each parameter replaced by the tensor of its path.
///
/// # Errors
///
/// [`ParamsError`] with every path that is missing, unused or of another shape; nothing is
/// replaced then.
pub fn replace<M: Module>(module: M, tensors: NamedTensors) -> Result<M, ParamsError> {
    compare(&module, &tensors).into_result()?;
    Ok(map_params(module, &mut Replace(tensors)))
}

/// The module with some parameters replaced by the tensors of their paths. The others stay as they
/// are, drawn or not.
///
/// # Errors
///
/// [`ParamsError`] with every path that is unused or of another shape; nothing is replaced then.
pub fn overwrite<M: Module>(module: M, tensors: NamedTensors) -> Result<M, ParamsError> {
    ParamsError { missing: vec![], ..compare(&module, &tensors) }.into_result()?;
    Ok(map_params(module, &mut Replace(tensors)))
}

fn compare<M: Module>(module: &M, tensors: &NamedTensors) -> ParamsError {
    let mut error = ParamsError::default();
    error.compare("", shapes(module), tensors);
    error
}

/// The module with each parameter replaced by the tensor of its path, where there is one; shapes
/// are not checked.
pub(crate) fn assign<M: Module>(module: M, tensors: NamedTensors) -> M {
    map_params(module, &mut Replace(tensors))
}

/// The module with `f` applied to each float parameter.
pub fn map<M: Module>(module: M, f: &mut impl TensorFn) -> M {
    map_params(module, &mut Values(f))
}

/// Draws every parameter that has not been drawn yet, in the order of the fields, so that it
/// follows from the device's seed alone and not from the order of use.
///
/// ```
/// use burn::tensor::Device;
/// use vit22b::{params, vit::ViT22BConfig};
///
/// let config = ViT22BConfig::new(10).with_width(32).with_depth(1).with_mlp_dim(64).with_num_heads(2);
/// let device = Device::flex();
/// device.seed(1);
/// let model = params::initialize(config.init(&device)?);
/// assert_eq!(params::collect(&model).len(), params::shapes(&model).len());
/// # Ok::<(), vit22b::ConfigError>(())
/// ```
pub fn initialize<M: Module>(module: M) -> M {
    collect(&module);
    module
}

/// What looks at each float parameter and its path.
pub(crate) trait ParamVisitor {
    fn visit<const D: usize>(&mut self, path: &str, param: &Param<Tensor<D>>);
}

/// What changes each float parameter, knowing its path.
pub(crate) trait ParamMapper {
    fn map<const D: usize>(&mut self, path: &str, param: Param<Tensor<D>>) -> Param<Tensor<D>>;
}

pub(crate) fn visit<M: Module>(module: &M, visitor: &mut impl ParamVisitor) {
    module.visit(&mut Traversal { path: vec![], at: visitor });
}

pub(crate) fn map_params<M: Module>(module: M, mapper: &mut impl ParamMapper) -> M {
    module.map(&mut Traversal { path: vec![], at: mapper })
}

struct Shapes(Vec<(String, Shape)>);

impl ParamVisitor for Shapes {
    fn visit<const D: usize>(&mut self, path: &str, param: &Param<Tensor<D>>) {
        self.0.push((path.into(), param.lazy_shape()));
    }
}

impl ParamVisitor for NamedTensors {
    fn visit<const D: usize>(&mut self, path: &str, param: &Param<Tensor<D>>) {
        self.insert(path, param.val());
    }
}

struct Replace(NamedTensors);

impl ParamMapper for Replace {
    fn map<const D: usize>(&mut self, path: &str, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let id = param.id;
        match self.0.take(path) {
            // Not `Param::map`, which would draw the old value first.
            Some(tensor) => param.transform_for_load(tensor, id),
            None => param,
        }
    }
}

struct Values<'a, F>(&'a mut F);

impl<F: TensorFn> ParamMapper for Values<'_, F> {
    fn map<const D: usize>(&mut self, path: &str, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        param.map(|tensor| self.0.call(path, tensor))
    }
}

/// Burn's traversal of a module, with the names of the modules that it is in.
struct Traversal<'a, T> {
    path: Vec<String>,
    at: &'a mut T,
}

impl<T: ParamVisitor> ModuleVisitor for Traversal<'_, T> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        self.at.visit(&self.path.join("."), param);
    }

    fn enter_module(&mut self, name: &str, _container_type: &str) {
        self.path.push(name.to_string());
    }

    fn exit_module(&mut self, _name: &str, _container_type: &str) {
        self.path.pop();
    }
}

impl<T: ParamMapper> ModuleMapper for Traversal<'_, T> {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        self.at.map(&self.path.join("."), param)
    }

    fn enter_module(&mut self, name: &str, _container_type: &str) {
        self.path.push(name.to_string());
    }

    fn exit_module(&mut self, _name: &str, _container_type: &str) {
        self.path.pop();
    }
}
