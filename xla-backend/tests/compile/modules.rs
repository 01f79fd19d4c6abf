//! Operations of neural networks at a size that people use.

use burn_ir::{ModuleOperationIr as M, *};

use super::{BOOL, I32, float, id, int};

pub(super) fn cases() -> Vec<OperationIr> {
    let all = [dense(), convolutions(), transposed(), pools(), large_windows(), others()];
    all.into_iter().flatten().map(OperationIr::Module).collect()
}

/// `[batch, tokens, width]`.
fn tokens() -> TensorIr {
    float(&[8, 196, 768])
}

fn dense() -> Vec<M> {
    let weight = || float(&[768, 3072]);
    let hidden = || float(&[8, 196, 3072]);
    let statistic = || float(&[256]);
    let heads = || float(&[8, 12, 196, 64]);
    let options = AttentionOptionsIr { scale: None, softcap: None, is_causal: true };
    let image = float(&[8, 256, 14, 14]);
    let epsilon = ScalarIr::Float(1e-5);
    vec![
        M::BatchNorm(BatchNormOpIr::create(
            image,
            statistic(),
            statistic(),
            statistic(),
            statistic(),
            epsilon,
            id,
        )),
        M::LayerNorm(LayerNormOpIr::create(tokens(), float(&[768]), None, 1e-5, id)),
        M::Embedding(EmbeddingOpIr::create(float(&[50_000, 768]), int(&[8, 512]), id)),
        M::EmbeddingBackward(EmbeddingBackwardOpIr::create(
            float(&[50_000, 768]),
            float(&[8, 512, 768]),
            int(&[8, 512]),
            id,
        )),
        M::Linear(LinearOpIr::create(tokens(), weight(), Some(float(&[3072])), id)),
        M::LinearXBackward(LinearXBackwardOpIr::create(weight(), hidden(), id)),
        M::LinearWeightBackward(LinearWeightBackwardOpIr::create(tokens(), hidden(), id)),
        M::LinearBiasBackward(LinearBiasBackwardOpIr::create(hidden(), id)),
        M::Attention(AttentionOpIr::create(
            heads(),
            heads(),
            heads(),
            Some(super::tensor(&[8, 1, 196, 196], BOOL)),
            None,
            options,
            id,
        )),
    ]
}

fn convolutions() -> Vec<M> {
    let options = || Conv1dOptionsIr { stride: [2], padding: [(1, 1)], dilation: [1], groups: 1 };
    let (x, w, g) = (float(&[8, 80, 1500]), float(&[384, 80, 3]), float(&[8, 384, 750]));
    let bias = || float(&[384]);
    let forward = Conv1dOpIr::create(x.clone(), w.clone(), Some(bias()), options(), id);
    let mut all = vec![
        M::Conv1d(forward),
        M::Conv1dXBackward(Conv1dXBackwardOpIr::create(
            x.clone(),
            w.clone(),
            g.clone(),
            options(),
            id,
        )),
        M::Conv1dWeightBackward(Conv1dWeightBackwardOpIr::create(
            x.clone(),
            w,
            g.clone(),
            options(),
            id,
        )),
        M::Conv1dBiasBackward(Conv1dBiasBackwardOpIr::create(x, bias(), g, id)),
    ];
    let options = || Conv2dOptionsIr {
        stride: [2, 2],
        padding: [(3, 3), (3, 3)],
        dilation: [1, 1],
        groups: 1,
    };
    let (x, w) = (float(&[8, 3, 224, 224]), float(&[64, 3, 7, 7]));
    let (g, bias) = (float(&[8, 64, 112, 112]), || float(&[64]));
    let forward = Conv2dOpIr::create(x.clone(), w.clone(), Some(bias()), options(), id);
    all.extend([
        M::Conv2d(forward),
        M::Conv2dXBackward(Conv2dXBackwardOpIr::create(
            x.clone(),
            w.clone(),
            g.clone(),
            options(),
            id,
        )),
        M::Conv2dWeightBackward(Conv2dWeightBackwardOpIr::create(
            x.clone(),
            w,
            g.clone(),
            options(),
            id,
        )),
        M::Conv2dBiasBackward(Conv2dBiasBackwardOpIr::create(x, bias(), g, id)),
    ]);
    let options =
        || Conv3dOptionsIr { stride: [1; 3], padding: [1; 3], dilation: [1; 3], groups: 1 };
    let (x, w) = (float(&[2, 16, 16, 56, 56]), float(&[32, 16, 3, 3, 3]));
    let (g, bias) = (float(&[2, 32, 16, 56, 56]), || float(&[32]));
    let forward = Conv3dOpIr::create(x.clone(), w.clone(), Some(bias()), options(), id);
    all.extend([
        M::Conv3d(forward),
        M::Conv3dXBackward(Conv3dXBackwardOpIr::create(
            x.clone(),
            w.clone(),
            g.clone(),
            options(),
            id,
        )),
        M::Conv3dWeightBackward(Conv3dWeightBackwardOpIr::create(
            x.clone(),
            w,
            g.clone(),
            options(),
            id,
        )),
        M::Conv3dBiasBackward(Conv3dBiasBackwardOpIr::create(x, bias(), g, id)),
    ]);
    all
}

