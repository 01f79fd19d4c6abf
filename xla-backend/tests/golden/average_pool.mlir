module @burn {
  func.func public @main(%arg0: tensor<1x2x7x9xf32>) -> (tensor<1x2x4x10xf32>) {
    %0 = stablehlo.constant dense<0.0> : tensor<f32>
    %4 = "stablehlo.reduce_window"(%arg0, %0) <{base_dilations = array<i64: 1, 1, 1, 1>, padding = dense<[[0, 0], [0, 0], [1, 1], [1, 1]]> : tensor<4x2xi64>, window_dilations = array<i64: 1, 1, 1, 1>, window_dimensions = array<i64: 1, 1, 3, 2>, window_strides = array<i64: 1, 1, 2, 1>}> ({
    ^bb0(%1: tensor<f32>, %2: tensor<f32>):
      %3 = stablehlo.add %1, %2 : tensor<f32>
      stablehlo.return %3 : tensor<f32>
    }) : (tensor<1x2x7x9xf32>, tensor<f32>) -> (tensor<1x2x4x10xf32>)
    %5 = stablehlo.constant dense<1.0> : tensor<1x2x4x10xf32>
    %6 = stablehlo.constant dense<[2.0, 3.0, 3.0, 2.0]> : tensor<4xf32>
    %7 = stablehlo.broadcast_in_dim %6, dims = [2] : (tensor<4xf32>) -> tensor<1x2x4x10xf32>
    %8 = stablehlo.multiply %5, %7 : tensor<1x2x4x10xf32>
    %9 = stablehlo.constant dense<[1.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0, 1.0]> : tensor<10xf32>
    %10 = stablehlo.broadcast_in_dim %9, dims = [3] : (tensor<10xf32>) -> tensor<1x2x4x10xf32>
    %11 = stablehlo.multiply %8, %10 : tensor<1x2x4x10xf32>
    %12 = stablehlo.maximum %11, %5 : tensor<1x2x4x10xf32>
    %13 = stablehlo.divide %4, %12 : tensor<1x2x4x10xf32>
    return %13 : tensor<1x2x4x10xf32>
  }
}
