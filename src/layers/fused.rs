//! The parallel block's projections as the paper's two products: one at the entrance, one at the
//! exit.

use burn::module::Param;
use burn::nn::Linear;
use burn::tensor::module::linear;
use burn::tensor::{Bool, Tensor};

use super::attention::Attention;
use super::draws::Draws;
use super::mlp::Mlp;
use super::token_grid::TokenGrid;

/// `attention(y) + mlp(y)` by a product with `[d, 3d + f]` weights, or `[d, 3d + 2f]` where the MLP is
/// gated, and one with `[d + f, d]`.
pub(super) fn branch(
    attn: &Attention,
    mlp: &Mlp,
    y: Tensor<3>,
    mask: Option<Tensor<4, Bool>>,
    grid: Option<&TokenGrid>,
    draws: Option<&Draws>,
) -> Tensor<3> {
    let mut entrance = vec![&attn.query, &attn.key, &attn.value, &mlp.fc1];
    entrance.extend(&mlp.gate);
    let (weight, bias) = join_outputs(&entrance);
    let (d, f) = (weight.dims()[0], mlp.fc1.weight.dims()[1]);
    let joint = linear(y, weight, bias);
    let piece = |start, width| joint.clone().narrow(2, start, width);
    let projected = [0, d, 2 * d].map(|start| piece(start, d));
    let hidden = piece(3 * d, f);
    let gate = mlp.gate.as_ref().map(|_| piece(3 * d + f, f));
    let attended = attn.attend(projected, mask, grid);
    let hidden = mlp.activate(hidden, gate, draws);
    let (weight, bias) = join_inputs(&[&attn.out, &mlp.fc2]);
    linear(Tensor::cat(vec![attended, hidden], 2), weight, bias)
}

/// Weight and bias of several linear layers that read the same input, joined along the output. A
/// layer without a bias counts as one whose bias is 0.
fn join_outputs(layers: &[&Linear]) -> (Tensor<2>, Option<Tensor<1>>) {
    let weight = Tensor::cat(layers.iter().map(|layer| layer.weight.val()).collect(), 1);
    let bias = layers.iter().any(|layer| layer.bias.is_some()).then(|| {
        let bias = |layer: &&Linear| match &layer.bias {
            Some(bias) => bias.val(),
            None => {
                let weight = layer.weight.val();
                Tensor::zeros([weight.dims()[1]], (&weight.device(), weight.dtype()))
            }
        };
        Tensor::cat(layers.iter().map(bias).collect(), 0)
    });
    (weight, bias)
}

/// The weights of several linear layers whose outputs are added, joined along the input, and the
/// sum of their biases.
fn join_inputs(layers: &[&Linear]) -> (Tensor<2>, Option<Tensor<1>>) {
    let weight = Tensor::cat(layers.iter().map(|layer| layer.weight.val()).collect(), 0);
    let bias = |layer: &&Linear| layer.bias.as_ref().map(Param::val);
    let bias = layers.iter().filter_map(bias).reduce(|a, b| a + b);
    (weight, bias)
}

#[cfg(test)]
mod tests {
    use burn::nn::LinearConfig;
    use burn::tensor::{DType, Device};

    use super::*;

    #[test]
    fn layers_are_joined_in_their_own_type() {
        let layer = |output, bias| {
            let layer = LinearConfig::new(3, output).with_bias(bias).init(&Device::flex());
            Linear {
                weight: layer.weight.map(|weight| weight.cast(DType::BF16)),
                bias: layer.bias.map(|bias| bias.map(|bias| bias.cast(DType::BF16))),
            }
        };
        let (weight, bias) = join_outputs(&[&layer(2, false), &layer(4, true)]);
        let bias = bias.unwrap();
        assert_eq!((weight.dtype(), bias.dtype()), (DType::BF16, DType::BF16));
        assert_eq!((weight.dims(), bias.dims()), ([3, 6], [6]));
    }
}