fn transposed() -> Vec<M> {
    let options = || ConvTranspose1dOptionsIr {
        stride: [2],
        padding: [1],
        padding_out: [1],
        dilation: [1],
        groups: 1,
    };
    let (x, w, bias) = (float(&[8, 128, 500]), float(&[128, 64, 3]), || float(&[64]));
    let forward = ConvTranspose1dOpIr::create(x.clone(), w.clone(), Some(bias()), options(), id);
    let g = float(&forward.out.shape);
    let by_weight =
        ConvTranspose1dWeightBackwardOpIr::create(x.clone(), w, g.clone(), options(), id);
    let mut all = vec![
        M::ConvTranspose1d(forward),
        M::ConvTranspose1dWeightBackward(by_weight),
        M::ConvTranspose1dBiasBackward(ConvTranspose1dBiasBackwardOpIr::create(x, bias(), g, id)),
    ];
    let options = || ConvTranspose2dOptionsIr {
        stride: [2, 2],
        padding: [1, 1],
        padding_out: [1, 1],
        dilation: [1, 1],
        groups: 1,
    };
    let (x, w) = (float(&[4, 128, 32, 32]), float(&[128, 64, 3, 3]));
    let forward = ConvTranspose2dOpIr::create(x.clone(), w.clone(), Some(bias()), options(), id);
    let g = float(&forward.out.shape);
    let by_weight =
        ConvTranspose2dWeightBackwardOpIr::create(x.clone(), w, g.clone(), options(), id);
    all.extend([
        M::ConvTranspose2d(forward),
        M::ConvTranspose2dWeightBackward(by_weight),
        M::ConvTranspose2dBiasBackward(ConvTranspose2dBiasBackwardOpIr::create(x, bias(), g, id)),
    ]);
    let options = || ConvTranspose3dOptionsIr {
        stride: [2; 3],
        padding: [1; 3],
        padding_out: [1; 3],
        dilation: [1; 3],
        groups: 1,
    };
    let (x, w) = (float(&[1, 32, 8, 28, 28]), float(&[32, 64, 3, 3, 3]));
    let forward = ConvTranspose3dOpIr::create(x.clone(), w.clone(), Some(bias()), options(), id);
    let g = float(&forward.out.shape);
    let by_weight =
        ConvTranspose3dWeightBackwardOpIr::create(x.clone(), w, g.clone(), options(), id);
    all.extend([
        M::ConvTranspose3d(forward),
        M::ConvTranspose3dWeightBackward(by_weight),
        M::ConvTranspose3dBiasBackward(ConvTranspose3dBiasBackwardOpIr::create(x, bias(), g, id)),
    ]);
    all
}

