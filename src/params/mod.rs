//! Parameters by path: every module as a table of named tensors.
//!
//! The path of a parameter, such as `blocks.3.attn.query.weight`, is its name everywhere: in the
//! rules of the recipe, in checkpoints, in gradients and in error texts. Paths are public API.

pub(crate) mod blocks;
mod error;
pub(crate) mod pieces;
mod rules;
mod tensors;

use std::sync::{Mutex, PoisonError};

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::tensor::{Device, Shape, Tensor};

pub use error::ParamsError;
pub use rules::{Rules, RulesError};
pub use tensors::{AnyTensor, NamedTensors, TensorFn};

pub(crate) use rules::Matcher;
pub(crate) use tensors::with_rank;

/// Paths and shapes of all float parameters, in the order of the module's fields. No parameter is
/// drawn for it.
pub fn shapes<M: Module>(module: &M) -> Vec<(String, Shape)> {
    let mut shapes = Shapes(vec![]);
    visit(module, &mut shapes);
    shapes.0
}

/// All float parameters by path. Parameters that have not been drawn yet are drawn.
pub fn collect<M: Module>(module: &M) -> NamedTensors {
    let mut values = NamedTensors::default();
    visit(module, &mut values);
    values
}

/// The module with each parameter replaced by the tensor of its path.
///
/// # Errors
///
/// [`ParamsError`] with every path that is missing, unused or of another shape. No parameter is
/// replaced then.
pub fn replace<M: Module>(module: M, tensors: NamedTensors) -> Result<M, ParamsError> {
    compare(&module, &tensors).into_result()?;
    Ok(map_params(module, &mut Replace(tensors)))
}

/// The module with some parameters replaced by the tensors of their paths. The other parameters stay
/// as they are, drawn or not.
///
/// # Errors
///
/// [`ParamsError`] with every path that is unused or of another shape. No parameter is replaced then.
pub fn overwrite<M: Module>(module: M, tensors: NamedTensors) -> Result<M, ParamsError> {
    ParamsError { missing: vec![], ..compare(&module, &tensors) }.into_result()?;
    Ok(map_params(module, &mut Replace(tensors)))
}

fn compare<M: Module>(module: &M, tensors: &NamedTensors) -> ParamsError {
    let mut error = ParamsError::default();
    error.compare("", shapes(module), tensors);
    error
}

/// The module with each parameter replaced by the tensor of its path, if there is such a tensor.
/// Shapes are not checked.
pub(crate) fn assign<M: Module>(module: M, tensors: NamedTensors) -> M {
    map_params(module, &mut Replace(tensors))
}

/// The module with `f` applied to each float parameter.
pub fn map<M: Module>(module: M, f: &mut impl TensorFn) -> M {
    map_params(module, &mut Values(f))
}

/// Draws every parameter that has not been drawn yet, in the order of the fields. Values then follow
/// from the device's seed alone, and not from the order in which parameters are used.
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

/// What a function draws on a device of Burn whose generator has this seed. The generator is one for all threads of
/// the process: others that draw by this function wait. The function must draw, not only name, its parameters
/// ([`initialize`]), and must not call this one.
///
/// ```
/// use burn::tensor::Device;
/// use vit22b::{params, vit::ViT22BConfig};
///
/// let config = ViT22BConfig::new(10).with_width(32).with_depth(1).with_mlp_dim(64).with_num_heads(2);
/// let device = Device::flex();
/// let model = params::with_seed(&device, 1, || config.init(&device).map(params::initialize))?;
/// # Ok::<(), vit22b::ConfigError>(())
/// ```
pub fn with_seed<T>(device: &Device, seed: u64, draw: impl FnOnce() -> T) -> T {
    static DRAWING: Mutex<()> = Mutex::new(());
    let _drawing = DRAWING.lock().unwrap_or_else(PoisonError::into_inner);
    device.seed(seed);
    draw()
}

/// A visitor of each float parameter, with its path.
pub(crate) trait ParamVisitor {
    fn visit<const D: usize>(&mut self, path: &str, param: &Param<Tensor<D>>);
}

/// A mapper of each float parameter, with its path.
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

/// Burn's traversal of a module, with the path from the root.
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
