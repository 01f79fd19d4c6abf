module @burn {
  func.func public @main(%arg0: tensor<1x2x7x9xf32>) -> (tensor<1x2x7x1xf32>) {
    %0 = stablehlo.constant dense<0xFF800000> : tensor<f32>
    %1 = stablehlo.reduce(%arg0 init: %0) applies stablehlo.maximum across dimensions = [3] : (tensor<1x2x7x9xf32>, tensor<f32>) -> tensor<1x2x7xf32>
    %2 = stablehlo.reshape %1 : (tensor<1x2x7xf32>) -> tensor<1x2x7x1xf32>
    %3 = stablehlo.compare NE, %arg0, %arg0, FLOAT : (tensor<1x2x7x9xf32>, tensor<1x2x7x9xf32>) -> tensor<1x2x7x9xi1>
    %4 = stablehlo.constant dense<false> : tensor<i1>
    %5 = stablehlo.reduce(%3 init: %4) applies stablehlo.or across dimensions = [3] : (tensor<1x2x7x9xi1>, tensor<i1>) -> tensor<1x2x7xi1>
    %6 = stablehlo.reshape %5 : (tensor<1x2x7xi1>) -> tensor<1x2x7x1xi1>
    %7 = stablehlo.constant dense<0x7FC00000> : tensor<1x2x7x1xf32>
    %8 = stablehlo.select %6, %7, %2 : tensor<1x2x7x1xi1>, tensor<1x2x7x1xf32>
    return %8 : tensor<1x2x7x1xf32>
  }
}
