module @burn {
  func.func public @main(%arg0: tensor<2x70xf32>) -> (tensor<2x70xf32>) {
    %0 = stablehlo.constant dense<0.0> : tensor<f32>
    %1 = stablehlo.slice %arg0 [0:2, 0:69] : (tensor<2x70xf32>) -> tensor<2x69xf32>
    %2 = stablehlo.pad %1, %0, low = [0, 1], high = [0, 0], interior = [0, 0] : (tensor<2x69xf32>, tensor<f32>) -> tensor<2x70xf32>
    %3 = stablehlo.add %2, %arg0 : tensor<2x70xf32>
    %4 = stablehlo.slice %3 [0:2, 0:68] : (tensor<2x70xf32>) -> tensor<2x68xf32>
    %5 = stablehlo.pad %4, %0, low = [0, 2], high = [0, 0], interior = [0, 0] : (tensor<2x68xf32>, tensor<f32>) -> tensor<2x70xf32>
    %6 = stablehlo.add %5, %3 : tensor<2x70xf32>
    %7 = stablehlo.slice %6 [0:2, 0:66] : (tensor<2x70xf32>) -> tensor<2x66xf32>
    %8 = stablehlo.pad %7, %0, low = [0, 4], high = [0, 0], interior = [0, 0] : (tensor<2x66xf32>, tensor<f32>) -> tensor<2x70xf32>
    %9 = stablehlo.add %8, %6 : tensor<2x70xf32>
    %10 = stablehlo.slice %9 [0:2, 0:62] : (tensor<2x70xf32>) -> tensor<2x62xf32>
    %11 = stablehlo.pad %10, %0, low = [0, 8], high = [0, 0], interior = [0, 0] : (tensor<2x62xf32>, tensor<f32>) -> tensor<2x70xf32>
    %12 = stablehlo.add %11, %9 : tensor<2x70xf32>
    %13 = stablehlo.slice %12 [0:2, 0:54] : (tensor<2x70xf32>) -> tensor<2x54xf32>
    %14 = stablehlo.pad %13, %0, low = [0, 16], high = [0, 0], interior = [0, 0] : (tensor<2x54xf32>, tensor<f32>) -> tensor<2x70xf32>
    %15 = stablehlo.add %14, %12 : tensor<2x70xf32>
    %16 = stablehlo.slice %15 [0:2, 0:38] : (tensor<2x70xf32>) -> tensor<2x38xf32>
    %17 = stablehlo.pad %16, %0, low = [0, 32], high = [0, 0], interior = [0, 0] : (tensor<2x38xf32>, tensor<f32>) -> tensor<2x70xf32>
    %18 = stablehlo.add %17, %15 : tensor<2x70xf32>
    %19 = stablehlo.slice %18 [0:2, 0:6] : (tensor<2x70xf32>) -> tensor<2x6xf32>
    %20 = stablehlo.pad %19, %0, low = [0, 64], high = [0, 0], interior = [0, 0] : (tensor<2x6xf32>, tensor<f32>) -> tensor<2x70xf32>
    %21 = stablehlo.add %20, %18 : tensor<2x70xf32>
    return %21 : tensor<2x70xf32>
  }
}
