module @burn {
  func.func public @main(%arg0: tensor<1x2x3x4xf32>) -> (tensor<1x2x3x4xf32>) {
    %0 = stablehlo.dot_general %arg0, %arg0, batching_dims = [0, 1] x [0, 1], contracting_dims = [3] x [3], precision = [HIGHEST, HIGHEST] : (tensor<1x2x3x4xf32>, tensor<1x2x3x4xf32>) -> tensor<1x2x3x3xf32>
    %1 = stablehlo.constant dense<0.5> : tensor<1x2x3x3xf32>
    %2 = stablehlo.multiply %0, %1 : tensor<1x2x3x3xf32>
    %3 = stablehlo.constant dense<0xFF800000> : tensor<f32>
    %4 = stablehlo.reduce(%2 init: %3) applies stablehlo.maximum across dimensions = [3] : (tensor<1x2x3x3xf32>, tensor<f32>) -> tensor<1x2x3xf32>
    %5 = stablehlo.reshape %4 : (tensor<1x2x3xf32>) -> tensor<1x2x3x1xf32>
    %6 = stablehlo.broadcast_in_dim %5, dims = [0, 1, 2, 3] : (tensor<1x2x3x1xf32>) -> tensor<1x2x3x3xf32>
    %7 = stablehlo.subtract %2, %6 : tensor<1x2x3x3xf32>
    %8 = stablehlo.exponential %7 : tensor<1x2x3x3xf32>
    %9 = stablehlo.constant dense<0.0> : tensor<f32>
    %10 = stablehlo.reduce(%8 init: %9) applies stablehlo.add across dimensions = [3] : (tensor<1x2x3x3xf32>, tensor<f32>) -> tensor<1x2x3xf32>
    %11 = stablehlo.reshape %10 : (tensor<1x2x3xf32>) -> tensor<1x2x3x1xf32>
    %12 = stablehlo.broadcast_in_dim %11, dims = [0, 1, 2, 3] : (tensor<1x2x3x1xf32>) -> tensor<1x2x3x3xf32>
    %13 = stablehlo.divide %8, %12 : tensor<1x2x3x3xf32>
    %14 = stablehlo.dot_general %13, %arg0, batching_dims = [0, 1] x [0, 1], contracting_dims = [3] x [2], precision = [HIGHEST, HIGHEST] : (tensor<1x2x3x3xf32>, tensor<1x2x3x4xf32>) -> tensor<1x2x3x4xf32>
    return %14 : tensor<1x2x3x4xf32>
  }
}
