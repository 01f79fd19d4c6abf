//! The tensors of a new file. Each is made of its parameters just before it is written.

use std::collections::BTreeMap;

use burn::module::Module;
use burn::tensor::DType;

use crate::params::{self, AnyTensor};
use crate::vit::ViT22B;
use crate::weights::container::element::{ElementType, Float, with_float};
use crate::weights::container::view::View;
use crate::weights::container::write::NewTensor;
use crate::weights::names::Names;
use crate::weights::names::term::Term;

/// A tensor of the new file, and the parameters that it is made of with their views of it.
struct Joint {
    shape: Vec<usize>,
    parts: Vec<(AnyTensor, View)>,
}

/// The tensors of a model under an origin's names.
pub(crate) fn new_tensors(model: &ViT22B, names: Names) -> Vec<NewTensor<'static>> {
    let mut tensors: BTreeMap<String, Joint> = BTreeMap::new();
    for (path, parameter) in params::collect(model) {
        let shape = parameter.shape();
        let terms = names.terms(&path, shape.as_slice(), model.config());
        for (index, term) in terms.into_iter().enumerate() {
            let new = Joint { shape: term.shape, parts: vec![] };
            let joint = tensors.entry(term.name).or_insert(new);
            // The parameter goes to its first term. What no parameter goes to stays zero.
            if index == 0 {
                joint.parts.push((parameter.clone(), term.view));
            }
        }
    }
    tensors.into_iter().map(|(name, joint)| of_parts(name, joint)).collect()
}

/// The parameters of a module, each as a tensor under its path.
pub(crate) fn own_tensors<M: Module>(model: &M) -> Vec<NewTensor<'static>> {
    let new = params::collect(model).into_iter().map(|(path, parameter)| {
        let shape = parameter.shape().to_vec();
        let whole = Term::whole(&path, &shape);
        of_parts(path, Joint { shape, parts: vec![(parameter, whole.view)] })
    });
    new.collect()
}

fn of_parts(name: String, Joint { shape, parts }: Joint) -> NewTensor<'static> {
    let dtype = parts.first().map_or(DType::F32, |(part, _)| part.dtype());
    let element = ElementType::of(dtype).unwrap_or(ElementType::F32);
    let size = shape.iter().product();
    let bytes = Box::new(
        move || with_float!(dtype, T => join::<T>(size, &parts), else join::<f32>(size, &parts)),
    );
    NewTensor { name, element, shape, bytes }
}

fn join<T: Float>(size: usize, parts: &[(AnyTensor, View)]) -> Vec<u8> {
    let mut bytes = vec![0; size * T::SIZE];
    for (part, view) in parts {
        let values: Vec<T> = part.to_data().iter::<T>().collect();
        view.scatter(&values, &mut bytes);
    }
    bytes
}