fn pools() -> Vec<M> {
    let line = || float(&[8, 64, 4096]);
    let plane = || float(&[8, 64, 112, 112]);
    let solid = || float(&[2, 64, 8, 28, 28]);
    let average = AvgPool1dOpIr::create(line(), 4, 2, 1, true, false, id);
    let by_average = float(&average.out.shape);
    let average_2d = AvgPool2dOpIr::create(plane(), [3, 3], [2, 2], [1, 1], false, false, id);
    let by_average_2d = float(&average_2d.out.shape);
    let max = MaxPool1dWithIndicesOpIr::create(line(), 4, 2, 1, 1, false, I32, id);
    let (by_max, at) = (float(&max.out.shape), int(&max.out.shape));
    let (two, one) = ([2, 2], [1, 1]);
    let max_2d = MaxPool2dWithIndicesOpIr::create(plane(), [3, 3], two, one, one, false, I32, id);
    let (by_max_2d, at_2d) = (float(&max_2d.out.shape), int(&max_2d.out.shape));
    vec![
        M::AvgPool1d(average),
        M::AvgPool1dBackward(AvgPool1dBackwardOpIr::create(
            line(),
            by_average,
            4,
            2,
            1,
            true,
            false,
            id,
        )),
        M::AvgPool2d(average_2d),
        M::AvgPool2dBackward(AvgPool2dBackwardOpIr::create(
            plane(),
            by_average_2d,
            [3, 3],
            two,
            one,
            false,
            false,
            id,
        )),
        M::AdaptiveAvgPool1d(AdaptiveAvgPool1dOpIr::create(line(), 100, id)),
        M::AdaptiveAvgPool1dBackward(AdaptiveAvgPool1dBackwardOpIr::create(
            line(),
            float(&[8, 64, 100]),
            id,
        )),
        M::AdaptiveAvgPool2d(AdaptiveAvgPool2dOpIr::create(plane(), [7, 5], id)),
        M::AdaptiveAvgPool2dBackward(AdaptiveAvgPool2dBackwardOpIr::create(
            plane(),
            float(&[8, 64, 7, 5]),
            id,
        )),
        M::AdaptiveAvgPool3d(AdaptiveAvgPool3dOpIr::create(solid(), [3, 5, 6], id)),
        M::AdaptiveAvgPool3dBackward(AdaptiveAvgPool3dBackwardOpIr::create(
            solid(),
            float(&[2, 64, 3, 5, 6]),
            id,
        )),
        M::MaxPool1d(MaxPool1dOpIr::create(line(), 4, 2, 1, 1, false, id)),
        M::MaxPool1dWithIndices(max),
        M::MaxPool1dWithIndicesBackward(MaxPool1dWithIndicesBackwardOpIr::create(
            line(),
            by_max,
            at,
            4,
            2,
            1,
            1,
            false,
            id,
        )),
        M::MaxPool2d(MaxPool2dOpIr::create(plane(), [3, 3], two, one, one, false, id)),
        M::MaxPool2dWithIndices(max_2d),
        M::MaxPool2dWithIndicesBackward(MaxPool2dWithIndicesBackwardOpIr::create(
            plane(),
            by_max_2d,
            at_2d,
            [3, 3],
            two,
            one,
            one,
            false,
            id,
        )),
    ]
}

