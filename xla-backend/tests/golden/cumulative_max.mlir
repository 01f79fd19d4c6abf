module @burn {
  func.func public @main(%arg0: tensor<1x2x7x9xf32>) -> (tensor<1x2x7x9xf32>) {
    %0 = stablehlo.constant dense<0xFF800000> : tensor<f32>
    %1 = stablehlo.slice %arg0 [0:1, 0:2, 0:7, 0:8] : (tensor<1x2x7x9xf32>) -> tensor<1x2x7x8xf32>
    %2 = stablehlo.pad %1, %0, low = [0, 0, 0, 1], high = [0, 0, 0, 0], interior = [0, 0, 0, 0] : (tensor<1x2x7x8xf32>, tensor<f32>) -> tensor<1x2x7x9xf32>
    %3 = stablehlo.compare GE, %2, %arg0, FLOAT : (tensor<1x2x7x9xf32>, tensor<1x2x7x9xf32>) -> tensor<1x2x7x9xi1>
    %4 = stablehlo.compare NE, %2, %2, FLOAT : (tensor<1x2x7x9xf32>, tensor<1x2x7x9xf32>) -> tensor<1x2x7x9xi1>
    %5 = stablehlo.or %3, %4 : tensor<1x2x7x9xi1>
    %6 = stablehlo.select %5, %2, %arg0 : tensor<1x2x7x9xi1>, tensor<1x2x7x9xf32>
    %7 = stablehlo.slice %6 [0:1, 0:2, 0:7, 0:7] : (tensor<1x2x7x9xf32>) -> tensor<1x2x7x7xf32>
    %8 = stablehlo.pad %7, %0, low = [0, 0, 0, 2], high = [0, 0, 0, 0], interior = [0, 0, 0, 0] : (tensor<1x2x7x7xf32>, tensor<f32>) -> tensor<1x2x7x9xf32>
    %9 = stablehlo.compare GE, %8, %6, FLOAT : (tensor<1x2x7x9xf32>, tensor<1x2x7x9xf32>) -> tensor<1x2x7x9xi1>
    %10 = stablehlo.compare NE, %8, %8, FLOAT : (tensor<1x2x7x9xf32>, tensor<1x2x7x9xf32>) -> tensor<1x2x7x9xi1>
    %11 = stablehlo.or %9, %10 : tensor<1x2x7x9xi1>
    %12 = stablehlo.select %11, %8, %6 : tensor<1x2x7x9xi1>, tensor<1x2x7x9xf32>
    %13 = stablehlo.slice %12 [0:1, 0:2, 0:7, 0:5] : (tensor<1x2x7x9xf32>) -> tensor<1x2x7x5xf32>
    %14 = stablehlo.pad %13, %0, low = [0, 0, 0, 4], high = [0, 0, 0, 0], interior = [0, 0, 0, 0] : (tensor<1x2x7x5xf32>, tensor<f32>) -> tensor<1x2x7x9xf32>
    %15 = stablehlo.compare GE, %14, %12, FLOAT : (tensor<1x2x7x9xf32>, tensor<1x2x7x9xf32>) -> tensor<1x2x7x9xi1>
    %16 = stablehlo.compare NE, %14, %14, FLOAT : (tensor<1x2x7x9xf32>, tensor<1x2x7x9xf32>) -> tensor<1x2x7x9xi1>
    %17 = stablehlo.or %15, %16 : tensor<1x2x7x9xi1>
    %18 = stablehlo.select %17, %14, %12 : tensor<1x2x7x9xi1>, tensor<1x2x7x9xf32>
    %19 = stablehlo.slice %18 [0:1, 0:2, 0:7, 0:1] : (tensor<1x2x7x9xf32>) -> tensor<1x2x7x1xf32>
    %20 = stablehlo.pad %19, %0, low = [0, 0, 0, 8], high = [0, 0, 0, 0], interior = [0, 0, 0, 0] : (tensor<1x2x7x1xf32>, tensor<f32>) -> tensor<1x2x7x9xf32>
    %21 = stablehlo.compare GE, %20, %18, FLOAT : (tensor<1x2x7x9xf32>, tensor<1x2x7x9xf32>) -> tensor<1x2x7x9xi1>
    %22 = stablehlo.compare NE, %20, %20, FLOAT : (tensor<1x2x7x9xf32>, tensor<1x2x7x9xf32>) -> tensor<1x2x7x9xi1>
    %23 = stablehlo.or %21, %22 : tensor<1x2x7x9xi1>
    %24 = stablehlo.select %23, %20, %18 : tensor<1x2x7x9xi1>, tensor<1x2x7x9xf32>
    return %24 : tensor<1x2x7x9xf32>
  }
}
