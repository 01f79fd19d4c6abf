module @burn {
  func.func public @main(%arg0: tensor<1x2x7x9xf32>) -> (tensor<1x2x1x9xf32>, tensor<1x2x1x9xi32>) {
    %0 = stablehlo.iota dim = 2 : tensor<1x2x7x9xi32>
    %1 = stablehlo.constant dense<0x7F800000> : tensor<f32>
    %2 = stablehlo.constant dense<2147483647> : tensor<i32>
    %20:2 = "stablehlo.reduce"(%arg0, %0, %1, %2) <{dimensions = array<i64: 2>}> ({
    ^bb0(%3: tensor<f32>, %4: tensor<i32>, %5: tensor<f32>, %6: tensor<i32>):
      %7 = stablehlo.compare LT, %3, %5, FLOAT : (tensor<f32>, tensor<f32>) -> tensor<i1>
      %8 = stablehlo.compare EQ, %3, %5, FLOAT : (tensor<f32>, tensor<f32>) -> tensor<i1>
      %9 = stablehlo.compare NE, %3, %3, FLOAT : (tensor<f32>, tensor<f32>) -> tensor<i1>
      %10 = stablehlo.compare NE, %5, %5, FLOAT : (tensor<f32>, tensor<f32>) -> tensor<i1>
      %11 = stablehlo.compare GT, %9, %10, UNSIGNED : (tensor<i1>, tensor<i1>) -> tensor<i1>
      %12 = stablehlo.or %7, %11 : tensor<i1>
      %13 = stablehlo.and %9, %10 : tensor<i1>
      %14 = stablehlo.or %8, %13 : tensor<i1>
      %15 = stablehlo.compare LT, %4, %6, SIGNED : (tensor<i32>, tensor<i32>) -> tensor<i1>
      %16 = stablehlo.and %14, %15 : tensor<i1>
      %17 = stablehlo.or %12, %16 : tensor<i1>
      %18 = stablehlo.select %17, %3, %5 : tensor<i1>, tensor<f32>
      %19 = stablehlo.select %17, %4, %6 : tensor<i1>, tensor<i32>
      stablehlo.return %18, %19 : tensor<f32>, tensor<i32>
    }) : (tensor<1x2x7x9xf32>, tensor<1x2x7x9xi32>, tensor<f32>, tensor<i32>) -> (tensor<1x2x9xf32>, tensor<1x2x9xi32>)
    %21 = stablehlo.reshape %20#0 : (tensor<1x2x9xf32>) -> tensor<1x2x1x9xf32>
    %22 = stablehlo.reshape %20#1 : (tensor<1x2x9xi32>) -> tensor<1x2x1x9xi32>
    return %21, %22 : tensor<1x2x1x9xf32>, tensor<1x2x1x9xi32>
  }
}