/// Windows as large as images: global pools.
fn large_windows() -> Vec<M> {
    let image = || float(&[8, 16, 64, 64]);
    let (kernel, one, none) = ([32, 32], [1, 1], [0, 0]);
    let (whole, line) = ([64, 64], float(&[8, 16, 5000]));
    vec![
        M::MaxPool2dWithIndices(MaxPool2dWithIndicesOpIr::create(
            image(),
            kernel,
            one,
            none,
            one,
            false,
            I32,
            id,
        )),
        M::MaxPool2dWithIndices(MaxPool2dWithIndicesOpIr::create(
            image(),
            whole,
            one,
            none,
            one,
            false,
            I32,
            id,
        )),
        M::MaxPool1dWithIndices(MaxPool1dWithIndicesOpIr::create(
            line.clone(),
            1000,
            1,
            0,
            3,
            false,
            I32,
            id,
        )),
        M::MaxPool1d(MaxPool1dOpIr::create(line, 1000, 1, 0, 3, false, id)),
        M::MaxPool2d(MaxPool2dOpIr::create(image(), kernel, one, none, one, false, id)),
        M::AvgPool2d(AvgPool2dOpIr::create(image(), kernel, one, none, true, false, id)),
        M::AvgPool2dBackward(AvgPool2dBackwardOpIr::create(
            image(),
            float(&[8, 16, 33, 33]),
            kernel,
            one,
            none,
            true,
            false,
            id,
        )),
        M::AdaptiveAvgPool2d(AdaptiveAvgPool2dOpIr::create(image(), one, id)),
        M::AdaptiveAvgPool2d(AdaptiveAvgPool2dOpIr::create(image(), [63, 63], id)),
    ]
}

fn others() -> Vec<M> {
    let modes = [
        InterpolateModeIr::Nearest,
        InterpolateModeIr::Bilinear,
        InterpolateModeIr::Bicubic,
        InterpolateModeIr::Lanczos3,
    ];
    let mut all = Vec::new();
    for mode in modes {
        let options = InterpolateOptionsIr { mode, align_corners: false };
        let (image, size) = (|| float(&[4, 3, 384, 512]), [224, 300]);
        let forward = InterpolateOpIr::create(image(), size, options.clone(), id);
        let grad = float(&forward.out.shape);
        all.push(M::Interpolate(forward));
        let backward = InterpolateBackwardOpIr::create(image(), grad, size, options, id);
        all.push(M::InterpolateBackward(backward));
    }
    let options = Unfold4dOptionsIr { stride: [2, 2], padding: [1, 1], dilation: [1, 1] };
    all.push(M::Unfold4d(Unfold4dOpIr::create(float(&[4, 16, 56, 56]), [3, 3], options, id)));
    let options = DeformableConv2dOptionsIr {
        stride: [1, 1],
        padding: [1, 1],
        dilation: [1, 1],
        weight_groups: 1,
        offset_groups: 1,
    };
    let (x, offset) = (float(&[2, 64, 28, 28]), float(&[2, 18, 28, 28]));
    let (weight, mask) = (float(&[64, 64, 3, 3]), Some(float(&[2, 9, 28, 28])));
    let bias = Some(float(&[64]));
    let forward = DeformConv2dOpIr::create(
        x.clone(),
        offset.clone(),
        weight.clone(),
        mask.clone(),
        bias.clone(),
        options.clone(),
        id,
    );
    let grad = float(&forward.out.shape);
    let backward =
        DeformConv2dBackwardOpIr::create(x, offset, weight, mask, bias, grad, options, id);
    all.push(M::DeformableConv2d(Box::new(forward)));
    all.push(M::DeformableConv2dBackward(Box::new(backward)));
    // 500 steps, and labels of 100 letters.
    let (time, batch, classes, length) = (500, 16, 32, 100);
    let probs = float(&[time, batch, classes]);
    let (targets, lengths) = (int(&[batch, length]), || int(&[batch]));
    let forward = CtcLossOpIr::create(probs.clone(), targets.clone(), lengths(), lengths(), 0, id);
    all.push(M::CtcLoss(forward));
    all.push(M::CtcLossBackward(CtcLossBackwardOpIr::create(
        probs,
        targets,
        lengths(),
        lengths(),
        float(&[batch]),
        0,
        id,
    )));
    all
}
