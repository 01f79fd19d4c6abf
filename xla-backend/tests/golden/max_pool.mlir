module @burn {
  func.func public @main(%arg0: tensor<1x2x7x9xf32>) -> (tensor<1x2x4x9xf32>) {
    %0 = stablehlo.constant dense<0xFF800000> : tensor<f32>
    %4 = "stablehlo.reduce_window"(%arg0, %0) <{base_dilations = array<i64: 1, 1, 1, 1>, padding = dense<[[0, 0], [0, 0], [1, 1], [1, 1]]> : tensor<4x2xi64>, window_dilations = array<i64: 1, 1, 1, 2>, window_dimensions = array<i64: 1, 1, 3, 2>, window_strides = array<i64: 1, 1, 2, 1>}> ({
    ^bb0(%1: tensor<f32>, %2: tensor<f32>):
      %3 = stablehlo.maximum %1, %2 : tensor<f32>
      stablehlo.return %3 : tensor<f32>
    }) : (tensor<1x2x7x9xf32>, tensor<f32>) -> (tensor<1x2x4x9xf32>)
    %5 = stablehlo.compare NE, %arg0, %arg0, FLOAT : (tensor<1x2x7x9xf32>, tensor<1x2x7x9xf32>) -> tensor<1x2x7x9xi1>
    %6 = stablehlo.constant dense<false> : tensor<i1>
    %10 = "stablehlo.reduce_window"(%5, %6) <{base_dilations = array<i64: 1, 1, 1, 1>, padding = dense<[[0, 0], [0, 0], [1, 1], [1, 1]]> : tensor<4x2xi64>, window_dilations = array<i64: 1, 1, 1, 2>, window_dimensions = array<i64: 1, 1, 3, 2>, window_strides = array<i64: 1, 1, 2, 1>}> ({
    ^bb0(%7: tensor<i1>, %8: tensor<i1>):
      %9 = stablehlo.or %7, %8 : tensor<i1>
      stablehlo.return %9 : tensor<i1>
    }) : (tensor<1x2x7x9xi1>, tensor<i1>) -> (tensor<1x2x4x9xi1>)
    %11 = stablehlo.constant dense<0x7FC00000> : tensor<1x2x4x9xf32>
    %12 = stablehlo.select %10, %11, %4 : tensor<1x2x4x9xi1>, tensor<1x2x4x9xf32>
    return %12 : tensor<1x2x4x9xf32>
  }
}
