module @burn {
  func.func public @main(%arg0: tensor<2x3x4xf32>) -> (tensor<2x1x4xi32>) {
    %0 = stablehlo.constant dense<0xFF800000> : tensor<f32>
    %1 = stablehlo.reduce(%arg0 init: %0) applies stablehlo.maximum across dimensions = [1] : (tensor<2x3x4xf32>, tensor<f32>) -> tensor<2x4xf32>
    %2 = stablehlo.reshape %1 : (tensor<2x4xf32>) -> tensor<2x1x4xf32>
    %3 = stablehlo.compare NE, %arg0, %arg0, FLOAT : (tensor<2x3x4xf32>, tensor<2x3x4xf32>) -> tensor<2x3x4xi1>
    %4 = stablehlo.constant dense<false> : tensor<i1>
    %5 = stablehlo.reduce(%3 init: %4) applies stablehlo.or across dimensions = [1] : (tensor<2x3x4xi1>, tensor<i1>) -> tensor<2x4xi1>
    %6 = stablehlo.reshape %5 : (tensor<2x4xi1>) -> tensor<2x1x4xi1>
    %7 = stablehlo.constant dense<0x7FC00000> : tensor<2x1x4xf32>
    %8 = stablehlo.select %6, %7, %2 : tensor<2x1x4xi1>, tensor<2x1x4xf32>
    %9 = stablehlo.broadcast_in_dim %8, dims = [0, 1, 2] : (tensor<2x1x4xf32>) -> tensor<2x3x4xf32>
    %10 = stablehlo.compare EQ, %arg0, %9, FLOAT : (tensor<2x3x4xf32>, tensor<2x3x4xf32>) -> tensor<2x3x4xi1>
    %11 = stablehlo.compare NE, %arg0, %arg0, FLOAT : (tensor<2x3x4xf32>, tensor<2x3x4xf32>) -> tensor<2x3x4xi1>
    %12 = stablehlo.or %10, %11 : tensor<2x3x4xi1>
    %13 = stablehlo.iota dim = 1 : tensor<2x3x4xi32>
    %14 = stablehlo.constant dense<2147483647> : tensor<2x3x4xi32>
    %15 = stablehlo.select %12, %13, %14 : tensor<2x3x4xi1>, tensor<2x3x4xi32>
    %16 = stablehlo.constant dense<2147483647> : tensor<i32>
    %17 = stablehlo.reduce(%15 init: %16) applies stablehlo.minimum across dimensions = [1] : (tensor<2x3x4xi32>, tensor<i32>) -> tensor<2x4xi32>
    %18 = stablehlo.reshape %17 : (tensor<2x4xi32>) -> tensor<2x1x4xi32>
    return %18 : tensor<2x1x4xi32>
  }
}
